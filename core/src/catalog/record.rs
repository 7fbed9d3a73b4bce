//! What the catalog keeps of a version.

use alloc::vec::Vec;

use super::{BlobId, ContentType, Metadata, Version};
use crate::address::ServerAddress;
use crate::checksum::Checksum;
use crate::conditions::Current;
use crate::etag::ETag;
use crate::time::WallTime;

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Which.
    pub version: Version,
    /// The blob that was written for it. That of a tombstone has no bytes; it is there so that a lost catalog can be
    /// rebuilt.
    pub blob: BlobId,
    /// What it is.
    pub state: State,
    /// When it was written, by the clock of the catalog.
    pub written: WallTime,
}

/// What a version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// An object.
    Object(Stored),
    /// The object was deleted.
    Tombstone,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The length of its content; at most 2^63 - 1, which is what databases and files can hold.
    pub size_bytes: u64,
    /// The checksum of its content.
    pub checksum: Checksum,
    /// What the client says that it is.
    pub content_type: Option<ContentType>,
    /// What the client wants kept with it.
    pub metadata: Metadata,
}

/// A version that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is kept of it.
    pub record: VersionRecord,
    /// Where copies of its blob were put, in the order of the addresses: hints.
    pub holders: Vec<ServerAddress>,
}

impl State {
    /// What conditions are held against when this is the current version of a key.
    #[must_use]
    pub const fn as_current(&self) -> Current {
        match self {
            Self::Object(stored) => Current::Tagged(ETag::new(stored.checksum)),
            Self::Tombstone => Current::Absent,
        }
    }
}
