//! Repairing one blob at a time: whoever has claimed it asks who holds it, and makes or removes copies until it has those
//! that it should have.
//!
//! | state    | granted  | refused | all asked have answered | noted    | its turn has come | copied            | copy failed       | retired    | not retired | removed    | catalog fails |
//! |----------|----------|---------|-------------------------|----------|-------------------|-------------------|-------------------|------------|-------------|------------|---------------|
//! | claiming | → asking | over    | -                       | -        | -                 | -                 | -                 | -          | -           | -          | over          |
//! | asking   | -        | -       | → noting                | -        | -                 | -                 | -                 | -          | -           | -          | -             |
//! | noting   | -        | -       | -                       | → by need | -                | -                 | -                 | -          | -           | -          | over          |
//! | pacing   | -        | -       | -                       | -        | → copying         | -                 | -                 | -          | -           | -          | -             |
//! | copying  | -        | -       | -                       | -        | -                 | → noting          | → noting          | -          | -           | -          | -             |
//! | retiring | -        | -       | -                       | -        | -                 | -                 | -                 | → removing | over        | -          | over          |
//! | removing | -        | -       | -                       | -        | -                 | -                 | -                 | -          | -           | → noting   | -             |
//!
//! By need ([`Need`]): copy → pacing; retire → retiring; remove → removing; nobody who was asked holds it → asking everybody,
//! once; else over. What is known of holders is noted in the catalog before anything is decided by it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::need::{Need, Situation};
use super::pace::Pace;
use super::report::UpkeepCounters;
use super::surroundings::Surroundings;
use super::{Suspect, Waiter};
use crate::address::ServerAddress;
use crate::api_server::messages::upkeep::CopyOutcome;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest};
use crate::id::OperationId;
use crate::time::Instant;
use crate::transfer::{RemoveOutcome, TransferFailure};

/// The repair of one blob.
#[derive(Debug, Clone)]
pub(super) struct Repair {
    what: Suspect,
    step: Step,
    /// Who is noted in the catalog to hold it.
    noted: BTreeSet<ServerAddress>,
    held: BTreeSet<ServerAddress>,
    denied: BTreeSet<ServerAddress>,
    retired: BTreeSet<ServerAddress>,
    refused: BTreeSet<ServerAddress>,
    has_asked_everybody: bool,
    failures: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Claiming,
    Asking { asked: BTreeMap<OperationId, ServerAddress> },
    Noting,
    Pacing { until: Instant, from: ServerAddress, to: ServerAddress },
    Copying { from: ServerAddress, to: ServerAddress },
    Retiring { server: ServerAddress },
    Removing { server: ServerAddress },
}

/// Whether a repair goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    GoesOn,
    /// It is over; whether the blob is to be looked at again soon.
    Over {
        again: bool,
    },
}

/// What a repair shares with the others.
pub(super) struct Shared<'a> {
    pub(super) pace: &'a mut Pace,
    pub(super) counters: &'a mut UpkeepCounters,
}

const DONE: Progress = Progress::Over { again: false };
const AGAIN: Progress = Progress::Over { again: true };

impl Repair {
    /// Claims the blob.
    pub(super) fn begin(what: Suspect, around: &mut Surroundings<'_>) -> Self {
        let (blob, by, lasting) = (what.blob.blob, around.ids.incarnation(), around.upkeep.claim_lasts);
        around.ask_catalog(Waiter::Repair(blob), CatalogRequest::ClaimRepair { blob, by, lasting });
        let [held, denied, refused] = [(); 3].map(|()| BTreeSet::new());
        let noted = what.holders.iter().cloned().collect();
        let retired = what.retired.iter().filter(|server| around.is_live(server)).cloned().collect();
        let (has_asked_everybody, failures) = (false, 0);
        let step = Step::Claiming;
        Self { what, step, noted, held, denied, retired, refused, has_asked_everybody, failures }
    }

    /// How many bytes it is about to copy, as far as is known.
    pub(super) const fn size_bytes(&self) -> u64 {
        self.what.size_bytes
    }

