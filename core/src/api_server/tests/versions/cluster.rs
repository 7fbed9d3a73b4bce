//! An API server, a catalog in memory, and data servers: effects are carried out one after the other, and each may fail in the
//! ways that the test says.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::bench::{Bench, address, of_ours};
use crate::address::ServerAddress;
use crate::api_server::messages::versions::{
    BrokenRelay, NewVersion, VersionEffect, VersionInput, VersionOperation, VersionResponse,
};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiResponse, RelayFailure};
use crate::bus::{BusCommand, BusEvent};
use crate::catalog::model::Catalog;
use crate::catalog::{
    Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, Description, Found, Metadata, ObjectPath, State, Version,
};
use crate::checksum::Checksum;
use crate::conditions::Conditions;
use crate::name::ObjectName;
use crate::refusal::Refusal;
use crate::select::Selection;
use crate::time::WallTime;
use crate::transfer::{FetchOutcome, RemoveOutcome, TransferFailure, UploadOutcome};
use crate::wire::{HeartbeatDetails, Held};

/// The length of every body, but where a cluster has another.
pub(super) const SIZE: u64 = 100;

/// How something is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// It fails, and the body can be sent again.
    Fails,
    /// It fails, and the body cannot be sent again.
    FailsForGood,
    /// It is done, and nobody hears of it.
    AnswerLost,
    /// It is not done, and nobody hears that.
    RequestLost,
    /// It breaks off after so many bytes.
    BreaksOffAfter(u64),
    /// Something else is stored.
    Mangles,
    /// It does not come about until [`Cluster::late_ones_end`].
    Late,
}

pub(super) struct Cluster {
    pub(super) bench: Bench,
    pub(super) catalog: Catalog,
    /// What lies where, under which name.
    pub(super) stored: BTreeMap<(ServerAddress, ObjectName), Checksum>,
    /// What is going to happen to the uploads, fetches, relays and questions to the catalog that come, one after the other.
    pub(super) uploads: VecDeque<Trouble>,
    pub(super) fetches: VecDeque<Trouble>,
    pub(super) relays: VecDeque<Trouble>,
    pub(super) asks: VecDeque<Trouble>,
    /// What the copies of the last upload were to say of themselves.
    pub(super) description: Option<Description>,
    late: Vec<ApiInput>,
    pub(super) responses: Vec<ApiResponse>,
    pub(super) broken_off: usize,
    /// Who does not answer queries.
    pub(super) silent: BTreeSet<ServerAddress>,
    /// Before each of so many queries, and commits, somebody else writes `a`.
    pub(super) overwritten_before_queries: usize,
    pub(super) overwritten_before_commits: usize,
    /// Which bytes of which body the client has got: from whom.
    pub(super) received: Vec<(ServerAddress, u64, u64)>,
    fetched: Option<(ServerAddress, u64, u64)>,
    content: u8,
    size_bytes: u64,
    ours: u8,
}

impl Cluster {
    pub(super) fn of(servers: u8) -> Self {
        Self::of_bodies(servers, SIZE)
    }

    /// One whose bodies are all so long.
    pub(super) fn of_bodies(servers: u8, size_bytes: u64) -> Self {
        Self {
            size_bytes,
            bench: Bench::with(servers, 0),
            catalog: Catalog::new(),
            stored: BTreeMap::new(),
            uploads: VecDeque::new(),
            fetches: VecDeque::new(),
            relays: VecDeque::new(),
            asks: VecDeque::new(),
            description: None,
            late: Vec::new(),
            responses: Vec::new(),
            broken_off: 0,
            silent: BTreeSet::new(),
            overwritten_before_queries: 0,
            overwritten_before_commits: 0,
            received: Vec::new(),
            fetched: None,
            content: 0,
            ours: servers,
        }
    }

    /// A server is heard again, and says something else of itself.
    pub(super) fn says(&mut self, number: u8, change: impl FnOnce(&mut HeartbeatDetails)) {
        let mut heartbeat = of_ours(number);
        if let Some(details) = &mut heartbeat.details {
            change(details);
        }
        self.bench.feed(ApiInput::Bus(BusEvent::Heartbeat(heartbeat.to_message())));
    }

    /// Stores a new content; its checksum.
    pub(super) fn put(&mut self, key: &str, conditions: &[(&str, &str)]) -> Checksum {
        self.content += 1;
        let conditions = Conditions::from_headers(conditions.iter().copied()).unwrap();
        let (content_type, metadata) = (None, Metadata::default());
        let declared_bytes = Some(self.size_bytes);
        let new = NewVersion { path: path(key), declared_bytes, conditions, content_type, metadata };
        self.request(VersionOperation::Put(new));
        self.checksum()
    }

