//! Why a request is not granted: what the client is told, by status, code and sentence.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::ServerAddress;
use crate::digest::DigestMismatch;
use crate::transfer::TransferFailure;

/// How long a client that was told to come back later should wait, unless something better is known.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request that was understood and not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Everybody who was asked said that there is no such object.
    #[error("there is no object of this name")]
    NotFound,
    /// As many requests are served as the bound allows.
    #[error("this server is serving as many requests as it may at a time; come back in a moment")]
    Busy,
    /// No data server has been heard of.
    #[error("no data server is known; start one on the same message bus, or wait until one has been heard of")]
    NoDataServer,
    /// Fewer data servers have been heard of than a write quorum of the copies takes.
    #[error(
        "the copies that make a version durable take {needed} data servers, and only {known} are known; \
         wait until others have been heard of, or start them"
    )]
    TooFewDataServers {
        /// How many are known.
        known: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Nobody who answered has the object, and not everybody has answered.
    #[error("nobody who answered holds the object, but {} did not answer; try again in a moment", List(.silent))]
    Unanswered {
        /// Data servers believed to live that have not answered.
        silent: Vec<ServerAddress>,
    },
    /// Nobody has said that the object is stored. One that broke off may have stored it all the same.
    #[error("the object is not known to be stored: {}; send it again", Attempts(.attempts))]
    NotStored {
        /// Who was tried, and what came of it; at least one.
        attempts: Vec<(ServerAddress, TransferFailure)>,
    },
    /// Every data server is full.
    #[error("no data server has room for the object; delete objects or start another data server")]
    NoSpace,
    /// A copy could not be removed.
    #[error("not every copy is known to be removed: {} did not answer or could not remove its copy; try again", List(.left))]
    NotRemoved {
        /// The data servers that may still hold one.
        left: Vec<ServerAddress>,
    },
    /// The copy is on a node of the seed, which knows no DELETE.
    #[error("{holder} holds the object and is a node of the seed, which cannot delete; remove it there by hand")]
    CannotDelete {
        /// The node.
        holder: ServerAddress,
    },
    /// There is no such bucket.
    #[error("there is no bucket of this name, and none can be created yet; there is `objects`")]
    NoSuchBucket,
    /// The current version is not what the conditions of the request ask for.
    #[error("the object is not the one that the request's conditions ask for; nothing was changed")]
    PreconditionFailed,
    /// The catalog did not do anything.
    #[error("the catalog cannot be used now ({reason}); nothing was changed, try again in a moment")]
    CatalogUnavailable {
        /// What it said.
        reason: String,
    },
    /// The catalog broke off, and could not be asked what it has done.
    #[error(
        "the catalog broke off ({reason}): whether the request was carried out is not known; read, and then decide"
    )]
    OutcomeUnknown {
        /// What happened.
        reason: String,
    },
    /// The catalog knows the version, and nobody who answered can serve it.
    #[error("the object is known, but no copy of it can be reached now{}; try again in a moment", Failing(.failing))]
    NoCopy {
        /// The data servers that have failed to serve it.
        failing: Vec<ServerAddress>,
    },
    /// The upload took so long that its copies may be gone.
    #[error("the upload has taken too long and was not stored; send it again")]
    UploadTooOld,
    /// The body was cut off, or was not well formed, or stood still for too long.
    #[error("the body did not arrive whole: {reason}; nothing was stored, send it again")]
    BrokenBody {
        /// What was wrong with it.
        reason: String,
    },
    /// The body was not as long as was said.
    #[error("the body is {received_bytes} bytes long, but {declared_bytes} were announced; nothing was stored")]
    LengthMismatch {
        /// What was announced.
        declared_bytes: u64,
        /// What came.
        received_bytes: u64,
    },
    /// The body does not have the digest that the client gave.
    #[error("{0}; nothing was stored")]
    DigestMismatch(DigestMismatch),
    /// The data server is to be emptied.
    #[error("this data server is being drained and takes no more objects; they go to another one")]
    Draining,
    /// The disk of a data server failed.
    #[error("the disk of this data server failed: {reason}; nothing was kept")]
    DiskFailed {
        /// What the disk said.
        reason: String,
    },
    /// What lies on the disk is not what was written.
    #[error("the copy on this data server is damaged: {reason}; it is not served")]
    Corrupt {
        /// What is wrong with it.
        reason: String,
    },
}

