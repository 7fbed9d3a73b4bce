//! The disk of one data server: it outlives the process, and knows what was only written and what is durable.
//!
//! Bodies are not kept, only which content they are. A blob comes to be in four steps, each of which can fail, and between
//! any two of which the process can be killed or the power go: written to a temporary file, synced, renamed into place (from
//! here on it is visible), and its folder synced (from here on it is durable).

use std::collections::BTreeMap;
use std::time::Duration;

use lode_core::id::{OperationId, RequestId};
use lode_core::space::Space;
use lode_core::time::Instant;

use crate::history::{ContentId, NameId};

/// How long a rename may stay undone by a loss of power when its folder was never synced: the kernel writes back by itself.
pub(crate) const WRITE_BACK: Duration = Duration::from_secs(30);

/// A disk has done a step for the process that asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DiskStep {
    /// The temporary file of the request is synced.
    Synced { request: RequestId, commit: OperationId },
    /// It is renamed into place.
    Renamed { request: RequestId, commit: OperationId },
    /// Its folder is synced.
    FolderSynced { commit: OperationId, file: File, holding: usize },
    /// A blob was looked up for a locate query.
    LookedUp { lookup: OperationId, name: NameId },
    /// A blob was opened.
    Opened { request: RequestId, open: OperationId, name: NameId },
    /// A blob was removed.
    Removed { removal: OperationId, name: NameId },
    /// The space was measured.
    Measured { measurement: OperationId },
}

/// What lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: NameId,
    pub(crate) content: ContentId,
    pub(crate) size_bytes: u64,
    pub(crate) synced: bool,
}

/// A visible blob.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blob {
    pub(crate) file: File,
    /// The index of its entry in the history.
    pub(crate) holding: usize,
    /// Whether its folder was synced since; else, when it was renamed and what was there before, durably.
    pub(crate) pending: Option<Pending>,
    /// Whether a bit of it has flipped.
    pub(crate) rotten: bool,
}

/// What a loss of power may bring back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) since: Instant,
    pub(crate) before: Option<(File, usize, bool)>,
}

/// One disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) total_bytes: u64,
    pub(crate) blobs: BTreeMap<NameId, Blob>,
    /// Temporary files, by the request that they belong to. A process that starts removes them all.
    pub(crate) temporary: BTreeMap<RequestId, File>,
}

impl Disk {
    pub(crate) fn new(total_bytes: u64) -> Self {
        Self { total_bytes, ..Self::default() }
    }

    /// The room on it.
    pub(crate) fn space(&self) -> Space {
        let blobs: u64 = self.blobs.values().map(|blob| blob.file.size_bytes).sum();
        let temporary: u64 = self.temporary.values().map(|file| file.size_bytes).sum();
        let used = blobs.saturating_add(temporary);
        Space { free_bytes: self.total_bytes.saturating_sub(used), total_bytes: self.total_bytes }
    }
}
