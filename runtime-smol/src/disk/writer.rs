//! Writing a blob: into a temporary file first, checked by the caller, then made durable and visible in one step.
//!
//! The order on the disk is what makes a crash harmless: all bytes of the file are synced before it gets its final name, and
//! the folder is synced before anybody is told. The folder of the temporary files needs no sync: a name that survives a
//! crash there is removed at the next start.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::channel::oneshot;
use lode_core::checksum::Checksum;
use lode_core::digest::ComputedDigests;
use lode_core::inventory::Notes;
use lode_core::name::ObjectName;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::checksums::{BodyChecksums, RunningChecksums, WantedDigests};
use super::error::{Doing, StoreError};
use super::format::{Tail, encode_tail};
use super::layout::BlobPath;
use super::positioned::write_at;
use super::sync::sync_outcome;
use super::{BlobInfo, Shared};

/// Pieces are gathered up to this many bytes before they are written. Measured: larger writes, and writes on the blocking
/// pool, are slower.
const WRITE_BYTES: usize = 256 * 1024;
/// Pieces of at least this many bytes are written as they are, without being gathered.
const DIRECT_BYTES: usize = 64 * 1024;
/// Bodies announced with at least this many bytes get their room before they are taken.
const PREALLOCATE_BYTES: u64 = 1024 * 1024;
/// After this many bytes a sync of the file is begun beside the writing, and the one before must have ended. So an upload
/// never has more than twice this unwritten: beyond a limit the kernel would make the writing thread, which serves all
/// connections, wait for the disk; and the sync at the end has little left to do.
const SYNC_BEHIND_BYTES: u64 = 64 * 1024 * 1024;

/// A blob that is being written. Dropped before it is committed, nothing of it remains.
pub struct BlobWriter {
    name: ObjectName,
    notes: Notes,
    temp: TempFile,
    checksums: RunningChecksums,
    gathered: Vec<u8>,
    behind: SyncBehind,
}

/// A blob of which all bytes are there, not yet durable, not yet visible. Dropped, nothing of it remains.
pub struct Written {
    name: ObjectName,
    notes: Notes,
    temp: TempFile,
    checksums: BodyChecksums,
    gathered: Vec<u8>,
    behind: SyncBehind,
    written_at: SystemTime,
}

impl BlobWriter {
    pub(super) async fn begin(
        shared: &Arc<Shared>,
        name: &ObjectName,
        declared_bytes: Option<u64>,
        wanted: WantedDigests,
        notes: Notes,
    ) -> Result<Self, StoreError> {
        if shared.syncer.is_failing() {
            return Err(StoreError::Failing);
        }
        let mut temp = TempFile::create(shared)?;
        if let Some(declared_bytes) = declared_bytes {
            temp.reserve(declared_bytes).await?;
        }
        Ok(Self {
            name: name.clone(),
            notes,
            temp,
            checksums: RunningChecksums::new(wanted),
            gathered: Vec::new(),
            behind: SyncBehind::default(),
        })
    }

    /// Takes the next bytes of the body. They should come in pieces of at most 256 KiB: a piece is hashed and written
    /// without giving way to others.
    ///
    /// # Errors
    /// If the disk is full or fails. The writer is of no more use then, and should be dropped.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.checksums.update(bytes);
        if self.gathered.is_empty() && bytes.len() >= DIRECT_BYTES {
            self.temp.append(bytes)?;
        } else {
            self.gathered.extend_from_slice(bytes);
            if self.gathered.len() >= WRITE_BYTES {
                self.temp.append(&self.gathered)?;
                self.gathered.clear();
            }
        }
        self.behind.keep_up(&self.temp).await
    }

    /// The body is complete. Says what it hashes to, so that the caller can decide whether to commit it.
    #[must_use]
    pub fn finish(self) -> Written {
        self.finish_at(SystemTime::now())
    }

    pub(super) fn finish_at(self, written_at: SystemTime) -> Written {
        let Self { name, notes, temp, checksums, gathered, behind } = self;
        Written { name, notes, temp, checksums: checksums.finish(), gathered, behind, written_at }
    }
}

impl Written {
    /// The length of the body in bytes.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.checksums.size_bytes
    }

    /// The BLAKE3 hash of the body.
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.checksums.checksum
    }

    /// The digests that were wanted.
    #[must_use]
    pub const fn digests(&self) -> ComputedDigests {
        self.checksums.digests
    }

    /// Makes the blob durable and then visible, in the place of the one that had the name before. Whoever is reading that
    /// one goes on reading it. When this returns, the blob outlives a crash.
    ///
    /// Once begun it runs to its end even if the future is dropped; whether the blob is there must then be looked up.
    ///
    /// # Errors
    /// If the disk is full or fails: nothing is acknowledged. The old blob is still there, unless it was the last of the
    /// steps that failed (syncing the folder), after which either blob may be found.
    pub async fn commit(self) -> Result<BlobInfo, StoreError> {
        let Self { name, notes, mut temp, checksums, gathered, behind, written_at } = self;
        behind.end().await?;
        let since_epoch = written_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let path = BlobPath::to_write(&name, notes.description.as_ref());
        let tail = Tail {
            name: name.as_str().to_owned(),
            size_bytes: checksums.size_bytes,
            checksum: checksums.checksum,
            written_at_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            description: notes.description,
            label: notes.label,
            slot_at: None,
        };
        let info = BlobInfo::from(&tail);
        let mut last_bytes = gathered;
        last_bytes.extend_from_slice(&encode_tail(&tail, &checksums.table));
        let shared = Arc::clone(&temp.shared);
        let (done, is_durable) = oneshot::channel();
        // Detached, because the one who syncs the folder may go on syncing it for others when this blob is done.
        smol::unblock(move || {
            let published = temp.append(&last_bytes).and_then(|()| temp.publish(&path));
            // If it failed, nothing must be left of it when that is told.
            drop(temp);
            match published {
                Ok(()) => shared.syncer.sync_folder(&shared.layout, path.folder, done),
                // Nobody waits for the answer any more if this cannot be sent.
                Err(error) => drop(done.send(Err(error))),
            }
        })
        .detach();
        sync_outcome(is_durable).await?;
        Ok(info)
    }

    /// Gives the blob up, as dropping does.
    pub fn abort(self) {
        drop(self);
    }
}

