//! What the machine wants done: whether it may want that, and keeping it until it is completed.

use std::collections::BTreeSet;

use lode_core::bus::{BusCommand, BusMessage};
use lode_core::catalog::BlobId;
use lode_core::data_server::messages::{DataEffect, DataOperation, DataResponse};
use lode_core::id::{OperationId, RequestId};
use lode_core::refusal::Refusal;
use lode_core::select::Content;
use lode_core::wire::{Heartbeat, Held, LocateAnswer};

use super::driver::{Asker, Driver, blobs};
use super::upload::Upload;

/// The request that an effect says it is for.
pub(super) const fn request_of(effect: &DataEffect) -> Option<RequestId> {
    match effect {
        DataEffect::Receive { request, .. }
        | DataEffect::Commit { request, .. }
        | DataEffect::Discard { request }
        | DataEffect::Open { request, .. }
        | DataEffect::Send { request, .. }
        | DataEffect::Remove { request, .. }
        | DataEffect::Check { request, .. }
        | DataEffect::List { request, .. }
        | DataEffect::Describe { request, .. }
        | DataEffect::KeepDraining { request, .. }
        | DataEffect::Count { request, .. }
        | DataEffect::Respond { request, .. } => Some(*request),
        DataEffect::Bus(_)
        | DataEffect::LookUp { .. }
        | DataEffect::FindFiles { .. }
        | DataEffect::ReadPart { .. }
        | DataEffect::KeepScrub { .. }
        | DataEffect::MeasureSpace { .. } => None,
    }
}

impl Driver {
    pub(super) fn carry_out(&mut self, effect: DataEffect) {
        if let Some(request) = request_of(&effect) {
            assert!(self.askers.contains_key(&request), "nothing is done for {request:?}, which is over: {effect:?}");
        }
        match &effect {
            DataEffect::Bus(command) => return self.publish(command),
            DataEffect::Respond { request, response } => {
                let asker = self.askers.remove(request).expect("each request is answered once");
                if let DataResponse::Drain(report) = response {
                    assert_eq!(report.draining, self.server.is_draining());
                }
                return asker.check_response(response, &self.damaged);
            }
            DataEffect::Discard { request } => return self.upload(*request).discard(),
            DataEffect::LookUp { lookup, name } => {
                self.use_id(*lookup);
                let asked = self.asked.take().expect("a look-up is for a query");
                assert_eq!(lode_core::wire::decode_text(&asked.body).as_deref(), Ok(name.as_str()));
                self.queries.insert(*lookup, asked);
            }
            DataEffect::Receive { receive, request, .. } => {
                self.use_id(*receive);
                assert!(self.server.accepts_writes(), "a disk that is full or broken takes nothing");
                let asker = self.askers.get_mut(request).expect("looked at above");
                assert!(matches!(asker.operation, DataOperation::Put { .. }) && asker.upload.is_none());
                asker.upload = Some(Upload::Receiving);
            }
            DataEffect::Commit { commit, request } => {
                self.use_id(*commit);
                self.upload(*request).commit();
            }
            DataEffect::Open { open: id, .. } | DataEffect::MeasureSpace { measurement: id } => self.use_id(*id),
            DataEffect::Check { check, request, blobs: looked_at } => {
                self.use_id(*check);
                let asker = self.askers.get(request).expect("looked at above");
                let DataOperation::Held { blobs } = &asker.operation else { panic!("{:?}", asker.operation) };
                let sound = blobs.iter().filter(|blob| !self.damaged.contains(&blob.blob));
                assert!(sound.eq(looked_at), "all but those known to be damaged are looked at");
            }
            DataEffect::KeepScrub { .. } => return,
            DataEffect::FindFiles { find, .. } => {
                self.use_id(*find);
                self.scrubbing = None;
            }
            DataEffect::ReadPart { read, .. } => {
                self.use_id(*read);
                self.scrubbing = Some(*read);
            }
            DataEffect::Describe { describe, request, query } => {
                self.use_id(*describe);
                let asker = self.askers.get(request).expect("looked at above");
                assert_eq!(asker.operation, DataOperation::FullInventory(*query));
            }
            DataEffect::KeepDraining { keep: id, request, .. } | DataEffect::Count { count: id, request } => {
                self.use_id(*id);
                let asker = self.askers.get(request).expect("looked at above");
                assert!(matches!(asker.operation, DataOperation::Drain(_)), "{:?}", asker.operation);
            }
            DataEffect::List { list, request, query } => {
                self.use_id(*list);
                let asker = self.askers.get(request).expect("looked at above");
                assert_eq!(asker.operation, DataOperation::Inventory(*query));
            }
            DataEffect::Remove { removal, request, .. } => {
                self.use_id(*removal);
                let asker = self.askers.get(request).expect("looked at above");
                assert!(matches!(asker.operation, DataOperation::Delete { .. }), "{:?}", asker.operation);
            }
            DataEffect::Send { send, request, head, head_only } => {
                self.use_id(*send);
                let asker = self.askers.get_mut(request).expect("looked at above");
                let DataOperation::Get { selection, .. } = &asker.operation else { panic!("only a GET is sent") };
                assert_eq!(selection.head_only, *head_only);
                assert!(head.etag.is_some() && head.content != Content::Whole { size_bytes: None });
                asker.is_sent_to = true;
            }
        }
        self.pending.push(effect);
    }

