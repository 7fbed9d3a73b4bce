//! What a data server makes of what its disk says.
//!
//! | state   | measured: room | measured: no room, or a write finds none | a write or sync fails |
//! |---------|----------------|------------------------------------------|-----------------------|
//! | healthy | healthy        | → full                                   | → failing             |
//! | full    | → healthy      | full                                     | → failing             |
//! | failing | failing        | failing                                  | failing               |
//!
//! A change is said in a heartbeat at once. A disk that lied once is not believed again before a restart.

use super::messages::{DataEffect, DiskFailure};
use super::receiving::refusal_of;
use super::{DataServer, refuse};
use crate::catalog::BlobId;
use crate::id::{OperationId, RequestId};
use crate::machine::Effects;
use crate::space::Space;
use crate::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    Healthy,
    Full,
    Failing,
}

impl DataServer {
    pub(super) fn space_measured(
        &mut self,
        now: Instant,
        measurement: OperationId,
        outcome: Result<Space, DiskFailure>,
    ) {
        if self.measuring.take_if(|id| *id == measurement).is_none() {
            return;
        }
        let accepted_before = self.accepts_writes();
        match outcome {
            Ok(space) => self.judge_space(space),
            Err(failure) => self.note_disk_failure(now, None, &failure),
        }
        if self.accepts_writes() != accepted_before {
            self.heartbeat.hurry(now);
        }
    }

    pub(super) fn judge_space(&mut self, space: Space) {
        self.space = space;
        let has_room = space.free_bytes >= self.config.reserve_bytes;
        self.disk = match self.disk {
            Disk::Failing => Disk::Failing,
            Disk::Healthy | Disk::Full if has_room => Disk::Healthy,
            Disk::Healthy | Disk::Full => Disk::Full,
        };
    }

    /// The request is refused because the disk has failed, when this blob, if it is one, was asked for.
    pub(super) fn disk_failed(
        &mut self,
        now: Instant,
        request: RequestId,
        blob: Option<BlobId>,
        failure: &DiskFailure,
        effects: &mut Effects<DataEffect>,
    ) {
        self.note_disk_failure(now, blob, failure);
        refuse(request, refusal_of(failure), effects);
    }

    pub(super) fn found_damaged(&mut self, blob: Option<BlobId>) {
        self.counters.corrupt_blobs += 1;
        if let Some(blob) = blob {
            self.damaged.found(blob);
        }
    }

    pub(super) fn note_disk_failure(&mut self, now: Instant, blob: Option<BlobId>, failure: &DiskFailure) {
        let worse = match failure {
            DiskFailure::Full if self.disk != Disk::Failing => Disk::Full,
            DiskFailure::Full => Disk::Failing,
            DiskFailure::Write { .. } => Disk::Failing,
            DiskFailure::Corrupt { .. } => return self.found_damaged(blob),
            DiskFailure::Read { .. } => return,
        };
        if self.disk != worse {
            self.disk = worse;
            self.heartbeat.hurry(now);
        }
    }
}
