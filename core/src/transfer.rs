//! What can come of moving an object between two servers, or of asking one over HTTP.

use alloc::string::String;

use crate::checksum::Checksum;
use crate::digest::DigestMismatch;
use crate::etag::ETag;

/// A data server failed us. Whose fault it is decides nothing: others are asked instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferFailure {
    /// No connection came about.
    #[error("could not be reached ({reason})")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// The connection broke, or what came over it made no sense.
    #[error("broke off ({reason})")]
    BrokenOff {
        /// What happened.
        reason: String,
    },
    /// It did not answer, or stood still, for longer than the patience given.
    #[error("did not answer in time")]
    TimedOut,
    /// It has no room (HTTP 507).
    #[error("is full")]
    Full,
    /// It answered, but neither with yes nor with no.
    #[error("answered with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

/// The client's body was not what it should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFault {
    /// It was cut off, stood still, or was not well formed.
    Broken {
        /// What was wrong with it, as a half sentence.
        reason: String,
    },
    /// It does not have a digest that the client gave.
    DigestMismatch(DigestMismatch),
}

/// What came of sending an object to a data server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadOutcome {
    /// It is durable there.
    Stored {
        /// How long the body was.
        size_bytes: u64,
        /// Its checksum, if the data server said it; a node of the seed does not.
        checksum: Option<Checksum>,
    },
    /// The data server failed.
    Failed {
        /// How.
        failure: TransferFailure,
        /// Whether all that was taken from the client so far is still held, so that it can be sent elsewhere.
        resendable: bool,
    },
    /// The client failed; nothing was stored.
    BodyFault(BodyFault),
}

/// What a data server answered to a GET or HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// The whole object follows (HTTP 200).
    Whole {
        /// Its size, if it was said; a node of the seed does not say it of large objects.
        size_bytes: Option<u64>,
        /// Its entity tag, if it was said.
        etag: Option<ETag>,
    },
    /// A part of the object follows (HTTP 206).
    Part {
        /// The position of its first byte.
        first: u64,
        /// The position of its last byte, not before the first.
        last: u64,
        /// The size of the whole object.
        size_bytes: u64,
        /// Its entity tag, if it was said.
        etag: Option<ETag>,
    },
    /// The client has it already (HTTP 304).
    NotModified {
        /// Its entity tag, if it was said.
        etag: Option<ETag>,
    },
    /// A condition of the client does not hold (HTTP 412).
    PreconditionFailed,
    /// The object has no such part (HTTP 416).
    Unsatisfiable {
        /// Its size.
        size_bytes: u64,
    },
    /// It does not hold the object (HTTP 404).
    Missing,
    /// It failed.
    Failed(TransferFailure),
}

/// What a data server answered to a direct question whether it holds an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectAnswer {
    /// It does.
    Held {
        /// The size of its copy, if it said so.
        size_bytes: Option<u64>,
        /// The checksum of its copy, if it said so.
        checksum: Option<Checksum>,
    },
    /// It does not.
    NotHeld,
    /// It did not answer.
    Failed(TransferFailure),
}

/// What a data server answered to a DELETE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoveOutcome {
    /// Its copy is removed, durably.
    Removed,
    /// It holds none.
    NotHeld,
    /// It knows no DELETE (HTTP 405): a node of the seed.
    CannotDelete,
    /// It failed.
    Failed(TransferFailure),
}
