//! API servers with one catalog, and data servers with disks. What is wanted done is done later, in an order that the test
//! draws, and some of it fails.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::ServerAddress;
use crate::api_server::ApiServer;
use crate::api_server::messages::upkeep::{CopyOutcome, UpkeepEffect, UpkeepInput};
use crate::api_server::messages::versions::{VersionEffect, VersionInput};
use crate::api_server::messages::{ApiEffect, ApiInput};
use crate::api_server::tests::bench::{address, of_ours};
use crate::bus::BusEvent;
use crate::catalog::model::Catalog;
use crate::catalog::{
    BlobId, Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, Commit, HeldBlob, Metadata, ObjectPath, State,
    Stored,
};
use crate::checksum::Checksum;
use crate::conditions::Conditions;
use crate::config::{ApiConfig, UpkeepConfig};
use crate::copies::Copies;
use crate::id::{Incarnation, OperationIds};
use crate::inventory::{InventoryEntry, InventoryPage};
use crate::machine::{Effects, Machine as _};
use crate::time::{Instant, WallTime};
use crate::transfer::{RemoveOutcome, TransferFailure};

const SIZE: u64 = 1000;
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How something that is wanted done goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It does not.
    None,
    /// It is not done, and that is heard.
    Fails,
    /// It is done, and heard to have failed.
    AnswerLost,
}

pub(super) struct Cluster {
    pub(super) apis: Vec<ApiServer>,
    pub(super) catalog: Catalog,
    pub(super) now: Instant,
    pub(super) disks: BTreeMap<ServerAddress, BTreeMap<BlobId, Instant>>,
    pub(super) live: BTreeSet<ServerAddress>,
    /// Who is to be emptied.
    pub(super) drained: BTreeSet<ServerAddress>,
    /// What is wanted done, and by whom.
    pending: Vec<(usize, ApiEffect)>,
    /// Which of the pending things is done next, and how it goes; the first, and well, when they are used up.
    pub(super) chance: Vec<(usize, Trouble)>,
    ids: OperationIds,
    heartbeat_at: Instant,
}

pub(super) fn upkeep() -> UpkeepConfig {
    UpkeepConfig {
        repair_after: Duration::from_secs(60),
        audit_every: Duration::from_secs(120),
        garbage_age: Duration::from_secs(30),
        garbage_every: Duration::from_secs(10),
        page: 3,
        max_waiting: 6,
        max_repairs: 2,
        claim_lasts: Duration::from_secs(20),
        ..UpkeepConfig::default()
    }
}

impl Cluster {
    pub(super) fn of(apis: u64, servers: u8, copies: usize, upkeep: &UpkeepConfig) -> Self {
        let config = ApiConfig { copies: Copies::UpTo(copies), upkeep: Some(upkeep.clone()), ..ApiConfig::default() };
        let api = |number| ApiServer::new(config.clone(), Incarnation::new(number)).unwrap();
        let mut cluster = Self {
            apis: (1..=apis).map(api).collect(),
            catalog: Catalog::new(),
            now: Instant::START,
            disks: (1..=servers).map(|number| (address(number), BTreeMap::new())).collect(),
            live: (1..=servers).map(address).collect(),
            drained: BTreeSet::new(),
            pending: Vec::new(),
            chance: Vec::new(),
            ids: OperationIds::new(Incarnation::new(99)),
            heartbeat_at: Instant::START,
        };
        // An API server of an earlier time, by whom all is uploaded.
        let uploader = cluster.ids.incarnation();
        cluster.catalog.answer(WallTime::EPOCH, &CatalogRequest::Register { uploader });
        for api in 0..cluster.apis.len() {
            cluster.feed(api, ApiInput::Bus(BusEvent::Up));
        }
        cluster
    }

