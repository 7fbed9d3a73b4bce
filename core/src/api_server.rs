//! The API server: keeps track of who lives, finds objects, and has bodies moved between clients and data servers.
//!
//! Each request is a small machine of its own (`put`, `get`, `delete`, `locate_request`; the state table of each stands at the
//! top of its file); this one knows the members, runs the locate queries and hands each completion to the
//! request that waits for it.

mod context;
mod delete;
mod get;
mod locate_request;
mod locates;
pub mod messages;
mod put;
pub mod upkeep;
mod versions;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use self::context::Context;
use self::delete::Delete;
use self::get::Get;
use self::locate_request::LocateRequest;
use self::locates::{Answered, Locates};
use self::messages::versions::{BrokenRelay, VersionInput};
use self::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayFailure};
use self::put::Put;
use self::upkeep::report::UpkeepReport;
use self::upkeep::{Hands, Upkeep};
use self::versions::ask::AskCatalog;
use self::versions::get::GetVersion;
use self::versions::late_copies::LateCopies;
use self::versions::locate::LocateVersion;
use self::versions::put::PutVersion;
use self::versions::remove::RemoveVersion;
use crate::address::ServerAddress;
use crate::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute};
use crate::catalog::{CatalogAnswer, CatalogFailure};
use crate::config::{ApiConfig, ConfigError};
use crate::id::{Incarnation, OperationId, OperationIds, RequestId};
use crate::locate::LocateOutcome;
use crate::machine::{Effects, Machine};
use crate::membership::{Heard, Member, Membership};
use crate::refusal::Refusal;
use crate::time::Instant;
use crate::transfer::{FetchOutcome, RemoveOutcome, UploadOutcome};
use crate::wire::{Heartbeat, Hello};

/// The machine of one API server.
#[derive(Debug, Clone)]
pub struct ApiServer {
    config: ApiConfig,
    ids: OperationIds,
    membership: Membership,
    locates: Locates,
    requests: BTreeMap<RequestId, Work>,
    waiting: BTreeMap<OperationId, RequestId>,
    late_copies: LateCopies,
    upkeep: Option<Box<Upkeep>>,
    counters: ApiCounters,
}

/// What an API server has counted since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApiCounters {
    /// Heartbeats heard.
    pub heartbeats: u64,
    /// Heartbeats dropped because as many data servers as allowed are known.
    pub heartbeats_dropped: u64,
    /// Data servers that joined, or came back after they were forgotten.
    pub joined: u64,
    /// Data servers forgotten after their silence.
    pub expired: u64,
    /// Locate queries begun.
    pub queries: u64,
    /// Answers that counted.
    pub answers: u64,
    /// Answers of queries that had ended, or of nobody knows what; dropped.
    pub stray_answers: u64,
    /// Messages that were not what their queue carries; dropped.
    pub malformed_messages: u64,
    /// Data servers asked over HTTP because they were silent on the bus.
    pub direct_asks: u64,
    /// Requests refused because too many were being served.
    pub requests_busy: u64,
}

#[derive(Debug, Clone)]
enum Work {
    Put(Put),
    Get(Get),
    Delete(Delete),
    Locate(LocateRequest),
    PutVersion(Box<PutVersion>),
    GetVersion(Box<GetVersion>),
    LocateVersion(LocateVersion),
    RemoveVersion(RemoveVersion),
    AskCatalog(AskCatalog),
}

/// The completion of something that a request waits for.
enum Completion {
    Located(LocateOutcome),
    Uploaded(UploadOutcome),
    Fetched(FetchOutcome),
    Relayed(Result<(), RelayFailure>),
    Removed(RemoveOutcome),
    Catalogued(Result<CatalogAnswer, CatalogFailure>),
    RelayedBlob(Result<(), BrokenRelay>),
}

