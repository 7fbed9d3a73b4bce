//! The driver: keeps the clock, the clients and what is under way, and checks the contract after each step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::ApiServer;
use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation};
use lode_core::bus::{BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_core::config::ApiConfig;
use lode_core::id::{Incarnation, OperationId, RequestId};
use lode_core::locate::Collect;
use lode_core::machine::{Effects, Machine as _};
use lode_core::name::ObjectName;
use lode_core::time::Instant;
use lode_core::wire::{Answerer, Held, LocateAnswer, ReceivedQuery, encode_text};

use super::client::Client;
use crate::reader::Reader;
use crate::world;

pub(super) struct Driver {
    pub(super) server: ApiServer,
    pub(super) config: ApiConfig,
    pub(super) now: Instant,
    pub(super) step: u64,
    pub(super) clients: BTreeMap<RequestId, Client>,
    /// Effects whose completion is still to come, with the step that they were wanted in.
    pub(super) pending: Vec<(u64, ApiEffect)>,
    /// Completions that were fed or are not wanted any more; none of them may matter if it comes (again).
    pub(super) stale: Vec<ApiInput>,
    pub(super) queries: Vec<Asked>,
    pub(super) ids: BTreeSet<OperationId>,
    pub(super) routes: BTreeSet<OperationId>,
    pub(super) bus_is_up: bool,
    /// Whether the bus came up in this step.
    pub(super) has_just_come: bool,
    pub(super) search: Option<RequestId>,
    next_request: u64,
}

/// A query as the data servers see it.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) request: RequestId,
    pub(super) step: u64,
    pub(super) route: ReplyRoute,
    pub(super) message: BusMessage,
}

/// How many of the things that are over are remembered, to be brought up again.
const REMEMBERED: usize = 8;

impl Driver {
    pub(super) fn new(reader: &mut Reader<'_>) -> Self {
        let (max_requests, max_members) = (reader.below(4) + 1, reader.below(5) + 1);
        let max_direct_asks = reader.below(4) + 1;
        let config = ApiConfig {
            max_requests,
            max_members,
            max_direct_asks,
            max_direct_asks_beside_bus: max_direct_asks.div_ceil(2),
            max_attempts: reader.below(3) + 1,
            held_body_bytes: 100,
            ..ApiConfig::default()
        };
        let server = ApiServer::new(config.clone(), Incarnation::new(1)).expect("sound settings");
        Self {
            server,
            config,
            now: Instant::START,
            step: 0,
            clients: BTreeMap::new(),
            pending: Vec::new(),
            stale: Vec::new(),
            queries: Vec::new(),
            ids: BTreeSet::new(),
            routes: BTreeSet::new(),
            bus_is_up: false,
            has_just_come: false,
            search: None,
            next_request: 0,
        }
    }

    pub(super) fn wait_for_deadline(&mut self) {
        if let Some(deadline) = self.server.next_deadline() {
            self.now = deadline;
            self.feed(ApiInput::DeadlineReached);
        }
    }

