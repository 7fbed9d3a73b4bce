//! Counting copies: the blobs of all versions are gone through page by page, and those who are noted to hold them are asked.
//!
//! | state   | its time has come         | page            | empty page   | catalog fails   | last holder has answered, or failed to        |
//! |---------|---------------------------|-----------------|--------------|-----------------|-----------------------------------------------|
//! | resting | → listing                 | -               | -            | -               | -                                             |
//! | listing | -                         | → asking        | → resting, over | → resting    | -                                             |
//! | asking  | -                         | -               | -            | -               | counted, what needs repair is told; → resting |
//!
//! An audit is of all blobs, which is counted; of those that are noted on one server: one that has come, is gone for good, or
//! is to be emptied; or of one blob that somebody has found short of a copy. It goes on only while there is room for what it
//! finds.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::need::{Need, Situation};
use super::report::{Audited, Tally};
use super::surroundings::Surroundings;
use super::{Suspect, Waiter, committed};
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, HeldBlob};
use crate::id::OperationId;
use crate::time::Instant;
use crate::transfer::TransferFailure;

/// The audit under way, and those to come.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    step: Step,
    /// Which one is under way, if one is.
    run: Option<Run>,
    /// The blobs that are to be looked at.
    blobs: BTreeSet<BlobId>,
    /// The servers whose blobs are to be looked at.
    servers: BTreeSet<ServerAddress>,
    /// When all blobs are to be looked at.
    all_at: Instant,
    last: Option<Audited>,
}

#[derive(Debug, Clone)]
enum Step {
    Resting { until: Instant },
    Listing,
    Asking(Box<Asking>),
}

#[derive(Debug, Clone)]
struct Run {
    scope: Scope,
    after: Option<BlobId>,
    began: Instant,
    tally: Tally,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    One(BlobId),
    On(ServerAddress),
    All,
}

#[derive(Debug, Clone)]
struct Asking {
    page: Vec<HeldBlob>,
    asked: BTreeMap<OperationId, ServerAddress>,
    /// Who has answered, and what each holds.
    holdings: BTreeMap<ServerAddress, BTreeSet<BlobId>>,
}

impl Audit {
    /// The first audit begins at this instant.
    pub(super) const fn new(first_at: Instant) -> Self {
        let step = Step::Resting { until: first_at };
        Self { step, run: None, blobs: BTreeSet::new(), servers: BTreeSet::new(), all_at: first_at, last: None }
    }

    /// Something has happened to this server: what is noted on it is to be looked at.
    pub(super) fn look_at(&mut self, server: ServerAddress) {
        self.servers.insert(server);
    }

    /// A copy of this blob may be missing. It is dropped where too many wait: the next audit of all finds it.
    pub(super) fn look_at_blob(&mut self, blob: BlobId, most: usize) {
        if self.blobs.len() < most {
            self.blobs.insert(blob);
        }
    }

    /// All blobs are to be looked at by then.
    pub(super) fn look_at_all_by(&mut self, at: Instant) {
        self.all_at = self.all_at.min(at);
    }

    /// What was found.
    pub(super) fn last(&self) -> Option<&Audited> {
        self.last.as_ref()
    }

    /// How many blobs the audit of all that is under way has looked at.
    pub(super) fn progress(&self) -> Option<u64> {
        self.run.as_ref().filter(|run| run.scope == Scope::All).map(|run| run.tally.blobs)
    }

