//! The blobs of a data server: one file each under one folder, that says of itself what it holds.
//!
//! What it promises:
//!
//! - A blob is visible whole or not at all, at every instant and after every crash, and durable before
//!   [`Written::commit`] or [`BlobStore::delete`] says so. Replacing one is one step.
//! - A byte that is handed out by [`BlobStream`] has been checked against the checksum of its block.
//! - Nothing is kept in memory about the blobs: opening a store costs the same whether there are none or ten million.
//! - A full, read-only or failing disk is told apart ([`StoreError`]), and leaves nothing half-written.
//!
//! The formats are described in `disk/format.rs` and `disk/layout.rs`.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { smol::block_on(async {
//! use lode_core::name::ObjectName;
//! use lode_smol::disk::{BlobStore, WantedDigests};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let (store, _report) = BlobStore::open(folder)?;
//! let name = ObjectName::from_segment(b"greeting")?;
//!
//! let mut writer = store.begin(&name, Some(5), WantedDigests::default()).await?;
//! writer.write(b"hello").await?;
//! let written = writer.finish();
//! assert_eq!(written.size_bytes(), 5);
//! written.commit().await?;
//!
//! let reader = store.open_blob(&name).await?.ok_or("not there")?;
//! let mut stream = reader.stream(1..4);
//! assert_eq!(stream.next().await?, Some(b"ell".as_slice()));
//! assert_eq!(stream.next().await?, None);
//! # Ok(()) }) }
//! ```

mod bulk;
mod checksums;
mod error;
mod format;
mod layout;
mod positioned;
mod reader;
mod scrub;
mod sync;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::channel::oneshot;
use lode_core::checksum::Checksum;
use lode_core::inventory::Notes;
use lode_core::name::ObjectName;
use lode_core::space::Space;

pub use self::checksums::WantedDigests;
pub use self::error::{Damage, Doing, StoreError};
pub use self::layout::OpenReport;
pub use self::reader::{BlobReader, BlobStream};
pub use self::sync::FolderSyncCounts;
pub use self::writer::{BlobWriter, Written};

use self::format::Tail;
use self::layout::{BlobPath, Layout};
use self::sync::{SyncCalls, Syncer, SystemCalls, sync_outcome};

/// The blobs under one folder. Clones are the same store; the folder stays locked until the last of them, and of the
/// writers, is gone.
#[derive(Clone)]
pub struct BlobStore {
    shared: Arc<Shared>,
}

/// What a blob says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    /// The length of its body.
    pub size_bytes: u64,
    /// The BLAKE3 hash of its body.
    pub checksum: Checksum,
    /// When all of its body had been received, by the wall clock of that time, to the millisecond.
    pub written_at: SystemTime,
}

struct Shared {
    layout: Layout,
    syncer: Syncer,
}

impl BlobStore {
    /// Opens the store under `root`, or makes one if there is nothing. Removes what unfinished uploads left behind. Blocks for
    /// some milliseconds, however many blobs there are; for half a second if another server uses the folder.
    ///
    /// # Errors
    /// If another data server uses the folder, if it holds something else or a layout of another version, or if the file
    /// system refuses.
    pub fn open(root: &Path) -> Result<(Self, OpenReport), StoreError> {
        Self::open_with(root, Box::new(SystemCalls))
    }

    /// What the blob of that name says of itself; `None` if there is none. Costs one failed call for a name that is not there,
    /// and four for one that is; waits only if the end of the file is not in memory. The body is not looked at.
    ///
    /// # Errors
    /// If the description is damaged or of another version, or the disk fails.
    pub async fn look_up(&self, name: &ObjectName) -> Result<Option<BlobInfo>, StoreError> {
        reader::look_up(&self.shared, name).await
    }

    /// Begins to write the blob of that name. Nothing is visible before it is committed.
    ///
    /// If `declared_bytes` is given and there is no room for so many, that is said now; for a large body the room is set
    /// aside where the file system can. Neither more nor fewer bytes are refused later: comparing is the caller's part.
    ///
    /// # Errors
    /// If the disk is full or fails, or an earlier sync failed.
    pub async fn begin(
        &self,
        name: &ObjectName,
        declared_bytes: Option<u64>,
        wanted: WantedDigests,
    ) -> Result<BlobWriter, StoreError> {
        self.begin_noted(name, declared_bytes, wanted, Notes::default()).await
    }

