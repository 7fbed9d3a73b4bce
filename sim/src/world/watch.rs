//! What must hold after each step of a machine, checked against plain models that are kept beside it.
//!
//! | checker | the rule |
//! |---|---|
//! | `membership` | the live set is exactly "heard within the expiry period", frozen while the bus is down, and expires on the instant |
//! | `placement` | an upload goes to a member that takes objects and has room, and never twice to the same one |
//! | `answered_once` | each request is answered once, and nothing is done for one that was answered |
//! | `answered_in_time` | each request is answered at all, whatever happens, within the sum of all patience |
//! | `locate_in_time` | a locate ends by its deadline |
//! | `heartbeats` | a data server on the bus is never silent for longer than its period, and never says it twice at once |
//! | `bounds` | requests, members and queries stay within their bounds |

mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::versions::VersionOperation;
use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation};
use lode_core::bus::BusEvent;
use lode_core::id::{OperationId, RequestId};
use lode_core::machine::Effects;
use lode_core::membership::{Member, Membership};
use lode_core::time::Instant;

use self::versions::{Copies, Sending};
use super::World;
use super::letter::Heard;
use super::members::{Change, Members};
use crate::assertion::Assertion;
use crate::history::{Belief, Violation};
use crate::node::Node;
use crate::trace::MarkKind;

/// What an input tells the models, taken from it before the machine has it.
#[derive(Debug)]
pub(crate) enum Noticed {
    BusUp,
    BusDown,
    Heard(Heard),
    Asked {
        request: RequestId,
        is_locate: bool,
        declared_bytes: Option<u64>,
    },
    Gone(RequestId),
    /// A version was passed on, as far as it could be.
    Passed(OperationId),
    Nothing,
}

/// What the conversion between two clocks may add to a period.
const CLOCK_ROUNDING: Duration = Duration::from_nanos(2);

/// The models of one API server.
#[derive(Debug, Default)]
pub(crate) struct ApiWatch {
    members: Members,
    open: BTreeMap<RequestId, OpenRequest>,
    /// Which request passes on what, of those about versions.
    relays: BTreeMap<OperationId, RequestId>,
}

#[derive(Debug)]
struct OpenRequest {
    began: Instant,
    is_locate: bool,
    declared_bytes: Option<u64>,
    uploaded_to: BTreeSet<ServerAddress>,
    copies: Option<Copies>,
    sending: Sending,
}

impl Noticed {
    pub(crate) fn before_api(input: &ApiInput) -> Self {
        match input {
            ApiInput::Bus(event) => Self::of_connection(event),
            ApiInput::Version(input) => Self::of_version(input),
            ApiInput::Upkeep(_) => super::no_upkeep(),
            ApiInput::Request { request, operation } => Self::Asked {
                request: *request,
                is_locate: matches!(operation, ApiOperation::Locate { .. }),
                declared_bytes: match operation {
                    ApiOperation::Put { declared_bytes, .. } => *declared_bytes,
                    ApiOperation::Get { .. } | ApiOperation::Delete { .. } | ApiOperation::Locate { .. } => None,
                    ApiOperation::Version(VersionOperation::Put(new)) => new.declared_bytes,
                    ApiOperation::Version(_) => None,
                },
            },
            ApiInput::RequestGone { request } => Self::Gone(*request),
            ApiInput::DeadlineReached
            | ApiInput::AnsweredDirectly { .. }
            | ApiInput::Uploaded { .. }
            | ApiInput::Fetched { .. }
            | ApiInput::Relayed { .. }
            | ApiInput::Removed { .. } => Self::Nothing,
        }
    }

    /// What comes in a message is known to whoever delivers it.
    pub(crate) const fn of_connection(event: &BusEvent) -> Self {
        match event {
            BusEvent::Up => Self::BusUp,
            BusEvent::Down => Self::BusDown,
            BusEvent::Heartbeat(_) | BusEvent::Query(_) | BusEvent::Answer { .. } => Self::Nothing,
        }
    }
}

