//! What API servers ask data servers about the blobs that they hold, many at a time.

mod full;
mod notes;
pub mod text;

use alloc::vec::Vec;
use core::time::Duration;

use crate::catalog::{BlobId, Version, VersionLabel};
use crate::time::WallTime;

pub use self::full::{FullEntry, FullPage, ParseFullEntryError};
pub use self::notes::{Notes, NotesError};

/// The target that the question which of many blobs are held is posted to.
pub const HELD_TARGET: &str = "/blobs/held";

/// The most blobs that one question is about, and that one page of an inventory tells of.
pub const MAX_BLOBS_AT_A_TIME: usize = 1000;

/// A blob that a data server may hold, and what the catalog says that it is: whoever holds it notes that beside it, so that
/// a lost catalog can be rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedBlob {
    /// Which.
    pub blob: BlobId,
    /// Which version of its key it is.
    pub version: Version,
    /// When that was written, by the clock of the catalog.
    pub written: WallTime,
}

impl CommittedBlob {
    /// What its holder is to note.
    #[must_use]
    pub const fn label(&self) -> VersionLabel {
        VersionLabel { version: self.version, written: self.written }
    }
}

/// A part of what a data server holds, in an order of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryPage {
    /// Whole blobs, sound as far as is known.
    pub blobs: Vec<InventoryEntry>,
    /// Behind which one the next page begins; `None` if this is the last.
    pub next: Option<BlobId>,
}

/// A blob that a data server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InventoryEntry {
    /// Which.
    pub blob: BlobId,
    /// How long ago it was stored, by the clock of the data server.
    pub age: Duration,
}
