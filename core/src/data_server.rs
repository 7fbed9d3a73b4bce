//! The data server: says that it lives, answers who asks what it holds, receives, sends and removes objects.
//!
//! What it does with a request:
//!
//! | request | waits for             | then                                                                        |
//! |---------|-----------------------|-----------------------------------------------------------------------------|
//! | PUT     | [`DataInput::Received`] | as announced: commit, and wait for [`DataInput::Committed`]; else refuse  |
//! | GET     | [`DataInput::Opened`] | there: send, and wait for [`DataInput::Sent`]; else refuse                  |
//! | DELETE  | [`DataInput::Removed`]  | answer                                                                    |
//!
//! Beside these it answers questions about many blobs at a time, knows which of its blobs are [`damaged`], is emptied when
//! it is told to, and reads all that it holds now and then ([`scrub`]).

mod asked;
pub mod damaged;
mod disk;
mod draining;
pub mod holdings;
pub mod messages;
pub mod receiving;
pub mod scrub;
mod uploads;

use alloc::collections::BTreeMap;

use self::damaged::Damaged;
use self::disk::Disk;
use self::holdings::{Holdings, Query};
use self::messages::{
    BlobInfo, DataEffect, DataInput, DataOperation, DataResponse, DiskFailure, ScrubCommand, SendFailure,
};
use self::receiving::{Committing, Receiving};
use self::scrub::{Damage, ScrubPart, ScrubRecord, ScrubReport, Scrubber};
use crate::address::ServerAddress;
use crate::bus::{BusCommand, BusEvent};
use crate::catalog::BlobId;
use crate::config::{ConfigError, DataConfig};
use crate::etag::ETag;
use crate::heartbeat::HeartbeatSender;
use crate::id::{Incarnation, OperationId, OperationIds, RequestId};
use crate::machine::{Effects, Machine};
use crate::refusal::Refusal;
use crate::select::{ObjectHead, Selection};
use crate::space::Space;
use crate::time::Instant;
use crate::wire::{Heartbeat, HeartbeatDetails, Hello};

/// The machine of one data server.
#[derive(Debug, Clone)]
pub struct DataServer {
    config: DataConfig,
    address: ServerAddress,
    ids: OperationIds,
    heartbeat: HeartbeatSender,
    holdings: Holdings,
    damaged: Damaged,
    scrubber: Scrubber,
    requests: BTreeMap<RequestId, Work>,
    waiting: BTreeMap<OperationId, RequestId>,
    space: Space,
    disk: Disk,
    draining: bool,
    measuring: Option<OperationId>,
    counters: DataCounters,
}

/// What a data server has counted since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DataCounters {
    /// Heartbeats sent.
    pub heartbeats: u64,
    /// Locate queries looked up.
    pub queries: u64,
    /// Messages that were not what their exchange carries; dropped.
    pub malformed_messages: u64,
    /// Locate queries dropped because too many were being looked up.
    pub queries_dropped: u64,
    /// Requests refused because too many were being served.
    pub requests_busy: u64,
    /// Blobs found damaged.
    pub corrupt_blobs: u64,
}

#[derive(Debug, Clone)]
enum Work {
    Receiving { receiving: Receiving, blob: Option<BlobId> },
    Committing { committing: Committing, blob: Option<BlobId> },
    Opening { selection: Selection, blob: Option<BlobId> },
    Sending { blob: Option<BlobId> },
    Removing { blob: Option<BlobId> },
    Checking,
    Listing,
    Describing,
    KeepingDraining { draining: bool },
    Counting { kept: bool },
}