    fn publish(&mut self, command: &BusCommand) {
        match command {
            BusCommand::Heartbeat(message) => {
                assert!(self.bus_is_up || self.bus_was_up, "without a bus nobody hears it");
                let soonest = self.last_heartbeat.map(|last| last + self.config.heartbeat_period / 20);
                assert!(soonest.is_none_or(|soonest| soonest <= self.now), "two heartbeats, one right after the other");
                self.last_heartbeat = Some(self.now);
                let heartbeat = Heartbeat::parse(message).expect("our own heartbeat can be read");
                assert_eq!(heartbeat.details.map(|details| details.incarnation), Some(self.server.incarnation()));
            }
            BusCommand::Answer { to, message } => {
                let (query, held) = self.looked_up.take().expect("only what the disk has just said is answered, once");
                assert_eq!(Some(to), query.reply_to.as_ref());
                check_answer(message, &query, held);
            }
            BusCommand::Query { .. } | BusCommand::CloseRoute(_) => panic!("a data server asks nobody"),
        }
    }

    fn use_id(&mut self, id: OperationId) {
        assert!(self.ids.insert(id), "{id} was used twice");
        assert_eq!(id.incarnation(), self.server.incarnation());
    }

    pub(super) fn upload(&mut self, request: RequestId) -> &mut Upload {
        let asker = self.askers.get_mut(&request).expect("the request is under way");
        asker.upload.as_mut().expect("a PUT whose body was taken")
    }
}

fn check_answer(message: &BusMessage, query: &BusMessage, held: bool) {
    assert_eq!(message.correlation_id, query.correlation_id);
    if let Ok(answer) = LocateAnswer::parse(message) {
        assert_eq!(answer.held != Held::No, held);
    }
    let is_seed = query.headers.get("lode-negative-answers") != Some("yes");
    assert!(held || !is_seed, "the seed takes every answer for a yes");
}

impl Asker {
    fn check_response(&self, response: &DataResponse, damaged: &BTreeSet<BlobId>) {
        assert!(!self.is_sent_to, "the head of the answer was sent already");
        match response {
            DataResponse::Stored { size_bytes, checksum } => {
                let committed = Upload::Committed { size_bytes: *size_bytes, checksum: *checksum };
                assert_eq!(self.upload, Some(committed), "200 means durable");
            }
            DataResponse::Removed => assert!(self.is_removed),
            DataResponse::Held(held) => {
                let DataOperation::Held { blobs } = &self.operation else { panic!("{:?}", self.operation) };
                assert!(held.iter().all(|held| blobs.iter().any(|blob| blob.blob == *held) && !damaged.contains(held)));
            }
            DataResponse::Inventory(page) => {
                assert!(matches!(self.operation, DataOperation::Inventory(_)), "{:?}", self.operation);
                let told: BTreeSet<_> = page.blobs.iter().map(|entry| entry.blob).collect();
                assert_eq!(told, blobs().filter(|blob| !damaged.contains(blob)).collect());
            }
            DataResponse::FullInventory(page) => {
                assert!(matches!(self.operation, DataOperation::FullInventory(_)), "{:?}", self.operation);
                assert!(page.blobs.iter().all(|entry| !damaged.contains(&entry.blob)));
            }
            DataResponse::Drain(_) => {
                assert!(matches!(self.operation, DataOperation::Drain(_)), "{:?}", self.operation)
            }
            DataResponse::Scrub { .. } => assert!(matches!(self.operation, DataOperation::Scrub(_))),
            DataResponse::Refused(refusal) => self.check_refusal(refusal),
        }
    }

    fn check_refusal(&self, refusal: &Refusal) {
        assert!(!matches!(self.upload, Some(Upload::Committed { .. })), "it is durable and visible: {refusal:?}");
        assert!(!matches!(self.upload, Some(Upload::Received { .. })), "a temporary file is left behind: {refusal:?}");
        let is_put = matches!(self.operation, DataOperation::Put { .. });
        match refusal {
            Refusal::Busy => assert!(self.may_be_busy, "there was room for this request"),
            Refusal::NotFound => assert!(!is_put, "a PUT finds nothing missing"),
            Refusal::Draining => assert!(is_put),
            Refusal::BrokenBody { .. } | Refusal::LengthMismatch { .. } | Refusal::DigestMismatch(_) => assert!(is_put),
            Refusal::NoSpace | Refusal::DiskFailed { .. } | Refusal::Corrupt { .. } => {}
            Refusal::NoDataServer
            | Refusal::TooFewDataServers { .. }
            | Refusal::Unanswered { .. }
            | Refusal::NotStored { .. }
            | Refusal::NotRemoved { .. }
            | Refusal::CannotDelete { .. }
            | Refusal::NoSuchBucket
            | Refusal::PreconditionFailed
            | Refusal::CatalogUnavailable { .. }
            | Refusal::OutcomeUnknown { .. }
            | Refusal::NoCopy { .. }
            | Refusal::UploadTooOld => panic!("that is for an API server to say: {refusal:?}"),
        }
    }
}
