//! Telling those who hold a blob which version it has become, so that a lost catalog can be rebuilt.
//!
//! What was just committed is told soon afterwards, many at a time. What does not arrive is told again by the next audit.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::surroundings::Surroundings;
use crate::address::ServerAddress;
use crate::inventory::{CommittedBlob, MAX_BLOBS_AT_A_TIME};
use crate::time::Instant;

/// How long after the first one they are told.
const DELAY: Duration = Duration::from_secs(1);

/// What is still to be told, and whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    to_tell: BTreeMap<ServerAddress, Vec<CommittedBlob>>,
    at: Option<Instant>,
}

impl Labels {
    /// These servers hold a blob that was committed. Whoever is to be told of very much already is not told of it now.
    pub(super) fn add(&mut self, now: Instant, blob: CommittedBlob, holders: &[ServerAddress]) {
        for holder in holders {
            let blobs = self.to_tell.entry(holder.clone()).or_default();
            if blobs.len() < 10 * MAX_BLOBS_AT_A_TIME {
                blobs.push(blob);
            }
        }
        self.at.get_or_insert(now + DELAY);
    }

    /// When it is to be woken next.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Tells what there is to be told, if it is time.
    pub(super) fn wake(&mut self, around: &mut Surroundings<'_>) {
        if self.at.take_if(|at| *at <= around.now).is_none() {
            return;
        }
        for (server, blobs) in core::mem::take(&mut self.to_tell) {
            if !around.is_live(&server) {
                continue;
            }
            for some in blobs.chunks(MAX_BLOBS_AT_A_TIME) {
                around.tell_versions(server.clone(), some.to_vec());
            }
        }
    }
}
