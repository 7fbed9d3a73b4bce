//! Keeping up what is stored: copies are counted and made anew, and what no version has is removed.
//!
//! * An `audit` goes through the blobs of all versions and asks those who are noted to hold them.
//! * A `repair` gives one blob the copies that it should have ([`need`]), at a bounded [`pace`].
//! * A `sweep` goes through what data servers hold, and finds what no version has.
//! * A `collection` removes garbage where it is noted.
//! * `labels` are sent to those who hold what was just committed.
//!
//! Every API server that has a catalog does all of it, and none knows of the others: a blob is claimed in the catalog before
//! it is repaired, and all else can be done twice. [`absence`] tells for how long the copies of a silent server are waited
//! for.

pub mod absence;
mod audit;
mod collection;
mod labels;
pub mod need;
pub mod pace;
mod repair;
pub mod report;
mod surroundings;
mod sweep;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use self::absence::Absences;
use self::audit::Audit;
use self::collection::Collection;
use self::labels::Labels;
use self::pace::Pace;
use self::repair::{Progress, Repair, Shared};
use self::report::{UpkeepCounters, UpkeepReport};
use self::surroundings::Surroundings;
use self::sweep::Sweep;
use super::messages::ApiEffect;
use super::messages::upkeep::UpkeepInput;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, HeldBlob, State, VersionRecord};
use crate::config::{ApiConfig, UpkeepConfig};
use crate::id::{OperationId, OperationIds};
use crate::inventory::CommittedBlob;
use crate::machine::Effects;
use crate::membership::Membership;
use crate::time::Instant;
use crate::transfer::RemoveOutcome;

/// The upkeep of one API server.
#[derive(Debug, Clone)]
pub(super) struct Upkeep {
    config: UpkeepConfig,
    absences: Absences,
    audit: Audit,
    sweep: Sweep,
    collection: Collection,
    labels: Labels,
    repairs: BTreeMap<BlobId, Repair>,
    queue: VecDeque<Suspect>,
    /// Those in the queue and those under repair.
    known: BTreeSet<BlobId>,
    pace: Pace,
    waiting: Waiting,
    counters: UpkeepCounters,
}

/// What waits for which completion.
pub(super) type Waiting = BTreeMap<OperationId, Waiter>;

/// A part of the upkeep that waits for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiter {
    Audit,
    Sweep,
    Collection,
    Repair(BlobId),
}

/// A blob that may not have the copies that it should have.
#[derive(Debug, Clone)]
struct Suspect {
    blob: CommittedBlob,
    size_bytes: u64,
    holders: Vec<ServerAddress>,
    retired: Vec<ServerAddress>,
}

/// What a step of the API server has at hand for the upkeep.
pub(super) struct Hands<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a ApiConfig,
    pub(super) ids: &'a mut OperationIds,
    pub(super) membership: &'a Membership,
    pub(super) effects: &'a mut Effects<ApiEffect>,
}

impl Upkeep {
    /// Begins once everybody has had the time to be heard.
    pub(super) fn new(config: &ApiConfig, upkeep: &UpkeepConfig) -> Self {
        let first_at = Instant::START + config.timing.expiry();
        Self {
            absences: Absences::new(upkeep.repair_after, config.max_members),
            audit: Audit::new(first_at),
            sweep: Sweep::new(first_at + upkeep.page_pause),
            collection: Collection::new(first_at),
            labels: Labels::default(),
            repairs: BTreeMap::new(),
            queue: VecDeque::new(),
            known: BTreeSet::new(),
            pace: Pace::new(upkeep.repair_bytes_per_second),
            waiting: Waiting::new(),
            counters: UpkeepCounters::default(),
            config: upkeep.clone(),
        }
    }

    /// How it stands.
    pub(super) fn report(&self, config: &ApiConfig) -> UpkeepReport {
        let waiting = self.queue.iter().map(|suspect| suspect.size_bytes);
        let bytes_to_copy = waiting.chain(self.repairs.values().map(Repair::size_bytes)).sum();
        UpkeepReport {
            copies: config.copies.most(),
            audited: self.audit.last().cloned(),
            auditing: self.audit.progress(),
            under_repair: self.repairs.len(),
            waiting: self.queue.len(),
            bytes_to_copy,
            time_left: self.pace.time_for(bytes_to_copy),
            counters: self.counters,
        }
    }