    /// As [`begin`](Self::begin), for a blob of which this is said. One with a description and the name of a blob lies among
    /// the blobs.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    pub async fn begin_noted(
        &self,
        name: &ObjectName,
        declared_bytes: Option<u64>,
        wanted: WantedDigests,
        notes: Notes,
    ) -> Result<BlobWriter, StoreError> {
        BlobWriter::begin(&self.shared, name, declared_bytes, wanted, notes).await
    }

    /// Opens the blob of that name for reading; `None` if there is none. A body of up to 64 KiB is read at once.
    ///
    /// # Errors
    /// As for [`look_up`](Self::look_up).
    pub async fn open_blob(&self, name: &ObjectName) -> Result<Option<BlobReader>, StoreError> {
        BlobReader::open(&self.shared, name).await
    }

    /// Removes the blob of that name, durably; false if there is none. Who is reading it can go on. Works for damaged ones, too.
    ///
    /// # Errors
    /// If the disk fails: then the blob may or may not be there.
    pub async fn delete(&self, name: &ObjectName) -> Result<bool, StoreError> {
        if self.is_failing() {
            return Err(StoreError::Failing);
        }
        for path in BlobPath::all_of(name) {
            if self.remove(path).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the server is to be emptied, as it was kept last.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.layout.is_draining()
    }

    /// Keeps, durably, whether the server is to be emptied.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn keep_draining(&self, draining: bool) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        smol::unblock(move || shared.layout.keep_draining(draining)).await
    }

    /// The room on the file system.
    ///
    /// # Errors
    /// If the file system does not say.
    pub fn space(&self) -> Result<Space, StoreError> {
        let incoming = self.shared.layout.incoming_path();
        self.shared.layout.space().map_err(|error| StoreError::from_errno(Doing::Reading, &incoming, error))
    }

    /// Whether a sync has failed. Nothing is written any more then; what is there can still be read.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.shared.syncer.is_failing()
    }

    /// How well commits and deletions share the syncs of folders.
    #[must_use]
    pub fn folder_syncs(&self) -> FolderSyncCounts {
        self.shared.syncer.counts()
    }

    async fn remove(&self, path: BlobPath) -> Result<bool, StoreError> {
        let shared = Arc::clone(&self.shared);
        let (done, is_durable) = oneshot::channel();
        let (told, was_there) = oneshot::channel();
        smol::unblock(move || match shared.layout.remove_blob(&path) {
            Ok(false) if !shared.syncer.has_folder(path.folder) => drop(done.send(Ok(()))),
            Ok(removed) => {
                let _ = told.send(removed);
                // Also if it was not there: somebody else may have removed it just now, and not durably yet.
                shared.syncer.sync_folder(&shared.layout, path.folder, done);
            }
            Err(error) => {
                let display_path = shared.layout.display_path(&path);
                drop(done.send(Err(StoreError::from_errno(Doing::Removing, &display_path, error))));
            }
        })
        .detach();
        sync_outcome(is_durable).await?;
        Ok(was_there.await.unwrap_or(false))
    }

    fn open_with(root: &Path, calls: Box<dyn SyncCalls>) -> Result<(Self, OpenReport), StoreError> {
        let (layout, report) = Layout::open(root)?;
        let syncer = Syncer::new(calls, &layout.blob_folders()?);
        Ok((Self { shared: Arc::new(Shared { layout, syncer }) }, report))
    }
}

impl From<&Tail> for BlobInfo {
    fn from(tail: &Tail) -> Self {
        let written_at = UNIX_EPOCH.checked_add(Duration::from_millis(tail.written_at_ms));
        Self { size_bytes: tail.size_bytes, checksum: tail.checksum, written_at: written_at.unwrap_or(UNIX_EPOCH) }
    }
}

#[cfg(test)]
mod tests;
