//! An API server of ours: its machine, and what carries out what the machine wants done. It does what
//! `runtime-smol/src/api` does, on exchanges in place of sockets.

mod outcomes;
mod relay;
mod upload;
mod versions;

use lode_core::api_server::ApiServer;
use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayFailure, UploadTerms};
use lode_core::bus::BusEvent;
use lode_core::id::{OperationId, RequestId};
use lode_core::locate::Probe;
use lode_core::machine::{Effects, Machine as _};
use lode_core::select::Selection;
use lode_core::transfer::{DirectAnswer, FetchOutcome, RemoveOutcome, TransferFailure, UploadOutcome};

use self::versions::{VersionedTask, relayed};
use super::World;
use super::exchange::{Answer, Ask, BodyEnd, Exchange, ExchangeId, Owner, Party, PutBody};
use super::queue::Event;
use super::watch::{ApiWatch, Noticed};
use super::window::Window;
use crate::assertion;
use crate::coverage::Point;
use crate::history::NameId;
use crate::node::Node;
use crate::trace::Record;

/// One API server.
#[derive(Debug, Default)]
pub(crate) struct ApiNode {
    pub(crate) machine: Option<ApiServer>,
    /// Taken out for each step; empty before the first one.
    pub(crate) watch: Option<Box<ApiWatch>>,
    tasks: Window<Task>,
}

