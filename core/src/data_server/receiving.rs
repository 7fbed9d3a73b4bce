//! One upload on a data server: received, checked, committed; or nothing of it is kept.
//!
//! | state      | received, as announced | received, not as announced | receiving failed | committed | commit failed |
//! |------------|------------------------|----------------------------|------------------|-----------|---------------|
//! | receiving  | → committing           | → refused, discard         | → refused        | -         | -             |
//! | committing | -                      | -                          | -                | → stored  | → refused     |

use alloc::string::ToString as _;

use super::messages::{DiskFailure, ReceiveFailure, ReceivedBody};
use crate::checksum::Checksum;
use crate::digest::RequestedDigests;
use crate::refusal::Refusal;
use crate::transfer::BodyFault;

/// An upload whose body is being received. Usable alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiving {
    declared_bytes: Option<u64>,
    digests: RequestedDigests,
}

/// An upload whose body is whole and as announced, and is being made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committing {
    size_bytes: u64,
    checksum: Checksum,
}

/// An upload that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// How long it is.
    pub size_bytes: u64,
    /// Its checksum.
    pub checksum: Checksum,
}

impl Receiving {
    /// An upload of which the client has said this much.
    #[must_use]
    pub const fn new(declared_bytes: Option<u64>, digests: RequestedDigests) -> Self {
        Self { declared_bytes, digests }
    }

    /// The body has come to its end, or broke.
    ///
    /// # Errors
    /// If it is not to be committed; why. What was received is then to be discarded.
    pub fn received(self, outcome: Result<ReceivedBody, ReceiveFailure>) -> Result<Committing, Refusal> {
        let body = outcome.map_err(|failure| match failure {
            ReceiveFailure::Body(BodyFault::Broken { reason }) => Refusal::BrokenBody { reason },
            ReceiveFailure::Body(BodyFault::DigestMismatch(mismatch)) => Refusal::DigestMismatch(mismatch),
            ReceiveFailure::Disk(failure) => refusal_of(&failure),
        })?;
        if let Some(declared_bytes) = self.declared_bytes
            && declared_bytes != body.size_bytes
        {
            return Err(Refusal::LengthMismatch { declared_bytes, received_bytes: body.size_bytes });
        }
        self.digests.matches(&body.digests).map_err(Refusal::DigestMismatch)?;
        Ok(Committing { size_bytes: body.size_bytes, checksum: body.checksum })
    }
}

impl Committing {
    /// The disk has made the blob durable, or failed to.
    ///
    /// # Errors
    /// If it failed: nothing is visible, nothing is acknowledged.
    pub fn committed(self, outcome: Result<(), DiskFailure>) -> Result<Stored, Refusal> {
        match outcome {
            Ok(()) => Ok(Stored { size_bytes: self.size_bytes, checksum: self.checksum }),
            Err(failure) => Err(refusal_of(&failure)),
        }
    }
}

/// How a failure of the disk is told to a client.
#[must_use]
pub fn refusal_of(failure: &DiskFailure) -> Refusal {
    match failure {
        DiskFailure::Full => Refusal::NoSpace,
        DiskFailure::Corrupt { reason } => Refusal::Corrupt { reason: reason.clone() },
        DiskFailure::Write { .. } | DiskFailure::Read { .. } => Refusal::DiskFailed { reason: failure.to_string() },
    }
}