impl ApiServer {
    /// An API server that knows nobody yet. `incarnation` must be another at each start of the process.
    ///
    /// # Errors
    /// If the settings cannot be.
    pub fn new(config: ApiConfig, incarnation: Incarnation) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            ids: OperationIds::new(incarnation),
            membership: Membership::new(config.timing.expiry(), config.max_members),
            locates: Locates::new(&config),
            requests: BTreeMap::new(),
            waiting: BTreeMap::new(),
            late_copies: LateCopies::default(),
            upkeep: config.upkeep.as_ref().map(|upkeep| Box::new(Upkeep::new(&config, upkeep))),
            counters: ApiCounters::default(),
            config,
        })
    }

    /// Which run of the process this is.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.ids.incarnation()
    }

    /// Its settings.
    #[must_use]
    pub const fn config(&self) -> &ApiConfig {
        &self.config
    }

    /// Who lives.
    #[must_use]
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// What has been counted since the start.
    #[must_use]
    pub const fn counters(&self) -> ApiCounters {
        ApiCounters { direct_asks: self.locates.direct_asks(), ..self.counters }
    }

    /// Whether a PUT could succeed now: some data server lives that takes objects.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.membership.members().any(|(_, member)| member.accepts_writes())
    }

    /// How many requests are being served.
    #[must_use]
    pub fn requests_under_way(&self) -> usize {
        self.requests.len()
    }

    /// How many locate queries are under way.
    #[must_use]
    pub fn queries_under_way(&self) -> usize {
        self.locates.len()
    }

    /// How many copies are being sent whose requests are answered.
    #[must_use]
    pub fn late_copies_under_way(&self) -> usize {
        self.late_copies.len()
    }

    /// How the copies of what is stored are, as far as this server has counted them; `None` without a catalog.
    #[must_use]
    pub fn upkeep(&self) -> Option<UpkeepReport> {
        self.upkeep.as_ref().map(|upkeep| upkeep.report(&self.config))
    }

    fn bus_event(&mut self, now: Instant, event: BusEvent, effects: &mut Effects<ApiEffect>) {
        match event {
            BusEvent::Up => {
                self.membership.bus_up(now);
                self.locates.bus_up(now);
                self.keep_up(now, effects, |upkeep, hands| upkeep.bus_up(hands.now));
                let message = Hello { incarnation: self.incarnation() }.to_message();
                effects.push(ApiEffect::Bus(BusCommand::Query { route: ReplyRoute::Shared, message }));
            }
            BusEvent::Down => {
                self.membership.bus_down(now);
                self.locates.bus_down(now);
                self.keep_up(now, effects, |upkeep, _| upkeep.bus_down());
            }
            BusEvent::Heartbeat(message) => self.heard(now, &message),
            BusEvent::Answer { route, message } => self.answered(now, route, &message),
            BusEvent::Query(_) => self.counters.malformed_messages += 1,
        }
    }

    fn heard(&mut self, now: Instant, message: &BusMessage) {
        let Ok(heartbeat) = Heartbeat::parse(message) else {
            self.counters.malformed_messages += 1;
            return;
        };
        self.counters.heartbeats += 1;
        let address = heartbeat.address.clone();
        let was_draining = self.is_draining(&address);
        let has_changed = match self.membership.heard(now, heartbeat) {
            Heard::Joined => {
                self.counters.joined += 1;
                true
            }
            Heard::Restarted => true,
            Heard::Renewed => self.is_draining(&address) != was_draining,
            Heard::TooMany => {
                self.counters.heartbeats_dropped += 1;
                false
            }
        };
        if let Some(upkeep) = self.upkeep.as_mut().filter(|_| has_changed) {
            upkeep.changed(&address);
        }
    }

    fn is_draining(&self, address: &ServerAddress) -> bool {
        self.membership.member(address).is_some_and(Member::is_draining)
    }

    fn answered(&mut self, now: Instant, route: ReplyRoute, message: &BusMessage) {
        match self.locates.answered(now, route, message) {
            Answered::Counted => self.counters.answers += 1,
            Answered::Malformed => self.counters.malformed_messages += 1,
            Answered::Stray => self.counters.stray_answers += 1,
        }
    }

    fn requested(
        &mut self,
        now: Instant,
        request: RequestId,
        operation: ApiOperation,
        effects: &mut Effects<ApiEffect>,
    ) {
        assert!(!self.requests.contains_key(&request), "the driver numbers each request anew");
        // What is still being sent for requests that are answered takes memory and connections, too.
        if self.requests.len() + self.late_copies.len() >= self.config.max_requests {
            self.counters.requests_busy += 1;
            effects.push(ApiEffect::Respond { request, response: ApiResponse::Refused(Refusal::Busy) });
            return;
        }
        let mut context = self.context(now, effects);
        let work = match operation {
            ApiOperation::Put { name, declared_bytes } => {
                let mut put = Put::new(request, name, declared_bytes);
                put.upload(&mut context);
                Work::Put(put)
            }
            ApiOperation::Get { name, selection } => {
                let mut get = Get::new(request, name, selection);
                get.locate(&mut context);
                Work::Get(get)
            }
            ApiOperation::Delete { name } => {
                let delete = Delete::new(request, name);
                delete.locate(&mut context);
                Work::Delete(delete)
            }
            ApiOperation::Locate { name, collect } => {
                Work::Locate(LocateRequest::begin(request, &name, collect, &mut context))
            }
            ApiOperation::Version(operation) => versions::begin(request, operation, &mut context),
        };
        if !context.answered {
            self.requests.insert(request, work);
        }
    }

    fn completed(&mut self, now: Instant, id: OperationId, completion: Completion, effects: &mut Effects<ApiEffect>) {
        let Some(request) = self.waiting.remove(&id) else {
            return;
        };
        let Some(mut work) = self.requests.remove(&request) else {
            return;
        };
        let mut context = self.context(now, effects);
        match (&mut work, completion) {
            (Work::Put(put), Completion::Uploaded(outcome)) => put.uploaded(outcome, &mut context),
            (Work::Get(get), Completion::Located(outcome)) => get.located(outcome, &mut context),
            (Work::Get(get), Completion::Fetched(outcome)) => get.fetched(outcome, &mut context),
            (Work::Get(get), Completion::Relayed(outcome)) => {
                get.relayed(outcome, &mut context);
                context.answered = true;
            }
            (Work::Delete(delete), Completion::Located(outcome)) => delete.located(outcome, &mut context),
            (Work::Delete(delete), Completion::Removed(outcome)) => delete.removed(id, outcome, &mut context),
            (Work::Locate(locate), Completion::Located(outcome)) => locate.located(outcome, &mut context),
            (Work::PutVersion(put), Completion::Uploaded(outcome)) => put.uploaded(id, outcome, &mut context),
            (Work::PutVersion(put), Completion::Catalogued(outcome)) => put.catalogued(outcome, &mut context),
            (Work::GetVersion(get), Completion::Catalogued(outcome)) => get.catalogued(outcome, &mut context),
            (Work::GetVersion(get), Completion::Located(outcome)) => get.located(outcome, &mut context),
            (Work::GetVersion(get), Completion::Fetched(outcome)) => get.fetched(outcome, &mut context),
            (Work::GetVersion(get), Completion::RelayedBlob(outcome)) => {
                context.answered = get.relayed(outcome, &mut context) || context.answered;
            }
            (Work::LocateVersion(locate), Completion::Catalogued(outcome)) => locate.catalogued(outcome, &mut context),
            (Work::LocateVersion(locate), Completion::Located(outcome)) => locate.located(outcome, &mut context),
            (Work::RemoveVersion(remove), Completion::Catalogued(outcome)) => remove.catalogued(outcome, &mut context),
            (Work::AskCatalog(ask), Completion::Catalogued(outcome)) => ask.catalogued(outcome, &mut context),
            (
                Work::Put(_)
                | Work::Get(_)
                | Work::Delete(_)
                | Work::Locate(_)
                | Work::PutVersion(_)
                | Work::GetVersion(_)
                | Work::LocateVersion(_)
                | Work::RemoveVersion(_)
                | Work::AskCatalog(_),
                _,
            ) => {
                unreachable!("a completion belongs to the request that its effect was made for")
            }
        }
        if !context.answered {
            self.requests.insert(request, work);
        }
    }

    fn answered_directly(&mut self, now: Instant, ask: OperationId, answer: crate::transfer::DirectAnswer) {
        if let Some(failed) = self.locates.answered_directly(ask, answer) {
            self.membership.suspect(now, &failed);
        }
    }

    fn catalogued(
        &mut self,
        now: Instant,
        ask: OperationId,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        effects: &mut Effects<ApiEffect>,
    ) {
        if self.upkeep.as_ref().is_some_and(|upkeep| upkeep.waits_for(ask)) {
            self.keep_up(now, effects, |upkeep, hands| upkeep.catalogued(ask, outcome, hands));
        } else {
            self.completed(now, ask, Completion::Catalogued(outcome), effects);
        }
    }

    fn request_gone(&mut self, request: RequestId, effects: &mut Effects<ApiEffect>) {
        self.requests.remove(&request);
        let awaited: Vec<_> = self.waiting.iter().filter(|(_, waits)| **waits == request).map(|(id, _)| *id).collect();
        for id in awaited {
            self.waiting.remove(&id);
            self.locates.cancel(id, effects);
        }
    }

    /// Lets every timer fire that is due, until none is.
    fn fire_timers(&mut self, now: Instant, effects: &mut Effects<ApiEffect>) {
        for expired in self.membership.expire(now) {
            self.counters.expired += 1;
            self.keep_up(now, effects, |upkeep, hands| upkeep.expired(hands.now, expired));
        }
        self.keep_up(now, effects, |upkeep, hands| upkeep.wake(hands));
        loop {
            let ended = self.locates.wake(now, &self.membership, &mut self.ids, effects);
            if ended.is_empty() {
                return;
            }
            for ended in ended {
                self.completed(now, ended.query, Completion::Located(ended.outcome), effects);
            }
        }
    }

    /// Lets the upkeep do something, if there is one.
    fn keep_up<T>(
        &mut self,
        now: Instant,
        effects: &mut Effects<ApiEffect>,
        what: impl FnOnce(&mut Upkeep, &mut Hands<'_>) -> T,
    ) -> Option<T> {
        let upkeep = self.upkeep.as_deref_mut()?;
        let (config, ids, membership) = (&self.config, &mut self.ids, &self.membership);
        Some(what(upkeep, &mut Hands { now, config, ids, membership, effects }))
    }

    fn context<'a>(&'a mut self, now: Instant, effects: &'a mut Effects<ApiEffect>) -> Context<'a> {
        Context {
            now,
            config: &self.config,
            ids: &mut self.ids,
            membership: &mut self.membership,
            locates: &mut self.locates,
            waiting: &mut self.waiting,
            late_copies: &mut self.late_copies,
            upkeep: self.upkeep.as_deref_mut(),
            answered: false,
            counters: &mut self.counters,
            effects,
        }
    }
}

