//! The driver: keeps the clock, the disk, the askers and what is under way, and checks the contract after each step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode_core::bus::{BusEvent, BusMessage, ReplyTo};
use lode_core::catalog::{BlobId, Version};
use lode_core::config::DataConfig;
use lode_core::data_server::DataServer;
use lode_core::data_server::messages::{DataEffect, DataInput, DataOperation, DrainCommand, ScrubCommand};
use lode_core::digest::RequestedDigests;
use lode_core::id::{Incarnation, OperationId, OperationIds, RequestId};
use lode_core::inventory::CommittedBlob;
use lode_core::machine::{Effects, Machine as _};
use lode_core::name::ObjectName;
use lode_core::resource::data::InventoryQuery;
use lode_core::space::Space;
use lode_core::time::{Instant, WallTime};
use lode_core::wire::{Hello, LocateQuery, encode_text};

use super::upload::Upload;
use crate::reader::Reader;
use crate::world;

pub(super) struct Driver {
    pub(super) server: DataServer,
    pub(super) config: DataConfig,
    pub(super) now: Instant,
    pub(super) askers: BTreeMap<RequestId, Asker>,
    /// Effects whose completion is still to come.
    pub(super) pending: Vec<DataEffect>,
    /// Completions that were fed or are not wanted any more; none of them may matter if it comes (again).
    pub(super) stale: Vec<DataInput>,
    /// The queries that are being looked up.
    pub(super) queries: BTreeMap<OperationId, BusMessage>,
    /// What the disk has answered in this step, and of what it was asked.
    pub(super) looked_up: Option<(BusMessage, bool)>,
    /// The query that was heard in this step.
    pub(super) asked: Option<BusMessage>,
    pub(super) ids: BTreeSet<OperationId>,
    /// The last heartbeat since the bus came up.
    pub(super) last_heartbeat: Option<Instant>,
    /// The blobs that the server has been told to be damaged.
    pub(super) damaged: BTreeSet<BlobId>,
    /// The part that the scrub waits for.
    pub(super) scrubbing: Option<OperationId>,
    pub(super) bus_is_up: bool,
    /// Whether it was up before this step.
    pub(super) bus_was_up: bool,
    askers_ids: OperationIds,
    next_request: u64,
}

/// Somebody who waits for an answer over HTTP.
pub(super) struct Asker {
    pub(super) operation: DataOperation,
    pub(super) upload: Option<Upload>,
    pub(super) is_sent_to: bool,
    pub(super) is_removed: bool,
    pub(super) may_be_busy: bool,
}

/// The blobs that there may be.
pub(super) fn blobs() -> impl Iterator<Item = BlobId> {
    (1..=2).map(|number| BlobId::from_bytes([number; 16]))
}

fn committed(blob: BlobId) -> CommittedBlob {
    CommittedBlob { blob, version: Version::FIRST, written: WallTime::EPOCH }
}

/// The name of an object, or of a blob.
fn name(reader: &mut Reader<'_>) -> ObjectName {
    let object = world::name(reader);
    blobs().nth(reader.below(4)).map_or(object, BlobId::name)
}

const REMEMBERED: usize = 8;

impl Driver {
    pub(super) fn new(reader: &mut Reader<'_>) -> Self {
        let config = DataConfig {
            max_requests: reader.below(4) + 1,
            max_lookups: reader.below(3) + 1,
            reserve_bytes: 100,
            // Those that are told to begin make no pauses: it wakes for heartbeats alone.
            scrub_every: None,
            ..DataConfig::default()
        };
        let space = Space { free_bytes: world::size_bytes(reader), total_bytes: u64::MAX };
        let address = "127.0.0.1:7501".parse().expect("an address");
        let server = DataServer::new(config.clone(), address, Incarnation::new(1), space).expect("sound settings");
        Self {
            server,
            config,
            now: Instant::START,
            askers: BTreeMap::new(),
            pending: Vec::new(),
            stale: Vec::new(),
            queries: BTreeMap::new(),
            looked_up: None,
            asked: None,
            ids: BTreeSet::new(),
            last_heartbeat: None,
            damaged: BTreeSet::new(),
            scrubbing: None,
            bus_is_up: false,
            bus_was_up: false,
            askers_ids: OperationIds::new(Incarnation::new(9)),
            next_request: 0,
        }
    }

    pub(super) fn wait_for_deadline(&mut self) {
        if let Some(deadline) = self.server.next_deadline() {
            self.now = deadline;
            self.feed(DataInput::DeadlineReached);
        }
    }

