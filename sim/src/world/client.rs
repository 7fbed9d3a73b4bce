//! Clients: they do what the plan says, and note what they are told.

use std::time::Duration;

use lode_core::catalog::{CatalogAnswer, State};
use lode_core::locate::Collect;
use lode_core::range::ByteRange;
use lode_core::select::{Content, Selection};

use super::World;
use super::exchange::{Answer, AnswerBody, Ask, ExchangeId, Owner, Party, PutBody, VersionedAsk};
use super::queue::{Event, Lane};
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::history::{Asked, Body, Call, ContentId, NameId, Outcome, Required};
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, Condition, Operation};
use crate::trace::MarkKind;

impl World<'_> {
    /// A client does what the plan says.
    pub(crate) fn client_acts(&mut self, index: usize) {
        let plan = self.plan;
        if let Some(operation) = plan.operations.get(index) {
            self.begin_call(Some(index), operation);
        }
    }

    /// A client asks something.
    pub(crate) fn begin_call(&mut self, index: Option<usize>, operation: &Operation) {
        let name = NameId(operation.name.into());
        let content = ContentId(index.and_then(|index| u32::try_from(index).ok()).unwrap_or(u32::MAX));
        let (asked, ask) = asked(name, content, &operation.action);
        let only_if = operation.only_if.map(|condition| self.required(name, condition));
        let version = operation.version;
        let ask = if self.has_catalog() { versioned(ask, &asked, only_if, version) } else { ask };
        let call = self.history.calls.len();
        let (client, server, began) = (operation.client, operation.server, self.now);
        self.mark(client, MarkKind::OperationBegan, || format!("call {call} to {server}: {}", super::label::ask(&ask)));
        self.open_calls += 1;
        self.history.calls.push(Call {
            operation: index,
            client,
            server,
            name,
            asked,
            only_if,
            version,
            began,
            ended: None,
            outcome: Outcome::Pending,
            told_version: None,
        });
        if matches!(server, Node::SeedApi(_) | Node::SeedData(_)) && matches!(asked, Asked::Put { .. }) {
            self.taint(name);
        }
        let asker = Party { node: client, run: 0 };
        let exchange = self.open_exchange(asker, server, ask, Owner::Call(call), None);
        self.client_exchanges.push(Some(exchange));
        let patience = self.client_patience(call, &operation.action);
        self.queue.push_in_lane(Lane::Patience, self.now + patience, Event::GivesUp(call));
    }

    /// How long the client waits; one that hangs up does so soon.
    fn client_patience(&mut self, call: usize, action: &Action) -> Duration {
        let hangs_up = matches!(action, Action::Get { hangs_up: true, .. });
        if !hangs_up {
            return self.longest_request;
        }
        self.client_hangs_up.push(call);
        let client = self.history.calls.get(call).map_or(Node::Client(1), |call| call.client);
        let most = self.plan.pace.link_us.1.saturating_mul(8).max(2);
        Duration::from_micros(self.chance.of(client, Purpose::Choice).u64(1..most))
    }

    /// A client's patience is over.
    pub(crate) fn client_gives_up(&mut self, call: usize) {
        let hangs_up = self.client_hangs_up.contains(&call);
        if self.end_call(call, if hangs_up { Outcome::HungUp } else { Outcome::Unknown }) {
            self.hit(Point::ClientHungUp);
            if !hangs_up {
                let patience = self.longest_request;
                let server = self.history.calls.get(call).map_or(Node::Broker, |call| call.server);
                self.violated("answered_in_time", server, format!("call {call} was not answered within {patience:?}"));
            }
            if let Some(exchange) = self.client_exchanges.get(call).copied().flatten() {
                self.abandon(exchange);
            }
        }
    }

    /// Its own body was cut off: it knows nothing of what became of it.
    pub(crate) fn client_lost(&mut self, call: usize) {
        self.end_call(call, Outcome::Unknown);
    }

    /// The head of the answer is there.
    pub(crate) fn client_answered(&mut self, call: usize, exchange: ExchangeId, answer: Answer) {
        let head_only = self.history.calls.get(call).is_some_and(|call| matches!(call.asked, Asked::Head));
        if let Some(call) = self.history.calls.get_mut(call) {
            call.told_version = told_version(&answer);
        }
        let outcome = match answer {
            Answer::Stored { .. } => Outcome::Stored,
            Answer::Removed | Answer::Deleted { .. } => Outcome::Removed,
            Answer::Catalogued(answer) => self.catalogued(&answer),
            Answer::Located(holders, unanswered) => Outcome::Located { holders, unanswered },
            Answer::Refused(refusal) if refusal.status() == 404 => Outcome::Missing,
            Answer::Refused(refusal) => Outcome::Refused { status: refusal.status(), code: refusal.code() },
            Answer::Status(404) => Outcome::Missing,
            Answer::Status(status) => Outcome::Refused { status, code: "seed" },
            Answer::Object { body: Some(body), head, .. } => {
                // The rest comes from whom it was asked of; an API server passes it on as it gets it.
                let size_bytes = size_of(&head.content);
                self.announced.insert(call, size_bytes);
                if matches!(
                    self.history.calls.get(call).map(|call| call.server),
                    Some(Node::Data(_) | Node::SeedData(_))
                ) {
                    self.let_body_flow(exchange);
                }
                let _kept_for_later = body;
                return;
            }
            Answer::Object { body: None, head, .. } => match head.content {
                Content::Whole { size_bytes } if head_only => {
                    let content = head.etag.and_then(|etag| super::content_of(etag.checksum()));
                    Outcome::Described { size_bytes, content }
                }
                Content::Unsatisfiable { size_bytes } => Outcome::Unsatisfiable { size_bytes },
                Content::Whole { .. } | Content::Part { .. } | Content::NotModified | Content::PreconditionFailed => {
                    Outcome::Unknown
                }
            },
        };
        self.end_call(call, outcome);
    }

    /// The body has come whole.
    pub(crate) fn client_got_body(&mut self, call: usize, body: Option<AnswerBody>) {
        let size_bytes = self.announced.remove(&call).flatten();
        let Some(AnswerBody { content, first, length_bytes, .. }) = body else { return };
        self.end_call(call, Outcome::Body(Body { content, first, length_bytes, size_bytes }));
    }

    /// The connection broke.
    pub(crate) fn client_broke(&mut self, call: usize, answered: bool) {
        self.announced.remove(&call);
        self.end_call(call, if answered { Outcome::CutBody } else { Outcome::Unknown });
    }

    /// Notes the outcome of a call; `false` if it had one already.
    fn end_call(&mut self, index: usize, outcome: Outcome) -> bool {
        let now = self.now;
        let Some(call) = self.history.calls.get_mut(index).filter(|call| call.ended.is_none()) else { return false };
        call.ended = Some(now);
        self.open_calls -= 1;
        call.outcome = outcome;
        let (client, told) = (call.client, call.outcome.clone());
        self.cover_outcome(&told);
        self.mark(client, MarkKind::OperationEnded, || format!("call {index}: {told}"));
        true
    }

    /// What a condition of the plan requires now.
    fn required(&self, name: NameId, condition: Condition) -> Required {
        match condition {
            Condition::Absent => Required::Absent,
            Condition::Present => Required::Present,
            Condition::Unchanged => {
                let mut told = self.history.calls.iter().rev().filter(|call| call.name == name);
                Required::Content(told.find_map(content_told))
            }
        }
    }

    /// What the catalog's answer tells a client.
    fn catalogued(&self, answer: &CatalogAnswer) -> Outcome {
        let content_of = |state: &State| match state {
            State::Object(stored) => super::content_of(stored.checksum),
            State::Tombstone => None,
        };
        match answer {
            CatalogAnswer::Versions(records) => Outcome::Versions(
                records.iter().map(|record| (record.version.number(), content_of(&record.state))).collect(),
            ),
            CatalogAnswer::Listed(Some(page)) => Outcome::Listed {
                objects: page
                    .objects
                    .iter()
                    .map(|listed| {
                        let content = super::content_of(listed.checksum);
                        (self.name_of_key(&listed.key), listed.version.number(), content)
                    })
                    .collect(),
                next: page.next.as_ref().and_then(|next| next.parse().ok()).map(|key| self.name_of_key(&key)),
            },
            CatalogAnswer::Listed(None) => Outcome::Missing,
            CatalogAnswer::Written(_)
            | CatalogAnswer::PreconditionFailed
            | CatalogAnswer::NothingToDelete
            | CatalogAnswer::Condemned
            | CatalogAnswer::NoSuchBucket
            | CatalogAnswer::Removed(_)
            | CatalogAnswer::Found(_)
            | CatalogAnswer::Settled(_)
            | CatalogAnswer::Blobs(_)
            | CatalogAnswer::Garbage(_)
            | CatalogAnswer::Claimed(_)
            | CatalogAnswer::Uploaders(_)
            | CatalogAnswer::Forgotten(_)
            | CatalogAnswer::Retired(_)
            | CatalogAnswer::Buckets(_)
            | CatalogAnswer::Done => Outcome::Unknown,
        }
    }

    pub(crate) fn taint(&mut self, name: NameId) {
        if !self.history.tainted.contains(&name) {
            self.history.tainted.push(name);
        }
    }
}