impl World<'_> {
    /// Holds one step of an API server against the models.
    pub(crate) fn watch_api(&mut self, node: Node, local: Instant, noticed: Noticed, effects: &Effects<ApiEffect>) {
        let slot = self.slot(node);
        let Some(mut watch) = self.apis.get_mut(slot).map(|api| api.watch.take().unwrap_or_default()) else { return };
        self.watch_members(node, local, &mut watch, &noticed);
        match noticed {
            Noticed::Asked { request, is_locate, declared_bytes } => {
                let (uploaded_to, copies, sending) = (BTreeSet::new(), None, Sending::NotBegun);
                let open = OpenRequest { began: local, is_locate, declared_bytes, uploaded_to, copies, sending };
                watch.open.insert(request, open);
            }
            Noticed::Passed(relay) => Self::watch_passed(&mut watch, relay),
            Noticed::Gone(_) | Noticed::BusUp | Noticed::BusDown | Noticed::Heard(_) | Noticed::Nothing => {}
        }
        for effect in effects.iter() {
            self.watch_effect(node, local, &mut watch, effect);
        }
        // Timers that are due come before the news that the client is gone, and may still answer it.
        if let Noticed::Gone(request) = noticed {
            watch.open.remove(&request);
        }
        self.watch_bounds(node);
        if let Some(api) = self.apis.get_mut(slot) {
            api.watch = Some(watch);
        }
    }

    fn watch_members(&mut self, node: Node, local: Instant, watch: &mut ApiWatch, noticed: &Noticed) {
        let terms = (self.api_config.timing.expiry(), self.api_config.max_members);
        let change = watch.members.step(local, noticed, |member| self.slot(member), terms);
        let Some(machine) = self.api(node).and_then(|api| api.machine.as_ref()) else { return };
        let (membership, members) = (machine.membership(), &watch.members);
        let same = membership.len() == members.len() && membership.next_deadline() == members.next_expiry();
        let same = same && membership.joins() == members.joins() && self.agrees(membership, members, &change);
        if !same {
            let believed: Vec<_> = membership.members().map(|(address, _)| address.to_string()).collect();
            let heard: Vec<_> = self.heard_by(members).map(ToString::to_string).collect();
            let (next, first) = (membership.next_deadline(), members.next_expiry());
            let text = format!(
                "it believes in {believed:?} and forgets next at {next:?}; it has heard {heard:?}, first due {first:?}"
            );
            self.violated("membership", node, text);
        }
        if change.is_any() {
            self.note_beliefs(node, watch, change);
        }
    }

    /// Whether what has changed is as it must be. With as many members and as many joins as there must be, that is enough for
    /// all of them to be those who must: who joined is who must have, since its number is that of the last join; so as many
    /// have gone as must have, and those who must have are gone, which leaves nobody else who could be.
    fn agrees(&self, membership: &Membership, members: &Members, change: &Change) -> bool {
        let number = |slot: usize| membership.member(&self.address_of(members.node(slot))).map(Member::number);
        let joined = change.joined.map(|(slot, _)| slot);
        let mut gone = change.expired.iter().filter(|slot| Some(**slot) != joined);
        gone.all(|slot| number(*slot).is_none()) && joined.is_none_or(|slot| number(slot) == Some(members.joins()))
    }

    /// The addresses of those who live, in their order.
    fn heard_by<'a>(&'a self, members: &'a Members) -> impl Iterator<Item = &'a ServerAddress> {
        self.addresses.iter().filter(|(_, owner)| members.is_live(self.slot(**owner))).map(|(address, _)| address)
    }

    fn note_beliefs(&mut self, node: Node, watch: &mut ApiWatch, change: Change) {
        let now = self.now;
        // Who is forgotten and heard of in the same step was forgotten: timers come before the input.
        let Change { mut expired, joined } = change;
        expired.sort_by_cached_key(|slot| self.address_of(watch.members.node(*slot)));
        for slot in expired {
            let address = self.address_of(watch.members.node(slot));
            let belief = watch.members.belief_mut(slot).and_then(Option::take);
            if let Some(belief) = belief.and_then(|belief| self.history.beliefs.get_mut(belief)) {
                belief.until = Some(now);
            }
            self.mark(node, MarkKind::Expired, || format!("forgets {address}"));
        }
        let Some((slot, Heard { member, of_the_seed })) = joined else { return };
        if let Some(belief @ None) = watch.members.belief_mut(slot) {
            *belief = Some(self.history.beliefs.len());
            self.history.beliefs.push(Belief { api: node, member, from: now, until: None, of_the_seed });
            let address = self.address_of(member);
            self.mark(node, MarkKind::Joined, || format!("learns of {address}"));
        }
    }

    /// The process of an API server ends, and with it what it believes.
    pub(crate) fn end_beliefs(&mut self, node: Node) {
        let now = self.now;
        let slot = self.slot(node);
        let watch = self.apis.get(slot).and_then(|api| api.watch.as_ref());
        let beliefs: Vec<usize> = watch.map(|watch| watch.members.beliefs().collect()).unwrap_or_default();
        for belief in beliefs {
            if let Some(belief) = self.history.beliefs.get_mut(belief) {
                belief.until = Some(now);
            }
        }
    }

    fn watch_effect(&mut self, node: Node, local: Instant, watch: &mut ApiWatch, effect: &ApiEffect) {
        match effect {
            ApiEffect::Version(effect) => self.watch_version_effect(node, watch, effect),
            ApiEffect::Upkeep(_) => super::no_upkeep(),
            ApiEffect::Upload { request, server, .. } => {
                self.watch_upload(node, watch, *request, server);
            }
            ApiEffect::Respond { request, .. } => match watch.open.remove(request) {
                None => self.violated("answered_once", node, format!("request {} is answered twice", request.0)),
                Some(open) if open.sending == Sending::Begun => {
                    let text = format!("request {} is answered anew, with its head sent already", request.0);
                    self.violated("answered_once", node, text);
                }
                Some(open) => self.watch_locate_time(node, local, *request, &open),
            },
            ApiEffect::Relay { request, .. } => {
                if watch.open.remove(request).is_none() {
                    self.violated("answered_once", node, format!("request {} is relayed after its end", request.0));
                }
            }
            ApiEffect::Fetch { request, .. } => {
                if !watch.open.contains_key(request) {
                    self.violated("answered_once", node, format!("request {} fetches after its end", request.0));
                }
            }
            ApiEffect::Bus(_) | ApiEffect::AskDirectly { .. } | ApiEffect::Remove { .. } => {}
        }
    }

    fn watch_upload(&mut self, node: Node, watch: &mut ApiWatch, request: RequestId, server: &ServerAddress) {
        let Some(open) = watch.open.get_mut(&request) else {
            return self.violated("answered_once", node, format!("request {} uploads after its end", request.0));
        };
        let is_new = open.uploaded_to.insert(server.clone());
        let declared = open.declared_bytes.unwrap_or(0);
        let Some(machine) = self.api(node).and_then(|api| api.machine.as_ref()) else { return };
        let wrong = match machine.membership().member(server) {
            None => Some("is no member"),
            Some(member) if !member.accepts_writes() => Some("takes no objects"),
            Some(member) if member.details().is_some_and(|details| details.space.free_bytes < declared) => {
                Some("has no room")
            }
            Some(_) if !is_new => Some("was tried before"),
            Some(_) => None,
        };
        if let Some(wrong) = wrong {
            self.violated("placement", node, format!("request {} goes to {server}, which {wrong}", request.0));
        }
    }

    fn watch_locate_time(&mut self, node: Node, local: Instant, request: RequestId, open: &OpenRequest) {
        let limit = self.api_config.timing.locate_deadline();
        // A process that stands still cannot keep time.
        let was_paused = self.process(node).resumed.is_some_and(|resumed| open.began <= resumed);
        if open.is_locate && local - open.began > limit + CLOCK_ROUNDING && !was_paused {
            let took = local - open.began;
            self.violated("locate_in_time", node, format!("request {} took {took:?} of {limit:?}", request.0));
        }
    }

    fn watch_bounds(&mut self, node: Node) {
        let Some(machine) = self.api(node).and_then(|api| api.machine.as_ref()) else { return };
        let (requests, members) = (machine.requests_under_way(), machine.membership().len());
        let queries = machine.queries_under_way();
        let config = &self.api_config;
        let late = machine.late_copies_under_way();
        let most_late = config.max_requests * lode_core::copies::MAX_COPIES;
        let too_many = requests > config.max_requests || late > most_late;
        if too_many || members > config.max_members || queries > config.max_requests {
            let text = format!("{requests} requests, {late} late copies, {members} members, {queries} queries");
            self.violated("bounds", node, text);
        }
    }

    /// Holds one step of a data server against its bounds and its period.
    pub(crate) fn watch_data(&mut self, node: Node, local: Instant) {
        let bound = self.data_config.max_requests;
        let period = self.data_config.heartbeat_period;
        let Some(data) = self.data_mut(node) else { return };
        let Some(machine) = data.machine.as_ref() else { return };
        let (requests, beats) = (machine.requests_under_way(), machine.counters().heartbeats);
        let (last_beats, last, bus_came) = (data.beats, data.last_beat, data.bus_came);
        if beats != last_beats {
            data.beats = beats;
            data.last_beat = Some(local);
        }
        if requests > bound {
            self.violated("bounds", node, format!("{requests} requests"));
        }
        let Some(last) = last.filter(|_| beats > last_beats) else { return };
        let gap = local - last;
        let on_the_bus = self.process(node).session.is_some();
        let stood_still = self.process(node).resumed.is_some_and(|resumed| resumed >= last);
        let came_back = bus_came.is_some_and(|came| came >= last);
        if beats > last_beats + 1 || (gap < period / 20 && !came_back) {
            self.violated("heartbeats", node, format!("{} at once, {gap:?} after the last", beats - last_beats));
        }
        if on_the_bus && !came_back && !stood_still && gap > period + CLOCK_ROUNDING {
            self.violated("heartbeats", node, format!("silent for {gap:?}"));
        }
    }

    /// A machine that has failed an assertion of its own is not to be trusted with anything any more: the run is over.
    pub(crate) fn note_assertion(&mut self, node: Node, handled: Result<(), Assertion>) {
        if let Err(assertion) = handled {
            let Violation { checker, text, .. } = assertion.violation(self.now, node);
            self.violated(checker, node, text);
            self.is_over = true;
        }
    }

    /// Something that must hold does not.
    pub(crate) fn violated(&mut self, checker: &'static str, node: Node, text: String) {
        let at = self.now;
        self.mark(node, MarkKind::Violation, || format!("{checker}: {text}"));
        self.violations.push(Violation { at, checker, node, text });
    }
}