    pub(super) fn get(&mut self, key: &str, version: Option<u64>) {
        let version = version.map(|number| Version::new(number).unwrap());
        self.request(VersionOperation::Get { path: path(key), version, selection: Selection::default() });
    }

    pub(super) fn request(&mut self, operation: VersionOperation) {
        let effects = self.bench.request(operation.into());
        self.carry_out(effects);
    }

    /// All that was late comes about.
    pub(super) fn late_ones_end(&mut self) {
        for input in core::mem::take(&mut self.late) {
            let effects = self.bench.feed(input);
            self.carry_out(effects);
        }
    }

    pub(super) fn read(&mut self, key: &str) -> Option<Found> {
        match self.catalog.answer(WallTime::EPOCH, &CatalogRequest::Read { path: path(key), version: None }) {
            CatalogAnswer::Found(found) => found,
            other => panic!("{other:?}"),
        }
    }

    /// Where the blob of the current version really lies, as it was written.
    pub(super) fn holders(&mut self, key: &str) -> BTreeSet<ServerAddress> {
        let Some(Found { record, .. }) = self.read(key) else { return BTreeSet::new() };
        let State::Object(object) = &record.state else { return BTreeSet::new() };
        let of_it =
            self.stored.iter().filter(|((_, name), sum)| *name == record.blob.name() && **sum == object.checksum);
        of_it.map(|((server, _), _)| server.clone()).collect()
    }

    pub(super) fn last_response(&self) -> &ApiResponse {
        self.responses.last().expect("a response")
    }

