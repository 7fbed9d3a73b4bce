//! Exchanges over HTTP: a request with its body one way, an answer with its body the other.
//!
//! An exchange may be refused, reset or come to a standstill at any point, and its answer may be lost when all is done. What
//! breaks is drawn when it is opened, from the stream of the two that take part.

mod fate;

use std::time::Duration;

use lode_core::id::{OperationId, RequestId};
use lode_core::locate::Collect;
use lode_core::refusal::Refusal;
use lode_core::select::{ObjectHead, Selection};
use lode_core::time::Instant;
use lode_core::transfer::TransferFailure;

pub(crate) use self::fate::Fate;
use super::World;
use super::queue::{Event, Lane};
use crate::coverage::Point;
use crate::history::{ContentId, NameId};
use crate::node::Node;
use crate::plan::BodyFlaw;
use crate::plan::kind::Kind;
use crate::trace::{MessageKind, Record};

/// How long it takes to notice that nobody accepts a connection.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// How long the two sides wait for the next byte of a body.
pub(crate) const STALL_LIMIT: Duration = Duration::from_secs(30);

/// Which exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ExchangeId(pub(crate) u64);

/// One exchange under way. It is gone as soon as the asker needs no more of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) asker: Party,
    pub(crate) owner: Owner,
    pub(crate) target: Node,
    pub(crate) ask: Ask,
    pub(crate) fate: Fate,
    /// Who accepted it, under which number.
    pub(crate) accepted: Option<Accepted>,
    /// Whether the asker has the head of the answer.
    pub(crate) answered: bool,
    /// The body that the answer announced and that is still to come.
    pub(crate) body: Option<AnswerBody>,
    /// When the head of the answer reaches the asker: nothing overtakes it.
    pub(crate) head_arrives: Instant,
}

/// One run of one node's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) node: Node,
    pub(crate) run: u32,
}

/// The server that took the request in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) server: Party,
    pub(crate) request: RequestId,
}

/// Whose exchange it is, and so who is told what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A client's call, by its index in the history.
    Call(usize),
    /// The upload of a request of an API server.
    Upload { request: RequestId, upload: OperationId },
    /// Its fetch.
    Fetch { request: RequestId, fetch: OperationId },
    /// A direct question of an API server.
    Ask(OperationId),
    /// A removal.
    Remove(OperationId),
    /// A request of an API server of the seed.
    Seed(u64),
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Put { name: NameId, body: PutBody },
    Get { name: NameId, selection: Selection },
    Delete { name: NameId },
    Locate { name: NameId, collect: Collect },
}

/// The body of a PUT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PutBody {
    pub(crate) content: ContentId,
    pub(crate) size_bytes: u64,
    pub(crate) declared: bool,
    pub(crate) flaw: BodyFlaw,
    /// Whether the sender has all of it; a body that is passed on ends when it is told.
    pub(crate) whole: bool,
}

/// What an exchange is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Stored {
        content: Option<ContentId>,
    },
    Removed,
    Located(Vec<Node>, Vec<Node>),
    Refused(Refusal),
    /// A node of the seed says no in its own way.
    Status(u16),
    Object {
        head: ObjectHead,
        body: Option<AnswerBody>,
    },
}

/// The body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerBody {
    /// `None` where the bytes are of no content.
    pub(crate) content: Option<ContentId>,
    pub(crate) first: u64,
    pub(crate) length_bytes: u64,
    /// Where it will break off, because the disk cannot give more.
    pub(crate) breaks: bool,
}

/// How an exchange goes on.
#[derive(Debug)]
pub(crate) enum ExchangeStep {
    /// The head of the request is there.
    Arrives,
    /// The body of the request has come to its end, at the server.
    BodyEnds(BodyEnd),
    /// The head of the answer is there, and with it an answer that has no body.
    Answered(Box<Answer>),
    /// All of the answer's body has come.
    BodyPassed,
    /// The asker finds the exchange broken.
    Breaks(TransferFailure),
    /// The server finds that the asker is gone.
    AskerGone(Accepted),
}

/// How the body of a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    Whole,
    /// Whole, and not what the client said.
    WrongDigest,
    Broken,
}

/// Whose process takes a step of an exchange in, and so keeps it waiting while it stands still.
pub(crate) fn listener(open: &Exchange, step: &ExchangeStep) -> Option<Node> {
    let node = match step {
        ExchangeStep::Arrives | ExchangeStep::BodyEnds(_) | ExchangeStep::AskerGone(_) => open.target,
        ExchangeStep::Answered(_) | ExchangeStep::BodyPassed | ExchangeStep::Breaks(_) => open.asker.node,
    };
    (!matches!(node, Node::Client(_))).then_some(node)
}

