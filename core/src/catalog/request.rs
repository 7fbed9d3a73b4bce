//! What a catalog can be asked.

use alloc::vec::Vec;
use core::time::Duration;

use super::listing::ListQuery;
use super::{BlobId, Bucket, HeldBlob, ObjectPath, Retention, State, Version};
use crate::address::ServerAddress;
use crate::conditions::Conditions;
use crate::id::Incarnation;

/// A request to the catalog: one transaction. What is answered stands at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogRequest {
    /// Make a new version of a key the current one. Answered by `Written`, `PreconditionFailed`, `NothingToDelete`,
    /// `Condemned` or `NoSuchBucket`.
    Commit(Commit),
    /// Remove one version for good; its blob becomes garbage. The one before it is current then, if it was the current
    /// one. Answered by `Removed`.
    RemoveVersion {
        /// Of what.
        path: ObjectPath,
        /// Which.
        version: Version,
    },
    /// Tell of the current version, or of this one. Answered by `Found`.
    Read {
        /// Of what.
        path: ObjectPath,
        /// Which; the current one if not given.
        version: Option<Version>,
    },
    /// Tell of the versions of a key, the latest first. Answered by `Versions`.
    Versions {
        /// Of what.
        path: ObjectPath,
        /// Only those before this one.
        before: Option<Version>,
        /// How many at the most.
        limit: usize,
    },
    /// Tell which objects there are. Answered by `Listed`.
    List(ListQuery),
    /// Tell of each of these blobs whether a version has it; whichever has not, and is not garbage yet, becomes garbage,
    /// so that no commit takes it any more. So an upload whose commit has come to an unknown end is settled, and what a
    /// data server holds and nobody knows is cleaned away. Answered by `Settled`.
    Settle {
        /// Which blobs, none of them twice.
        blobs: Vec<BlobId>,
        /// A data server that holds a copy of each of them, which is noted as [`NoteHolders`](Self::NoteHolders) does.
        held_on: Option<ServerAddress>,
    },
    /// Note that what this run of an API server uploads belongs to this catalog. Nobody may settle and so remove the blobs of
    /// others that lie on the same data servers: those of an API server that was started with another catalog by mistake, say.
    /// Answered by `Uploaders`.
    Register {
        /// Which run.
        uploader: Incarnation,
    },
    /// Note where copies of a blob are, and where they are no longer. It is noted for garbage as well, so that a copy made
    /// too late is found and removed, and not for a blob that was never heard of; a copy that is
    /// [retired](Self::Retire) stays so until it is gone. Answered by `Done`.
    NoteHolders {
        /// Which blob.
        blob: BlobId,
        /// Who holds a copy.
        held: Vec<ServerAddress>,
        /// Who does not.
        gone: Vec<ServerAddress>,
    },
    /// Tell of the blobs that versions have, in the order of their ids. Answered by `Blobs`.
    Blobs {
        /// Only those with a copy noted on this server.
        on: Option<ServerAddress>,
        /// Only those after this one.
        after: Option<BlobId>,
        /// How many at the most.
        limit: usize,
    },
    /// Let a copy count no longer, because there are others enough; then it can be removed. Granted if it and those others
    /// are noted: two that have found each other's copies to be superfluous do not both remove one. Answered by `Retired`.
    Retire {
        /// Of which blob.
        blob: BlobId,
        /// Where the copy is.
        server: ServerAddress,
        /// The others.
        keep: Vec<ServerAddress>,
    },
    /// Tell of the garbage of which copies are noted, in the order of the ids. Answered by `Garbage`.
    Garbage {
        /// Only what comes after this one.
        after: Option<BlobId>,
        /// How much at the most.
        limit: usize,
    },
    /// Note that no copy of this garbage is left on a data server. Nothing is noted of what is not garbage. Answered by
    /// `Done`.
    NoteRemoved {
        /// Where none is left.
        server: ServerAddress,
        /// Of which blobs.
        blobs: Vec<BlobId>,
    },
    /// Forget garbage of which no copy is noted any more, the oldest first. Answered by `Forgotten`.
    ForgetGarbage {
        /// For how long it must have been garbage: longer than any upload can be under way, since a commit of what is
        /// forgotten is not refused any more.
        garbage_age: Duration,
        /// How much at the most.
        limit: usize,
    },
    /// Let nobody else repair this blob for a while. Granted unless another has it. Answered by `Claimed`.
    ClaimRepair {
        /// Which blob.
        blob: BlobId,
        /// Who wants to.
        by: Incarnation,
        /// For how long, by the clock of the catalog.
        lasting: Duration,
    },
    /// The claim is not needed any more. Answered by `Done`.
    ReleaseRepair {
        /// Which blob.
        blob: BlobId,
        /// Who has had it.
        by: Incarnation,
    },
    /// Put versions back into a catalog that has lost them, as they were. One whose number or whose blob is known stays as it
    /// is, and so does one of a bucket that there is not. Their uploaders are not registered: who puts back all versions does
    /// that at the end, lest those that are still to come be taken for garbage. Answered by `Done`.
    Restore {
        /// The versions, each with its blob and who holds it.
        versions: Vec<HeldBlob>,
    },
    /// Create a bucket, or set what one keeps. Keys that have more old versions already lose them at their next write.
    /// Answered by `Done`.
    SetBucket {
        /// Which.
        bucket: Bucket,
        /// How many old versions of each key it keeps.
        retention: Retention,
    },
    /// Tell of all buckets, in the order of their names. Answered by `Buckets`.
    Buckets,
}

/// A write that is durable on the data servers, and is to become the current version of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Of what.
    pub path: ObjectPath,
    /// The blob that was written for it. To commit one twice is to commit it once.
    pub blob: BlobId,
    /// What it is.
    pub state: State,
    /// Where copies were put.
    pub holders: Vec<ServerAddress>,
    /// What must be true of the version that is current until then.
    pub conditions: Conditions,
}