    pub(super) fn last_version_response(&self) -> &VersionResponse {
        match self.last_response() {
            ApiResponse::Version(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn last_refusal(&self) -> &Refusal {
        match self.last_response() {
            ApiResponse::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    fn checksum(&self) -> Checksum {
        Checksum::new([self.content; 32])
    }

    fn carry_out(&mut self, effects: Vec<ApiEffect>) {
        let mut waiting: VecDeque<ApiEffect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            for input in self.completions(effect) {
                waiting.extend(self.bench.feed(input));
            }
        }
    }

    fn completions(&mut self, effect: ApiEffect) -> Vec<ApiInput> {
        match effect {
            ApiEffect::Version(VersionEffect::UploadCopies { copies, blob, description, .. }) => {
                self.description = Some(description);
                copies.into_iter().filter_map(|(upload, server)| self.upload(upload, server, blob.name())).collect()
            }
            ApiEffect::Version(VersionEffect::StoreMarker { copies, blob, .. }) => {
                copies.into_iter().filter_map(|(upload, server)| self.upload(upload, server, blob.name())).collect()
            }
            ApiEffect::Upload { upload, server, name, .. } => self.upload(upload, server, name).into_iter().collect(),
            ApiEffect::Version(VersionEffect::AskCatalog { ask, what }) => {
                alloc::vec![VersionInput::Catalogued { ask, outcome: self.ask(&what) }.into()]
            }
            ApiEffect::Version(VersionEffect::Fetch { fetch, server, blob, first, length_bytes, checksum, .. }) => {
                let trouble = self.fetches.pop_front().unwrap_or(Trouble::None);
                let lies_there = self.stored.get(&(server.clone(), blob.name()));
                let outcome = match (trouble, lies_there) {
                    (Trouble::None, Some(sum)) if *sum == checksum => {
                        self.fetched = Some((server, first, length_bytes));
                        FetchOutcome::Part {
                            first,
                            last: first + length_bytes - 1,
                            size_bytes: self.size_bytes,
                            etag: None,
                        }
                    }
                    (Trouble::None, _) => FetchOutcome::Missing,
                    (_, _) => FetchOutcome::Failed(TransferFailure::TimedOut),
                };
                alloc::vec![ApiInput::Fetched { fetch, outcome }]
            }
            ApiEffect::Version(VersionEffect::Relay { relay, .. }) => {
                let trouble = self.relays.pop_front().unwrap_or(Trouble::None);
                alloc::vec![VersionInput::Relayed { relay, outcome: self.relay(trouble) }.into()]
            }
            ApiEffect::Remove { removal, server, name, .. } => {
                let was_there = self.stored.remove(&(server, name)).is_some();
                let outcome = if was_there { RemoveOutcome::Removed } else { RemoveOutcome::NotHeld };
                alloc::vec![ApiInput::Removed { removal, outcome }]
            }
            ApiEffect::Bus(command) => {
                self.answer_query(&command);
                Vec::new()
            }
            ApiEffect::AskDirectly { .. } => Vec::new(),
            ApiEffect::Respond { response, .. } => {
                self.responses.push(response);
                Vec::new()
            }
            ApiEffect::Version(VersionEffect::BreakOff { .. }) => {
                self.broken_off += 1;
                Vec::new()
            }
            other => panic!("{other:?}"),
        }
    }

    fn upload(&mut self, upload: crate::id::OperationId, server: ServerAddress, name: ObjectName) -> Option<ApiInput> {
        let trouble = self.uploads.pop_front().unwrap_or(Trouble::None);
        let failed = |resendable| UploadOutcome::Failed { failure: TransferFailure::TimedOut, resendable };
        let checksum = if trouble == Trouble::Mangles { Checksum::new([0xee; 32]) } else { self.checksum() };
        let outcome = match trouble {
            Trouble::None | Trouble::Mangles | Trouble::Late => {
                self.stored.insert((server, name), checksum);
                UploadOutcome::Stored { size_bytes: self.size_bytes, checksum: Some(checksum) }
            }
            Trouble::AnswerLost => {
                self.stored.insert((server, name), checksum);
                failed(true)
            }
            Trouble::Fails | Trouble::RequestLost => failed(true),
            Trouble::FailsForGood | Trouble::BreaksOffAfter(_) => failed(false),
        };
        let input = ApiInput::Uploaded { upload, outcome };
        if trouble == Trouble::Late {
            self.late.push(input);
            return None;
        }
        Some(input)
    }

    fn ask(&mut self, what: &CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
        if matches!(what, CatalogRequest::Commit(_))
            && let Some(left) = self.overwritten_before_commits.checked_sub(1)
        {
            self.overwritten_before_commits = left;
            self.put("a", &[]);
        }
        let reason = "it was restarted".to_string();
        match self.asks.pop_front().unwrap_or(Trouble::None) {
            Trouble::AnswerLost => {
                self.catalog.answer(WallTime::EPOCH, what);
                Err(CatalogFailure::Unknown { reason })
            }
            Trouble::RequestLost => Err(CatalogFailure::Unknown { reason }),
            Trouble::Fails | Trouble::FailsForGood | Trouble::BreaksOffAfter(_) => {
                Err(CatalogFailure::Unavailable { reason })
            }
            Trouble::None | Trouble::Mangles | Trouble::Late => Ok(self.catalog.answer(WallTime::EPOCH, what)),
        }
    }

    fn relay(&mut self, trouble: Trouble) -> Result<(), BrokenRelay> {
        let (server, first, length_bytes) = self.fetched.take().expect("something was fetched");
        match trouble {
            Trouble::BreaksOffAfter(bytes) => {
                let passed_on_bytes = bytes.min(length_bytes - 1);
                self.received.push((server, first, passed_on_bytes));
                let failure = RelayFailure::Server(TransferFailure::TimedOut);
                Err(BrokenRelay { failure, passed_on_bytes })
            }
            Trouble::Fails => Err(BrokenRelay { failure: RelayFailure::Client, passed_on_bytes: 0 }),
            Trouble::None
            | Trouble::FailsForGood
            | Trouble::AnswerLost
            | Trouble::RequestLost
            | Trouble::Mangles
            | Trouble::Late => {
                self.received.push((server, first, length_bytes));
                Ok(())
            }
        }
    }

    /// All data servers answer; what follows is carried out.
    fn answer_query(&mut self, command: &BusCommand) {
        let BusCommand::Query { message, .. } = command else { return };
        let text = core::str::from_utf8(&message.body).unwrap_or_default().trim_matches('"').to_string();
        let Ok(name) = ObjectName::from_message(&text) else { return };
        if let Some(left) = self.overwritten_before_queries.checked_sub(1) {
            self.overwritten_before_queries = left;
            self.put("a", &[]);
        }
        for number in 1..=self.ours {
            if self.silent.contains(&address(number)) {
                continue;
            }
            let holds = self.stored.get(&(address(number), name.clone()));
            let size_bytes = Some(self.size_bytes);
            let held = holds.map_or(Held::No, |sum| Held::Yes { size_bytes, checksum: Some(*sum) });
            let effects = self.bench.answer(command, number, held);
            self.carry_out(effects);
        }
        let effects = self.bench.pass(Duration::from_secs(1));
        self.carry_out(effects);
    }
}

pub(super) fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() }
}
