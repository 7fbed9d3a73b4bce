//! What is asked and told about all, or much, of what a data server holds.

use alloc::vec::Vec;

use crate::catalog::BlobId;
use crate::inventory::FullPage;

/// What is to be done about emptying a data server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainCommand {
    /// It is to be emptied.
    Begin,
    /// It is not.
    Cancel,
    /// Tell how far that is.
    Tell,
}

/// What is to be done about a scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrubCommand {
    /// Begin one, as fast as the disk is.
    Begin,
    /// Tell how far it is, or what the last one has found.
    Tell,
}

/// What was seen of blobs that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Those that are there, whole as far as the ends of their files tell.
    pub held: Vec<BlobId>,
    /// Those that are there and damaged.
    pub damaged: Vec<BlobId>,
}

/// A page of an inventory with all that is known, and what could not be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribedPage {
    /// What is there.
    pub page: FullPage,
    /// Those that are there and damaged.
    pub damaged: Vec<BlobId>,
}

/// How much lies on a data server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Blobs of versions, which API servers move.
    pub blobs: u64,
    /// Objects of the mode without a catalog, which nobody moves.
    pub objects: u64,
}

/// How far a data server is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainReport {
    /// Whether it is to be.
    pub draining: bool,
    /// Whether a restart will know that.
    pub kept: bool,
    /// What is still there.
    pub counts: Counts,
}
