//! The way there: a request reaches a server, and then its body.

use std::time::Duration;

use lode_core::transfer::TransferFailure;

use super::{
    Accepted, Ask, BodyEnd, CONNECT_LIMIT, Exchange, ExchangeId, ExchangeStep, Fate, Owner, Party, PutBody, STALL_LIMIT,
};
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::BodyFlaw;
use crate::plan::kind::Kind;
use crate::world::World;
use crate::world::queue::Event;

impl World<'_> {
    pub(super) fn exchange_arrives(&mut self, exchange: ExchangeId) {
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
            Node::Broker | Node::Catalog | Node::Client(_) => {}
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

    pub(super) fn request_body_ends(&mut self, exchange: ExchangeId, end: BodyEnd) {
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
            Node::Broker | Node::Catalog | Node::Client(_) => {}
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

    pub(super) fn server_lost_asker(&mut self, accepted: Accepted) {
        let Accepted { server, request, .. } = accepted;
        if self.run_of(server.node) != Some(server.run) {
            return;
        }
        match server.node {
            Node::Api(_) => self.api_lost_client(server.node, request),
            Node::Data(_) => self.data_lost_asker(server.node, request),
            Node::SeedApi(_) => self.seed_api_lost_client(server.node, request),
            Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
    }
}
