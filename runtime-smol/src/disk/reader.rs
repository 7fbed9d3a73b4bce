//! Reading a blob. Not a byte of the body is handed out before the block that it stands in has been found to match its
//! checksum.

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use lode_core::catalog::BlobId;
use lode_core::inventory::{CommittedBlob, FullEntry, Notes};
use lode_core::name::ObjectName;
use lode_core::time::WallTime;
use rustix::io::Errno;

use super::checksums::TablePart;
use super::error::{Damage, Doing, StoreError};
use super::format::{BLOCK_BYTES, ENTRY_BYTES, Tail, TailError, VERSION, decode_tail, encode_label, table_bytes};
use super::layout::{Access, BlobPath};
use super::positioned::{read_at, write_at};
use super::{BlobInfo, Shared};

/// What is read of the end of a file at first; enough for the description, and for the table of bodies up to 60 MB.
const TAIL_BYTES: u64 = 4096;
/// A file up to this length, that is a body of one block, is read whole when it is opened for reading.
const SMALL_FILE_BYTES: u64 = BLOCK_BYTES + TAIL_BYTES;
/// The longest piece that is handed out.
const PIECE_BYTES: u64 = 4 * BLOCK_BYTES;
/// How much of the table of a large blob is held at a time: that of 256 MiB of the body.
const TABLE_PART_BLOCKS: u64 = 4096;

/// An open blob. It can be read to its end even if it is replaced or deleted meanwhile.
pub struct BlobReader {
    source: Source,
    info: BlobInfo,
    notes: Notes,
    table: TablePart,
    /// The body, if the whole file has been read; not verified yet.
    body: Vec<u8>,
}

/// Some bytes of a blob, in order and in verified pieces.
pub struct BlobStream {
    source: Source,
    size_bytes: u64,
    table: TablePart,
    held: Vec<u8>,
    /// Where `held` begins in the body; at a block.
    held_from: u64,
    position: u64,
    end: u64,
}

/// The description of a blob; `None` if there is none.
pub(super) async fn look_up(shared: &Shared, name: &ObjectName) -> Result<Option<BlobInfo>, StoreError> {
    let opened = Opened::open(shared, name, TAIL_BYTES).await?;
    Ok(opened.map(|opened| BlobInfo::from(&opened.tail)))
}

/// Whether the blob is there, whole as far as the end of its file tells. Notes its label if it has none, as well as that can
/// be done: what is not noted now is at the next question.
pub(super) async fn look_up_and_note(shared: &Shared, committed: &CommittedBlob) -> Result<bool, StoreError> {
    // After a failed sync nothing is written any more.
    let access = if shared.syncer.is_failing() { Access::Read } else { Access::Note };
    let Some(source) = Source::open(shared, &committed.blob.name(), access)? else { return Ok(false) };
    let Opened { source, tail, .. } = Opened::read(source, TAIL_BYTES).await?;
    if let (Access::Note, None, Some(slot_at)) = (source.access, tail.label, tail.slot_at) {
        let noted = write_at(&source.file, encode_label(committed.label()).as_ref(), slot_at);
        if let Err(error) = noted {
            tracing::warn!(%error, blob = %committed.blob, "the version of a blob could not be noted");
        }
    }
    Ok(true)
}

/// What the end of the blob's file says; `None` if it is not there, or does not say what it was written for.
pub(super) async fn describe(shared: &Shared, blob: BlobId) -> Result<Option<FullEntry>, StoreError> {
    let Some(Opened { tail, .. }) = Opened::open(shared, &blob.name(), TAIL_BYTES).await? else { return Ok(None) };
    let Tail { size_bytes, checksum, written_at_ms, description, label, .. } = tail;
    let stored = WallTime::from_millis(written_at_ms);
    Ok(description.map(|description| FullEntry { blob, size_bytes, checksum, stored, label, description }))
}

/// Opens what lies there, whatever its name; in errors it is called by that of its file.
pub(super) async fn open_at(
    shared: &Shared,
    path: &BlobPath,
    name: ObjectName,
) -> Result<Option<BlobReader>, StoreError> {
    let display_path = shared.layout.display_path(path);
    let opened = shared.layout.open_blob(path, Access::Read);
    let opened = opened.map_err(|error| StoreError::from_errno(Doing::Opening, &display_path, error))?;
    let Some(file) = opened else { return Ok(None) };
    let source = Source { file: Arc::new(file), access: Access::Read, name, path: display_path };
    let opened = Opened::read_unnamed(source, SMALL_FILE_BYTES).await?;
    let is_there = ObjectName::from_message(&opened.tail.name).is_ok_and(|name| path.is_of(&name));
    if is_there {
        Ok(Some(opened.into()))
    } else {
        Err(opened.source.corrupt(opened.tail.size_bytes, Damage::OtherName))
    }
}