    /// An object whose blob lies on these servers, and is noted there.
    pub(super) fn put(&mut self, key: &str, on: &[u8]) -> BlobId {
        let blob = self.upload(on);
        let (content_type, metadata) = (None, Metadata::default());
        let state =
            State::Object(Stored { size_bytes: SIZE, checksum: Checksum::new([1; 32]), content_type, metadata });
        let path = ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() };
        let (holders, conditions) = (on.iter().copied().map(address).collect(), Conditions::default());
        let commit = CatalogRequest::Commit(Commit { path, blob, state, holders, conditions });
        assert!(matches!(self.catalog.answer(self.wall(), &commit), CatalogAnswer::Written(_)));
        blob
    }

    /// A blob that lies on these servers, and nobody knows.
    pub(super) fn upload(&mut self, on: &[u8]) -> BlobId {
        let blob = BlobId::of_upload(self.ids.fresh());
        for number in on {
            self.disks.get_mut(&address(*number)).unwrap().insert(blob, self.now);
        }
        blob
    }

    pub(super) fn stops(&mut self, number: u8) {
        self.live.remove(&address(number));
    }

    pub(super) fn starts(&mut self, number: u8) {
        self.live.insert(address(number));
    }

    /// Everybody does what it wants for so long.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            while let Some((api, effect)) = self.next_pending() {
                self.carry_out(api, effect);
            }
            let deadlines = self.apis.iter().filter_map(ApiServer::next_deadline);
            let next = deadlines.chain([self.heartbeat_at]).min().unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            self.beat();
            for api in 0..self.apis.len() {
                if self.apis[api].next_deadline().is_some_and(|at| at <= self.now) {
                    self.feed(api, ApiInput::DeadlineReached);
                }
            }
        }
    }

    /// Who really holds the blob, dead or alive.
    pub(super) fn holders(&self, blob: BlobId) -> Vec<ServerAddress> {
        let holding = self.disks.iter().filter(|(_, disk)| disk.contains_key(&blob));
        holding.map(|(server, _)| server.clone()).collect()
    }

    /// All blobs that versions have.
    pub(super) fn kept(&mut self) -> Vec<HeldBlob> {
        let all = CatalogRequest::Blobs { on: None, after: None, limit: usize::MAX };
        match self.catalog.answer(self.wall(), &all) {
            CatalogAnswer::Blobs(blobs) => blobs,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn wall(&self) -> WallTime {
        WallTime::EPOCH + Duration::from_nanos(self.now.as_nanos())
    }

    fn beat(&mut self) {
        if self.heartbeat_at > self.now {
            return;
        }
        self.heartbeat_at = self.now + HEARTBEAT;
        for api in 0..self.apis.len() {
            for server in self.live.clone() {
                let number = (1..=250).find(|number| address(*number) == server).unwrap();
                let mut heartbeat = of_ours(number);
                if let Some(details) = heartbeat.details.as_mut().filter(|_| self.drained.contains(&server)) {
                    (details.draining, details.accepts_writes) = (true, false);
                }
                self.feed(api, ApiInput::Bus(BusEvent::Heartbeat(heartbeat.to_message())));
            }
        }
    }

    fn feed(&mut self, api: usize, input: ApiInput) {
        let mut effects = Effects::new();
        self.apis[api].handle(self.now, input, &mut effects);
        self.pending.extend(effects.drain().map(|effect| (api, effect)));
    }

    fn next_pending(&mut self) -> Option<(usize, ApiEffect)> {
        if self.pending.is_empty() {
            return None;
        }
        let which = self.chance.last().map_or(0, |(which, _)| which % self.pending.len());
        Some(self.pending.remove(which))
    }

    fn carry_out(&mut self, api: usize, effect: ApiEffect) {
        let trouble = self.chance.pop().map_or(Trouble::None, |(_, trouble)| trouble);
        match effect {
            ApiEffect::Bus(_) => {}
            ApiEffect::Version(VersionEffect::AskCatalog { ask, what }) => {
                let outcome = self.ask(&what, trouble);
                self.feed(api, VersionInput::Catalogued { ask, outcome }.into());
            }
            ApiEffect::Remove { removal, server, name, .. } => {
                let blob: BlobId = name.as_str().parse().unwrap();
                let outcome = self.remove(&server, blob, trouble);
                self.feed(api, ApiInput::Removed { removal, outcome });
            }
            ApiEffect::Upkeep(effect) => self.keep_up(api, effect, trouble),
            other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, what: &CatalogRequest, trouble: Trouble) -> Result<CatalogAnswer, CatalogFailure> {
        let reason = "it was restarted".to_string();
        match trouble {
            Trouble::None => Ok(self.catalog.answer(self.wall(), what)),
            Trouble::Fails => Err(CatalogFailure::Unavailable { reason }),
            Trouble::AnswerLost => {
                self.catalog.answer(self.wall(), what);
                Err(CatalogFailure::Unknown { reason })
            }
        }
    }

    fn remove(&mut self, server: &ServerAddress, blob: BlobId, trouble: Trouble) -> RemoveOutcome {
        let failed = RemoveOutcome::Failed(TransferFailure::TimedOut);
        if trouble == Trouble::Fails || !self.live.contains(server) {
            return failed;
        }
        let was_there = self.disks.get_mut(server).unwrap().remove(&blob).is_some();
        if was_there && self.kept().iter().any(|held| held.record.blob == blob) {
            assert!(!self.holders(blob).is_empty(), "the last copy of {blob} was removed");
        }
        match (trouble, was_there) {
            (Trouble::AnswerLost | Trouble::Fails, _) => failed,
            (Trouble::None, true) => RemoveOutcome::Removed,
            (Trouble::None, false) => RemoveOutcome::NotHeld,
        }
    }

    fn keep_up(&mut self, api: usize, effect: UpkeepEffect, trouble: Trouble) {
        let answers = |server: &ServerAddress, live: &BTreeSet<ServerAddress>| {
            if trouble == Trouble::None && live.contains(server) { Ok(()) } else { Err(TransferFailure::TimedOut) }
        };
        let input = match effect {
            UpkeepEffect::AskHeld { ask, server, blobs, .. } => {
                let disk = &self.disks[&server];
                let held = blobs.into_iter().map(|blob| blob.blob).filter(|blob| disk.contains_key(blob)).collect();
                UpkeepInput::Held { ask, outcome: answers(&server, &self.live).map(|()| held) }
            }
            UpkeepEffect::ListBlobs { ask, server, after, limit, .. } => {
                let page = page_of(&self.disks[&server], self.now, after, limit);
                UpkeepInput::Listed { ask, outcome: answers(&server, &self.live).map(|()| page) }
            }
            UpkeepEffect::Copy { copy, blob, from, to, .. } => {
                UpkeepInput::Copied { copy, outcome: self.copy(blob.blob, &from, &to, trouble) }
            }
        };
        self.feed(api, input.into());
    }

    fn copy(&mut self, blob: BlobId, from: &ServerAddress, to: &ServerAddress, trouble: Trouble) -> CopyOutcome {
        if !self.live.contains(from) {
            return CopyOutcome::SourceFailed(TransferFailure::TimedOut);
        }
        if !self.disks[from].contains_key(&blob) {
            return CopyOutcome::SourceMissing;
        }
        if trouble == Trouble::Fails || !self.live.contains(to) {
            return CopyOutcome::TargetFailed(TransferFailure::Full);
        }
        self.disks.get_mut(to).unwrap().insert(blob, self.now);
        match trouble {
            Trouble::None | Trouble::Fails => CopyOutcome::Copied,
            Trouble::AnswerLost => CopyOutcome::TargetFailed(TransferFailure::TimedOut),
        }
    }
}

fn page_of(disk: &BTreeMap<BlobId, Instant>, now: Instant, after: Option<BlobId>, limit: usize) -> InventoryPage {
    let behind = disk.iter().filter(|(blob, _)| after.is_none_or(|after| **blob > after));
    let blobs: Vec<_> =
        behind.take(limit).map(|(blob, since)| InventoryEntry { blob: *blob, age: now - *since }).collect();
    let next = blobs.last().filter(|_| blobs.len() == limit).map(|entry| entry.blob);
    InventoryPage { blobs, next }
}