fn asked(name: NameId, content: ContentId, action: &Action) -> (Asked, Ask) {
    match *action {
        Action::Put { size_bytes, declared, flaw } => {
            // A body that stands still for too long is given up by the server; one that is cut off is not whole.
            let sound = !matches!(flaw, BodyFlaw::Cut | BodyFlaw::WrongDigest);
            let body = PutBody { content, size_bytes, declared, flaw, whole: true };
            (Asked::Put { content, size_bytes, sound }, Ask::Put { name, body, only_if: None })
        }
        Action::Get { range, .. } => {
            let wanted = range.and_then(|(first, last)| ByteRange::between(first, last));
            let selection = Selection { range: wanted, ..Selection::default() };
            (Asked::Get { range }, Ask::Get { name, selection })
        }
        Action::Head => {
            (Asked::Head, Ask::Get { name, selection: Selection { head_only: true, ..Selection::default() } })
        }
        Action::Delete => (Asked::Delete, Ask::Delete { name }),
        Action::Locate { all } => {
            let collect = if all { Collect::All } else { Collect::First };
            (Asked::Locate { all }, Ask::Locate { name, collect })
        }
        Action::Versions => (Asked::Versions, Ask::Versioned(VersionedAsk::Versions { name })),
        Action::List { limit, after } => {
            let behind = after.then_some(name);
            (Asked::List { limit, after }, Ask::Versioned(VersionedAsk::List { behind, limit }))
        }
    }
}