impl DataServer {
    /// A data server that is not yet heard of; it begins when the bus comes up. `incarnation` must be another at each start
    /// of the process; `space` is what its disk has now.
    ///
    /// # Errors
    /// If the settings cannot be.
    pub fn new(
        config: DataConfig,
        address: ServerAddress,
        incarnation: Incarnation,
        space: Space,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut server = Self {
            heartbeat: HeartbeatSender::new(config.heartbeat_period),
            holdings: Holdings::new(&address, incarnation, config.max_lookups),
            damaged: Damaged::new(config.max_damaged),
            scrubber: Scrubber::new(config.scrub_every, config.scrub_rate_bytes, ScrubRecord::default()),
            ids: OperationIds::new(incarnation),
            requests: BTreeMap::new(),
            waiting: BTreeMap::new(),
            disk: Disk::Healthy,
            draining: false,
            measuring: None,
            counters: DataCounters::default(),
            config,
            address,
            space,
        };
        server.judge_space(space);
        Ok(server)
    }

    /// Which run of the process this is.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.ids.incarnation()
    }

    /// What has been counted since the start.
    #[must_use]
    pub const fn counters(&self) -> DataCounters {
        self.counters
    }

    /// The space on the disk, as last measured.
    #[must_use]
    pub const fn space(&self) -> Space {
        self.space
    }

    /// Whether it takes objects: its disk has room and has not failed, and it is not to be emptied.
    #[must_use]
    pub fn accepts_writes(&self) -> bool {
        self.disk == Disk::Healthy && !self.draining
    }

    /// Whether it is to be emptied.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.draining
    }

    /// The same server, which was being emptied when it stopped, or was not.
    #[must_use]
    pub const fn draining(mut self, draining: bool) -> Self {
        self.draining = draining;
        self
    }

    /// How many requests are being served.
    #[must_use]
    pub fn requests_under_way(&self) -> usize {
        self.requests.len()
    }

    /// The same server, whose earlier run has kept this of its scrub.
    #[must_use]
    pub fn scrubbed(mut self, record: ScrubRecord) -> Self {
        self.scrubber = Scrubber::new(self.config.scrub_every, self.config.scrub_rate_bytes, record);
        self
    }

    /// What is known of the scrub that is under way, or was the last.
    #[must_use]
    pub const fn scrub(&self) -> &ScrubReport {
        self.scrubber.report()
    }

    /// How many blobs are known to be damaged.
    #[must_use]
    pub fn damaged_blobs(&self) -> usize {
        self.damaged.len()
    }

    fn bus_event(&mut self, now: Instant, event: BusEvent, effects: &mut Effects<DataEffect>) {
        match event {
            BusEvent::Up => self.heartbeat.bus_up(now),
            BusEvent::Down => self.heartbeat.bus_down(),
            BusEvent::Query(message) if Hello::is_hello(&message) => self.heartbeat.hurry(now),
            BusEvent::Query(message) => match self.holdings.asked(&message, &mut self.ids, effects) {
                Query::LookingUp => self.counters.queries += 1,
                Query::Malformed => self.counters.malformed_messages += 1,
                Query::TooMany => self.counters.queries_dropped += 1,
            },
            BusEvent::Heartbeat(_) | BusEvent::Answer { .. } => self.counters.malformed_messages += 1,
        }
    }

    fn beat(&mut self, now: Instant, effects: &mut Effects<DataEffect>) {
        if !self.heartbeat.take_due(now) {
            return;
        }
        let details = HeartbeatDetails {
            incarnation: self.ids.incarnation(),
            space: self.space,
            accepts_writes: self.accepts_writes(),
            zone: self.config.zone.clone(),
            draining: self.draining,
            software: self.config.software.clone(),
        };
        let heartbeat = Heartbeat { address: self.address.clone(), details: Some(details) };
        effects.push(DataEffect::Bus(BusCommand::Heartbeat(heartbeat.to_message())));
        self.counters.heartbeats += 1;
        // Measured for the next heartbeat: a disk that hangs must not keep this one back.
        if self.measuring.is_none() {
            let measurement = self.ids.fresh();
            self.measuring = Some(measurement);
            effects.push(DataEffect::MeasureSpace { measurement });
        }
    }

    fn requested(
        &mut self,
        now: Instant,
        request: RequestId,
        operation: DataOperation,
        effects: &mut Effects<DataEffect>,
    ) {
        assert!(!self.requests.contains_key(&request), "the driver numbers each request anew");
        if self.requests.len() >= self.config.max_requests {
            self.counters.requests_busy += 1;
            return refuse(request, Refusal::Busy, effects);
        }
        match operation {
            DataOperation::Put { name, declared_bytes, digests, description, label } => {
                if let Some(refusal) = self.refuses_upload(declared_bytes, description.as_ref()) {
                    return refuse(request, refusal, effects);
                }
                let (receiving, blob) = (Receiving::new(declared_bytes, digests), BlobId::of_name(&name));
                let receive = self.begin(request, Work::Receiving { receiving, blob });
                let effect =
                    DataEffect::Receive { receive, request, name, declared_bytes, digests, description, label };
                effects.push(effect);
            }
            DataOperation::Get { name, selection } => {
                let blob = BlobId::of_name(&name);
                // Who reads gets what is sound of it. Who asks whether it is held must make another.
                if selection.head_only && blob.is_some_and(|blob| self.damaged.holds(blob)) {
                    let reason = "an earlier read or scrub has found it damaged".into();
                    return refuse(request, Refusal::Corrupt { reason }, effects);
                }
                let open = self.begin(request, Work::Opening { selection, blob });
                effects.push(DataEffect::Open { open, request, name });
            }
            DataOperation::Delete { name } => {
                let removal = self.begin(request, Work::Removing { blob: BlobId::of_name(&name) });
                effects.push(DataEffect::Remove { removal, request, name });
            }
            DataOperation::Held { blobs } => self.asked_held(request, blobs, effects),
            DataOperation::Inventory(query) => self.asked_inventory(request, query, effects),
            DataOperation::FullInventory(query) => self.asked_full_inventory(request, query, effects),
            DataOperation::Drain(command) => self.asked_to_drain(request, command, effects),
            DataOperation::Scrub(command) => {
                match command {
                    ScrubCommand::Begin => self.scrubber.begin(now, &mut self.ids, effects),
                    ScrubCommand::Tell => {}
                }
                let response = DataResponse::Scrub { report: self.scrubber.report().clone(), at: now };
                effects.push(DataEffect::Respond { request, response });
            }
        }
    }

    fn opened(
        &mut self,
        now: Instant,
        open: OperationId,
        outcome: Result<Option<BlobInfo>, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Opening { selection, blob })) = self.take_waiting(open) else {
            return;
        };
        match outcome {
            Ok(Some(BlobInfo { size_bytes, checksum })) => {
                let etag = ETag::new(checksum);
                let head = ObjectHead { content: selection.of(size_bytes, Some(etag)), etag: Some(etag) };
                let send = self.begin(request, Work::Sending { blob });
                effects.push(DataEffect::Send { send, request, head, head_only: selection.head_only });
            }
            Ok(None) => refuse(request, Refusal::NotFound, effects),
            Err(failure) => self.disk_failed(now, request, blob, &failure, effects),
        }
    }

    fn sent(&mut self, now: Instant, send: OperationId, outcome: Result<(), SendFailure>) {
        if let (Some((_, Work::Sending { blob })), Err(SendFailure::Disk(failure))) = (self.take_waiting(send), outcome)
        {
            self.note_disk_failure(now, blob, &failure);
        }
    }

    fn removed(
        &mut self,
        now: Instant,
        removal: OperationId,
        outcome: Result<bool, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Removing { blob })) = self.take_waiting(removal) else {
            return;
        };
        if let (Some(blob), Ok(_)) = (blob, &outcome) {
            self.damaged.gone(blob);
        }
        match outcome {
            Ok(true) => effects.push(DataEffect::Respond { request, response: DataResponse::Removed }),
            Ok(false) => refuse(request, Refusal::NotFound, effects),
            Err(failure) => self.disk_failed(now, request, blob, &failure, effects),
        }
    }

    fn looked_up(
        &mut self,
        lookup: OperationId,
        outcome: Result<Option<BlobInfo>, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        self.holdings.looked_up(lookup, outcome, &mut self.damaged, effects);
    }

    fn part_scrubbed(
        &mut self,
        now: Instant,
        read: OperationId,
        outcome: Result<Option<ScrubPart>, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        if let Some(Damage { blob }) = self.scrubber.part_read(now, read, outcome, &mut self.ids, effects) {
            self.found_damaged(blob);
        }
    }

    fn begin(&mut self, request: RequestId, work: Work) -> OperationId {
        let id = self.ids.fresh();
        self.requests.insert(request, work);
        self.waiting.insert(id, request);
        id
    }

    /// The work that waits for this completion, taken out: whoever takes it begins the next step, or ends the request.
    fn take_waiting(&mut self, id: OperationId) -> Option<(RequestId, Work)> {
        let request = self.waiting.remove(&id)?;
        let work = self.requests.remove(&request)?;
        Some((request, work))
    }

    fn request_gone(&mut self, request: RequestId) {
        self.requests.remove(&request);
        self.waiting.retain(|_, waiting| *waiting != request);
    }
}