impl Machine for ApiServer {
    type Input = ApiInput;
    type Effect = ApiEffect;

    fn deadline_reached() -> ApiInput {
        ApiInput::DeadlineReached
    }

    fn handle(&mut self, now: Instant, input: ApiInput, effects: &mut Effects<ApiEffect>) {
        self.fire_timers(now, effects);
        match input {
            ApiInput::DeadlineReached => {}
            ApiInput::Bus(event) => self.bus_event(now, event, effects),
            ApiInput::Request { request, operation } => self.requested(now, request, operation, effects),
            ApiInput::RequestGone { request } => self.request_gone(request, effects),
            ApiInput::AnsweredDirectly { ask, answer } => self.answered_directly(now, ask, answer),
            ApiInput::Uploaded { upload, outcome } => {
                if !self.context(now, effects).late_copy_ended(upload, &outcome) {
                    self.completed(now, upload, Completion::Uploaded(outcome), effects);
                }
            }
            ApiInput::Version(VersionInput::Catalogued { ask, outcome }) => self.catalogued(now, ask, outcome, effects),
            ApiInput::Upkeep(input) => {
                self.keep_up(now, effects, |upkeep, hands| upkeep.heard(input, hands));
            }
            ApiInput::Version(VersionInput::Relayed { relay, outcome }) => {
                self.completed(now, relay, Completion::RelayedBlob(outcome), effects);
            }
            ApiInput::Fetched { fetch, outcome } => self.completed(now, fetch, Completion::Fetched(outcome), effects),
            ApiInput::Relayed { relay, outcome } => self.completed(now, relay, Completion::Relayed(outcome), effects),
            ApiInput::Removed { removal, outcome } => {
                let of_upkeep = self.keep_up(now, effects, |upkeep, hands| upkeep.removed(removal, &outcome, hands));
                if of_upkeep != Some(true) {
                    self.completed(now, removal, Completion::Removed(outcome), effects);
                }
            }
        }
        self.fire_timers(now, effects);
        assert!(self.waiting.len() >= self.requests.len(), "each request waits for a completion");
        assert!(!self.locates.has_unseen_changes(), "what has changed is acted on in the same step");
        assert!(self.next_deadline().is_none_or(|deadline| deadline > now), "due timers have fired");
    }

    fn next_deadline(&self) -> Option<Instant> {
        let upkeep = self.upkeep.as_ref().and_then(|upkeep| upkeep.next_deadline());
        [self.membership.next_deadline(), self.locates.next_deadline(), upkeep].into_iter().flatten().min()
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one variant that it expects")]
mod tests;
