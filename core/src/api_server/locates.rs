//! The locate queries that an API server has under way: which queue their answers come in on, who is asked directly, when
//! each is over.
//!
//! Answers of our own data servers carry the query's id, so all queries share one reply queue. Answers of the seed's
//! carry nothing, so as long as a node of the seed may live each query gets a queue of its own.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use super::messages::ApiEffect;
use crate::address::ServerAddress;
use crate::bus::{BusCommand, BusMessage, ReplyRoute};
use crate::config::{ApiConfig, Timing};
use crate::id::{OperationId, OperationIds};
use crate::locate::{Collect, Locate, LocateOutcome, Respondent};
use crate::machine::Effects;
use crate::membership::Membership;
use crate::name::ObjectName;
use crate::time::Instant;
use crate::transfer::DirectAnswer;
use crate::wire::{Held, LocateAnswer, LocateQuery};

/// All locate queries under way.
#[derive(Debug, Clone)]
pub(super) struct Locates {
    timing: Timing,
    max_direct_asks: usize,
    max_direct_asks_beside_bus: usize,
    first_bus_up: Option<Instant>,
    stranger_heard: Option<Instant>,
    queries: BTreeMap<OperationId, Query>,
    wakes: BTreeSet<(Instant, OperationId)>,
    /// Those that have changed in this step, and are to be looked at before it ends.
    changed: Vec<OperationId>,
    asks: BTreeMap<OperationId, (OperationId, ServerAddress)>,
    direct_asks: u64,
}

/// What a request wants located.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a ObjectName,
    pub(super) collect: Collect,
    pub(super) known_not_to_hold: &'a BTreeSet<ServerAddress>,
    pub(super) known_to_fail: &'a BTreeSet<ServerAddress>,
}

/// A query that has ended, once.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) query: OperationId,
    pub(super) outcome: LocateOutcome,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Counted,
    Malformed,
    /// Of a query that has ended, or of nobody knows what.
    Stray,
}

#[derive(Debug, Clone)]
struct Query {
    name: ObjectName,
    private_route: bool,
    locate: Locate,
    deadline: Instant,
    /// When it wants to be looked at, if it was looked at before.
    wakes: Option<Instant>,
}

impl Locates {
    pub(super) fn new(config: &ApiConfig) -> Self {
        Self {
            timing: config.timing.clone(),
            max_direct_asks: config.max_direct_asks,
            max_direct_asks_beside_bus: config.max_direct_asks_beside_bus,
            first_bus_up: None,
            stranger_heard: None,
            queries: BTreeMap::new(),
            wakes: BTreeSet::new(),
            changed: Vec::new(),
            asks: BTreeMap::new(),
            direct_asks: 0,
        }
    }

    /// Asks all data servers. The query may be over at the next [`Locates::wake`].
    pub(super) fn begin(
        &mut self,
        now: Instant,
        wanted: &Wanted<'_>,
        membership: &Membership,
        ids: &mut OperationIds,
        effects: &mut Effects<ApiEffect>,
    ) -> OperationId {
        let id = ids.fresh();
        let bus_up = membership.is_bus_up();
        let deadline = now + self.timing.locate_deadline();
        let ask_directly_at = if bus_up { now + self.timing.ask_directly_after() } else { now };
        let respondents = membership.members().map(|(address, member)| {
            let respondent = if wanted.known_not_to_hold.contains(address) {
                Respondent::KnownNotToHold
            } else if wanted.known_to_fail.contains(address) {
                Respondent::KnownToFail
            } else if member.is_of_the_seed() {
                Respondent::OfTheSeed
            } else {
                Respondent::Ours
            };
            (address.clone(), respondent)
        });
        // A holder that answered without being a member and then failed holds the object all the same: no 404 without it.
        let failing_strangers =
            wanted.known_to_fail.iter().filter(|address| membership.member(address).is_none()).cloned();
        let respondents = respondents.chain(failing_strangers.map(|address| (address, Respondent::KnownToFail)));
        let strangers = bus_up && self.strangers_may_live(now, membership);
        let locate = Locate::new(wanted.collect, ask_directly_at, deadline, strangers, respondents);
        let private_route = bus_up && self.seed_may_live(now, membership);
        if bus_up {
            let route = if private_route { ReplyRoute::Private(id) } else { ReplyRoute::Shared };
            let message = LocateQuery { id, name: wanted.name.clone() }.to_message();
            effects.push(ApiEffect::Bus(BusCommand::Query { route, message }));
        }
        let query = Query { name: wanted.name.clone(), private_route, locate, deadline, wakes: None };
        self.queries.insert(id, query);
        // Looked at in this very step: where nobody is left to ask, it is over at once.
        self.changed.push(id);
        id
    }