impl Refusal {
    /// The HTTP status that says it.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound | Self::NoSuchBucket => 404,
            Self::PreconditionFailed => 412,
            Self::BrokenBody { .. } | Self::LengthMismatch { .. } | Self::DigestMismatch(_) => 400,
            Self::CannotDelete { .. } => 501,
            Self::NoSpace => 507,
            Self::Busy
            | Self::NoDataServer
            | Self::TooFewDataServers { .. }
            | Self::Unanswered { .. }
            | Self::NotStored { .. }
            | Self::NotRemoved { .. }
            | Self::CatalogUnavailable { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NoCopy { .. }
            | Self::UploadTooOld
            | Self::Draining
            | Self::DiskFailed { .. }
            | Self::Corrupt { .. } => 503,
        }
    }

    /// The word that says it to a program; stable.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Busy => "busy",
            Self::NoDataServer => "no_data_server",
            Self::TooFewDataServers { .. } => "too_few_data_servers",
            Self::Unanswered { .. } => "unanswered",
            Self::NotStored { .. } => "not_stored",
            Self::NoSpace => "no_space",
            Self::NotRemoved { .. } => "not_removed",
            Self::CannotDelete { .. } => "cannot_delete",
            Self::NoSuchBucket => "no_such_bucket",
            Self::PreconditionFailed => "precondition_failed",
            Self::CatalogUnavailable { .. } => "catalog_unavailable",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::NoCopy { .. } => "no_copy",
            Self::UploadTooOld => "upload_too_old",
            Self::BrokenBody { .. } => "broken_body",
            Self::LengthMismatch { .. } => "length_mismatch",
            Self::DigestMismatch(_) => "digest_mismatch",
            Self::Draining => "draining",
            Self::DiskFailed { .. } => "disk_failed",
            Self::Corrupt { .. } => "corrupt",
        }
    }

    /// How long the client should wait before it tries again; `None` where waiting does not help.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        if self.status() == 503 { Some(RETRY_AFTER) } else { None }
    }
}

struct List<'a>(&'a [ServerAddress]);

impl core::fmt::Display for List<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<_> = self.0.iter().map(ServerAddress::as_str).collect();
        f.write_str(if names.is_empty() { "a data server" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

struct Failing<'a>(&'a [ServerAddress]);

impl core::fmt::Display for Failing<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {} did not serve it", List(self.0)) }
    }
}

struct Attempts<'a>(&'a [(ServerAddress, TransferFailure)]);

impl core::fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let told: Vec<_> = self.0.iter().map(|(server, failure)| alloc::format!("{server} {failure}")).collect();
        f.write_str(&told.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn a_refusal_names_the_servers_that_it_speaks_of() {
        let silent: Vec<ServerAddress> =
            ["127.0.0.1:1", "127.0.0.2:2"].iter().map(|text| text.parse().unwrap()).collect();
        let told = Refusal::Unanswered { silent: silent.clone() }.to_string();
        assert!(told.contains("127.0.0.1:1, 127.0.0.2:2 did not answer"), "{told}");
        let attempts = silent.into_iter().map(|server| (server, TransferFailure::Refused { status: 500 })).collect();
        let told = Refusal::NotStored { attempts }.to_string();
        assert!(told.contains("127.0.0.1:1 answered with status 500; 127.0.0.2:2 answered"), "{told}");
    }

    #[test]
    fn only_what_may_pass_is_worth_a_retry() {
        assert!(Refusal::Busy.retry_after().is_some());
        assert!(Refusal::NotFound.retry_after().is_none());
        assert!(Refusal::NoSpace.retry_after().is_none());
    }
}