    /// The bus is connected.
    pub(super) fn bus_up(&mut self, now: Instant) {
        self.absences.bus_up(now);
    }

    /// The bus is lost.
    pub(super) const fn bus_down(&mut self) {
        self.absences.bus_down();
    }

    /// A data server was forgotten after its silence.
    pub(super) fn expired(&mut self, now: Instant, server: ServerAddress) {
        self.absences.expired(now, server);
    }

    /// A data server was heard again, is another process than before, or is to be emptied.
    pub(super) fn changed(&mut self, server: &ServerAddress) {
        self.absences.heard(server);
        self.audit.look_at(server.clone());
        self.sweep.look_at(server.clone());
    }

    /// Those who hold this blob are to note which version it has become.
    pub(super) fn label(&mut self, now: Instant, blob: CommittedBlob, holders: &[ServerAddress]) {
        self.labels.add(now, blob, holders);
    }

    /// A copy of this blob may be missing.
    pub(super) fn look_at_blob(&mut self, blob: BlobId) {
        self.audit.look_at_blob(blob, self.config.max_waiting);
    }

    /// When it is to be woken next.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let parts = [
            self.absences.next_deadline(),
            self.audit.next_deadline(),
            self.sweep.next_deadline(),
            self.collection.next_deadline(),
            self.labels.next_deadline(),
        ];
        let repairs = self.repairs.values().filter_map(Repair::next_deadline);
        parts.into_iter().flatten().chain(repairs).min()
    }

    /// Does what it is time for.
    pub(super) fn wake(&mut self, hands: &mut Hands<'_>) {
        for server in self.absences.give_up(hands.now) {
            self.audit.look_at(server);
        }
        let has_room = self.queue.len() + self.config.page <= self.config.max_waiting;
        let (parts, mut around) = self.split(hands);
        parts.audit.wake(has_room, &mut around);
        parts.sweep.wake(&mut around);
        parts.collection.wake(&mut around);
        parts.labels.wake(&mut around);
        for repair in parts.repairs.values_mut() {
            repair.wake(&mut around);
        }
        self.begin_repairs(hands);
    }

    /// Something was heard from a data server.
    pub(super) fn heard(&mut self, input: UpkeepInput, hands: &mut Hands<'_>) {
        let (UpkeepInput::Held { ask: id, .. }
        | UpkeepInput::Listed { ask: id, .. }
        | UpkeepInput::Copied { copy: id, .. }) = input;
        let Some(waiter) = self.waiting.remove(&id) else { return };
        match (waiter, input) {
            (Waiter::Audit, UpkeepInput::Held { ask, outcome }) => {
                let (parts, mut around) = self.split(hands);
                let suspects = parts.audit.held(ask, outcome, &mut around);
                self.suspect(suspects, hands);
            }
            (Waiter::Repair(blob), UpkeepInput::Held { ask, outcome }) => {
                self.step(blob, hands, |repair, shared, around| repair.asked(ask, outcome, shared, around));
            }
            (Waiter::Repair(blob), UpkeepInput::Copied { outcome, .. }) => {
                self.step(blob, hands, |repair, shared, around| repair.copied(outcome, shared, around));
            }
            (Waiter::Sweep, UpkeepInput::Listed { outcome, .. }) => {
                let (parts, mut around) = self.split(hands);
                parts.sweep.listed(outcome, &mut around);
            }
            (Waiter::Audit | Waiter::Sweep | Waiter::Collection | Waiter::Repair(_), _) => {
                unreachable!("a completion belongs to what its effect was made for")
            }
        }
    }

    /// Whether something here waits for this completion.
    pub(super) fn waits_for(&self, id: OperationId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// The catalog has answered.
    pub(super) fn catalogued(
        &mut self,
        ask: OperationId,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        hands: &mut Hands<'_>,
    ) {
        let Some(waiter) = self.waiting.remove(&ask) else { return };
        let (parts, mut around) = self.split(hands);
        match waiter {
            Waiter::Audit => {
                let suspects = parts.audit.listed(outcome, &mut around);
                self.suspect(suspects, hands);
            }
            Waiter::Sweep => parts.sweep.catalogued(outcome, &around),
            Waiter::Collection => parts.collection.catalogued(outcome, &mut around),
            Waiter::Repair(blob) => {
                self.step(blob, hands, |repair, shared, around| repair.catalogued(outcome, shared, around));
            }
        }
    }

    /// A removal has ended. False if nobody here has asked for it.
    pub(super) fn removed(&mut self, removal: OperationId, outcome: &RemoveOutcome, hands: &mut Hands<'_>) -> bool {
        let Some(waiter) = self.waiting.remove(&removal) else { return false };
        match waiter {
            Waiter::Collection => {
                let (parts, mut around) = self.split(hands);
                parts.collection.removed(removal, outcome, parts.counters, &mut around);
            }
            Waiter::Repair(blob) => {
                self.step(blob, hands, |repair, shared, around| repair.removed(outcome, shared, around));
            }
            Waiter::Audit | Waiter::Sweep => unreachable!("neither removes anything"),
        }
        true
    }

    fn step(
        &mut self,
        blob: BlobId,
        hands: &mut Hands<'_>,
        step: impl FnOnce(&mut Repair, &mut Shared<'_>, &mut Surroundings<'_>) -> Progress,
    ) {
        let (parts, mut around) = self.split(hands);
        let Some(repair) = parts.repairs.get_mut(&blob) else { return };
        let mut shared = Shared { pace: parts.pace, counters: parts.counters };
        match step(repair, &mut shared, &mut around) {
            Progress::GoesOn => {}
            Progress::Over { again } => {
                self.repairs.remove(&blob);
                self.known.remove(&blob);
                if again {
                    self.audit.look_at_all_by(hands.now + self.config.repair_after);
                }
                self.begin_repairs(hands);
            }
        }
    }

    fn suspect(&mut self, suspects: Vec<Suspect>, hands: &mut Hands<'_>) {
        let known = &mut self.known;
        self.queue.extend(suspects.into_iter().filter(|suspect| known.insert(suspect.blob.blob)));
        assert!(self.queue.len() <= self.config.max_waiting, "an audit waits until there is room for what it finds");
        self.begin_repairs(hands);
    }

    fn begin_repairs(&mut self, hands: &mut Hands<'_>) {
        while self.repairs.len() < self.config.max_repairs
            && let Some(suspect) = self.queue.pop_front()
        {
            let (parts, mut around) = self.split(hands);
            parts.repairs.insert(suspect.blob.blob, Repair::begin(suspect, &mut around));
        }
    }

    fn split<'a>(&'a mut self, hands: &'a mut Hands<'_>) -> (Parts<'a>, Surroundings<'a>) {
        let parts = Parts {
            audit: &mut self.audit,
            sweep: &mut self.sweep,
            collection: &mut self.collection,
            labels: &mut self.labels,
            repairs: &mut self.repairs,
            pace: &mut self.pace,
            counters: &mut self.counters,
        };
        let around = Surroundings {
            now: hands.now,
            config: hands.config,
            upkeep: &self.config,
            ids: hands.ids,
            membership: hands.membership,
            absences: &mut self.absences,
            waiting: &mut self.waiting,
            effects: hands.effects,
        };
        (parts, around)
    }
}

/// What does something, apart from what all of it shares.
struct Parts<'a> {
    audit: &'a mut Audit,
    sweep: &'a mut Sweep,
    collection: &'a mut Collection,
    labels: &'a mut Labels,
    repairs: &'a mut BTreeMap<BlobId, Repair>,
    pace: &'a mut Pace,
    counters: &'a mut UpkeepCounters,
}

impl Suspect {
    fn of(held: &HeldBlob) -> Self {
        let size_bytes = match &held.record.state {
            State::Object(stored) => stored.size_bytes,
            State::Tombstone => 0,
        };
        let (holders, retired) = (held.holders.clone(), held.retired.clone());
        Self { blob: committed(&held.record), size_bytes, holders, retired }
    }
}

/// What data servers are told of a version.
const fn committed(record: &VersionRecord) -> CommittedBlob {
    CommittedBlob { blob: record.blob, version: record.version, written: record.written }
}