    /// The bus is connected.
    pub(super) fn bus_up(&mut self, now: Instant) {
        self.first_bus_up.get_or_insert(now);
    }

    /// The bus is lost: whoever is silent is asked directly, at the next [`Locates::wake`].
    pub(super) fn bus_down(&mut self, now: Instant) {
        let ids: Vec<_> = self.queries.keys().copied().collect();
        for id in ids {
            self.change(id, |locate| locate.hurry(now));
        }
    }

    /// A message came in on a reply queue.
    pub(super) fn answered(&mut self, now: Instant, route: ReplyRoute, message: &BusMessage) -> Answered {
        let Ok(answer) = LocateAnswer::parse(message) else {
            return Answered::Malformed;
        };
        let id = match (answer.query, route) {
            (Some(id), ReplyRoute::Private(own)) if id != own => return Answered::Stray,
            (Some(id), ReplyRoute::Private(_) | ReplyRoute::Shared) => id,
            (None, ReplyRoute::Private(own)) => own,
            (None, ReplyRoute::Shared) => {
                self.stranger_answered(now);
                return Answered::Stray;
            }
        };
        let LocateAnswer { address, held, .. } = answer;
        if self.change(id, |locate| locate.answered(address, held)) { Answered::Counted } else { Answered::Stray }
    }

    /// A data server has answered a direct question; if it failed to, who it is.
    pub(super) fn answered_directly(&mut self, ask: OperationId, answer: DirectAnswer) -> Option<ServerAddress> {
        let (query, server) = self.asks.remove(&ask)?;
        let failed = matches!(answer, DirectAnswer::Failed(_)).then(|| server.clone());
        self.change(query, |locate| match answer {
            DirectAnswer::Held { size_bytes, checksum } => {
                locate.answered(server, Held::Yes { size_bytes, checksum });
            }
            DirectAnswer::NotHeld => locate.answered(server, Held::No),
            DirectAnswer::Failed(_) => locate.failed(&server),
        });
        failed
    }

    /// Asks directly whom it is time to ask, and takes out the queries that are over.
    pub(super) fn wake(
        &mut self,
        now: Instant,
        membership: &Membership,
        ids: &mut OperationIds,
        effects: &mut Effects<ApiEffect>,
    ) -> Vec<Ended> {
        if self.changed.is_empty() && self.next_deadline().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let mut ended = Vec::new();
        // In the order of their ids, and before the timers.
        let mut changed = core::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for id in changed.drain(..) {
            ended.extend(self.look_at(now, id, membership, ids, effects));
        }
        self.changed = changed;
        while let Some(&(at, id)) = self.wakes.first()
            && at <= now
        {
            ended.extend(self.look_at(now, id, membership, ids, effects));
        }
        ended
    }