impl BlobReader {
    pub(super) async fn open(shared: &Shared, name: &ObjectName) -> Result<Option<Self>, StoreError> {
        Ok(Opened::open(shared, name, SMALL_FILE_BYTES).await?.map(Self::from))
    }

    /// What the blob is.
    #[must_use]
    pub const fn info(&self) -> &BlobInfo {
        &self.info
    }

    /// What the blob says of itself beside.
    #[must_use]
    pub const fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The bytes from `range.start` up to, not including, `range.end`, or to the end of the body if that comes first. Blocks
    /// outside are not read, except for the rest of the first and last one.
    #[must_use]
    pub fn stream(self, range: Range<u64>) -> BlobStream {
        let Self { source, info, table, body, .. } = self;
        let size_bytes = info.size_bytes;
        let end = range.end.min(size_bytes);
        BlobStream { source, size_bytes, table, held: body, held_from: 0, position: range.start, end }
    }
}

impl From<Opened> for BlobReader {
    fn from(Opened { source, tail, table, held, held_from }: Opened) -> Self {
        let info = BlobInfo::from(&tail);
        let mut body = Vec::new();
        if held_from == 0 {
            body = held;
            body.truncate(usize::try_from(info.size_bytes).unwrap_or(usize::MAX));
        }
        let notes = Notes { description: tail.description, label: tail.label };
        Self { source, info, notes, table, body }
    }
}

impl BlobStream {
    /// The next piece, up to 256 KiB long, never empty; `None` after the last one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a block does not match its checksum: nothing of it was handed out, and the caller must make
    /// sure that what came before it does not look like the whole. Or if the disk fails. Asking again gives the error again.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let start = self.position - self.position % BLOCK_BYTES;
        let stop = self.end.next_multiple_of(BLOCK_BYTES).min(self.size_bytes).min(start + PIECE_BYTES);
        let blocks = start / BLOCK_BYTES..stop.div_ceil(BLOCK_BYTES);
        if !self.table.covers(&blocks) {
            self.table = self.source.read_table(self.size_bytes, blocks.start).await?;
        }
        if !self.holds(start, stop) {
            // Gives up what is held before it waits: a `next` that is dropped half-way leaves nothing wrong behind.
            let buffer = std::mem::take(&mut self.held);
            self.held = self.source.read(buffer, start..stop).await?;
            self.held_from = start;
        }
        if let Some(block) = self.table.first_bad(blocks.start, self.between(start, stop)) {
            return Err(self.source.corrupt(block * BLOCK_BYTES, Damage::Block));
        }
        let (from, to) = (self.position, stop.min(self.end));
        self.position = to;
        Ok(Some(self.between(from, to)))
    }

    /// How many bytes are still to come.
    #[must_use]
    pub const fn remaining_bytes(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    fn holds(&self, start: u64, stop: u64) -> bool {
        self.held_from <= start && stop <= self.held_from + self.held.len() as u64
    }

    fn between(&self, from: u64, to: u64) -> &[u8] {
        let index = |position: u64| usize::try_from(position - self.held_from).unwrap_or(usize::MAX);
        self.held.get(index(from)..index(to)).unwrap_or_default()
    }
}

/// The file of a blob, and how to speak about it in errors.
struct Source {
    file: Arc<OwnedFd>,
    access: Access,
    name: ObjectName,
    path: std::path::PathBuf,
}

impl Source {
    /// The file of this name, where there is one.
    fn open(shared: &Shared, name: &ObjectName, access: Access) -> Result<Option<Self>, StoreError> {
        for path in BlobPath::all_of(name) {
            let display_path = shared.layout.display_path(&path);
            let (opened, access) = match shared.layout.open_blob(&path, access) {
                // What cannot be written can be read all the same.
                Err(Errno::ROFS | Errno::ACCESS | Errno::PERM) => {
                    (shared.layout.open_blob(&path, Access::Read), Access::Read)
                }
                opened => (opened, access),
            };
            let opened = opened.map_err(|error| StoreError::from_errno(Doing::Opening, &display_path, error))?;
            if let Some(file) = opened {
                return Ok(Some(Self { file: Arc::new(file), access, name: name.clone(), path: display_path }));
            }
        }
        Ok(None)
    }

