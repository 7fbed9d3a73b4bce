//! How much room a data server has.

/// The room on the file system that a data server keeps its objects on, at the moment it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Space {
    /// What may still be written, in bytes, without what the file system keeps back for the administrator.
    pub free_bytes: u64,
    /// The size of the file system in bytes.
    pub total_bytes: u64,
}
