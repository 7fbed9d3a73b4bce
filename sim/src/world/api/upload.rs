//! Carrying a client's body to a data server: held whole while it is small, so that it can go elsewhere; passed on as it
//! comes when it is not.

use lode_core::api_server::messages::ApiInput;
use lode_core::id::{OperationId, RequestId};
use lode_core::transfer::{BodyFault, TransferFailure, UploadOutcome};

use super::{Upload, outcomes};
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::BodyFlaw;
use crate::world::World;
use crate::world::exchange::{Answer, Ask, BodyEnd, ExchangeId, ExchangeStep, Fate, Owner, Party, PutBody};
use crate::world::queue::Event;

impl World<'_> {
    /// Begins to send the body of a request to a data server: once it is held whole, or as it comes.
    pub(super) fn begin_upload(&mut self, asker: Party, request: RequestId, upload: Upload) {
        let Some(task) = self.task(asker.node, request) else { return };
        let Some(body) = task.body else { return };
        let is_held = upload.terms.hold_up_to_bytes > 0 && body.body.size_bytes <= upload.terms.hold_up_to_bytes;
        match body.end {
            Some(BodyEnd::Whole) if !body.gone => self.send_body(asker, request, &upload, is_held, true),
            Some(BodyEnd::Whole) | None if body.gone => {
                let failure = TransferFailure::BrokenOff { reason: "the body is gone".to_owned() };
                let outcome = UploadOutcome::Failed { failure, resendable: false };
                self.complete_api(asker, ApiInput::Uploaded { upload: upload.upload, outcome });
            }
            Some(end) => {
                let outcome = UploadOutcome::BodyFault(body_fault(end));
                self.complete_api(asker, ApiInput::Uploaded { upload: upload.upload, outcome });
            }
            None if is_held => task.waiting.push(upload),
            None => self.send_body(asker, request, &upload, false, false),
        }
    }

    fn send_body(&mut self, asker: Party, request: RequestId, upload: &Upload, is_held: bool, whole: bool) {
        let Some(body) = self.task(asker.node, request).and_then(|task| task.body) else { return };
        let body = PutBody { flaw: BodyFlaw::None, whole, ..body.body };
        let terms = upload.terms;
        let patience = if is_held { terms.held_patience } else { terms.streamed_patience };
        // The patience counts from the end of the request; a body that is passed on has its own time.
        let patience = whole.then(|| patience + self.body_time(body.size_bytes));
        let owner = Owner::Upload { request, upload: upload.upload };
        let ask = Ask::Put { name: upload.name, body, only_if: None };
        let exchange = self.open_exchange(asker, upload.target, ask, owner, patience);
        if let Some(task) = self.task(asker.node, request) {
            task.uploads.push((upload.upload, exchange));
        }
    }

    /// The body of a client's request has come to its end.
    pub(crate) fn api_body_ends(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let asker = Party { node, run: self.process(node).run };
        let Some(task) = self.task(node, request) else { return };
        if let Some(body) = &mut task.body {
            body.end = Some(end);
        }
        let waiting = std::mem::take(&mut task.waiting);
        if !waiting.is_empty() {
            self.hit(Point::BodyHeld);
            waiting.into_iter().for_each(|upload| self.begin_upload(asker, request, upload));
            return self.end_held_back_request(node, request);
        }
        if end == BodyEnd::Whole {
            let uploads = task.uploads.clone();
            uploads.into_iter().for_each(|(_, exchange)| self.streamed_body_is_whole(exchange));
        } else {
            self.streamed_body_has_a_fault(node, request, end);
        }
        self.end_held_back_request(node, request);
    }

    /// Nobody gets the rest of a body that is being passed on.
    fn streamed_body_has_a_fault(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let Some(task) = self.task(node, request) else { return };
        let uploads = std::mem::take(&mut task.uploads);
        if !uploads.is_empty() {
            self.hit(Point::StreamedBodyFault);
        }
        for (_, exchange) in &uploads {
            self.abandon(*exchange);
        }
        for (upload, _) in uploads {
            let outcome = UploadOutcome::BodyFault(body_fault(end));
            self.feed_api(node, ApiInput::Uploaded { upload, outcome });
        }
    }

    /// The rest of a body that is being passed on is on its way to the data server.
    fn streamed_body_is_whole(&mut self, exchange: ExchangeId) {
        let Some((asker, target)) = self.exchanges.get(exchange.0).map(|open| (open.asker.node, open.target)) else {
            return;
        };
        let delay = self.link_delay(asker, target);
        let long_patience = self.api_config.long_patience;
        let Some(open) = self.exchanges.get_mut(exchange.0) else { return };
        let Ask::Put { body, .. } = &mut open.ask else { return };
        let (was_whole, accepted) = (body.whole, open.accepted);
        let moves = !matches!(open.fate, Fate::Stalls | Fate::ResetEarly);
        body.whole = true;
        if was_whole {
            return;
        }
        if accepted.is_some() && moves {
            let step = ExchangeStep::BodyEnds(BodyEnd::Whole);
            self.queue.push(self.now + delay, Event::Exchange { exchange, step });
        }
        let step = ExchangeStep::Breaks(TransferFailure::TimedOut);
        let at = self.waited(asker, self.now + delay, long_patience);
        self.queue.push(at, Event::Exchange { exchange, step });
    }

    pub(super) fn upload_answered(
        &mut self,
        node: Node,
        request: RequestId,
        upload: OperationId,
        sent: Option<PutBody>,
        answer: &Answer,
    ) -> ApiInput {
        let resendable = self.upload_ended(node, request, upload);
        let size_bytes = sent.map_or(0, |sent| sent.size_bytes);
        let outcome = match answer {
            Answer::Stored { content: Some(content), .. }
                if self.has_catalog() && sent.is_none_or(|sent| sent.content != *content) =>
            {
                let reason = "it has stored something else than was sent".to_owned();
                UploadOutcome::Failed { failure: TransferFailure::BrokenOff { reason }, resendable }
            }
            Answer::Stored { content, .. } => {
                UploadOutcome::Stored { size_bytes, checksum: content.map(crate::world::checksum_of) }
            }
            Answer::Removed
            | Answer::Deleted { .. }
            | Answer::Catalogued(_)
            | Answer::Located(..)
            | Answer::Object { .. } => {
                UploadOutcome::Failed { failure: TransferFailure::Refused { status: 204 }, resendable }
            }
            Answer::Refused(_) | Answer::Status(_) => {
                UploadOutcome::Failed { failure: outcomes::failure_of(outcomes::status_of(answer)), resendable }
            }
        };
        ApiInput::Uploaded { upload, outcome }
    }

    /// An upload is under way no more. Whether its body can be sent again.
    pub(super) fn upload_ended(&mut self, node: Node, request: RequestId, upload: OperationId) -> bool {
        let Some(task) = self.task(node, request) else { return false };
        task.uploads.retain(|(other, _)| *other != upload);
        task.body.is_some_and(|body| !body.gone)
    }

    /// A body that is passed on as it comes has left this server: it cannot go elsewhere any more.
    pub(crate) fn body_is_leaving(&mut self, owner: Owner, asker: Node) {
        let Owner::Upload { request, .. } = owner else { return };
        if let Some(body) = self.task(asker, request).and_then(|task| task.body.as_mut())
            && body.end.is_none()
        {
            body.gone = true;
        }
    }
}

fn body_fault(end: BodyEnd) -> BodyFault {
    match end {
        BodyEnd::WrongDigest => BodyFault::DigestMismatch(crate::world::mismatch()),
        BodyEnd::Whole | BodyEnd::Broken => BodyFault::Broken { reason: "it was cut off".to_owned() },
    }
}