    /// When it is to be woken next.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let Step::Resting { until } = self.step else { return None };
        let is_asked_for = self.run.is_some() || !self.servers.is_empty() || !self.blobs.is_empty();
        Some(if is_asked_for { until } else { until.max(self.all_at) })
    }

    /// Goes on if it is time, and there is room for what it may find.
    pub(super) fn wake(&mut self, has_room: bool, around: &mut Surroundings<'_>) {
        if self.next_deadline().is_none_or(|at| at > around.now) {
            return;
        }
        if !has_room {
            return self.rest(around);
        }
        let run = self.run.take().unwrap_or_else(|| self.next_run(around.now));
        let (on, limit) = match &run.scope {
            Scope::One(_) => (None, 1),
            Scope::On(server) => (Some(server.clone()), around.upkeep.page),
            Scope::All => (None, around.upkeep.page),
        };
        around.ask_catalog(Waiter::Audit, CatalogRequest::Blobs { on, after: run.after, limit });
        self.run = Some(run);
        self.step = Step::Listing;
    }

    fn next_run(&mut self, now: Instant) -> Run {
        let scope = if let Some(blob) = self.blobs.pop_first() {
            Scope::One(blob)
        } else if self.all_at <= now {
            // That takes in whatever is noted on some server.
            self.servers.clear();
            Scope::All
        } else {
            self.servers.pop_first().map_or(Scope::All, Scope::On)
        };
        let after = match &scope {
            Scope::One(blob) => blob.before(),
            Scope::On(_) | Scope::All => None,
        };
        Run { scope, after, began: now, tally: Tally::default() }
    }

    /// The catalog has told of a page.
    pub(super) fn listed(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        around: &mut Surroundings<'_>,
    ) -> Vec<Suspect> {
        if let Ok(CatalogAnswer::Blobs(page)) = outcome {
            let page = self.turn(page, around);
            if !page.is_empty() {
                return self.ask(page, around);
            }
        }
        self.rest(around);
        Vec::new()
    }

    /// A data server has said which of the blobs it holds.
    pub(super) fn held(
        &mut self,
        ask: OperationId,
        outcome: Result<Vec<BlobId>, TransferFailure>,
        around: &mut Surroundings<'_>,
    ) -> Vec<Suspect> {
        let Step::Asking(asking) = &mut self.step else { return Vec::new() };
        if let (Some(server), Ok(held)) = (asking.asked.remove(&ask), outcome) {
            asking.holdings.insert(server, held.into_iter().collect());
        }
        self.judge_when_all_have_answered(around)
    }

    fn ask(&mut self, page: Vec<HeldBlob>, around: &mut Surroundings<'_>) -> Vec<Suspect> {
        let mut questions: BTreeMap<ServerAddress, Vec<_>> = BTreeMap::new();
        for blob in &page {
            for holder in blob.holders.iter().filter(|holder| around.is_live(holder)) {
                questions.entry(holder.clone()).or_default().push(committed(&blob.record));
            }
        }
        let asked = questions.into_iter().map(|(server, blobs)| {
            let ask = around.ask_held(Waiter::Audit, server.clone(), blobs);
            (ask, server)
        });
        let asked = asked.collect();
        self.step = Step::Asking(Box::new(Asking { page, asked, holdings: BTreeMap::new() }));
        self.judge_when_all_have_answered(around)
    }

    fn judge_when_all_have_answered(&mut self, around: &mut Surroundings<'_>) -> Vec<Suspect> {
        match &self.step {
            Step::Asking(asking) if asking.asked.is_empty() => {}
            Step::Asking(_) | Step::Resting { .. } | Step::Listing => return Vec::new(),
        }
        let until = around.now + around.upkeep.page_pause;
        let Step::Asking(asking) = core::mem::replace(&mut self.step, Step::Resting { until }) else {
            return Vec::new();
        };
        let mut tally = Tally::default();
        let found: Vec<_> =
            asking.page.iter().filter_map(|blob| judge(blob, &asking.holdings, &mut tally, around)).collect();
        if let Some(run) = &mut self.run {
            run.tally.add(tally);
        }
        found
    }

    /// Turns to the next page: what there is to be looked at in it.
    fn turn(&mut self, mut page: Vec<HeldBlob>, around: &Surroundings<'_>) -> Vec<HeldBlob> {
        let Some(mut run) = self.run.take() else { return Vec::new() };
        run.after = page.last().map(|held| held.record.blob);
        match &run.scope {
            // It may be another one, if that blob has become garbage.
            Scope::One(blob) => page.retain(|held| held.record.blob == *blob),
            Scope::On(_) if page.is_empty() => {}
            Scope::All if page.is_empty() => {
                self.all_at = around.now + around.upkeep.audit_every;
                self.last = Some(Audited { at: around.now, took: around.now - run.began, tally: run.tally });
            }
            Scope::On(_) | Scope::All => self.run = Some(run),
        }
        page
    }

    fn rest(&mut self, around: &Surroundings<'_>) {
        self.step = Step::Resting { until: around.now + around.upkeep.page_pause };
    }
}

/// Counts the copies of one blob, and says whether somebody has to look after it.
fn judge(
    blob: &HeldBlob,
    holdings: &BTreeMap<ServerAddress, BTreeSet<BlobId>>,
    tally: &mut Tally,
    around: &mut Surroundings<'_>,
) -> Option<Suspect> {
    let suspect = Suspect::of(blob);
    let says_yes =
        |holder: &&ServerAddress| holdings.get(*holder).is_some_and(|held| held.contains(&suspect.blob.blob));
    let held: BTreeSet<_> = blob.holders.iter().filter(says_yes).cloned().collect();
    let silent = blob.holders.iter().filter(|holder| !holdings.contains_key(*holder));
    let awaited: BTreeSet<_> = silent.filter(|holder| around.awaits(holder)).cloned().collect();
    let retired: BTreeSet<_> = blob.retired.iter().filter(|holder| around.is_live(holder)).cloned().collect();
    let ranked = around.places(suspect.blob.blob, suspect.size_bytes);
    let (copies, refused) = (around.config.copies, &BTreeSet::new());
    let situation = Situation { copies, held: &held, awaited: &awaited, retired: &retired, refused, ranked };
    tally.count(held.len(), situation.wanted());
    let says_no = |holder: &ServerAddress| holdings.contains_key(holder) && !held.contains(holder);
    let notes_are_wrong = blob.holders.iter().any(says_no);
    match situation.need() {
        Need::Nothing | Need::Patience if !notes_are_wrong => None,
        // Nobody who is noted has it: perhaps somebody else does.
        Need::Nothing
        | Need::Patience
        | Need::Lost
        | Need::Room
        | Need::Copy { .. }
        | Need::Retire { .. }
        | Need::Remove { .. } => Some(suspect),
    }
}