    /// If the query is over, takes it out; else asks directly whom it is time to ask.
    fn look_at(
        &mut self,
        now: Instant,
        id: OperationId,
        membership: &Membership,
        ids: &mut OperationIds,
        effects: &mut Effects<ApiEffect>,
    ) -> Option<Ended> {
        let query = self.queries.get_mut(&id)?;
        if let Some(outcome) = query.locate.outcome(now) {
            self.cancel(id, effects);
            return Some(Ended { query: id, outcome });
        }
        // On the bus, a node of the seed is silent when it does not have the object; asking it again over HTTP would cost
        // a transfer, and tell nothing that its silence at the deadline does not. Without the bus there is no other way.
        let include_the_seed = !membership.is_bus_up();
        let bound = if membership.is_bus_up() { self.max_direct_asks_beside_bus } else { self.max_direct_asks };
        let room = bound.saturating_sub(self.asks.len());
        let retry_at = now + self.timing.ask_directly_after() / 5;
        for (server, probe) in query.locate.take_direct_questions(now, include_the_seed, room, retry_at) {
            self.direct_asks += 1;
            let ask = ids.fresh();
            let patience = query.deadline - now;
            self.asks.insert(ask, (id, server.clone()));
            effects.push(ApiEffect::AskDirectly { ask, server, name: query.name.clone(), probe, patience });
        }
        let wakes = query.locate.next_deadline();
        if query.wakes != Some(wakes) {
            if let Some(before) = query.wakes.replace(wakes) {
                self.wakes.remove(&(before, id));
            }
            self.wakes.insert((wakes, id));
        }
        None
    }

    /// Nobody wants the outcome any more.
    pub(super) fn cancel(&mut self, id: OperationId, effects: &mut Effects<ApiEffect>) {
        if let Some(query) = self.queries.remove(&id) {
            if let Some(wakes) = query.wakes {
                self.wakes.remove(&(wakes, id));
            }
            query.close(id, effects);
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Whether a query has changed and was not looked at since: no deadline speaks of it.
    pub(super) const fn has_unseen_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// How many direct questions were asked so far.
    pub(super) const fn direct_asks(&self) -> u64 {
        self.direct_asks
    }

    pub(super) fn len(&self) -> usize {
        self.queries.len()
    }

    /// Changes a query, and has it looked at again in this step. False if it has ended.
    fn change(&mut self, id: OperationId, change: impl FnOnce(&mut Locate)) -> bool {
        let Some(query) = self.queries.get_mut(&id) else {
            return false;
        };
        change(&mut query.locate);
        self.changed.push(id);
        true
    }

    /// An answer without an id on the shared queue: a node of the seed lives that was not heard of. Nobody can tell which
    /// query it answers, so none of those under way may end with "nobody has it" before it has joined.
    fn stranger_answered(&mut self, now: Instant) {
        self.stranger_heard = Some(now);
        for query in self.queries.values_mut() {
            query.locate.answer_lost();
        }
    }

    fn seed_may_live(&self, now: Instant, membership: &Membership) -> bool {
        let heard_lately = self.stranger_heard.is_some_and(|at| now < at + self.timing.expiry());
        heard_lately || self.is_settling(now) || membership.members().any(|(_, member)| member.is_of_the_seed())
    }

    /// Whether data servers may live that have not been heard of: the bus came up so lately that not everybody has had the
    /// time for a heartbeat.
    fn strangers_may_live(&self, now: Instant, membership: &Membership) -> bool {
        let since_up = match membership.bus() {
            crate::membership::BusState::Up { since } => now - since,
            crate::membership::BusState::Down { .. } => Duration::MAX,
        };
        since_up < self.settling_period()
    }

    fn is_settling(&self, now: Instant) -> bool {
        self.first_bus_up.is_some_and(|at| now < at + self.settling_period())
    }

    /// A heartbeat period, and a tenth of it for the message to travel.
    fn settling_period(&self) -> Duration {
        self.timing.heartbeat_period() + self.timing.heartbeat_period() / 10
    }
}

impl Query {
    fn close(self, id: OperationId, effects: &mut Effects<ApiEffect>) {
        if self.private_route {
            effects.push(ApiEffect::Bus(BusCommand::CloseRoute(id)));
        }
    }
}
