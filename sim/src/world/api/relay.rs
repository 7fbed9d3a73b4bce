//! Passing an object on from a data server to the client.

use std::time::Duration;

use lode_core::api_server::messages::{ApiInput, RelayBody, RelayFailure};
use lode_core::id::{OperationId, RequestId};
use lode_core::select::ObjectHead;
use lode_core::transfer::TransferFailure;

use super::versions::relayed;
use crate::coverage::Point;
use crate::node::Node;
use crate::world::World;
use crate::world::exchange::{Answer, AnswerBody, Exchange, ExchangeId, Fate, Party};

impl World<'_> {
    /// Passes the fetched body on to the client, or answers without one.
    pub(super) fn begin_relay(
        &mut self,
        node: Node,
        request: RequestId,
        relay: OperationId,
        head: ObjectHead,
        body: RelayBody,
    ) {
        let asker = Party { node, run: self.process(node).run };
        let Some(task) = self.task(node, request) else { return };
        task.relay = Some(relay);
        let (client, fetched, client_gone) = (task.client, task.fetched, task.client_gone);
        let source = fetched.and_then(|fetched| self.exchanges.get(fetched.0)).and_then(|open| open.body);
        let passed = source.and_then(|source| match body {
            RelayBody::None => None,
            RelayBody::All => Some(source),
            RelayBody::Cut { skip_bytes, length_bytes } => {
                Some(AnswerBody { first: source.first + skip_bytes, length_bytes, ..source })
            }
        });
        match (passed, fetched) {
            (Some(passed), Some(fetched)) if !client_gone => {
                self.answer(client, Answer::Object { head, body: Some(passed), version: None });
                self.let_body_flow(fetched);
            }
            (_, fetched) => {
                if let Some(fetched) = fetched {
                    self.abandon(fetched);
                }
                self.answer(client, Answer::Object { head, body: None, version: None });
                let outcome = if client_gone { Err(RelayFailure::Client) } else { Ok(()) };
                self.forget_task(node, request);
                self.complete_api(asker, ApiInput::Relayed { relay, outcome });
            }
        }
    }

    /// All of the fetched body has come; so has the client, unless its connection breaks.
    pub(crate) fn api_got_body(&mut self, node: Node, request: RequestId, body: Option<AnswerBody>) {
        let Some(task) = self.task(node, request) else { return };
        let (client, relay, client_gone) = (task.client, task.relay, task.client_gone);
        let is_versioned = task.versioned.is_some();
        if is_versioned {
            self.version_body_goes_on(node, request, body);
        }
        let fate = self.exchanges.get(client.0).map(|open| (open.fate, open.asker.node));
        let delay = fate.map_or(Duration::ZERO, |(_, client_node)| self.link_delay(node, client_node));
        // The head may still be on its way: the body cannot overtake it.
        let passed = self.relayed_body(client);
        if let Some(passed) = passed {
            self.pass_body(client, passed, delay);
        }
        let breaks = matches!(fate, Some((Fate::ResetLate | Fate::Truncated | Fate::Stalls | Fate::AnswerLost, _)));
        let outcome = if client_gone || breaks || fate.is_none() { Err(RelayFailure::Client) } else { Ok(()) };
        self.forget_task(node, request);
        if let Some(relay) = relay {
            self.feed_api(node, relayed(relay, outcome, is_versioned));
        }
    }

    fn relayed_body(&self, client: ExchangeId) -> Option<AnswerBody> {
        self.exchanges.get(client.0).and_then(|open| open.body)
    }

    /// The body that is being passed on breaks off: so does the client's, and never looks whole.
    pub(super) fn relay_broke(&mut self, node: Node, request: RequestId, open: &Exchange, failure: TransferFailure) {
        let Some(task) = self.task(node, request) else { return };
        if task.versioned.is_some() {
            return self.version_relay_broke(node, request, open, failure);
        }
        let (client, relay) = (task.client, task.relay);
        self.hit(Point::RelayBroken);
        self.forget_task(node, request);
        self.break_later(client, "the data server broke off");
        if let Some(relay) = relay {
            let outcome = Err(RelayFailure::Server(failure));
            self.feed_api(node, ApiInput::Relayed { relay, outcome });
        }
    }
}