    /// The clock goes on. A deadline that is over is told now, however late, or left to the next input.
    pub(super) fn pass(&mut self, step: Duration, is_told: bool) {
        self.now = self.now + step;
        if is_told && self.server.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.feed(DataInput::DeadlineReached);
        }
    }

    pub(super) fn toggle_bus(&mut self) {
        // A heartbeat that is due when the connection breaks is said before that is heard of.
        self.bus_was_up = self.bus_is_up;
        self.bus_is_up = !self.bus_is_up;
        if self.bus_is_up {
            self.last_heartbeat = None;
        }
        self.feed(DataInput::Bus(if self.bus_is_up { BusEvent::Up } else { BusEvent::Down }));
    }

    pub(super) fn hear_nonsense(&mut self, reader: &mut Reader<'_>) {
        let message = world::malformed_message(reader);
        if reader.flag() {
            self.feed(DataInput::Bus(BusEvent::Heartbeat(message)));
        } else {
            self.hear_query(message);
        }
    }

    /// Somebody of ours or of the seed asks who has an object, or who is there.
    pub(super) fn query(&mut self, reader: &mut Reader<'_>) {
        let name = name(reader);
        let reply_to = ReplyTo::new("q".into());
        let message = match reader.below(3) {
            0 => BusMessage { reply_to, ..LocateQuery { id: self.askers_ids.fresh(), name }.to_message() },
            1 => BusMessage { reply_to, body: encode_text(name.as_str()), ..BusMessage::default() },
            _ => Hello { incarnation: Incarnation::new(9) }.to_message(),
        };
        self.hear_query(message);
    }

    pub(super) fn request(&mut self, reader: &mut Reader<'_>) {
        let name = name(reader);
        let operation = match reader.below(9) {
            0 | 1 => DataOperation::Put {
                name,
                declared_bytes: world::maybe(reader, world::size_bytes),
                digests: RequestedDigests { sha256: None, md5: world::maybe(reader, |reader| [reader.byte() % 2; 16]) },
                description: None,
                label: None,
            },
            2 => DataOperation::Get { name, selection: world::selection(reader) },
            3 => DataOperation::Delete { name },
            4 => DataOperation::Held { blobs: blobs().take(reader.below(3)).map(committed).collect() },
            5 => DataOperation::Inventory(InventoryQuery { after: None, limit: reader.below(3) + 1 }),
            6 => DataOperation::FullInventory(InventoryQuery { after: None, limit: reader.below(3) + 1 }),
            7 => DataOperation::Drain(reader.one_of(&[DrainCommand::Begin, DrainCommand::Cancel, DrainCommand::Tell])),
            _ => DataOperation::Scrub(reader.one_of(&[ScrubCommand::Begin, ScrubCommand::Tell])),
        };
        self.next_request += 1;
        let request = RequestId(self.next_request);
        let may_be_busy = self.askers.len() >= self.config.max_requests;
        let asker =
            Asker { operation: operation.clone(), upload: None, is_sent_to: false, is_removed: false, may_be_busy };
        self.askers.insert(request, asker);
        self.feed(DataInput::Request { request, operation });
    }

    /// An asker hangs up, or has done so when its answer was sent already.
    pub(super) fn asker_goes(&mut self, reader: &mut Reader<'_>) {
        let request = RequestId(self.next_request.saturating_sub(u64::from(reader.byte() % 8)));
        self.askers.remove(&request);
        let of_it = |effect: &mut DataEffect| super::effects::request_of(effect) == Some(request);
        let dropped: Vec<_> = self.pending.extract_if(.., of_it).collect();
        for effect in dropped {
            let late = super::completions::completion(&effect, reader);
            self.forget(late);
        }
        self.feed(DataInput::RequestGone { request });
    }

    pub(super) fn feed(&mut self, input: DataInput) {
        let mut effects = Effects::new();
        self.server.handle(self.now, input, &mut effects);
        for effect in effects.drain() {
            self.carry_out(effect);
        }
        (self.asked, self.looked_up, self.bus_was_up) = (None, None, false);
        self.check();
    }

    /// Remembers a completion that must not matter any more.
    pub(super) fn forget(&mut self, completion: DataInput) {
        self.stale.push(completion);
        if self.stale.len() > REMEMBERED {
            self.stale.remove(0);
        }
    }

    /// Everything that is under way fails; then nothing may be left.
    pub(super) fn finish(mut self) {
        let mut silence = Reader::new(&[]);
        for _ in 0..1000 {
            if self.pending.is_empty() {
                break;
            }
            self.complete_one(&mut silence);
        }
        assert!(self.pending.is_empty(), "what fails is not begun again for ever: {:?}", self.pending);
        assert!(self.askers.is_empty(), "every request is answered once nothing is under way for it");
        assert_eq!(self.server.requests_under_way(), 0);
        assert!(self.queries.is_empty());
        let inside = format!("{:?}", self.server);
        for empty in ["looking: []", "requests: {}", "waiting: {}", "measuring: None"] {
            assert!(inside.contains(empty), "something is kept for nobody; not {empty} in {inside}");
        }
    }

    fn hear_query(&mut self, message: BusMessage) {
        self.asked = Some(message.clone());
        self.feed(DataInput::Bus(BusEvent::Query(message)));
    }

    fn check(&self) {
        let deadline = self.server.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "the next deadline lies in the future");
        assert_eq!(deadline.is_some(), self.bus_is_up, "it beats as long as the bus is up");
        assert!(deadline.is_none_or(|deadline| deadline - self.now <= self.config.heartbeat_period));
        assert_eq!(self.server.requests_under_way(), self.askers.len());
        assert!(self.askers.len() <= self.config.max_requests);
        assert!(self.queries.len() <= self.config.max_lookups);
        let measurements =
            self.pending.iter().filter(|effect| matches!(effect, DataEffect::MeasureSpace { .. })).count();
        assert!(measurements <= 1, "one measurement at a time");
        for request in self.askers.keys() {
            let own = self.pending.iter().filter(|effect| super::effects::request_of(effect) == Some(*request));
            assert_eq!(own.count(), 1, "{request:?} waits for exactly one thing");
        }
    }
}