    async fn read(&self, buffer: Vec<u8>, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        // No range that is asked for is longer than a piece, or than the metadata can be.
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let bytes = read_at(&self.file, buffer, length, range.start).await.map_err(|error| self.error(error))?;
        if bytes.len() < length {
            return Err(self.corrupt(range.start + bytes.len() as u64, Damage::Length));
        }
        Ok(bytes)
    }

    /// A part of the table without a check of its own: a rotten entry does not match its block, which is then refused.
    async fn read_table(&self, size_bytes: u64, first_block: u64) -> Result<TablePart, StoreError> {
        let start = size_bytes + first_block * ENTRY_BYTES;
        let stop = (size_bytes + table_bytes(size_bytes)).min(start + TABLE_PART_BLOCKS * ENTRY_BYTES);
        Ok(TablePart::new(first_block, self.read(Vec::new(), start..stop).await?))
    }

    fn corrupt(&self, at: u64, damage: Damage) -> StoreError {
        StoreError::Corrupt { name: self.name.clone(), at, damage }
    }

    fn error(&self, error: Errno) -> StoreError {
        StoreError::from_errno(Doing::Reading, &self.path, error)
    }
}

/// A file that says of itself that it is the blob that was asked for.
struct Opened {
    source: Source,
    tail: Tail,
    /// The whole table if it has been read, else nothing.
    table: TablePart,
    /// The end of the file that has been read.
    held: Vec<u8>,
    /// Where that begins.
    held_from: u64,
}

impl Opened {
    /// Opens the file here and now, not on the blocking pool. A name that is not there, which is what most look-ups find, costs
    /// one failed call; the pool would cost ten times that. The kernel holds folders that are in use in memory; where it
    /// does not, one block of the folder and the inode are read, which is as much as a seek holds up the other
    /// connections. The bytes, of which there may be many, are read in a way that never waits for the disk.
    ///
    /// A file of up to `whole_bytes` is read whole.
    async fn open(shared: &Shared, name: &ObjectName, whole_bytes: u64) -> Result<Option<Self>, StoreError> {
        let Some(source) = Source::open(shared, name, Access::Read)? else { return Ok(None) };
        Self::read(source, whole_bytes).await.map(Some)
    }

    /// Reads what the file says of itself, which must be that it is the blob that was asked for.
    async fn read(source: Source, whole_bytes: u64) -> Result<Self, StoreError> {
        let opened = Self::read_unnamed(source, whole_bytes).await?;
        if opened.tail.name == opened.source.name.as_str() {
            Ok(opened)
        } else {
            Err(opened.source.corrupt(opened.tail.size_bytes, Damage::OtherName))
        }
    }

    /// Reads what the file says of itself.
    async fn read_unnamed(source: Source, whole_bytes: u64) -> Result<Self, StoreError> {
        let stat = rustix::fs::fstat(&source.file).map_err(|error| source.error(error))?;
        let file_bytes = u64::try_from(stat.st_size).unwrap_or(0);
        let mut held_from = if file_bytes <= whole_bytes { 0 } else { file_bytes.saturating_sub(TAIL_BYTES) };
        let mut held = source.read(Vec::new(), held_from..file_bytes).await?;
        if let Err(TailError::MoreNeeded(bytes)) = decode_tail(&held, file_bytes) {
            held_from = file_bytes.saturating_sub(bytes as u64);
            held = source.read(held, held_from..file_bytes).await?;
        }
        let (tail, table) = decode_tail(&held, file_bytes).map_err(|error| source.tail_error(error, file_bytes))?;
        let table = table.map_or_else(TablePart::default, |entries| TablePart::new(0, entries.to_vec()));
        Ok(Self { source, tail, table, held, held_from })
    }
}

impl Source {
    fn tail_error(&self, error: TailError, file_bytes: u64) -> StoreError {
        match error {
            TailError::Damaged { at, damage } => self.corrupt(at, damage),
            TailError::UnknownVersion(found) => {
                StoreError::UnknownVersion { path: self.path.clone(), found, known: VERSION }
            }
            TailError::MoreNeeded(_) => self.corrupt(file_bytes, Damage::Length),
        }
    }
}
