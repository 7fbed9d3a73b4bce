//! What a data server does with a PUT: received, checked, committed; see [`receiving`](super::receiving).

use super::messages::{DataEffect, DataResponse, DiskFailure, ReceiveFailure, ReceivedBody};
use super::receiving::Stored;
use super::{DataServer, Disk, Work, refuse};
use crate::catalog::{Described, Description};
use crate::id::OperationId;
use crate::machine::Effects;
use crate::refusal::Refusal;
use crate::time::Instant;

impl DataServer {
    pub(super) fn refuses_upload(
        &self,
        declared_bytes: Option<u64>,
        description: Option<&Description>,
    ) -> Option<Refusal> {
        if self.draining {
            return Some(Refusal::Draining);
        }
        match self.disk {
            Disk::Failing => Some(Refusal::DiskFailed {
                reason: "an earlier write failed, and it takes no more until it is restarted".into(),
            }),
            // What is kept back is for these: without them nothing could be deleted, and there would never be room again.
            Disk::Full if description.is_some_and(|description| description.what == Described::Tombstone) => None,
            Disk::Full => Some(Refusal::NoSpace),
            Disk::Healthy => {
                declared_bytes.is_some_and(|bytes| bytes > self.space.free_bytes).then_some(Refusal::NoSpace)
            }
        }
    }

    pub(super) fn received(
        &mut self,
        now: Instant,
        receive: OperationId,
        outcome: Result<ReceivedBody, ReceiveFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Receiving { receiving, blob })) = self.take_waiting(receive) else {
            return;
        };
        if let Err(ReceiveFailure::Disk(failure)) = &outcome {
            self.note_disk_failure(now, blob, failure);
        }
        let received_something = outcome.is_ok();
        match receiving.received(outcome) {
            Ok(committing) => {
                let commit = self.begin(request, Work::Committing { committing, blob });
                effects.push(DataEffect::Commit { commit, request });
            }
            Err(refusal) => {
                if received_something {
                    effects.push(DataEffect::Discard { request });
                }
                refuse(request, refusal, effects);
            }
        }
    }

    pub(super) fn committed(
        &mut self,
        now: Instant,
        commit: OperationId,
        outcome: Result<(), DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Committing { committing, blob })) = self.take_waiting(commit) else {
            return;
        };
        match (&outcome, blob) {
            (Err(failure), blob) => self.note_disk_failure(now, blob, failure),
            (Ok(()), Some(blob)) => self.damaged.gone(blob),
            (Ok(()), None) => {}
        }
        match committing.committed(outcome) {
            Ok(Stored { size_bytes, checksum }) => {
                let response = DataResponse::Stored { size_bytes, checksum };
                effects.push(DataEffect::Respond { request, response });
            }
            Err(refusal) => refuse(request, refusal, effects),
        }
    }
}