/// What serves one request.
#[derive(Debug)]
struct Task {
    client: ExchangeId,
    body: Option<ClientBody>,
    /// The uploads that wait until the body is held whole. Without a catalog there is one at a time.
    waiting: Vec<Upload>,
    /// The uploads under way.
    uploads: Vec<(OperationId, ExchangeId)>,
    /// What was fetched and has a body that is still to come.
    fetched: Option<ExchangeId>,
    relay: Option<OperationId>,
    client_gone: bool,
    /// What belongs to requests about versions alone.
    versioned: Option<VersionedTask>,
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
        self.apis.get_mut(slot)?.tasks.get_mut(request.0)
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
            ApiEffect::Version(effect) => self.carry_out_version(asker, effect),
            ApiEffect::Upkeep(_) => super::no_upkeep(),
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
        match self.exchanges.get(client.0).map(|open| &open.ask) {
            Some(Ask::Get { selection, .. }) => selection.clone(),
            Some(Ask::Put { .. } | Ask::Delete { .. } | Ask::Locate { .. } | Ask::Versioned(_)) | None => {
                Selection::default()
            }
        }
    }

    /// A client's request has come in.
    pub(crate) fn api_accepts(&mut self, node: Node, exchange: ExchangeId, request: RequestId) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let ask = open.ask.clone();
        let body = match &ask {
            Ask::Put { body, .. } => Some(ClientBody { body: *body, end: None, gone: false }),
            Ask::Get { .. } | Ask::Delete { .. } | Ask::Locate { .. } | Ask::Versioned(_) => None,
        };
        let task = Task {
            client: exchange,
            body,
            waiting: Vec::new(),
            uploads: Vec::new(),
            fetched: None,
            relay: None,
            client_gone: false,
            versioned: self.has_catalog().then(VersionedTask::default),
        };
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            api.tasks.insert(request.0, task);
        }
        let operation = match ask {
            Ask::Put { name, body, only_if } if self.has_catalog() => self.put_of_version(name, &body, only_if),
            Ask::Put { name, body, .. } => {
                let declared_bytes = body.declared.then_some(body.size_bytes);
                ApiOperation::Put { name: self.object_name(name), declared_bytes }
            }
            Ask::Get { name, selection } => ApiOperation::Get { name: self.object_name(name), selection },
            Ask::Delete { name } => ApiOperation::Delete { name: self.object_name(name) },
            Ask::Locate { name, collect } => ApiOperation::Locate { name: self.object_name(name), collect },
            Ask::Versioned(asked) => self.version_operation(asked),
        };
        self.feed_api(node, ApiInput::Request { request, operation });
    }

    fn respond_api(&mut self, node: Node, request: RequestId, response: ApiResponse) {
        let answer = match response {
            ApiResponse::Stored { checksum, .. } => {
                Answer::Stored { content: checksum.and_then(super::content_of), version: None }
            }
            ApiResponse::Version(response) => return self.respond_version(node, request, response),
            ApiResponse::Removed => Answer::Removed,
            ApiResponse::Located(server) => Answer::Located(vec![self.owner_of(&server)], Vec::new()),
            ApiResponse::AllLocated { holders, unanswered } => Answer::Located(
                holders.iter().map(|holder| self.owner_of(&holder.address)).collect(),
                unanswered.iter().map(|server| self.owner_of(server)).collect(),
            ),
            ApiResponse::Refused(refusal) => Answer::Refused(refusal),
        };
        self.end_request(node, request, answer);
    }

    /// A client is gone. Whoever serves it notices at once, or when it writes to it: both happen.
    pub(crate) fn api_lost_client(&mut self, node: Node, request: RequestId) {
        let Some(task) = self.task(node, request) else { return };
        task.client_gone = true;
        if task.body.is_some_and(|body| body.end.is_none()) {
            return self.api_body_ends(node, request, BodyEnd::Broken);
        }
        let Some(task) = self.task(node, request) else { return };
        let (relay, fetched, is_versioned) = (task.relay, task.fetched, task.versioned.is_some());
        // Those of versions are tasks of their own once the body has been taken.
        let uploads = if is_versioned { Vec::new() } else { task.uploads.clone() };
        let at_once = self.chance.of(node, crate::chance::Purpose::Choice).bool();
        if let Some(relay) = relay {
            self.hit(Point::ClientLeftRelay);
            self.forget_task(node, request);
            if let Some(fetched) = fetched {
                self.abandon(fetched);
            }
            self.feed_api(node, relayed(relay, Err(RelayFailure::Client), is_versioned));
        } else if at_once {
            self.hit(Point::RequestGone);
            self.forget_task(node, request);
            for exchange in fetched.into_iter().chain(uploads.into_iter().map(|(_, exchange)| exchange)) {
                self.abandon(exchange);
            }
            self.feed_api(node, ApiInput::RequestGone { request });
        }
    }

    /// A data server has answered.
    pub(crate) fn api_answered(
        &mut self,
        node: Node,
        exchange: ExchangeId,
        owner: Owner,
        sent: Option<PutBody>,
        answer: Answer,
    ) {
        let input = match owner {
            Owner::Upload { request, upload } => {
                let input = self.upload_answered(node, request, upload, sent, &answer);
                self.feed_api(node, input);
                return self.end_held_back_request(node, request);
            }
            Owner::Fetch { request, fetch } => {
                if self.task(node, request).is_none() {
                    self.abandon(exchange);
                }
                self.fetch_answered(node, exchange, request, fetch, &answer)
            }
            Owner::Ask(ask) => {
                self.abandon(exchange);
                ApiInput::AnsweredDirectly { ask, answer: outcomes::direct_answer(&answer) }
            }
            Owner::Remove(removal) => ApiInput::Removed { removal, outcome: outcomes::remove_outcome(&answer) },
            Owner::Marker(upload) => ApiInput::Uploaded { upload, outcome: outcomes::marker_outcome(&answer) },
            Owner::Call(_) | Owner::Seed(_) => return,
        };
        self.feed_api(node, input);
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
        if self.task(node, request).is_some_and(|task| task.versioned.is_some()) {
            return self.version_fetched(node, exchange, request, fetch, answer);
        }
        if let Some(task) = self.task(node, request) {
            task.fetched = has_body.then_some(exchange);
        }
        ApiInput::Fetched { fetch, outcome: outcomes::fetch_outcome(answer) }
    }

    /// An exchange with a data server broke.
    pub(crate) fn api_exchange_broke(&mut self, node: Node, open: &Exchange, failure: TransferFailure) {
        let input = match open.owner {
            Owner::Upload { request, upload } => {
                let resendable = self.upload_ended(node, request, upload);
                let outcome = UploadOutcome::Failed { failure, resendable };
                self.feed_api(node, ApiInput::Uploaded { upload, outcome });
                return self.end_held_back_request(node, request);
            }
            Owner::Fetch { request, .. } if open.answered => return self.relay_broke(node, request, open, failure),
            Owner::Fetch { fetch, .. } => ApiInput::Fetched { fetch, outcome: FetchOutcome::Failed(failure) },
            Owner::Ask(ask) => ApiInput::AnsweredDirectly { ask, answer: DirectAnswer::Failed(failure) },
            Owner::Remove(removal) => ApiInput::Removed { removal, outcome: RemoveOutcome::Failed(failure) },
            Owner::Marker(upload) => {
                ApiInput::Uploaded { upload, outcome: UploadOutcome::Failed { failure, resendable: true } }
            }
            Owner::Call(_) | Owner::Seed(_) => return,
        };
        self.feed_api(node, input);
    }

    fn forget_task(&mut self, node: Node, request: RequestId) {
        let slot = self.slot(node);
        if let Some(api) = self.apis.get_mut(slot) {
            api.tasks.remove(request.0);
        }
    }

    /// Completes an effect at once, but not within the step that caused it.
    fn complete_api(&mut self, asker: Party, input: ApiInput) {
        self.queue.push(self.now, Event::Api { node: asker.node, run: asker.run, input: Box::new(input) });
    }
}