    /// The clock goes on. A deadline that is over is told now, however late, or left to the next input.
    pub(super) fn pass(&mut self, step: Duration, is_told: bool) {
        self.now = self.now + step;
        if is_told && self.server.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.feed(ApiInput::DeadlineReached);
        }
    }

    pub(super) fn toggle_bus(&mut self) {
        self.bus_is_up = !self.bus_is_up;
        self.has_just_come = self.bus_is_up;
        self.feed(ApiInput::Bus(if self.bus_is_up { BusEvent::Up } else { BusEvent::Down }));
        if !self.bus_is_up {
            self.clients.values_mut().for_each(Client::bus_is_lost);
        }
    }

    pub(super) fn hear(&mut self, message: BusMessage) {
        self.feed(ApiInput::Bus(BusEvent::Heartbeat(message)));
    }

    pub(super) fn hear_nonsense(&mut self, reader: &mut Reader<'_>) {
        let message = world::malformed_message(reader);
        let asked = self.queries.last().cloned();
        let route = asked.as_ref().map_or(ReplyRoute::Shared, |asked| asked.route);
        let event = match reader.below(3) {
            0 => BusEvent::Heartbeat(message),
            1 => BusEvent::Query(message),
            _ => {
                // Now and then it makes sense after all, as the answer of a node of the seed.
                if let (Ok(answer), Some(asked), ReplyRoute::Private(_)) = (LocateAnswer::parse(&message), asked, route)
                {
                    self.note(&asked, &answer.address, answer.held != Held::No);
                }
                BusEvent::Answer { route, message }
            }
        };
        self.feed(ApiInput::Bus(event));
    }

    pub(super) fn request(&mut self, reader: &mut Reader<'_>) {
        let name = world::name(reader);
        let operation = match reader.below(5) {
            0 => ApiOperation::Put { name, declared_bytes: world::maybe(reader, world::size_bytes) },
            1 => ApiOperation::Get { name, selection: world::selection(reader) },
            2 => ApiOperation::Delete { name },
            3 => ApiOperation::Locate { name, collect: Collect::First },
            _ => ApiOperation::Locate { name, collect: Collect::All },
        };
        self.next_request += 1;
        let request = RequestId(self.next_request);
        let mut client = Client::new(operation.clone(), self.now);
        client.was_refused_as_busy = self.clients.len() >= self.config.max_requests;
        self.search = client.is_search().then_some(request);
        self.clients.insert(request, client);
        self.feed(ApiInput::Request { request, operation });
    }

    /// A client hangs up, or has done so when its answer was sent already.
    pub(super) fn client_goes(&mut self, reader: &mut Reader<'_>) {
        let request = RequestId(self.next_request.saturating_sub(u64::from(reader.byte() % 8)));
        // Timers that are due come before it, so it may still be answered.
        self.handle(ApiInput::RequestGone { request });
        self.clients.remove(&request);
        let of_it = |(_, effect): &mut (u64, ApiEffect)| super::effects::request_of(effect) == Some(request);
        let dropped: Vec<_> = self.pending.extract_if(.., of_it).collect();
        for (_, effect) in dropped {
            let late = super::completions::completion(&effect, reader);
            self.forget(late);
        }
        self.check();
    }

    /// Somebody answers a query, rightly or wrongly, in time or late.
    pub(super) fn answer(&mut self, reader: &mut Reader<'_>) {
        let from_the_end = reader.below(REMEMBERED);
        let Some(asked) = self.queries.iter().rev().nth(from_the_end).cloned() else { return };
        let (address, held) = (world::server(reader), held(reader));
        let received = BusMessage { reply_to: ReplyTo::new("q".into()), ..asked.message.clone() };
        let query = ReceivedQuery::parse(&received).expect("our own query can be read");
        let mut message = BusMessage { body: encode_text(address.as_str()), ..BusMessage::default() };
        let is_seed = reader.flag();
        if !is_seed {
            let answer = query.answer(&Answerer::new(&address, Incarnation::new(2)), &held);
            let Some(lode_core::bus::BusCommand::Answer { message: ours, .. }) = answer else {
                panic!("our own queries are always answered")
            };
            message = ours;
        }
        let route = if reader.below(4) == 3 { ReplyRoute::Shared } else { asked.route };
        let counts = if is_seed { route != ReplyRoute::Shared } else { true };
        if counts {
            let yes = is_seed || held != Held::No;
            self.note(&asked, &address, yes);
        }
        self.feed(ApiInput::Bus(BusEvent::Answer { route, message }));
    }

    pub(super) fn feed(&mut self, input: ApiInput) {
        self.handle(input);
        self.check();
    }

    fn handle(&mut self, input: ApiInput) {
        self.step += 1;
        let mut effects = Effects::new();
        self.server.handle(self.now, input, &mut effects);
        if let Some(request) = self.search
            && let Some(client) = self.clients.get_mut(&request)
        {
            client.search(self.now, self.step, self.server.membership());
            assert!(client.looks <= self.config.max_attempts + 1);
        }
        for effect in effects.drain() {
            self.carry_out(effect);
        }
        (self.search, self.has_just_come) = (None, false);
    }

    /// Remembers a completion that must not matter any more.
    pub(super) fn forget(&mut self, completion: ApiInput) {
        self.stale.push(completion);
        if self.stale.len() > REMEMBERED {
            self.stale.remove(0);
        }
    }

    pub(super) fn remember_query(&mut self, asked: Asked) {
        self.queries.push(asked);
        if self.queries.len() > REMEMBERED {
            self.queries.remove(0);
        }
    }

    /// Everything that is under way fails or takes too long; then nothing may be left.
    pub(super) fn finish(mut self) {
        let mut silence = Reader::new(&[]);
        for _ in 0..100 {
            while !self.pending.is_empty() {
                self.complete_one(&mut silence);
            }
            if self.clients.is_empty() {
                break;
            }
            self.wait_for_deadline();
        }
        assert!(self.clients.is_empty(), "every request is answered once nothing is under way for it");
        assert_eq!((self.server.requests_under_way(), self.server.queries_under_way()), (0, 0));
        assert!(self.routes.is_empty(), "reply queues left behind: {:?}", self.routes);
        let inside = format!("{:?}", self.server);
        for empty in ["queries: {}", "wakes: {}", "changed: []", "asks: {}", "requests: {}", "waiting: {}"] {
            assert!(inside.contains(empty), "something is kept for nobody; not {empty} in {inside}");
        }
    }

    fn check(&self) {
        let deadline = self.server.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "the next deadline lies in the future");
        assert_eq!(self.server.requests_under_way(), self.clients.len());
        assert!(self.clients.len() <= self.config.max_requests);
        assert!(self.server.queries_under_way() <= self.clients.len());
        assert!(self.server.membership().len() <= self.config.max_members);
        for (request, client) in &self.clients {
            let waits = |name: &ObjectName, effect: &ApiEffect| {
                super::effects::request_of(effect) == Some(*request)
                    || matches!(effect, ApiEffect::Remove { name: removed, .. } if removed == name)
            };
            let is_served = self.pending.iter().any(|(_, effect)| waits(client.name(), effect));
            let late = self.now >= client.searched + self.config.timing.locate_deadline();
            assert!(is_served || client.is_search() && !late, "{request:?} waits for nothing: {:?}", client.operation);
        }
    }

    fn note(&mut self, asked: &Asked, address: &ServerAddress, held: bool) {
        if let Some(client) = self.clients.get_mut(&asked.request)
            && client.searched_in_step == asked.step
        {
            client.note(address, held);
            client.yes_on_bus.extend(held.then(|| address.clone()));
        }
    }
}

fn held(reader: &mut Reader<'_>) -> Held {
    if reader.flag() {
        return Held::No;
    }
    Held::Yes { size_bytes: world::maybe(reader, world::size_bytes), checksum: world::maybe(reader, world::checksum) }
}
