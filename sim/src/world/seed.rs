//! Nodes of the seed, as far as those of ours can tell them from the real ones: SEED-WIRE.md §1-4, failures included.
//!
//! They end when a message is malformed (failure 10), overwrite in place and answer 200 to half a body (4, 6, 7), and say
//! nothing on the bus when they do not hold an object. An operator starts one that has ended again. Their periods are those of
//! the cluster, which are the seed's own unless a plan says otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use lode_core::bus::{BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_core::id::{OperationId, OperationIds, RequestId};
use lode_core::name::ObjectName;
use lode_core::select::{Content, ObjectHead};
use lode_core::time::Instant;
use lode_core::wire::{decode_text, encode_text};

use super::World;
use super::bus::Fanout;
use super::exchange::{Answer, AnswerBody, Ask, BodyEnd, ExchangeId, Owner, Party, PutBody};
use super::process::End;
use super::queue::Event;
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::history::{ContentId, NameId};
use crate::node::Node;
use crate::plan::BodyFlaw;

/// How long until somebody notices that a node of the seed has ended, and starts it again.
const OPERATOR: Duration = Duration::from_secs(5);

/// A node of the seed has something to do by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeedStep {
    /// A data server says that it lives.
    Heartbeat { session: u32 },
    /// An API server has waited long enough for an answer.
    QueryOver { task: u64 },
}

/// What a node of the seed has in mind. Its files outlive it.
#[derive(Debug, Default)]
pub(crate) struct SeedNode {
    files: BTreeMap<NameId, SeedFile>,
    known: BTreeMap<Node, Instant>,
    tasks: BTreeMap<u64, Task>,
    ids: Option<OperationIds>,
}

#[derive(Debug, Clone, Copy)]
struct SeedFile {
    content: Option<ContentId>,
    size_bytes: u64,
}

/// A request that an API server of the seed serves.
#[derive(Debug, Clone)]
struct Task {
    client: ExchangeId,
    request: RequestId,
    query: Option<(ReplyTo, NameId)>,
    is_locate: bool,
    onward: Option<ExchangeId>,
}

