//! A data server of ours: its machine, and what carries out what the machine wants done. It does what
//! `runtime-smol/src/data` and `runtime-smol/src/disk` do.

use lode_core::bus::BusEvent;
use lode_core::data_server::DataServer;
use lode_core::data_server::messages::{
    BlobInfo, DataEffect, DataInput, DataOperation, DataResponse, DiskFailure, ReceiveFailure, ReceivedBody,
    SendFailure,
};
use lode_core::data_server::receiving::refusal_of;
use lode_core::digest::{ComputedDigests, RequestedDigests};
use lode_core::id::{OperationId, RequestId};
use lode_core::machine::{Effects, Machine as _};
use lode_core::select::ObjectHead;
use lode_core::time::Instant;
use lode_core::transfer::BodyFault;

use super::World;
use super::disk::{Blob, Disk, DiskStep, File};
use super::exchange::{Answer, AnswerBody, Ask, BodyEnd, ExchangeId, PutBody};
use super::process::End;
use super::queue::Event;
use super::window::Window;
use crate::assertion;
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::history::NameId;
use crate::node::Node;
use crate::plan::BodyFlaw;
use crate::plan::kind::Kind;
use crate::trace::Record;

/// One data server, and its disk, which outlives it.
#[derive(Debug, Default)]
pub(crate) struct DataNode {
    pub(crate) machine: Option<DataServer>,
    pub(crate) disk: Disk,
    /// How many heartbeats its machine has sent, and when the last one, by its own time.
    pub(crate) beats: u64,
    pub(crate) last_beat: Option<Instant>,
    /// When its bus came up, by its own time.
    pub(crate) bus_came: Option<Instant>,
    tasks: Window<Task>,
}

/// What serves one request.
#[derive(Debug)]
struct Task {
    exchange: ExchangeId,
    /// The body that is being received, and what is to be said when it has come.
    receive: Option<OperationId>,
    body_ended: Option<BodyEnd>,
    opened: Option<Blob>,
    send: Option<OperationId>,
    asker_gone: bool,
    /// What was received is on its way to its place: it gets there, whoever is gone.
    committing: bool,
}

impl DataNode {
    /// One with an empty disk of this size.
    pub(crate) fn new(disk_bytes: u64) -> Self {
        Self { disk: Disk::new(disk_bytes), ..Self::default() }
    }

    /// Whether a request is being served.
    pub(crate) fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }
}

