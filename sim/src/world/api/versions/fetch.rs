//! Fetching a blob from one copy after the other, and passing it on as one body.

use std::time::Duration;

use lode_core::api_server::messages::versions::{BrokenRelay, VersionHead, VersionInput};
use lode_core::api_server::messages::{ApiInput, RelayFailure};
use lode_core::checksum::Checksum;
use lode_core::id::{OperationId, RequestId};
use lode_core::range::ByteRange;
use lode_core::select::Selection;
use lode_core::transfer::{FetchOutcome, TransferFailure};

use super::{conditions_of, relayed};
use crate::coverage::Point;
use crate::history::{NameId, Required};
use crate::node::Node;
use crate::world::World;
use crate::world::api::outcomes;
use crate::world::exchange::{Answer, AnswerBody, Ask, Exchange, ExchangeId, Owner, Party, VersionedAsk};

/// A part of a blob.
pub(super) struct Wanted {
    pub(super) name: NameId,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) checksum: Checksum,
    pub(super) patience: Duration,
}

impl World<'_> {
    pub(super) fn fetch_version(
        &mut self,
        asker: Party,
        target: Node,
        request: RequestId,
        fetch: OperationId,
        wanted: &Wanted,
    ) {
        let conditions = conditions_of(Some(Required::Content(crate::world::content_of(wanted.checksum))));
        let range = ByteRange::between(wanted.first, wanted.last);
        let selection = Selection { conditions, range, head_only: false };
        if let Some(versioned) = self.task(asker.node, request).and_then(|task| task.versioned.as_mut()) {
            versioned.wanted = Some((wanted.first, wanted.last));
        }
        let ask = Ask::Get { name: wanted.name, selection };
        self.open_exchange(asker, target, ask, Owner::Fetch { request, fetch }, Some(wanted.patience));
    }

    /// Whether the client has asked for the head alone.
    pub(super) fn is_head(&mut self, node: Node, request: RequestId) -> bool {
        let client = self.task(node, request).map(|task| task.client);
        let ask = client.and_then(|client| self.exchanges.get(client.0)).map(|open| &open.ask);
        matches!(ask, Some(Ask::Versioned(VersionedAsk::Get { selection, .. })) if selection.head_only)
    }

    /// A data server has answered: with the very part that was asked for, or it has failed.
    pub(in crate::world::api) fn version_fetched(
        &mut self,
        node: Node,
        exchange: ExchangeId,
        request: RequestId,
        fetch: OperationId,
        answer: &Answer,
    ) -> ApiInput {
        let wanted = self.task(node, request).and_then(|task| task.versioned.as_ref()?.wanted);
        let outcome = match outcomes::fetch_outcome(answer) {
            outcome @ FetchOutcome::Part { first, last, .. } if Some((first, last)) == wanted => outcome,
            FetchOutcome::Part { .. } | FetchOutcome::Whole { .. } => {
                let reason = "it did not send the part that was asked for".to_owned();
                FetchOutcome::Failed(TransferFailure::BrokenOff { reason })
            }
            outcome @ (FetchOutcome::NotModified { .. }
            | FetchOutcome::PreconditionFailed
            | FetchOutcome::Unsatisfiable { .. }
            | FetchOutcome::Missing
            | FetchOutcome::Failed(_)) => outcome,
        };
        let is_good = matches!(outcome, FetchOutcome::Part { .. });
        if let Some(task) = self.task(node, request) {
            task.fetched = is_good.then_some(exchange);
        }
        if !is_good {
            self.abandon(exchange);
        }
        ApiInput::Fetched { fetch, outcome }
    }

    /// Passes the fetched part on to the client, behind the head or behind what the client has already.
    pub(super) fn relay_version(
        &mut self,
        asker: Party,
        request: RequestId,
        relay: OperationId,
        head: Option<VersionHead>,
    ) {
        let Some(task) = self.task(asker.node, request) else { return };
        task.relay = Some(relay);
        let (client, fetched, client_gone) = (task.client, task.fetched, task.client_gone);
        let source = fetched.and_then(|fetched| self.exchanges.get(fetched.0)).and_then(|open| open.body);
        let (Some(fetched), Some(source), false) = (fetched, source, client_gone) else {
            if let Some(fetched) = fetched {
                self.abandon(fetched);
            }
            self.forget_task(asker.node, request);
            return self.complete_api(asker, relayed(relay, Err(RelayFailure::Client), true));
        };
        match head {
            Some(head) => {
                let length_bytes = head.object.content.body().map_or(0, |(_, length_bytes)| length_bytes);
                let body = Some(AnswerBody { length_bytes, breaks: false, ..source });
                let version = Some(head.version.number());
                self.answer(client, Answer::Object { head: head.object, body, version });
            }
            None => self.hit(Point::RelayGoesOn),
        }
        self.let_body_flow(fetched);
    }

    /// All that was asked of this data server has come: with it the client's body is as long as it gets.
    pub(in crate::world::api) fn version_body_goes_on(
        &mut self,
        node: Node,
        request: RequestId,
        piece: Option<AnswerBody>,
    ) {
        let Some(task) = self.task(node, request) else { return };
        let client = task.client;
        let Some(versioned) = task.versioned.as_mut() else { return };
        versioned.got = joined(versioned.got, piece);
        let got = versioned.got;
        if let Some(open) = self.exchanges.get_mut(client.0) {
            open.body = got.or(open.body);
        }
    }

    /// A copy breaks off: the client keeps what it has got, and the machine looks for the rest.
    pub(in crate::world::api) fn version_relay_broke(
        &mut self,
        node: Node,
        request: RequestId,
        open: &Exchange,
        failure: TransferFailure,
    ) {
        self.hit(Point::RelayBroken);
        let passed_on_bytes = self.passed_on(open);
        let piece = open.body.map(|body| AnswerBody { length_bytes: passed_on_bytes, ..body });
        self.version_body_goes_on(node, request, piece);
        let Some(task) = self.task(node, request) else { return };
        task.fetched = None;
        let Some(relay) = task.relay.take() else { return };
        let failure = RelayFailure::Server(failure);
        let outcome = Err(BrokenRelay { failure, passed_on_bytes });
        self.feed_api(node, VersionInput::Relayed { relay, outcome }.into());
    }

    /// How much of a body has come that breaks off now: not all of it, or it would not have broken off.
    fn passed_on(&self, open: &Exchange) -> u64 {
        let (Some(since), Some(body)) = (open.flows_since, open.body) else { return 0 };
        let micros = u64::try_from((self.now - since).as_micros()).unwrap_or(u64::MAX);
        let come = micros.saturating_mul(self.plan.pace.bytes_per_ms) / 1000;
        come.min(body.length_bytes.saturating_sub(1))
    }
}

/// What a client has that gets one piece behind the other: bytes of one content only if they belong behind each other.
fn joined(got: Option<AnswerBody>, piece: Option<AnswerBody>) -> Option<AnswerBody> {
    let piece = piece.filter(|piece| piece.length_bytes > 0).map(|piece| AnswerBody { breaks: false, ..piece });
    let (Some(got), Some(piece)) = (got, piece) else { return got.or(piece) };
    let fits = got.content == piece.content && got.first + got.length_bytes == piece.first;
    let content = got.content.filter(|_| fits);
    Some(AnswerBody { content, length_bytes: got.length_bytes + piece.length_bytes, ..got })
}