impl Machine for DataServer {
    type Input = DataInput;
    type Effect = DataEffect;

    fn deadline_reached() -> DataInput {
        DataInput::DeadlineReached
    }

    fn handle(&mut self, now: Instant, input: DataInput, effects: &mut Effects<DataEffect>) {
        self.beat(now, effects);
        self.scrubber.wake(now, &mut self.ids, effects);
        match input {
            DataInput::DeadlineReached => {}
            DataInput::Bus(event) => self.bus_event(now, event, effects),
            DataInput::Request { request, operation } => self.requested(now, request, operation, effects),
            DataInput::RequestGone { request } => self.request_gone(request),
            DataInput::LookedUp { lookup, outcome } => self.looked_up(lookup, outcome, effects),
            DataInput::Received { receive, outcome } => self.received(now, receive, outcome, effects),
            DataInput::Committed { commit, outcome } => self.committed(now, commit, outcome, effects),
            DataInput::Opened { open, outcome } => self.opened(now, open, outcome, effects),
            DataInput::Sent { send, outcome } => self.sent(now, send, outcome),
            DataInput::Removed { removal, outcome } => self.removed(now, removal, outcome, effects),
            DataInput::Checked { check, outcome } => self.checked(now, check, outcome, effects),
            DataInput::Listed { list, outcome } => self.listed(now, list, outcome, effects),
            DataInput::Described { describe, outcome } => self.described(now, describe, outcome, effects),
            DataInput::DrainingKept { keep, outcome } => self.draining_kept(now, keep, &outcome, effects),
            DataInput::Counted { count, outcome } => self.counted(now, count, outcome, effects),
            DataInput::FilesFound { find, outcome } => self.scrubber.found(now, find, outcome, effects),
            DataInput::PartRead { read, outcome } => self.part_scrubbed(now, read, outcome, effects),
            DataInput::SpaceMeasured { measurement, outcome } => self.space_measured(now, measurement, outcome),
        }
        self.beat(now, effects);
        self.scrubber.wake(now, &mut self.ids, effects);
        assert_eq!(self.waiting.len(), self.requests.len(), "each request waits for exactly one completion");
        assert!(self.next_deadline().is_none_or(|deadline| deadline > now), "a due timer has fired");
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.heartbeat.next_deadline(), self.scrubber.next_deadline()].into_iter().flatten().min()
    }
}

fn refuse(request: RequestId, refusal: Refusal, effects: &mut Effects<DataEffect>) {
    effects.push(DataEffect::Respond { request, response: DataResponse::Refused(refusal) });
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one variant that it expects")]
mod tests;