impl World<'_> {
    pub(crate) fn data(&self, node: Node) -> Option<&DataNode> {
        self.datas.get(self.data_slot(node))
    }

    pub(crate) fn data_mut(&mut self, node: Node) -> Option<&mut DataNode> {
        let slot = self.data_slot(node);
        self.datas.get_mut(slot)
    }

    fn data_task(&mut self, node: Node, request: RequestId) -> Option<&mut Task> {
        self.data_mut(node)?.tasks.get_mut(request.0)
    }

    pub(crate) fn data_starts(&mut self, node: Node) {
        let incarnation = self.fresh_incarnation(node);
        let (config, address) = (self.data_config.clone(), self.address_of(node));
        let Some(data) = self.data_mut(node) else { return };
        data.disk.temporary.clear();
        let space = data.disk.space();
        data.machine = DataServer::new(config, address, incarnation, space).ok();
        data.tasks.clear();
        (data.beats, data.last_beat, data.bus_came) = (0, None, None);
    }

    pub(crate) fn data_ends(&mut self, node: Node, end: End) {
        if let Some(data) = self.data_mut(node) {
            data.machine = None;
            data.tasks.clear();
        }
        if end == End::PowerLost {
            self.lose_what_was_not_synced(node);
        }
    }

    pub(crate) fn data_wakes(&mut self, node: Node) {
        self.feed_data(node, DataServer::deadline_reached());
    }

    pub(crate) fn data_hears(&mut self, node: Node, event: BusEvent) {
        if event == BusEvent::Up {
            let local = self.local_now(node);
            if let Some(data) = self.data_mut(node) {
                data.bus_came = Some(local);
            }
        }
        self.feed_data(node, DataInput::Bus(event));
    }

    pub(crate) fn arm_data(&mut self, node: Node) {
        let deadline = self.data(node).and_then(|data| data.machine.as_ref()).and_then(DataServer::next_deadline);
        self.arm(node, deadline);
    }

    /// Gives the machine an input, and begins what it wants done.
    pub(crate) fn feed_data(&mut self, node: Node, input: DataInput) {
        if !self.process(node).alive {
            return;
        }
        let (local, slot) = (self.local_now(node), self.data_slot(node));
        let mut effects = std::mem::take(&mut self.data_effects);
        self.steps += 1;
        self.cover_data_input(&input);
        let told = self.trace.is_kept().then(|| super::label::data_input(&input));
        if let Some(machine) = self.datas.get_mut(slot).and_then(|data| data.machine.as_mut()) {
            let handled = assertion::caught(|| machine.handle(local, input, &mut effects));
            self.note_assertion(node, handled);
        }
        self.note_data_step(node, told, &effects);
        self.watch_data(node, local);
        for effect in effects.drain() {
            if self.dies_between_effects(node) {
                break;
            }
            self.carry_out_data(node, effect);
        }
        self.data_effects = effects;
        self.arm_data(node);
    }

    fn note_data_step(&mut self, node: Node, told: Option<String>, effects: &Effects<DataEffect>) {
        let Some(input) = told else { return };
        let effects: Vec<_> = effects.clone().drain().map(|effect| super::label::data_effect(&effect)).collect();
        let at = self.now;
        self.trace.note(|| Record::Step { at, node, input, effects });
    }

    fn carry_out_data(&mut self, node: Node, effect: DataEffect) {
        self.cover_data_effect(&effect);
        match effect {
            DataEffect::Bus(command) => self.bus_command(node, command),
            DataEffect::LookUp { lookup, name } => {
                let name = self.name_id(&name);
                self.disk_works(node, DiskStep::LookedUp { lookup, name });
            }
            DataEffect::Receive { receive, request, .. } => self.begin_receiving(node, request, receive),
            DataEffect::Commit { commit, request } => {
                if let Some(task) = self.data_task(node, request) {
                    task.committing = true;
                }
                self.disk_works(node, DiskStep::Synced { request, commit });
            }
            DataEffect::Discard { request } => self.discard(node, request),
            DataEffect::Open { open, request, name } => {
                let name = self.name_id(&name);
                self.disk_works(node, DiskStep::Opened { request, open, name });
            }
            DataEffect::Send { send, request, head, head_only } => {
                self.begin_sending(node, request, send, head, head_only)
            }
            DataEffect::Remove { removal, name, .. } => {
                let name = self.name_id(&name);
                self.disk_works(node, DiskStep::Removed { removal, name });
            }
            DataEffect::Check { .. }
            | DataEffect::List { .. }
            | DataEffect::Describe { .. }
            | DataEffect::KeepDraining { .. }
            | DataEffect::Count { .. }
            | DataEffect::FindFiles { .. }
            | DataEffect::ReadPart { .. }
            | DataEffect::KeepScrub { .. } => {
                unreachable!("nobody here asks about many blobs, nor drains or scrubs a server")
            }
            DataEffect::MeasureSpace { measurement } => self.disk_works(node, DiskStep::Measured { measurement }),
            DataEffect::Respond { request, response } => self.respond_data(node, request, response),
        }
    }

    fn disk_works(&mut self, node: Node, step: DiskStep) {
        let (at, run) = (self.now + self.disk_delay(node), self.process(node).run);
        self.queue.push(at, Event::Disk { node, run, step });
    }

    pub(crate) fn complete_data(&mut self, node: Node, input: DataInput) {
        let run = self.process(node).run;
        self.queue.push(self.now, Event::Data { node, run, input: Box::new(input) });
    }

    /// A request has come in.
    pub(crate) fn data_accepts(&mut self, node: Node, exchange: ExchangeId, request: RequestId) {
        let Some(open) = self.exchanges.get(exchange.0) else { return };
        let ask = open.ask.clone();
        let task = Task {
            exchange,
            receive: None,
            body_ended: None,
            opened: None,
            send: None,
            asker_gone: false,
            committing: false,
        };
        if let Some(data) = self.data_mut(node) {
            data.tasks.insert(request.0, task);
        }
        let operation = match ask {
            Ask::Put { name, body, .. } => DataOperation::Put {
                name: self.object_name(name),
                declared_bytes: body.declared.then_some(body.size_bytes),
                digests: digests_of(&body),
                description: None,
                label: None,
            },
            Ask::Get { name, selection } => DataOperation::Get { name: self.object_name(name), selection },
            Ask::Delete { name } => DataOperation::Delete { name: self.object_name(name) },
            Ask::Locate { .. } | Ask::Versioned(_) => return self.answer(exchange, Answer::Status(404)),
        };
        self.feed_data(node, DataInput::Request { request, operation });
    }

    fn begin_receiving(&mut self, node: Node, request: RequestId, receive: OperationId) {
        let Some(task) = self.data_task(node, request) else { return };
        task.receive = Some(receive);
        let (exchange, ended) = (task.exchange, task.body_ended);
        if let Some(end) = ended {
            return self.complete_receiving(node, request, end);
        }
        let Some(Ask::Put { name, body, .. }) = self.exchanges.get(exchange.0).map(|open| &open.ask) else { return };
        let file = File { name: *name, content: body.content, size_bytes: 0, synced: false };
        if let Some(data) = self.data_mut(node) {
            data.disk.temporary.insert(request, file);
        }
    }

    /// The body of a request has come to its end, or broken off.
    pub(crate) fn data_body_ends(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let Some(task) = self.data_task(node, request) else { return };
        if task.body_ended.is_some() {
            return;
        }
        task.body_ended = Some(end);
        if task.receive.is_some() {
            self.complete_receiving(node, request, end);
        }
    }

    fn complete_receiving(&mut self, node: Node, request: RequestId, end: BodyEnd) {
        let Some(task) = self.data_task(node, request) else { return };
        let (Some(receive), exchange) = (task.receive.take(), task.exchange) else { return };
        let body = match self.exchanges.get(exchange.0).map(|open| &open.ask) {
            Some(Ask::Put { body, .. }) if end != BodyEnd::Broken => Ok(*body),
            Some(Ask::Put { .. } | Ask::Get { .. } | Ask::Delete { .. } | Ask::Locate { .. } | Ask::Versioned(_))
            | None => Err(ReceiveFailure::Body(BodyFault::Broken { reason: "it was cut off".to_owned() })),
        };
        let outcome = body.and_then(|body| match self.writing_fails(node, body.size_bytes) {
            Some(failure) => Err(ReceiveFailure::Disk(failure)),
            None => Ok(body),
        });
        let outcome = match outcome {
            Ok(body) => {
                if let Some(file) = self.data_mut(node).and_then(|data| data.disk.temporary.get_mut(&request)) {
                    file.size_bytes = body.size_bytes;
                }
                let (size_bytes, checksum) = (body.size_bytes, super::checksum_of(body.content));
                // A digest that the client did not give is not looked at.
                let digests = ComputedDigests { sha256: Some([0xbb; 32]), md5: None };
                Ok(ReceivedBody { size_bytes, checksum, digests })
            }
            Err(failure) => {
                self.discard(node, request);
                Err(failure)
            }
        };
        self.complete_data(node, DataInput::Received { receive, outcome });
    }

    /// Why the disk does not take so much, if it does not.
    fn writing_fails(&mut self, node: Node, size_bytes: u64) -> Option<DiskFailure> {
        if self.faults.on(Kind::DiskWriteError, node) {
            self.hit(Point::FaultDiskWrite);
            return Some(DiskFailure::Write { reason: "EIO".to_owned() });
        }
        let free = self.data(node).map_or(0, |data| data.disk.space().free_bytes);
        if self.faults.on(Kind::ShortWrite, node) {
            self.hit(Point::FaultShortWrite);
            return Some(DiskFailure::Full);
        }
        if self.faults.on(Kind::DiskFull, node) || size_bytes > free {
            self.hit(Point::FaultDiskFull);
            return Some(DiskFailure::Full);
        }
        None
    }

    fn discard(&mut self, node: Node, request: RequestId) {
        if let Some(data) = self.data_mut(node) {
            data.disk.temporary.remove(&request);
        }
    }

    /// The disk has done something.
    pub(crate) fn disk_step(&mut self, node: Node, run: u32, step: DiskStep) {
        if self.run_of(node) != Some(run) {
            return;
        }
        let unreadable = self.faults.on(Kind::DiskReadError, node);
        match step {
            DiskStep::LookedUp { lookup, name } => {
                let outcome = self.look_up(node, name, unreadable).map(|blob| blob.map(|blob| info_of(&blob)));
                self.feed_data(node, DataInput::LookedUp { lookup, outcome });
            }
            DiskStep::Opened { request, open, name } => {
                let outcome = self.look_up(node, name, unreadable);
                if let (Ok(blob), Some(task)) = (&outcome, self.data_task(node, request)) {
                    task.opened = *blob;
                }
                let outcome = outcome.map(|blob| blob.map(|blob| info_of(&blob)));
                self.feed_data(node, DataInput::Opened { open, outcome });
            }
            DiskStep::Measured { measurement } => {
                let full = self.faults.on(Kind::DiskFull, node);
                let space = self.data(node).map(|data| data.disk.space());
                let outcome = match space {
                    Some(mut space) if !unreadable => {
                        space.free_bytes = if full { 0 } else { space.free_bytes };
                        Ok(space)
                    }
                    Some(_) | None => Err(DiskFailure::Read { reason: "EIO".to_owned() }),
                };
                self.feed_data(node, DataInput::SpaceMeasured { measurement, outcome });
            }
            DiskStep::Removed { removal, name } => self.blob_removed(node, removal, name),
            DiskStep::Synced { request, commit } => self.file_synced(node, request, commit),
            DiskStep::Renamed { request, commit } => self.file_renamed(node, request, commit),
            DiskStep::FolderSynced { commit, file, holding } => self.folder_synced(node, commit, file, holding),
        }
    }

    fn look_up(&mut self, node: Node, name: NameId, unreadable: bool) -> Result<Option<Blob>, DiskFailure> {
        if unreadable {
            self.hit(Point::FaultDiskRead);
            return Err(DiskFailure::Read { reason: "EIO".to_owned() });
        }
        Ok(self.data(node).and_then(|data| data.disk.blobs.get(&name)).copied())
    }

    /// Sends what was opened: a rotten blob is refused, or breaks off where it is rotten.
    fn begin_sending(&mut self, node: Node, request: RequestId, send: OperationId, head: ObjectHead, head_only: bool) {
        let Some(task) = self.data_task(node, request) else { return };
        let (exchange, opened, asker_gone) = (task.exchange, task.opened.take(), task.asker_gone);
        task.send = Some(send);
        let body = head.content.body().filter(|_| !head_only);
        let rotten = opened.is_some_and(|blob| blob.rotten);
        let fails_at_once = rotten && body.is_some() && self.chance.of(node, Purpose::Damage).bool();
        if fails_at_once {
            self.hit(Point::RottenRefused);
            let failure = DiskFailure::Corrupt { reason: "its checksum does not match".to_owned() };
            self.answer(exchange, Answer::Refused(refusal_of(&failure)));
            return self.end_sending(node, request, Err(SendFailure::Disk(failure)));
        }
        if asker_gone || self.exchanges.get(exchange.0).is_none() {
            return self.end_sending(node, request, Err(SendFailure::Client));
        }
        let body = body.map(|(first, length_bytes)| AnswerBody {
            content: opened.map(|blob| blob.file.content),
            first,
            length_bytes,
            breaks: rotten,
        });
        let has_body = body.is_some();
        if rotten && has_body {
            self.hit(Point::RottenBrokenOff);
        }
        self.answer(exchange, Answer::Object { head, body, version: None });
        if !has_body {
            self.end_sending(node, request, Ok(()));
        }
    }

    fn end_sending(&mut self, node: Node, request: RequestId, outcome: Result<(), SendFailure>) {
        let task = self.data_mut(node).and_then(|data| data.tasks.remove(request.0));
        if let Some(send) = task.and_then(|task| task.send) {
            self.complete_data(node, DataInput::Sent { send, outcome });
        }
    }

    /// All of the body has gone out.
    pub(crate) fn data_sent(&mut self, node: Node, request: RequestId) {
        self.end_sending(node, request, Ok(()));
    }

    fn respond_data(&mut self, node: Node, request: RequestId, response: DataResponse) {
        let task = self.data_mut(node).and_then(|data| data.tasks.remove(request.0));
        let Some(exchange) = task.map(|task| task.exchange) else { return };
        let answer = match response {
            DataResponse::Stored { checksum, .. } => {
                Answer::Stored { content: super::content_of(checksum), version: None }
            }
            DataResponse::Removed => Answer::Removed,
            DataResponse::Held(_)
            | DataResponse::Inventory(_)
            | DataResponse::FullInventory(_)
            | DataResponse::Drain(_)
            | DataResponse::Scrub { .. } => {
                unreachable!("nobody here asks about many blobs, nor drains or scrubs a server")
            }
            DataResponse::Refused(refusal) => Answer::Refused(refusal),
        };
        self.answer(exchange, answer);
    }

    /// Whoever asked is gone.
    pub(crate) fn data_lost_asker(&mut self, node: Node, request: RequestId) {
        let Some(task) = self.data_task(node, request) else { return };
        task.asker_gone = true;
        let (sends, receives, committing) = (task.send.is_some(), task.receive.is_some(), task.committing);
        if sends {
            let rotten = self.faults.on(Kind::DiskReadError, node);
            let failure = if rotten {
                SendFailure::Disk(DiskFailure::Read { reason: "EIO".to_owned() })
            } else {
                SendFailure::Client
            };
            return self.end_sending(node, request, Err(failure));
        }
        if receives {
            return self.data_body_ends(node, request, BodyEnd::Broken);
        }
        if self.chance.of(node, Purpose::Choice).bool() {
            self.hit(Point::RequestGone);
            if !committing {
                self.discard(node, request);
            }
            if let Some(data) = self.data_mut(node) {
                data.tasks.remove(request.0);
            }
            self.feed_data(node, DataInput::RequestGone { request });
        }
    }
}

/// A body with the wrong digest says one that it does not have.
fn digests_of(body: &PutBody) -> RequestedDigests {
    let sha256 = (body.flaw == BodyFlaw::WrongDigest).then_some([0xaa; 32]);
    RequestedDigests { sha256, md5: None }
}

fn info_of(blob: &Blob) -> BlobInfo {
    BlobInfo { size_bytes: blob.file.size_bytes, checksum: super::checksum_of(blob.file.content) }
}
