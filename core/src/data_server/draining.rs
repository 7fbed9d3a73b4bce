//! Emptying a data server: it takes no more objects, and API servers make the copies that it holds elsewhere and then remove
//! them here. What it was told is kept in its folder, so that a restart does not end it.
//!
//! | state    | told to drain      | told not to        | kept, or not                | asked          | counted |
//! |----------|--------------------|--------------------|-----------------------------|----------------|---------|
//! | serving  | → serving, keeping | → serving, keeping | as told: → draining         | count          | answer  |
//! | draining | → draining, keeping | → draining, keeping | as told: → serving        | count          | answer  |
//!
//! A disk that does not keep it, because it is broken, is the best of all reasons to drain: it is drained all the same, and
//! whoever asked is told that a restart would end it.

use super::messages::{Counts, DataEffect, DataResponse, DiskFailure, DrainCommand, DrainReport};
use super::{DataServer, Work};
use crate::id::{OperationId, RequestId};
use crate::machine::Effects;
use crate::time::Instant;

impl DataServer {
    pub(super) fn asked_to_drain(
        &mut self,
        request: RequestId,
        command: DrainCommand,
        effects: &mut Effects<DataEffect>,
    ) {
        let draining = match command {
            DrainCommand::Begin => true,
            DrainCommand::Cancel => false,
            DrainCommand::Tell => return self.count(request, true, effects),
        };
        let keep = self.begin(request, Work::KeepingDraining { draining });
        effects.push(DataEffect::KeepDraining { keep, request, draining });
    }

    pub(super) fn draining_kept(
        &mut self,
        now: Instant,
        keep: OperationId,
        outcome: &Result<(), DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::KeepingDraining { draining })) = self.take_waiting(keep) else {
            return;
        };
        if let Err(failure) = outcome {
            self.note_disk_failure(now, None, failure);
        }
        if self.draining != draining {
            self.draining = draining;
            self.heartbeat.hurry(now);
        }
        self.count(request, outcome.is_ok(), effects);
    }

    pub(super) fn counted(
        &mut self,
        now: Instant,
        count: OperationId,
        outcome: Result<Counts, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Counting { kept })) = self.take_waiting(count) else {
            return;
        };
        match outcome {
            Ok(counts) => {
                let report = DrainReport { draining: self.draining, kept, counts };
                effects.push(DataEffect::Respond { request, response: DataResponse::Drain(report) });
            }
            Err(failure) => self.disk_failed(now, request, None, &failure, effects),
        }
    }

    fn count(&mut self, request: RequestId, kept: bool, effects: &mut Effects<DataEffect>) {
        let count = self.begin(request, Work::Counting { kept });
        effects.push(DataEffect::Count { count, request });
    }
}