impl World<'_> {
    /// Opens an exchange. A patience, if given, is how long the head of the answer may take.
    pub(crate) fn open_exchange(
        &mut self,
        asker: Party,
        target: Node,
        ask: Ask,
        owner: Owner,
        patience: Option<Duration>,
    ) -> ExchangeId {
        self.traffic.http_exchanges += 1;
        let exchange = ExchangeId(self.next_exchange);
        self.next_exchange += 1;
        let target = self.process_at(target);
        let fate = self.draw_fate(asker.node, target);
        let arrives = self.now + self.link_delay(asker.node, target);
        self.note_message(MessageKind::Request, (asker.node, target), arrives, || super::label::ask(&ask));
        let head_arrives = self.now;
        let open =
            Exchange { asker, owner, target, ask, fate, accepted: None, answered: false, body: None, head_arrives };
        self.exchanges.insert(exchange.0, open);
        self.queue.push(arrives, Event::Exchange { exchange, step: ExchangeStep::Arrives });
        if let Some(patience) = patience {
            let step = ExchangeStep::Breaks(TransferFailure::TimedOut);
            let at = self.waited(asker.node, self.now, patience);
            self.queue.push_in_lane(Lane::Timeouts, at, Event::Exchange { exchange, step });
        }
        exchange
    }

    /// One step of an exchange; of one that is over, nothing.
    pub(crate) fn exchange_step(&mut self, exchange: ExchangeId, step: ExchangeStep) {
        if let ExchangeStep::AskerGone(accepted) = step {
            return self.server_lost_asker(accepted);
        }
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let (asker, target, answered) = (open.asker, open.target, open.answered);
        let (from, to) = match step {
            ExchangeStep::Answered(_) | ExchangeStep::BodyPassed => (target, asker.node),
            ExchangeStep::Arrives
            | ExchangeStep::BodyEnds(_)
            | ExchangeStep::Breaks(_)
            | ExchangeStep::AskerGone(_) => (asker.node, target),
        };
        let travels = !matches!(step, ExchangeStep::Breaks(_));
        if let Some(until) = self.faults.blocked_until(from, to).filter(|_| travels) {
            self.hit(Point::FaultLinkBlocked);
            let later = until + self.link_delay(from, to);
            return self.queue.push(later, Event::Exchange { exchange, step });
        }
        if matches!(step, ExchangeStep::BodyPassed) && !answered {
            // The head is held up somewhere, and nothing overtakes it.
            let later = self.now + self.link_delay(from, to).max(Duration::from_micros(1));
            return self.queue.push(later, Event::Exchange { exchange, step });
        }
        match step {
            ExchangeStep::Arrives => self.exchange_arrives(exchange),
            ExchangeStep::BodyEnds(end) => self.request_body_ends(exchange, end),
            ExchangeStep::Answered(answer) => self.exchange_answered(exchange, *answer),
            ExchangeStep::BodyPassed => self.answer_body_passed(exchange),
            ExchangeStep::Breaks(TransferFailure::TimedOut) if answered => {}
            ExchangeStep::Breaks(failure) => self.exchange_broke(exchange, failure),
            ExchangeStep::AskerGone(_) => {}
        }
    }

    /// The server answers: to whom it may concern, if he is still there.
    pub(crate) fn answer(&mut self, exchange: ExchangeId, answer: Answer) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let (from, to, fate) = (open.target, open.asker.node, open.fate);
        match fate {
            Fate::Stalls => return,
            Fate::AnswerLost => {
                self.hit(Point::FaultAnswerLost);
                return self.break_later(exchange, "reset");
            }
            Fate::ResetLate if !matches!(&answer, Answer::Object { body: Some(_), .. }) => {
                self.hit(Point::FaultReset);
                return self.break_later(exchange, "reset");
            }
            Fate::Good | Fate::ResetEarly | Fate::ResetLate | Fate::Truncated => {}
        }
        let arrives = self.now + self.link_delay(from, to);
        self.note_message(MessageKind::Response, (from, to), arrives, || super::label::answer(&answer));
        if let Some(open) = self.exchanges.get_mut(exchange.0) {
            open.head_arrives = arrives;
            open.body = match &answer {
                Answer::Object { body, .. } => *body,
                Answer::Stored { .. }
                | Answer::Removed
                | Answer::Located(..)
                | Answer::Refused(_)
                | Answer::Status(_) => None,
            };
        }
        let step = ExchangeStep::Answered(Box::new(answer));
        self.queue.push(arrives, Event::Exchange { exchange, step });
    }

    /// The asker wants no more of it.
    pub(crate) fn abandon(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(accepted) = open.accepted {
            let arrives = self.now + self.link_delay(open.asker.node, open.target);
            let step = ExchangeStep::AskerGone(accepted);
            self.queue.push(arrives, Event::Exchange { exchange, step });
        }
    }

    /// Lets the body of an answer flow to the asker: all that was announced of it, or as much as there is.
    pub(crate) fn let_body_flow(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let Some(body) = open.body else { return };
        let takes = self.body_time(body.length_bytes);
        self.pass_body(exchange, body, takes);
    }

    /// Arranges that the asker has the body after this time, or sees it break.
    pub(crate) fn pass_body(&mut self, exchange: ExchangeId, body: AnswerBody, takes: Duration) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let begins = self.now.max(open.head_arrives);
        let breaks = body.breaks || (matches!(open.fate, Fate::ResetLate | Fate::Truncated) && body.length_bytes > 0);
        let (at, step) = if breaks {
            self.hit(Point::FaultBodyBroken);
            let failure = TransferFailure::BrokenOff { reason: "its body ended early".to_owned() };
            (begins + takes / 2, ExchangeStep::Breaks(failure))
        } else {
            (begins + takes, ExchangeStep::BodyPassed)
        };
        self.queue.push(at, Event::Exchange { exchange, step });
    }

    /// How long a body of this length is on its way.
    pub(crate) fn body_time(&self, length_bytes: u64) -> Duration {
        let micros = length_bytes.saturating_mul(1000) / self.plan.pace.bytes_per_ms.max(1);
        Duration::from_micros(micros)
    }

    /// A connection between the two breaks a moment from now.
    pub(crate) fn break_later(&mut self, exchange: ExchangeId, reason: &str) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let at = self.now + self.link_delay(open.target, open.asker.node);
        let failure = TransferFailure::BrokenOff { reason: reason.to_owned() };
        self.queue.push(at, Event::Exchange { exchange, step: ExchangeStep::Breaks(failure) });
    }

    fn exchange_arrives(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let (asker, target, fate) = (open.asker.node, open.target, open.fate);
        let refused = self.faults.on(Kind::Refused, target);
        let Some(run) = self.run_of(target).filter(|_| !refused) else {
            if refused {
                self.hit(Point::FaultRefused);
            }
            let (after, failure) = if self.has_no_power(target) {
                (CONNECT_LIMIT, TransferFailure::TimedOut)
            } else {
                let reason = "connection refused".to_owned();
                (self.link_delay(target, asker), TransferFailure::Unreachable { reason })
            };
            return self
                .queue
                .push(self.now + after, Event::Exchange { exchange, step: ExchangeStep::Breaks(failure) });
        };
        let server = Party { node: target, run };
        match fate {
            Fate::ResetEarly => {
                self.hit(Point::FaultReset);
                self.accept(exchange, server);
                self.break_later(exchange, "reset");
            }
            Fate::Stalls => {
                self.hit(Point::FaultStall);
                self.accept(exchange, server);
                let failure = TransferFailure::TimedOut;
                let step = ExchangeStep::Breaks(failure);
                self.queue.push(self.now + STALL_LIMIT, Event::Exchange { exchange, step });
            }
            Fate::Good | Fate::ResetLate | Fate::Truncated | Fate::AnswerLost => self.accept(exchange, server),
        }
    }

    fn accept(&mut self, exchange: ExchangeId, server: Party) {
        let request = self.fresh_request(server.node);
        let Some(open) = self.exchanges.get_mut(exchange.0) else { return };
        open.accepted = Some(Accepted { server, request });
        let (owner, asker) = (open.owner, open.asker.node);
        if let Ask::Put { body: PutBody { whole: false, .. }, .. } = open.ask {
            self.body_is_leaving(owner, asker);
        }
        self.arrange_body_end(exchange);
        match server.node {
            Node::Api(_) => self.api_accepts(server.node, exchange, request),
            Node::Data(_) => self.data_accepts(server.node, exchange, request),
            Node::SeedApi(_) => self.seed_api_accepts(server.node, exchange, request),
            Node::SeedData(_) => self.seed_data_accepts(server.node, exchange, request),
            Node::Broker | Node::Client(_) => {}
        }
    }

    /// Arranges the end of a request's body that the sender has whole, or of which it is known how it will break.
    fn arrange_body_end(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let Ask::Put { body, .. } = &open.ask else { return };
        if !body.whole {
            return;
        }
        let (flaw, fate, takes) = (body.flaw, open.fate, self.body_time(body.size_bytes));
        let (after, end) = match (fate, flaw) {
            (Fate::Stalls, _) => (STALL_LIMIT, BodyEnd::Broken),
            (Fate::ResetEarly, _) | (_, BodyFlaw::Cut) => (takes / 2, BodyEnd::Broken),
            (_, BodyFlaw::Stalls { for_us }) => {
                let stands = Duration::from_micros(for_us);
                if stands >= STALL_LIMIT {
                    (takes / 2 + STALL_LIMIT, BodyEnd::Broken)
                } else {
                    (takes + stands, BodyEnd::Whole)
                }
            }
            (_, BodyFlaw::WrongDigest) => (takes, BodyEnd::WrongDigest),
            (_, BodyFlaw::None) => (takes, BodyEnd::Whole),
        };
        let step = ExchangeStep::BodyEnds(end);
        self.queue.push(self.now + after, Event::Exchange { exchange, step });
    }

    fn request_body_ends(&mut self, exchange: ExchangeId, end: BodyEnd) {
        let Some(Exchange { accepted: Some(accepted), .. }) = self.exchanges.get(exchange.0) else { return };
        let Accepted { server, request, .. } = *accepted;
        if self.run_of(server.node) != Some(server.run) {
            return;
        }
        match server.node {
            Node::Api(_) => self.api_body_ends(server.node, request, end),
            Node::Data(_) => self.data_body_ends(server.node, request, end),
            Node::SeedApi(_) => self.seed_api_body_ends(server.node, request, end),
            Node::SeedData(_) => self.seed_data_body_ends(exchange, end),
            Node::Broker | Node::Client(_) => {}
        }
        // A client whose body was cut off has gone itself; one that stood still for too long is told.
        if end == BodyEnd::Broken
            && let Some(Exchange { owner: Owner::Call(call), ask: Ask::Put { body, .. }, .. }) =
                self.exchanges.get(exchange.0)
            && !matches!(body.flaw, BodyFlaw::Stalls { .. })
        {
            let call = *call;
            self.exchanges.remove(exchange.0);
            self.client_lost(call);
        }
    }

    fn server_lost_asker(&mut self, accepted: Accepted) {
        let Accepted { server, request, .. } = accepted;
        if self.run_of(server.node) != Some(server.run) {
            return;
        }
        match server.node {
            Node::Api(_) => self.api_lost_client(server.node, request),
            Node::Data(_) => self.data_lost_asker(server.node, request),
            Node::SeedApi(_) => self.seed_api_lost_client(server.node, request),
            Node::SeedData(_) | Node::Broker | Node::Client(_) => {}
        }
    }

    fn exchange_answered(&mut self, exchange: ExchangeId, answer: Answer) {
        let Some(open) = self.exchanges.get_mut(exchange.0) else { return };
        open.answered = true;
        let (asker, owner) = (open.asker, open.owner);
        if open.body.is_none() {
            self.exchanges.remove(exchange.0);
        }
        match owner {
            Owner::Call(call) => self.client_answered(call, exchange, answer),
            Owner::Upload { .. } | Owner::Fetch { .. } | Owner::Ask(_) | Owner::Remove(_) => {
                self.api_answered(asker.node, exchange, owner, answer);
            }
            Owner::Seed(task) => self.seed_answered(asker.node, exchange, task, answer),
        }
    }

    fn answer_body_passed(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(Accepted { server, request, .. }) = open.accepted
            && self.run_of(server.node) == Some(server.run)
            && let Node::Data(_) = server.node
        {
            self.data_sent(server.node, request);
        }
        match open.owner {
            Owner::Call(call) => self.client_got_body(call, open.body),
            Owner::Fetch { request, .. } => self.api_got_body(open.asker.node, request),
            Owner::Seed(task) => self.seed_got_body(open.asker.node, task, open.body),
            Owner::Upload { .. } | Owner::Ask(_) | Owner::Remove(_) => {}
        }
    }

    fn exchange_broke(&mut self, exchange: ExchangeId, failure: TransferFailure) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(accepted) = open.accepted {
            let arrives = self.now + self.link_delay(open.asker.node, open.target);
            let step = ExchangeStep::AskerGone(accepted);
            self.queue.push(arrives, Event::Exchange { exchange, step });
        }
        match open.owner {
            Owner::Call(call) => self.client_broke(call, open.answered),
            Owner::Upload { .. } | Owner::Fetch { .. } | Owner::Ask(_) | Owner::Remove(_) => {
                self.api_exchange_broke(open.asker.node, &open, failure);
            }
            Owner::Seed(task) => self.seed_exchange_broke(open.asker.node, task),
        }
    }

    fn note_message(
        &mut self,
        kind: MessageKind,
        (from, to): (Node, Node),
        arrives: Instant,
        label: impl FnOnce() -> String,
    ) {
        if !self.trace.is_kept() {
            return;
        }
        let sent = self.now;
        let passes = self.faults.blocked_until(from, to).is_none();
        let arrives = passes.then_some(arrives);
        self.trace.note(|| Record::Message { kind, from, to, sent, arrives, label: label() });
    }
}