impl World<'_> {
    fn seed(&mut self, node: Node) -> Option<&mut SeedNode> {
        let slot = self.seed_slot(node);
        self.seeds.get_mut(slot)
    }

    pub(crate) fn seed_starts(&mut self, node: Node) {
        let ids = OperationIds::new(self.fresh_incarnation(node));
        if let Some(seed) = self.seed(node) {
            *seed = SeedNode { files: std::mem::take(&mut seed.files), ids: Some(ids), ..SeedNode::default() };
        }
    }

    pub(crate) fn seed_ends(&mut self, node: Node) {
        if let Some(seed) = self.seed(node) {
            seed.tasks.clear();
            seed.known.clear();
        }
    }

    /// It panics, as Go programs do; an operator starts it again.
    fn seed_panics(&mut self, node: Node) {
        self.hit(Point::SeedPanicked);
        self.ends(node, End::Killed);
        self.queue.push(self.now + OPERATOR, Event::Starts(node));
    }

    pub(crate) fn seed_data_hears(&mut self, node: Node, event: BusEvent) {
        match event {
            BusEvent::Up => {
                let session = self.process(node).session.map_or(0, |session| session.number);
                self.seed_step(node, self.process(node).run, SeedStep::Heartbeat { session });
            }
            // Failure 1: a broker that restarts ends every data server.
            BusEvent::Down => self.seed_panics(node),
            BusEvent::Query(message) => self.seed_is_asked(node, &message),
            BusEvent::Heartbeat(_) | BusEvent::Answer { .. } => {}
        }
    }

    fn seed_is_asked(&mut self, node: Node, message: &BusMessage) {
        let Some(text) = go_reads(&message.body) else { return self.seed_panics(node) };
        let held = ObjectName::from_message(&text).ok().and_then(|name| self.known_name(&name));
        let holds = held.is_some_and(|name| self.seed(node).is_some_and(|seed| seed.files.contains_key(&name)));
        if let Some(reply_to) = message.reply_to.as_ref().filter(|_| holds) {
            self.hit(Point::SeedAnswered);
            let body = encode_text(self.address_of(node).as_str());
            self.send_reply(node, reply_to, BusMessage { body, ..BusMessage::default() });
        }
    }

    pub(crate) fn seed_step(&mut self, node: Node, run: u32, step: SeedStep) {
        if self.run_of(node) != Some(run) {
            return;
        }
        match step {
            SeedStep::Heartbeat { session } => {
                if self.process(node).session.is_none_or(|current| current.number != session) {
                    return;
                }
                let body = encode_text(self.address_of(node).as_str());
                let message = BusMessage { body, ..BusMessage::default() };
                self.publish(node, Fanout::ApiServers, message, Duration::ZERO);
                self.queue.push(self.now + self.api_config.timing.heartbeat_period(), Event::Seed { node, run, step });
            }
            SeedStep::QueryOver { task } => {
                let over =
                    self.seed(node).and_then(|seed| seed.tasks.get(&task)).is_some_and(|task| task.query.is_some());
                if over {
                    self.finish_seed_task(node, task, Answer::Status(404));
                }
            }
        }
    }

    /// A request to a data server of the seed. It writes in place: at the first byte the old content is gone.
    pub(crate) fn seed_data_accepts(&mut self, node: Node, exchange: ExchangeId, _request: RequestId) {
        let Some(ask) = self.exchanges.get(exchange.0).map(|open| open.ask.clone()) else { return };
        match ask {
            Ask::Put { name, .. } => {
                self.taint(name);
                if let Some(seed) = self.seed(node) {
                    seed.files.insert(name, SeedFile { content: None, size_bytes: 0 });
                }
            }
            Ask::Get { name, selection } => {
                let file = self.seed(node).and_then(|seed| seed.files.get(&name).copied());
                match file {
                    Some(_) if selection.head_only => self.answer(exchange, Answer::Status(405)),
                    Some(SeedFile { content, size_bytes }) => {
                        let head = ObjectHead { content: Content::Whole { size_bytes: Some(size_bytes) }, etag: None };
                        let body = AnswerBody { content, first: 0, length_bytes: size_bytes, breaks: false };
                        self.answer(exchange, Answer::Object { head, body: Some(body), version: None });
                    }
                    None => self.answer(exchange, Answer::Status(404)),
                }
            }
            Ask::Delete { .. } => self.answer(exchange, Answer::Status(405)),
            Ask::Locate { .. } | Ask::Versioned(_) => self.answer(exchange, Answer::Status(404)),
        }
    }

    /// Half a body is as good to it as a whole one (failure 6).
    pub(crate) fn seed_data_body_ends(&mut self, exchange: ExchangeId, end: BodyEnd) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let (Ask::Put { name, body, .. }, node) = (&open.ask, open.target) else { return };
        let (name, body) = (*name, *body);
        let file = match end {
            BodyEnd::Whole | BodyEnd::WrongDigest => {
                SeedFile { content: Some(body.content), size_bytes: body.size_bytes }
            }
            BodyEnd::Broken => SeedFile { content: None, size_bytes: body.size_bytes / 2 },
        };
        if let Some(seed) = self.seed(node) {
            seed.files.insert(name, file);
        }
        self.answer(exchange, Answer::Stored { content: None, version: None });
    }

    pub(crate) fn seed_api_hears(&mut self, node: Node, event: BusEvent) {
        match event {
            BusEvent::Up | BusEvent::Query(_) => {}
            // It lives on without ever hearing anybody again (failure 1), until somebody starts it again.
            BusEvent::Down => self.seed_panics(node),
            BusEvent::Heartbeat(message) => {
                let Some(text) = go_reads(&message.body) else { return self.seed_panics(node) };
                let now = self.now;
                let heard = text.parse().ok().map(|address| self.owner_of(&address));
                if let (Some(heard), Some(seed)) = (heard, self.seed(node)) {
                    seed.known.insert(heard, now);
                }
            }
            BusEvent::Answer { message, route } => self.seed_gets_answer(node, route, &message),
        }
    }

    pub(crate) fn seed_api_accepts(&mut self, node: Node, exchange: ExchangeId, request: RequestId) {
        let Some(ask) = self.exchanges.get(exchange.0).map(|open| open.ask.clone()) else { return };
        let is_locate = matches!(ask, Ask::Locate { .. });
        let task = Task { client: exchange, request, query: None, is_locate, onward: None };
        if let Some(seed) = self.seed(node) {
            seed.tasks.insert(request.0, task);
        }
        match ask {
            // It passes the body on as it comes; here it waits for its end, which no client can tell.
            Ask::Put { name, .. } => self.taint(name),
            Ask::Get { selection, .. } if selection.head_only => {
                self.finish_seed_task(node, request.0, Answer::Status(405));
            }
            Ask::Get { name, .. } | Ask::Locate { name, .. } => self.seed_asks(node, request.0, name),
            Ask::Delete { .. } | Ask::Versioned(_) => self.finish_seed_task(node, request.0, Answer::Status(405)),
        }
    }

    fn seed_asks(&mut self, node: Node, task: u64, name: NameId) {
        let Some(id) = self.seed(node).and_then(|seed| seed.ids.as_mut()).map(OperationIds::fresh) else { return };
        let Some(queue) = self.open_reply_queue(node, ReplyRoute::Private(id)) else {
            return self.finish_seed_task(node, task, Answer::Status(500));
        };
        let body = encode_text(self.object_name(name).as_str());
        let message = BusMessage { reply_to: Some(queue.clone()), body, ..BusMessage::default() };
        if let Some(task) = self.seed(node).and_then(|seed| seed.tasks.get_mut(&task)) {
            task.query = Some((queue, name));
        }
        self.publish(node, Fanout::DataServers, message, self.longest_bus_delay());
        let run = self.process(node).run;
        self.queue.push(
            self.now + self.api_config.timing.locate_deadline(),
            Event::Seed { node, run, step: SeedStep::QueryOver { task } },
        );
    }

    fn seed_gets_answer(&mut self, node: Node, route: ReplyRoute, message: &BusMessage) {
        let Some(text) = go_reads(&message.body) else { return self.seed_panics(node) };
        let ReplyRoute::Private(id) = route else { return };
        let Some((task, name)) = self.seed_task_of(node, id) else { return };
        let Ok(address) = text.parse() else { return self.finish_seed_task(node, task, Answer::Status(404)) };
        let holder = self.owner_of(&address);
        let Some(open) = self.close_seed_query(node, task) else { return };
        if open.is_locate {
            return self.finish_seed_task(node, task, Answer::Located(vec![holder], Vec::new()));
        }
        self.seed_goes_on(node, task, holder, Ask::Get { name, selection: lode_core::select::Selection::default() });
    }

    fn seed_task_of(&mut self, node: Node, query: OperationId) -> Option<(u64, NameId)> {
        let suffix = format!("-{query}");
        let seed = self.seed(node)?;
        seed.tasks.iter().find_map(|(number, task)| match &task.query {
            Some((queue, name)) if queue.as_str().ends_with(&suffix) => Some((*number, *name)),
            Some(_) | None => None,
        })
    }

    fn close_seed_query(&mut self, node: Node, task: u64) -> Option<Task> {
        let open = self.seed(node)?.tasks.get_mut(&task)?;
        let query = open.query.take();
        let open = open.clone();
        if let Some((queue, _)) = query {
            self.close_reply_queue(&queue);
        }
        Some(open)
    }

    fn seed_goes_on(&mut self, node: Node, task: u64, server: Node, ask: Ask) {
        let asker = Party { node, run: self.process(node).run };
        let exchange = self.open_exchange(asker, server, ask, Owner::Seed(task), None);
        if let Some(task) = self.seed(node).and_then(|seed| seed.tasks.get_mut(&task)) {
            task.onward = Some(exchange);
        }
    }

    /// The body of a client has come: it goes to any data server that was heard of lately.
    pub(crate) fn seed_api_body_ends(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let (now, expiry) = (self.now, self.api_config.timing.expiry());
        let Some(seed) = self.seed(node) else { return };
        let Some(client) = seed.tasks.get(&request.0).map(|task| task.client) else { return };
        let known: Vec<Node> =
            seed.known.iter().filter(|(_, at)| now - **at < expiry).map(|(server, _)| *server).collect();
        let Some(Ask::Put { name, body, .. }) = self.exchanges.get(client.0).map(|open| open.ask.clone()) else {
            return;
        };
        match self.chance.of(node, Purpose::Choice).choice(known) {
            None => self.finish_seed_task(node, request.0, Answer::Status(503)),
            Some(_) if end == BodyEnd::Broken => self.finish_seed_task(node, request.0, Answer::Status(500)),
            Some(server) => {
                let body = PutBody { declared: false, flaw: BodyFlaw::None, whole: true, ..body };
                self.seed_goes_on(node, request.0, server, Ask::Put { name, body, only_if: None });
            }
        }
    }

    pub(crate) fn seed_answered(&mut self, node: Node, exchange: ExchangeId, task: u64, answer: Answer) {
        match answer {
            Answer::Object { head, body: Some(body), .. } => {
                let Some(client) = self.seed(node).and_then(|seed| seed.tasks.get(&task)).map(|task| task.client)
                else {
                    return self.abandon(exchange);
                };
                let head = ObjectHead { content: head.content, etag: None };
                self.answer(client, Answer::Object { head, body: Some(body), version: None });
                self.let_body_flow(exchange);
            }
            Answer::Stored { .. } => self.finish_seed_task(node, task, Answer::Stored { content: None, version: None }),
            Answer::Refused(_) => self.finish_seed_task(node, task, Answer::Status(500)),
            Answer::Removed
            | Answer::Deleted { .. }
            | Answer::Catalogued(_)
            | Answer::Located(..)
            | Answer::Status(_)
            | Answer::Object { body: None, .. } => {
                self.finish_seed_task(node, task, Answer::Status(404));
            }
        }
    }

    pub(crate) fn seed_got_body(&mut self, node: Node, task: u64, body: Option<AnswerBody>) {
        let Some(task) = self.seed(node).and_then(|seed| seed.tasks.remove(&task)) else { return };
        if let Some(body) = body {
            let delay = self.link_delay(node, node);
            self.pass_body(task.client, body, delay);
        }
    }

    /// Whoever it passed a body on from, or to, is gone; its client gets what there is, and a good end (failure 3).
    pub(crate) fn seed_exchange_broke(&mut self, node: Node, task: u64) {
        let Some(open) = self.seed(node).and_then(|seed| seed.tasks.get(&task)).cloned() else { return };
        let announced = self.exchanges.get(open.client.0).and_then(|client| client.body);
        match announced {
            Some(_) => {
                if let Some(seed) = self.seed(node) {
                    seed.tasks.remove(&task);
                }
                self.break_later(open.client, "the seed's own failure");
            }
            None => self.finish_seed_task(node, task, Answer::Status(500)),
        }
    }

    /// A client that hangs up leaks its connection there (failure 12): nothing is noticed.
    pub(crate) fn seed_api_lost_client(&mut self, _node: Node, _request: RequestId) {}

    fn finish_seed_task(&mut self, node: Node, task: u64, answer: Answer) {
        let _query = self.close_seed_query(node, task);
        if let Some(open) = self.seed(node).and_then(|seed| seed.tasks.remove(&task)) {
            let _number = open.request;
            self.answer(open.client, answer);
        }
    }
}

/// Reads a body as the seed does: a Go string literal, on all else it panics. What ours and the seed read alike is what
/// ours send; of all that a fault makes of it, nothing is one.
fn go_reads(body: &[u8]) -> Option<String> {
    decode_text(body).ok()
}
