//! What a catalog answers.

use alloc::string::String;
use alloc::vec::Vec;

use super::listing::Page;
use super::{BlobId, Bucket, Found, ObjectPath, Retention, Version, VersionRecord};
use crate::address::ServerAddress;
use crate::id::Incarnation;
use crate::time::WallTime;

/// The answer of the catalog. Which requests have which, stands at [`CatalogRequest`](super::CatalogRequest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogAnswer {
    /// It is the current version now.
    Written(Written),
    /// A condition does not hold; nothing is written.
    PreconditionFailed,
    /// A tombstone was to be written where there is no object.
    NothingToDelete,
    /// The blob is garbage: the upload has taken too long, or somebody has settled it. Nothing is written.
    Condemned,
    /// There is no such bucket.
    NoSuchBucket,
    /// What has become garbage with the version; `None` if there was no such version.
    Removed(Option<Garbage>),
    /// The version, if there is one.
    Found(Option<Found>),
    /// Versions of a key.
    Versions(Vec<VersionRecord>),
    /// A page of a listing; `None` if there is no such bucket.
    Listed(Option<Page>),
    /// What each blob is, in the order in which they were asked for.
    Settled(Vec<(BlobId, Fate)>),
    /// All whose blobs belong to this catalog, in order.
    Uploaders(Vec<Incarnation>),
    /// Blobs that versions have.
    Blobs(Vec<HeldBlob>),
    /// Garbage.
    Garbage(Vec<Garbage>),
    /// How much garbage was forgotten.
    Forgotten(usize),
    /// Whether the copy counts no longer, now or since before.
    Retired(bool),
    /// Whether the claim is granted.
    Claimed(bool),
    /// All buckets, and what they keep.
    Buckets(Vec<(Bucket, Retention)>),
    /// It is done.
    Done,
}

/// A write that has become the current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which version it is.
    pub version: Version,
    /// When that was, by the clock of the catalog; `None` if the blob was committed before.
    pub written: Option<WallTime>,
    /// The blobs of the versions that went for it, the latest first.
    pub garbage: Vec<Garbage>,
}

/// A blob that no version has any more, or ever will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// Which.
    pub blob: BlobId,
    /// Where copies were noted, retired ones among them, in the order of the addresses.
    pub holders: Vec<ServerAddress>,
}

/// A blob that a version has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBlob {
    /// Whose.
    pub path: ObjectPath,
    /// The version, and the blob.
    pub record: VersionRecord,
    /// Where copies are noted, in the order of the addresses.
    pub holders: Vec<ServerAddress>,
    /// Where copies are noted that do not count any more and are to be removed, in the order of the addresses.
    pub retired: Vec<ServerAddress>,
}

/// What has become of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// This version of its key has it.
    Kept(Version),
    /// This version of its key had it, and is gone.
    Gone(Version),
    /// None ever had it, and none will.
    Condemned,
}

/// The catalog did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogFailure {
    /// Nothing has been changed, nor will be.
    #[error("the catalog cannot be used now ({reason}); nothing was changed")]
    Unavailable {
        /// What it said.
        reason: String,
    },
    /// It may have been done, or may still be.
    #[error("the catalog broke off ({reason}); whether it has done what was asked is not known")]
    Unknown {
        /// What happened.
        reason: String,
    },
}
