//! Exchanges over HTTP: a request with its body one way, an answer with its body the other.
//!
//! An exchange may be refused, reset or come to a standstill at any point, and its answer may be lost when all is done. What
//! breaks is drawn when it is opened, from the stream of the two that take part.

mod answer;
mod fate;
mod messages;
mod request;

use std::time::Duration;

use lode_core::id::{OperationId, RequestId};
use lode_core::time::Instant;
use lode_core::transfer::TransferFailure;

pub(crate) use self::fate::Fate;
pub(crate) use self::messages::{Answer, AnswerBody, Ask, PutBody, VersionedAsk};
use super::World;
use super::queue::{Event, Lane};
use crate::coverage::Point;
use crate::node::Node;
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
    /// Since when the body of the answer has been coming.
    pub(crate) flows_since: Option<Instant>,
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
    /// A blob without content, that says that an object was deleted.
    Marker(OperationId),
    /// A request of an API server of the seed.
    Seed(u64),
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
        let open = Exchange {
            asker,
            owner,
            target,
            ask,
            fate,
            accepted: None,
            answered: false,
            body: None,
            head_arrives,
            flows_since: None,
        };
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

    /// The asker wants no more of it.
    pub(crate) fn abandon(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(accepted) = open.accepted {
            let arrives = self.now + self.link_delay(open.asker.node, open.target);
            let step = ExchangeStep::AskerGone(accepted);
            self.queue.push(arrives, Event::Exchange { exchange, step });
        }
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

    fn exchange_broke(&mut self, exchange: ExchangeId, failure: TransferFailure) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(accepted) = open.accepted {
            let arrives = self.now + self.link_delay(open.asker.node, open.target);
            let step = ExchangeStep::AskerGone(accepted);
            self.queue.push(arrives, Event::Exchange { exchange, step });
        }
        match open.owner {
            Owner::Call(call) => self.client_broke(call, open.answered),
            Owner::Upload { .. } | Owner::Fetch { .. } | Owner::Ask(_) | Owner::Remove(_) | Owner::Marker(_) => {
                self.api_exchange_broke(open.asker.node, &open, failure);
            }
            Owner::Seed(task) => self.seed_exchange_broke(open.asker.node, task),
        }
    }

    pub(crate) fn note_message(
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
