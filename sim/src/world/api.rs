//! An API server of ours: its machine, and what carries out what the machine wants done. It does what
//! `runtime-smol/src/api` does, on exchanges in place of sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use lode_core::api_server::ApiServer;
use lode_core::api_server::messages::{
    ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayBody, RelayFailure, UploadTerms,
};
use lode_core::bus::BusEvent;
use lode_core::id::{OperationId, RequestId};
use lode_core::locate::Probe;
use lode_core::machine::{Effects, Machine as _};
use lode_core::select::{Content, ObjectHead, Selection};
use lode_core::transfer::{BodyFault, DirectAnswer, FetchOutcome, RemoveOutcome, TransferFailure, UploadOutcome};

use super::World;
use super::exchange::{
    Answer, AnswerBody, Ask, BodyEnd, Exchange, ExchangeId, ExchangeStep, Fate, Owner, Party, PutBody,
};
use super::queue::Event;
use super::watch::{ApiWatch, Noticed};
use crate::assertion;
use crate::coverage::Point;
use crate::history::NameId;
use crate::node::Node;
use crate::trace::Record;

/// One API server.
#[derive(Debug, Default)]
pub(crate) struct ApiNode {
    pub(crate) machine: Option<ApiServer>,
    pub(crate) watch: ApiWatch,
    tasks: BTreeMap<RequestId, Task>,
}

/// What serves one request.
#[derive(Debug)]
struct Task {
    client: ExchangeId,
    body: Option<ClientBody>,
    /// An upload that waits until its body is held whole.
    waiting: Option<Upload>,
    /// The upload under way.
    upload: Option<(OperationId, ExchangeId)>,
    /// What was fetched and has a body that is still to come.
    fetched: Option<ExchangeId>,
    relay: Option<OperationId>,
    client_gone: bool,
}

#[derive(Debug, Clone, Copy)]
struct ClientBody {
    body: PutBody,
    end: Option<BodyEnd>,
    /// Some of it was passed on and is held no more.
    gone: bool,
}

#[derive(Debug, Clone)]
struct Upload {
    upload: OperationId,
    target: Node,
    name: NameId,
    terms: UploadTerms,
}

impl ApiNode {
    /// Whether a request is being served.
    pub(crate) fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }
}