/// What is asked, as an API server is asked that has a catalog.
fn versioned(ask: Ask, asked: &Asked, only_if: Option<Required>, version: Option<u64>) -> Ask {
    match (ask, version) {
        (Ask::Put { name, body, .. }, _) => Ask::Put { name, body, only_if },
        (Ask::Get { name, selection }, version) => Ask::Versioned(VersionedAsk::Get { name, selection, version }),
        (Ask::Delete { name }, None) => Ask::Versioned(VersionedAsk::Delete { name, only_if }),
        (Ask::Delete { name }, Some(version)) => Ask::Versioned(VersionedAsk::Remove { name, version }),
        (ask @ Ask::Versioned(_), _) => ask,
        (Ask::Locate { .. }, _) => unreachable!("a plan with a catalog has no {asked:?}"),
    }
}

const fn told_version(answer: &Answer) -> Option<u64> {
    match answer {
        Answer::Stored { version, .. } | Answer::Object { version, .. } => *version,
        Answer::Deleted { version } => Some(*version),
        Answer::Removed | Answer::Located(..) | Answer::Refused(_) | Answer::Status(_) | Answer::Catalogued(_) => None,
    }
}

/// The content of which the client of this call was told that the object is, or is now.
fn content_told(call: &Call) -> Option<ContentId> {
    match (&call.outcome, call.asked) {
        (Outcome::Stored, Asked::Put { content, .. }) => Some(content),
        (Outcome::Body(Body { content, .. }) | Outcome::Described { content, .. }, _) if call.version.is_none() => {
            *content
        }
        _ => None,
    }
}

const fn size_of(content: &Content) -> Option<u64> {
    match content {
        Content::Whole { size_bytes } => *size_bytes,
        Content::Part { size_bytes, .. } | Content::Unsatisfiable { size_bytes } => Some(*size_bytes),
        Content::NotModified | Content::PreconditionFailed => None,
    }
}
