//! The way back: the head of an answer, and then its body.

use std::time::Duration;

use lode_core::transfer::TransferFailure;

use super::{Accepted, Answer, AnswerBody, Ask, ExchangeId, ExchangeStep, Fate, Owner};
use crate::coverage::Point;
use crate::node::Node;
use crate::trace::MessageKind;
use crate::world::World;
use crate::world::queue::Event;

impl World<'_> {
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
        self.note_message(MessageKind::Response, (from, to), arrives, || crate::world::label::answer(&answer));
        if let Some(open) = self.exchanges.get_mut(exchange.0) {
            open.head_arrives = arrives;
            open.body = match &answer {
                Answer::Object { body, .. } => *body,
                Answer::Stored { .. }
                | Answer::Removed
                | Answer::Deleted { .. }
                | Answer::Catalogued(_)
                | Answer::Located(..)
                | Answer::Refused(_)
                | Answer::Status(_) => None,
            };
        }
        let step = ExchangeStep::Answered(Box::new(answer));
        self.queue.push(arrives, Event::Exchange { exchange, step });
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
        let fate = open.fate;
        if let Some(open) = self.exchanges.get_mut(exchange.0) {
            open.flows_since = Some(begins);
        }
        let breaks = body.breaks || (matches!(fate, Fate::ResetLate | Fate::Truncated) && body.length_bytes > 0);
        let (at, step) = if breaks {
            self.hit(Point::FaultBodyBroken);
            let failure = TransferFailure::BrokenOff { reason: "its body ended early".to_owned() };
            (begins + takes / 2, ExchangeStep::Breaks(failure))
        } else {
            (begins + takes, ExchangeStep::BodyPassed)
        };
        self.queue.push(at, Event::Exchange { exchange, step });
    }

    pub(super) fn exchange_answered(&mut self, exchange: ExchangeId, answer: Answer) {
        let Some(open) = self.exchanges.get_mut(exchange.0) else { return };
        open.answered = true;
        let (asker, owner) = (open.asker, open.owner);
        let sent = match &open.ask {
            Ask::Put { body, .. } => Some(*body),
            Ask::Get { .. } | Ask::Delete { .. } | Ask::Locate { .. } | Ask::Versioned(_) => None,
        };
        if open.body.is_none() {
            self.exchanges.remove(exchange.0);
        }
        match owner {
            Owner::Call(call) => self.client_answered(call, exchange, answer),
            Owner::Upload { .. } | Owner::Fetch { .. } | Owner::Ask(_) | Owner::Remove(_) | Owner::Marker(_) => {
                self.api_answered(asker.node, exchange, owner, sent, answer);
            }
            Owner::Seed(task) => self.seed_answered(asker.node, exchange, task, answer),
        }
    }

    pub(super) fn answer_body_passed(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.remove(exchange.0) else { return };
        if let Some(Accepted { server, request, .. }) = open.accepted
            && self.run_of(server.node) == Some(server.run)
            && let Node::Data(_) = server.node
        {
            self.data_sent(server.node, request);
        }
        match open.owner {
            Owner::Call(call) => self.client_got_body(call, open.body),
            Owner::Fetch { request, .. } => self.api_got_body(open.asker.node, request, open.body),
            Owner::Seed(task) => self.seed_got_body(open.asker.node, task, open.body),
            Owner::Upload { .. } | Owner::Ask(_) | Owner::Remove(_) | Owner::Marker(_) => {}
        }
    }
}