impl World<'_> {
    pub(crate) fn api(&self, node: Node) -> Option<&ApiNode> {
        self.apis.get(self.slot(node))
    }

    fn task(&mut self, node: Node, request: RequestId) -> Option<&mut Task> {
        let slot = self.slot(node);
        self.apis.get_mut(slot)?.tasks.get_mut(&request)
    }

    pub(crate) fn api_starts(&mut self, node: Node) {
        let incarnation = self.fresh_incarnation(node);
        let config = self.api_config.clone();
        let machine = ApiServer::new(config, incarnation).ok();
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            *api = ApiNode { machine, ..ApiNode::default() };
        }
    }

    pub(crate) fn api_ends(&mut self, node: Node) {
        self.end_beliefs(node);
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            *api = ApiNode::default();
        }
    }

    pub(crate) fn api_wakes(&mut self, node: Node) {
        self.feed_api(node, ApiServer::deadline_reached());
    }

    pub(crate) fn api_hears(&mut self, node: Node, event: BusEvent, noticed: Noticed) {
        self.feed_api_noticing(node, ApiInput::Bus(event), noticed);
    }

    pub(crate) fn arm_api(&mut self, node: Node) {
        let deadline = self.api(node).and_then(|api| api.machine.as_ref()).and_then(ApiServer::next_deadline);
        self.arm(node, deadline);
    }

    /// Gives the machine an input, and begins what it wants done.
    pub(crate) fn feed_api(&mut self, node: Node, input: ApiInput) {
        let noticed = Noticed::before_api(&input);
        self.feed_api_noticing(node, input, noticed);
    }

    fn feed_api_noticing(&mut self, node: Node, input: ApiInput, noticed: Noticed) {
        if !self.process(node).alive {
            return;
        }
        let (local, slot) = (self.local_now(node), self.slot(node));
        let mut effects = std::mem::take(&mut self.api_effects);
        self.steps += 1;
        self.cover_api_input(&input);
        let told = self.trace.is_kept().then(|| super::label::api_input(&input));
        if let Some(machine) = self.apis.get_mut(slot).and_then(|api| api.machine.as_mut()) {
            let handled = assertion::caught(|| machine.handle(local, input, &mut effects));
            self.note_assertion(node, handled);
        }
        self.note_api_step(node, told, &effects);
        self.watch_api(node, local, noticed, &effects);
        for effect in effects.drain() {
            if self.dies_between_effects(node) {
                break;
            }
            self.carry_out_api(node, effect);
        }
        self.api_effects = effects;
        self.arm_api(node);
    }

    fn note_api_step(&mut self, node: Node, told: Option<String>, effects: &Effects<ApiEffect>) {
        let Some(input) = told else { return };
        let effects: Vec<_> = effects.clone().drain().map(|effect| super::label::api_effect(&effect)).collect();
        let at = self.now;
        self.trace.note(|| Record::Step { at, node, input, effects });
    }

    fn carry_out_api(&mut self, node: Node, effect: ApiEffect) {
        self.cover_api_effect(&effect);
        let asker = Party { node, run: self.process(node).run };
        match effect {
            ApiEffect::Bus(command) => self.bus_command(node, command),
            ApiEffect::AskDirectly { ask, server, name, probe, patience } => {
                let selection = Selection { head_only: probe == Probe::Head, ..Selection::default() };
                let (target, name) = (self.owner_of(&server), self.name_id(&name));
                self.open_exchange(asker, target, Ask::Get { name, selection }, Owner::Ask(ask), Some(patience));
            }
            ApiEffect::Remove { removal, server, name, patience } => {
                let (target, name) = (self.owner_of(&server), self.name_id(&name));
                self.open_exchange(asker, target, Ask::Delete { name }, Owner::Remove(removal), Some(patience));
            }
            ApiEffect::Upload { upload, request, server, name, terms } => {
                let (target, name) = (self.owner_of(&server), self.name_id(&name));
                self.begin_upload(asker, request, Upload { upload, target, name, terms });
            }
            ApiEffect::Fetch { fetch, request, server, name, head_only, patience } => {
                let (target, name) = (self.owner_of(&server), self.name_id(&name));
                let selection = Selection { head_only, ..self.selection_of(node, request) };
                let owner = Owner::Fetch { request, fetch };
                self.open_exchange(asker, target, Ask::Get { name, selection }, owner, Some(patience));
            }
            ApiEffect::Relay { relay, request, head, body } => self.begin_relay(node, request, relay, head, body),
            ApiEffect::Respond { request, response } => self.respond_api(node, request, response),
        }
    }

    /// What the client of the request asked for, passed on to a data server.
    fn selection_of(&mut self, node: Node, request: RequestId) -> Selection {
        let Some(client) = self.task(node, request).map(|task| task.client) else { return Selection::default() };
        match self.exchanges.get(&client).map(|open| &open.ask) {
            Some(Ask::Get { selection, .. }) => selection.clone(),
            Some(Ask::Put { .. } | Ask::Delete { .. } | Ask::Locate { .. }) | None => Selection::default(),
        }
    }

    /// A client's request has come in.
    pub(crate) fn api_accepts(&mut self, node: Node, exchange: ExchangeId, request: RequestId) {
        let Some(open) = self.exchanges.get(&exchange) else { return };
        let ask = open.ask.clone();
        let body = match &ask {
            Ask::Put { body, .. } => Some(ClientBody { body: *body, end: None, gone: false }),
            Ask::Get { .. } | Ask::Delete { .. } | Ask::Locate { .. } => None,
        };
        let task = Task {
            client: exchange,
            body,
            waiting: None,
            upload: None,
            fetched: None,
            relay: None,
            client_gone: false,
        };
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            api.tasks.insert(request, task);
        }
        let operation = match ask {
            Ask::Put { name, body } => {
                let declared_bytes = body.declared.then_some(body.size_bytes);
                ApiOperation::Put { name: self.object_name(name), declared_bytes }
            }
            Ask::Get { name, selection } => ApiOperation::Get { name: self.object_name(name), selection },
            Ask::Delete { name } => ApiOperation::Delete { name: self.object_name(name) },
            Ask::Locate { name, collect } => ApiOperation::Locate { name: self.object_name(name), collect },
        };
        self.feed_api(node, ApiInput::Request { request, operation });
    }

    /// Begins to send the body of a request to a data server: once it is held whole, or as it comes.
    fn begin_upload(&mut self, asker: Party, request: RequestId, upload: Upload) {
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
            None if is_held => task.waiting = Some(upload),
            None => self.send_body(asker, request, &upload, false, false),
        }
    }

    fn send_body(&mut self, asker: Party, request: RequestId, upload: &Upload, is_held: bool, whole: bool) {
        let Some(body) = self.task(asker.node, request).and_then(|task| task.body) else { return };
        let body = PutBody { flaw: crate::plan::BodyFlaw::None, whole, ..body.body };
        let terms = upload.terms;
        let patience = if is_held { terms.held_patience } else { terms.streamed_patience };
        // The patience counts from the end of the request; a body that is passed on has its own time.
        let patience = whole.then(|| patience + self.body_time(body.size_bytes));
        let owner = Owner::Upload { request, upload: upload.upload };
        let ask = Ask::Put { name: upload.name, body };
        let exchange = self.open_exchange(asker, upload.target, ask, owner, patience);
        if let Some(task) = self.task(asker.node, request) {
            task.upload = Some((upload.upload, exchange));
        }
    }

    /// The body of a client's request has come to its end.
    pub(crate) fn api_body_ends(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let asker = Party { node, run: self.process(node).run };
        let Some(task) = self.task(node, request) else { return };
        if let Some(body) = &mut task.body {
            body.end = Some(end);
        }
        if let Some(waiting) = task.waiting.take() {
            self.hit(Point::BodyHeld);
            return self.begin_upload(asker, request, waiting);
        }
        let Some((upload, exchange)) = task.upload else { return };
        if end == BodyEnd::Whole {
            return self.streamed_body_is_whole(exchange);
        }
        self.hit(Point::StreamedBodyFault);
        self.abandon(exchange);
        if let Some(task) = self.task(node, request) {
            task.upload = None;
        }
        let outcome = UploadOutcome::BodyFault(body_fault(end));
        self.feed_api(node, ApiInput::Uploaded { upload, outcome });
    }

    /// The rest of a body that is being passed on is on its way to the data server.
    fn streamed_body_is_whole(&mut self, exchange: ExchangeId) {
        let delay = match self.exchanges.get(&exchange) {
            Some(open) => self.link_delay(open.asker.node, open.target),
            None => return,
        };
        let long_patience = self.api_config.long_patience;
        let Some(open) = self.exchanges.get_mut(&exchange) else { return };
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
        self.queue.push(self.now + delay + long_patience, Event::Exchange { exchange, step });
    }

    /// Passes the fetched body on to the client, or answers without one.
    fn begin_relay(&mut self, node: Node, request: RequestId, relay: OperationId, head: ObjectHead, body: RelayBody) {
        let asker = Party { node, run: self.process(node).run };
        let Some(task) = self.task(node, request) else { return };
        task.relay = Some(relay);
        let (client, fetched, client_gone) = (task.client, task.fetched, task.client_gone);
        let source = fetched.and_then(|fetched| self.exchanges.get(&fetched)).and_then(|open| open.body);
        let passed = source.and_then(|source| match body {
            RelayBody::None => None,
            RelayBody::All => Some(source),
            RelayBody::Cut { skip_bytes, length_bytes } => {
                Some(AnswerBody { first: source.first + skip_bytes, length_bytes, ..source })
            }
        });
        match (passed, fetched) {
            (Some(passed), Some(fetched)) if !client_gone => {
                self.answer(client, Answer::Object { head, body: Some(passed) });
                self.let_body_flow(fetched);
            }
            (_, fetched) => {
                if let Some(fetched) = fetched {
                    self.abandon(fetched);
                }
                self.answer(client, Answer::Object { head, body: None });
                let outcome = if client_gone { Err(RelayFailure::Client) } else { Ok(()) };
                self.forget_task(node, request);
                self.complete_api(asker, ApiInput::Relayed { relay, outcome });
            }
        }
    }

    /// All of the fetched body has come; so has the client, unless its connection breaks.
    pub(crate) fn api_got_body(&mut self, node: Node, request: RequestId) {
        let Some(task) = self.task(node, request) else { return };
        let (client, relay, client_gone) = (task.client, task.relay, task.client_gone);
        let fate = self.exchanges.get(&client).map(|open| (open.fate, open.asker.node));
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
            self.feed_api(node, ApiInput::Relayed { relay, outcome });
        }
    }

    fn relayed_body(&self, client: ExchangeId) -> Option<AnswerBody> {
        self.exchanges.get(&client).and_then(|open| open.body)
    }

    fn respond_api(&mut self, node: Node, request: RequestId, response: ApiResponse) {
        let Some(client) = self.task(node, request).map(|task| task.client) else { return };
        self.forget_task(node, request);
        let answer = match response {
            ApiResponse::Stored { checksum, .. } => {
                Answer::Stored { content: checksum.and_then(|checksum| super::content_of(checksum)) }
            }
            ApiResponse::Removed => Answer::Removed,
            ApiResponse::Located(server) => Answer::Located(vec![self.owner_of(&server)], Vec::new()),
            ApiResponse::AllLocated { holders, unanswered } => Answer::Located(
                holders.iter().map(|holder| self.owner_of(&holder.address)).collect(),
                unanswered.iter().map(|server| self.owner_of(server)).collect(),
            ),
            ApiResponse::Refused(refusal) => Answer::Refused(refusal),
        };
        self.answer(client, answer);
    }

    /// A client is gone. Whoever serves it notices at once, or when it writes to it: both happen.
    pub(crate) fn api_lost_client(&mut self, node: Node, request: RequestId) {
        let Some(task) = self.task(node, request) else { return };
        task.client_gone = true;
        if task.body.is_some_and(|body| body.end.is_none()) {
            return self.api_body_ends(node, request, BodyEnd::Broken);
        }
        let Some(task) = self.task(node, request) else { return };
        let (relay, fetched, upload) = (task.relay, task.fetched, task.upload);
        let at_once = self.chance.of(node, crate::chance::Purpose::Choice).bool();
        if let Some(relay) = relay {
            self.hit(Point::ClientLeftRelay);
            self.forget_task(node, request);
            if let Some(fetched) = fetched {
                self.abandon(fetched);
            }
            self.feed_api(node, ApiInput::Relayed { relay, outcome: Err(RelayFailure::Client) });
        } else if at_once {
            self.hit(Point::RequestGone);
            self.forget_task(node, request);
            for exchange in fetched.into_iter().chain(upload.map(|(_, exchange)| exchange)) {
                self.abandon(exchange);
            }
            self.feed_api(node, ApiInput::RequestGone { request });
        }
    }

    /// A data server has answered.
    pub(crate) fn api_answered(&mut self, node: Node, exchange: ExchangeId, owner: Owner, answer: Answer) {
        let input = match owner {
            Owner::Upload { request, upload } => self.upload_answered(node, request, upload, &answer),
            Owner::Fetch { request, fetch } => {
                if self.task(node, request).is_none() {
                    self.abandon(exchange);
                }
                self.fetch_answered(node, exchange, request, fetch, &answer)
            }
            Owner::Ask(ask) => {
                self.abandon(exchange);
                ApiInput::AnsweredDirectly { ask, answer: direct_answer(&answer) }
            }
            Owner::Remove(removal) => ApiInput::Removed { removal, outcome: remove_outcome(&answer) },
            Owner::Call(_) | Owner::Seed(_) => return,
        };
        self.feed_api(node, input);
    }

    fn upload_answered(&mut self, node: Node, request: RequestId, upload: OperationId, answer: &Answer) -> ApiInput {
        let task = self.task(node, request);
        let body = task.and_then(|task| {
            task.upload = None;
            task.body
        });
        let size_bytes = body.map_or(0, |body| body.body.size_bytes);
        let outcome = match answer {
            Answer::Stored { content } => {
                UploadOutcome::Stored { size_bytes, checksum: content.map(super::checksum_of) }
            }
            Answer::Removed | Answer::Located(..) | Answer::Object { .. } => UploadOutcome::Failed {
                failure: TransferFailure::Refused { status: 204 },
                resendable: body.is_some_and(|body| !body.gone),
            },
            Answer::Refused(_) | Answer::Status(_) => UploadOutcome::Failed {
                failure: failure_of(status_of(answer)),
                resendable: body.is_some_and(|body| !body.gone),
            },
        };
        ApiInput::Uploaded { upload, outcome }
    }

    fn fetch_answered(
        &mut self,
        node: Node,
        exchange: ExchangeId,
        request: RequestId,
        fetch: OperationId,
        answer: &Answer,
    ) -> ApiInput {
        let has_body = matches!(answer, Answer::Object { body: Some(_), .. });
        if let Some(task) = self.task(node, request) {
            task.fetched = has_body.then_some(exchange);
        }
        ApiInput::Fetched { fetch, outcome: fetch_outcome(answer) }
    }

    /// An exchange with a data server broke.
    pub(crate) fn api_exchange_broke(&mut self, node: Node, open: &Exchange, failure: TransferFailure) {
        let input = match open.owner {
            Owner::Upload { request, upload } => {
                let body = self.task(node, request).and_then(|task| {
                    task.upload = None;
                    task.body
                });
                let resendable = body.is_some_and(|body| !body.gone);
                ApiInput::Uploaded { upload, outcome: UploadOutcome::Failed { failure, resendable } }
            }
            Owner::Fetch { request, fetch } if open.answered => {
                return self.relay_broke(node, request, fetch, failure);
            }
            Owner::Fetch { fetch, .. } => ApiInput::Fetched { fetch, outcome: FetchOutcome::Failed(failure) },
            Owner::Ask(ask) => ApiInput::AnsweredDirectly { ask, answer: DirectAnswer::Failed(failure) },
            Owner::Remove(removal) => ApiInput::Removed { removal, outcome: RemoveOutcome::Failed(failure) },
            Owner::Call(_) | Owner::Seed(_) => return,
        };
        self.feed_api(node, input);
    }

    /// The body that is being passed on breaks off: so does the client's, and never looks whole.
    fn relay_broke(&mut self, node: Node, request: RequestId, _fetch: OperationId, failure: TransferFailure) {
        let Some(task) = self.task(node, request) else { return };
        let (client, relay) = (task.client, task.relay);
        self.hit(Point::RelayBroken);
        self.forget_task(node, request);
        self.break_later(client, "the data server broke off");
        if let Some(relay) = relay {
            let outcome = Err(RelayFailure::Server(failure));
            self.feed_api(node, ApiInput::Relayed { relay, outcome });
        }
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

    fn forget_task(&mut self, node: Node, request: RequestId) {
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            api.tasks.remove(&request);
        }
    }

    /// Completes an effect at once, but not within the step that caused it.
    fn complete_api(&mut self, asker: Party, input: ApiInput) {
        self.queue.push(self.now, Event::Api { node: asker.node, run: asker.run, input: Box::new(input) });
    }
}

