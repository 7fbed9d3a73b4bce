//! Collecting known garbage: copies of blobs that no version has any more are removed where they are noted; when none is
//! noted any more and the garbage is old, it is forgotten.
//!
//! | state      | its time has come | page                 | empty page   | last removal has ended | forgotten: all asked for | forgotten: fewer | catalog fails |
//! |------------|-------------------|----------------------|--------------|------------------------|--------------------------|------------------|---------------|
//! | resting    | → listing         | -                    | -            | -                      | -                        | -                | -             |
//! | listing    | -                 | → removing, or → resting | → forgetting | -                  | -                        | -                | → resting, over |
//! | removing   | -                 | -                    | -            | noted; → resting       | -                        | -                | -             |
//! | forgetting | -                 | -                    | -            | -                      | → resting, to go on      | → resting, over  | → resting, over |
//!
//! Copies on a server that is given up are noted as removed: if it comes back with them, a sweep finds them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Waiter;
use super::report::UpkeepCounters;
use super::surroundings::Surroundings;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, Garbage};
use crate::id::OperationId;
use crate::time::Instant;
use crate::transfer::RemoveOutcome;

/// How much garbage is forgotten in one transaction.
const FORGOTTEN_AT_A_TIME: usize = 1000;

/// The collection under way, or the next one.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    step: Step,
    after: Option<BlobId>,
    goes_on: Goes,
}

/// What comes after the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Listing,
    Forgetting,
}

#[derive(Debug, Clone)]
enum Step {
    Resting { until: Instant },
    Listing,
    Removing { removals: BTreeMap<OperationId, (ServerAddress, BlobId)>, gone: BTreeMap<ServerAddress, Vec<BlobId>> },
    Forgetting,
}

impl Collection {
    /// The first one begins at this instant.
    pub(super) const fn new(first_at: Instant) -> Self {
        Self { step: Step::Resting { until: first_at }, after: None, goes_on: Goes::Listing }
    }

    /// When it is to be woken next.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Resting { until } => Some(until),
            Step::Listing | Step::Removing { .. } | Step::Forgetting => None,
        }
    }

    /// Goes on if it is time.
    pub(super) fn wake(&mut self, around: &mut Surroundings<'_>) {
        if self.next_deadline().is_none_or(|at| at > around.now) {
            return;
        }
        match self.goes_on {
            Goes::Listing => {
                let (after, limit) = (self.after, around.upkeep.page);
                around.ask_catalog(Waiter::Collection, CatalogRequest::Garbage { after, limit });
                self.step = Step::Listing;
            }
            Goes::Forgetting => self.forget(around),
        }
    }

    /// The catalog has answered.
    pub(super) fn catalogued(&mut self, outcome: Result<CatalogAnswer, CatalogFailure>, around: &mut Surroundings<'_>) {
        match outcome {
            Ok(CatalogAnswer::Garbage(page)) if page.is_empty() => self.forget(around),
            Ok(CatalogAnswer::Garbage(page)) => self.remove(page, around),
            Ok(CatalogAnswer::Forgotten(forgotten)) if forgotten >= FORGOTTEN_AT_A_TIME => {
                self.goes_on = Goes::Forgetting;
                self.step = Step::Resting { until: around.now + around.upkeep.page_pause };
            }
            Ok(_) | Err(_) => self.over(around),
        }
    }

    /// A removal has ended.
    pub(super) fn removed(
        &mut self,
        removal: OperationId,
        outcome: &RemoveOutcome,
        counters: &mut UpkeepCounters,
        around: &mut Surroundings<'_>,
    ) {
        let Step::Removing { removals, gone } = &mut self.step else { return };
        let Some((server, blob)) = removals.remove(&removal) else { return };
        match outcome {
            RemoveOutcome::Removed => {
                counters.garbage_removed += 1;
                gone.entry(server).or_default().push(blob);
            }
            RemoveOutcome::NotHeld => gone.entry(server).or_default().push(blob),
            RemoveOutcome::CannotDelete | RemoveOutcome::Failed(_) => {}
        }
        self.note_when_all_are_removed(around);
    }

    fn remove(&mut self, page: Vec<Garbage>, around: &mut Surroundings<'_>) {
        self.after = page.last().map(|garbage| garbage.blob);
        let mut removals = BTreeMap::new();
        let mut gone: BTreeMap<ServerAddress, Vec<BlobId>> = BTreeMap::new();
        for Garbage { blob, holders } in page {
            for holder in holders {
                if around.is_live(&holder) {
                    removals.insert(around.remove(Waiter::Collection, holder.clone(), blob), (holder, blob));
                } else if !around.awaits(&holder) {
                    gone.entry(holder).or_default().push(blob);
                }
            }
        }
        self.step = Step::Removing { removals, gone };
        self.note_when_all_are_removed(around);
    }

    fn note_when_all_are_removed(&mut self, around: &mut Surroundings<'_>) {
        let Step::Removing { removals, gone } = &mut self.step else { return };
        if removals.is_empty() {
            for (server, blobs) in core::mem::take(gone) {
                around.tell_catalog(CatalogRequest::NoteRemoved { server, blobs });
            }
            self.step = Step::Resting { until: around.now + around.upkeep.page_pause };
        }
    }

    fn forget(&mut self, around: &mut Surroundings<'_>) {
        let (garbage_age, limit) = (around.upkeep.garbage_age, FORGOTTEN_AT_A_TIME);
        around.ask_catalog(Waiter::Collection, CatalogRequest::ForgetGarbage { garbage_age, limit });
        self.step = Step::Forgetting;
    }

    fn over(&mut self, around: &Surroundings<'_>) {
        self.after = None;
        self.goes_on = Goes::Listing;
        self.step = Step::Resting { until: around.now + around.upkeep.garbage_every };
    }
}