/// A file in `incoming`, removed when dropped unless it was published.
struct TempFile {
    shared: Arc<Shared>,
    file: Arc<OwnedFd>,
    name: String,
    length_bytes: u64,
    reserved_bytes: u64,
    is_published: bool,
}

impl TempFile {
    fn create(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let created = shared.layout.create_temp();
        let (file, name) =
            created.map_err(|error| StoreError::from_errno(Doing::Creating, &shared.layout.incoming_path(), error))?;
        Ok(Self {
            shared: Arc::clone(shared),
            file: Arc::new(file),
            name,
            length_bytes: 0,
            reserved_bytes: 0,
            is_published: false,
        })
    }

    /// Makes sure, as far as the file system can, that so many bytes will find room.
    async fn reserve(&mut self, bytes: u64) -> Result<(), StoreError> {
        let space = self.shared.layout.space().map_err(|error| self.error(Doing::Writing, error))?;
        // Asked first, because `fallocate` would fill the disk with what it can before it refuses.
        if bytes > space.free_bytes {
            return Err(self.error(Doing::Writing, Errno::NOSPC));
        }
        if bytes < PREALLOCATE_BYTES {
            return Ok(());
        }
        let file = Arc::clone(&self.file);
        let keep_size = FallocateFlags::KEEP_SIZE;
        match smol::unblock(move || rustix::fs::fallocate(&file, keep_size, 0, bytes)).await {
            Ok(()) => self.reserved_bytes = bytes,
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => return Err(self.error(Doing::Writing, error)),
            // The file system has no such call, or was interrupted: then room is found, or not, while writing.
            Err(_) => {}
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        write_at(&self.file, bytes, self.length_bytes).map_err(|error| self.error(Doing::Writing, error))?;
        self.length_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes the file durable, then gives it its final name. Blocks.
    fn publish(&mut self, path: &BlobPath) -> Result<(), StoreError> {
        if self.reserved_bytes > self.length_bytes {
            let cut = rustix::fs::ftruncate(&self.file, self.length_bytes);
            cut.map_err(|error| self.error(Doing::Writing, error))?;
        }
        self.shared.syncer.make_folder(&self.shared.layout, path.folder)?;
        self.shared.syncer.sync_file(&self.shared.layout, self.file.as_fd())?;
        let renamed = self.shared.layout.publish(&self.name, path);
        renamed
            .map_err(|error| StoreError::from_errno(Doing::Renaming, &self.shared.layout.display_path(path), error))?;
        self.is_published = true;
        Ok(())
    }

    fn error(&self, doing: Doing, error: Errno) -> StoreError {
        StoreError::from_errno(doing, &self.shared.layout.incoming_path().join(&self.name), error)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if self.is_published {
            return;
        }
        if let Err(error) = self.shared.layout.remove_temp(&self.name) {
            tracing::warn!(%error, file = self.name, "a temporary file could not be removed; the next start will");
        }
        // Closing the last descriptor is what frees the blocks, which takes its time when they are many.
        if self.length_bytes.max(self.reserved_bytes) >= SYNC_BEHIND_BYTES {
            let file = Arc::clone(&self.file);
            smol::unblock(move || drop(file)).detach();
        }
    }
}

/// The sync that runs beside the writing of a large blob.
#[derive(Default)]
struct SyncBehind {
    begun_at_bytes: u64,
    running: Option<smol::Task<Result<(), StoreError>>>,
}

impl SyncBehind {
    async fn keep_up(&mut self, temp: &TempFile) -> Result<(), StoreError> {
        if temp.length_bytes - self.begun_at_bytes < SYNC_BEHIND_BYTES {
            return Ok(());
        }
        if let Some(running) = self.running.take() {
            running.await?;
        }
        self.begun_at_bytes = temp.length_bytes;
        let (shared, file) = (Arc::clone(&temp.shared), Arc::clone(&temp.file));
        self.running = Some(smol::unblock(move || shared.syncer.sync_file(&shared.layout, file.as_fd())));
        Ok(())
    }

    async fn end(self) -> Result<(), StoreError> {
        match self.running {
            Some(running) => running.await,
            None => Ok(()),
        }
    }
}