fn body_fault(end: BodyEnd) -> BodyFault {
    match end {
        BodyEnd::WrongDigest => BodyFault::DigestMismatch(super::mismatch()),
        BodyEnd::Whole | BodyEnd::Broken => BodyFault::Broken { reason: "it was cut off".to_owned() },
    }
}

fn status_of(answer: &Answer) -> u16 {
    match answer {
        Answer::Refused(refusal) => refusal.status(),
        Answer::Status(status) => *status,
        Answer::Object { head, .. } => head.content.status(),
        Answer::Stored { .. } | Answer::Located(..) => 200,
        Answer::Removed => 204,
    }
}

const fn failure_of(status: u16) -> TransferFailure {
    match status {
        507 => TransferFailure::Full,
        status => TransferFailure::Refused { status },
    }
}

fn fetch_outcome(answer: &Answer) -> FetchOutcome {
    let Answer::Object { head, .. } = answer else {
        return match status_of(answer) {
            404 => FetchOutcome::Missing,
            status => FetchOutcome::Failed(failure_of(status)),
        };
    };
    let etag = head.etag;
    match head.content {
        Content::Whole { size_bytes } => FetchOutcome::Whole { size_bytes, etag },
        Content::Part { first, last, size_bytes } => FetchOutcome::Part { first, last, size_bytes, etag },
        Content::NotModified => FetchOutcome::NotModified { etag },
        Content::PreconditionFailed => FetchOutcome::PreconditionFailed,
        Content::Unsatisfiable { size_bytes } => FetchOutcome::Unsatisfiable { size_bytes },
    }
}

fn direct_answer(answer: &Answer) -> DirectAnswer {
    match (answer, status_of(answer)) {
        (Answer::Object { head: ObjectHead { content: Content::Whole { size_bytes }, etag }, .. }, _) => {
            DirectAnswer::Held { size_bytes: *size_bytes, checksum: etag.map(|etag| etag.checksum()) }
        }
        (_, 404) => DirectAnswer::NotHeld,
        (_, status) => DirectAnswer::Failed(TransferFailure::Refused { status }),
    }
}

fn remove_outcome(answer: &Answer) -> RemoveOutcome {
    match status_of(answer) {
        200 | 204 => RemoveOutcome::Removed,
        404 => RemoveOutcome::NotHeld,
        405 => RemoveOutcome::CannotDelete,
        status => RemoveOutcome::Failed(TransferFailure::Refused { status }),
    }
}