    /// When it is to be woken, if it waits for its turn.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        match &self.step {
            Step::Pacing { until, .. } => Some(*until),
            Step::Claiming
            | Step::Asking { .. }
            | Step::Noting
            | Step::Copying { .. }
            | Step::Retiring { .. }
            | Step::Removing { .. } => None,
        }
    }

    /// Begins to copy if its turn has come.
    pub(super) fn wake(&mut self, around: &mut Surroundings<'_>) {
        if let Step::Pacing { until, from, to } = &self.step
            && *until <= around.now
        {
            let (from, to) = (from.clone(), to.clone());
            around.copy(Waiter::Repair(self.blob()), self.what.blob, from.clone(), to.clone());
            self.step = Step::Copying { from, to };
        }
    }

    /// The catalog has answered.
    pub(super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        shared: &mut Shared<'_>,
        around: &mut Surroundings<'_>,
    ) -> Progress {
        match (&self.step, outcome) {
            (Step::Claiming, Ok(CatalogAnswer::Claimed(true))) => {
                let asked = self.noted.iter().chain(&self.what.retired).cloned().collect();
                self.ask(asked, shared, around)
            }
            // Somebody else is at it, or it has become garbage.
            (Step::Claiming, Ok(CatalogAnswer::Claimed(false))) => DONE,
            (Step::Noting, Ok(CatalogAnswer::Done)) => self.go_on(shared, around),
            (Step::Retiring { server }, Ok(CatalogAnswer::Retired(true))) => {
                let server = server.clone();
                self.held.remove(&server);
                self.noted.remove(&server);
                self.retired.insert(server.clone());
                self.remove(server, around)
            }
            (Step::Retiring { .. }, Ok(CatalogAnswer::Retired(false))) => self.ends(AGAIN, around),
            (_, Err(_)) => self.ends(AGAIN, around),
            (
                Step::Claiming
                | Step::Asking { .. }
                | Step::Noting
                | Step::Pacing { .. }
                | Step::Copying { .. }
                | Step::Retiring { .. }
                | Step::Removing { .. },
                Ok(_),
            ) => unreachable!("the catalog answers what it was asked"),
        }
    }

    /// A data server has said whether it holds the blob.
    pub(super) fn asked(
        &mut self,
        ask: OperationId,
        outcome: Result<Vec<BlobId>, TransferFailure>,
        shared: &mut Shared<'_>,
        around: &mut Surroundings<'_>,
    ) -> Progress {
        let blob = self.blob();
        let Step::Asking { asked } = &mut self.step else { return Progress::GoesOn };
        if let (Some(server), Ok(blobs)) = (asked.remove(&ask), outcome) {
            let all_have_answered = asked.is_empty();
            self.learn(server, blobs.contains(&blob));
            return if all_have_answered { self.note(shared, around) } else { Progress::GoesOn };
        }
        if asked.is_empty() { self.note(shared, around) } else { Progress::GoesOn }
    }

    /// The copy was made, or not.
    pub(super) fn copied(
        &mut self,
        outcome: CopyOutcome,
        shared: &mut Shared<'_>,
        around: &mut Surroundings<'_>,
    ) -> Progress {
        let Step::Copying { from, to } = &self.step else { return Progress::GoesOn };
        let (from, to) = (from.clone(), to.clone());
        match outcome {
            CopyOutcome::Copied => {
                shared.counters.copies_made += 1;
                shared.counters.bytes_copied += self.what.size_bytes;
                self.denied.remove(&to);
                self.held.insert(to);
            }
            CopyOutcome::SourceMissing => {
                self.retired.remove(&from);
                self.held.remove(&from);
                self.denied.insert(from);
                self.fails(shared);
            }
            // It is not asked again by this repair, and may be sound.
            CopyOutcome::SourceFailed(_) => {
                self.retired.remove(&from);
                self.held.remove(&from);
                self.fails(shared);
            }
            CopyOutcome::TargetFailed(_) => {
                self.refused.insert(to);
                self.fails(shared);
            }
        }
        self.note(shared, around)
    }

    /// The retired copy was removed, or not.
    pub(super) fn removed(
        &mut self,
        outcome: &RemoveOutcome,
        shared: &mut Shared<'_>,
        around: &mut Surroundings<'_>,
    ) -> Progress {
        let Step::Removing { server } = &self.step else { return Progress::GoesOn };
        let server = server.clone();
        match outcome {
            RemoveOutcome::Removed | RemoveOutcome::NotHeld => {
                shared.counters.copies_retired += 1;
                self.is_removed(server);
                self.note(shared, around)
            }
            RemoveOutcome::CannotDelete | RemoveOutcome::Failed(_) => self.ends(AGAIN, around),
        }
    }

    const fn blob(&self) -> BlobId {
        self.what.blob.blob
    }

    fn learn(&mut self, server: ServerAddress, holds: bool) {
        match (holds, self.retired.contains(&server)) {
            (true, true) => {}
            (true, false) => {
                self.held.insert(server);
            }
            (false, true) => self.is_removed(server),
            (false, false) => {
                self.denied.insert(server);
            }
        }
    }

    /// A retired copy is gone, which the catalog is to hear.
    fn is_removed(&mut self, server: ServerAddress) {
        self.retired.remove(&server);
        self.noted.insert(server.clone());
        self.denied.insert(server);
    }

    fn fails(&mut self, shared: &mut Shared<'_>) {
        self.failures += 1;
        shared.counters.copies_failed += 1;
    }

    fn ask(
        &mut self,
        servers: BTreeSet<ServerAddress>,
        shared: &mut Shared<'_>,
        around: &mut Surroundings<'_>,
    ) -> Progress {
        let (waiter, blob) = (Waiter::Repair(self.blob()), self.what.blob);
        let live = servers.into_iter().filter(|server| around.is_live(server));
        let live: Vec<_> = live.collect();
        let asked: BTreeMap<_, _> = live
            .into_iter()
            .map(|server| (around.ask_held(waiter, server.clone(), alloc::vec![blob]), server))
            .collect();
        if asked.is_empty() {
            return self.go_on(shared, around);
        }
        self.step = Step::Asking { asked };
        Progress::GoesOn
    }

    /// Brings the notes of the catalog up to what is known.
    fn note(&mut self, shared: &mut Shared<'_>, around: &mut Surroundings<'_>) -> Progress {
        let held: Vec<_> = self.held.difference(&self.noted).cloned().collect();
        let gone: Vec<_> = self.noted.intersection(&self.denied).cloned().collect();
        if held.is_empty() && gone.is_empty() {
            return self.go_on(shared, around);
        }
        self.noted.extend(held.iter().cloned());
        self.noted.retain(|server| !gone.contains(server));
        around.ask_catalog(Waiter::Repair(self.blob()), CatalogRequest::NoteHolders { blob: self.blob(), held, gone });
        self.step = Step::Noting;
        Progress::GoesOn
    }

    fn go_on(&mut self, shared: &mut Shared<'_>, around: &mut Surroundings<'_>) -> Progress {
        let silent: Vec<_> = self.noted.iter().filter(|server| !self.held.contains(*server)).cloned().collect();
        let awaited: BTreeSet<_> = silent.into_iter().filter(|server| around.awaits(server)).collect();
        let situation = Situation {
            copies: around.config.copies,
            held: &self.held,
            awaited: &awaited,
            retired: &self.retired,
            refused: &self.refused,
            ranked: around.places(self.blob(), self.what.size_bytes),
        };
        match situation.need() {
            Need::Nothing => self.ends(DONE, around),
            Need::Patience | Need::Lost if self.held.is_empty() && !self.has_asked_everybody => {
                self.ask_everybody_else(shared, around)
            }
            Need::Patience | Need::Lost => self.ends(DONE, around),
            Need::Room => self.ends(AGAIN, around),
            Need::Copy { .. } if self.failures >= around.config.max_attempts => self.ends(AGAIN, around),
            Need::Copy { from, to } => {
                let Some(from) = around.best_of(from) else { return self.ends(AGAIN, around) };
                let until = shared.pace.reserve(around.now, self.what.size_bytes);
                self.step = Step::Pacing { until, from, to };
                self.wake(around);
                Progress::GoesOn
            }
            Need::Retire { server, keep } => {
                let blob = self.blob();
                around.ask_catalog(Waiter::Repair(blob), CatalogRequest::Retire { blob, server: server.clone(), keep });
                self.step = Step::Retiring { server };
                Progress::GoesOn
            }
            Need::Remove { server } => self.remove(server, around),
        }
    }

    fn ask_everybody_else(&mut self, shared: &mut Shared<'_>, around: &mut Surroundings<'_>) -> Progress {
        self.has_asked_everybody = true;
        let is_known = |server: &ServerAddress| self.held.contains(server) || self.denied.contains(server);
        let others = around.servers().map(|(server, _)| server).filter(|server| !is_known(server));
        let others = others.cloned().collect();
        self.ask(others, shared, around)
    }

    fn remove(&mut self, server: ServerAddress, around: &mut Surroundings<'_>) -> Progress {
        around.remove(Waiter::Repair(self.blob()), server.clone(), self.blob());
        self.step = Step::Removing { server };
        Progress::GoesOn
    }

    fn ends(&self, progress: Progress, around: &mut Surroundings<'_>) -> Progress {
        let (blob, by) = (self.blob(), around.ids.incarnation());
        around.tell_catalog(CatalogRequest::ReleaseRepair { blob, by });
        progress
    }
}
