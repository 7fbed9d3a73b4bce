//! What happens to an API server that has a catalog, and what it wants done.
//!
//! Beside these it uses [`ApiEffect::Upload`], to send a body that is held once more, and [`ApiEffect::Remove`], for copies
//! that do not count; and hears [`ApiInput::Uploaded`], [`ApiInput::Fetched`] and [`ApiInput::Removed`].

use alloc::vec::Vec;
use core::time::Duration;

use super::{ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayFailure, UploadTerms};
use crate::address::ServerAddress;
use crate::catalog::{
    BlobId, Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, ContentType, Description, Metadata, ObjectPath,
    Retention, Version,
};
use crate::checksum::Checksum;
use crate::conditions::Conditions;
use crate::id::{OperationId, RequestId};
use crate::locate::Collect;
use crate::select::{ObjectHead, Selection};
use crate::time::WallTime;

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionInput {
    /// Completes [`VersionEffect::AskCatalog`].
    Catalogued {
        /// Its id.
        ask: OperationId,
        /// What the catalog has answered.
        outcome: Result<CatalogAnswer, CatalogFailure>,
    },
    /// Completes [`VersionEffect::Relay`].
    Relayed {
        /// Its id.
        relay: OperationId,
        /// How it went.
        outcome: Result<(), BrokenRelay>,
    },
}

/// What a client can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionOperation {
    /// Store the body that follows as a new version.
    Put(NewVersion),
    /// Send a version of an object, or its head.
    Get {
        /// Of what.
        path: ObjectPath,
        /// Which; the current one if not given.
        version: Option<Version>,
        /// Which part, under which conditions.
        selection: Selection,
    },
    /// Say who holds the current version.
    Locate {
        /// Of what.
        path: ObjectPath,
        /// Whether one holder will do.
        collect: Collect,
    },
    /// Write a tombstone: the object is deleted, its older versions stay as long as the bucket keeps them.
    Delete {
        /// What.
        path: ObjectPath,
        /// What must be true of the current version.
        conditions: Conditions,
    },
    /// Remove one version for good.
    Remove {
        /// Of what.
        path: ObjectPath,
        /// Which.
        version: Version,
    },
    /// Set what a bucket keeps.
    SetBucket {
        /// Which.
        bucket: Bucket,
        /// How many old versions of each key it is to keep.
        retention: Retention,
    },
    /// Ask the catalog, as it is: listings, versions, buckets.
    AskCatalog(CatalogRequest),
}

/// A version that a client wants stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// Of what.
    pub path: ObjectPath,
    /// How long it is, if that was said.
    pub declared_bytes: Option<u64>,
    /// What must be true of the version that is current until then.
    pub conditions: Conditions,
    /// What the client says that it is.
    pub content_type: Option<ContentType>,
    /// What the client wants kept with it.
    pub metadata: Metadata,
}

/// What is wanted done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionEffect {
    /// Ask the catalog. Completed by [`VersionInput::Catalogued`].
    AskCatalog {
        /// Its id.
        ask: OperationId,
        /// What.
        what: CatalogRequest,
    },
    /// Send the body of the request to several data servers at a time, in one pass over it, as blobs of one name. Each is
    /// completed by an [`ApiInput::Uploaded`] of its own; one that fails does not hold up the others, and one that has stored
    /// something else than was sent has failed: where there is one copy, nothing else would tell. What is held of the
    /// body may be asked for again with [`ApiEffect::Upload`] until the request is answered; uploads that have not ended by
    /// then go on.
    ///
    /// A body that is passed on as it comes goes to each at its own pace, and the fast may be ahead of the slow by some
    /// bounded amount. One that stands still ([`UploadTerms::standstill_patience`]) and holds up a quorum of others has
    /// failed; where fewer than a quorum are left the others have as well, because such a body cannot be sent again.
    UploadCopies {
        /// Whose body.
        request: RequestId,
        /// The ids, and where to.
        copies: Vec<(OperationId, ServerAddress)>,
        /// As which blob.
        blob: BlobId,
        /// What each copy, also one that is sent again, is to say of itself.
        description: Description,
        /// How many of them must be stored for the upload to count.
        quorum: usize,
        /// What is to be waited for, and held.
        terms: UploadTerms,
    },
    /// Store a blob without content on several data servers. Each is completed by an [`ApiInput::Uploaded`] of its own, and can
    /// be asked for again as this effect.
    StoreMarker {
        /// The ids, and where.
        copies: Vec<(OperationId, ServerAddress)>,
        /// As which blob.
        blob: BlobId,
        /// What it says of itself.
        description: Description,
        /// How long to wait for each.
        patience: Duration,
    },
    /// Ask this data server for a part of a blob. Completed by [`ApiInput::Fetched`]: with the whole or that very part of a
    /// body of this checksum, else with a failure; the body stays open for [`VersionEffect::Relay`].
    Fetch {
        /// Its id.
        fetch: OperationId,
        /// For which request.
        request: RequestId,
        /// Whom.
        server: ServerAddress,
        /// Which blob.
        blob: BlobId,
        /// The position of the first byte wanted.
        first: u64,
        /// How many bytes are wanted from there.
        length_bytes: u64,
        /// What the blob is.
        checksum: Checksum,
        /// How long to wait for the head of the answer.
        patience: Duration,
    },
    /// Pass on to the client what was fetched, with the head before it if that has not been sent yet. Completed by
    /// [`VersionInput::Relayed`].
    Relay {
        /// Its id.
        relay: OperationId,
        /// Whose.
        request: RequestId,
        /// The head, the first time.
        head: Option<VersionHead>,
    },
    /// Break off the answer that has been begun: the rest of it cannot be had. This ends the request.
    BreakOff {
        /// Which request.
        request: RequestId,
    },
}

/// The head of an answer that is about a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionHead {
    /// What is sent of it.
    pub object: ObjectHead,
    /// Which version it is.
    pub version: Version,
    /// When it was written.
    pub written: WallTime,
    /// What the client who wrote it says that it is.
    pub content_type: Option<ContentType>,
    /// What that client wanted kept with it.
    pub metadata: Metadata,
}

/// Why a part of a blob was not relayed whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRelay {
    /// What happened.
    pub failure: RelayFailure,
    /// How many bytes of this part the client has got before.
    pub passed_on_bytes: u64,
}

/// How a client is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionResponse {
    /// It is stored as this version (200).
    Written {
        /// Which.
        version: Version,
        /// How long it is.
        size_bytes: u64,
        /// Its checksum.
        checksum: Checksum,
    },
    /// It is deleted: this version is the tombstone (204).
    Deleted {
        /// Which.
        version: Version,
    },
    /// The version is removed for good (204).
    Removed,
    /// The head of a version, and nothing of its content: it was asked for with HEAD, or nothing is to be sent.
    Head(VersionHead),
    /// What the catalog has answered (200).
    Catalog(CatalogAnswer),
}

impl From<VersionInput> for ApiInput {
    fn from(input: VersionInput) -> Self {
        Self::Version(input)
    }
}

impl From<VersionOperation> for ApiOperation {
    fn from(operation: VersionOperation) -> Self {
        Self::Version(operation)
    }
}

impl From<VersionEffect> for ApiEffect {
    fn from(effect: VersionEffect) -> Self {
        Self::Version(effect)
    }
}

impl From<VersionResponse> for ApiResponse {
    fn from(response: VersionResponse) -> Self {
        Self::Version(response)
    }
}
