use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::bus::{BusMessage, ReplyTo};
use crate::catalog::{Bucket, Described, Description, ObjectPath};
use crate::checksum::Checksum;
use crate::data_server::messages::{ReceiveFailure, ReceivedBody};
use crate::digest::{ComputedDigests, RequestedDigests};
use crate::name::ObjectName;
use crate::transfer::BodyFault;
use crate::wire::{Held, LocateAnswer, LocateQuery, encode_text};

mod asked;
mod counters;
mod disk;
mod draining;

const ROOM: Space = Space { free_bytes: 1 << 30, total_bytes: 1 << 40 };
const CHECKSUM: Checksum = Checksum::new([7; 32]);

struct Bench {
    server: DataServer,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let address = "127.0.0.1:7501".parse().unwrap();
        let server = DataServer::new(DataConfig::default(), address, Incarnation::new(1), ROOM).unwrap();
        Self { server, now: Instant::START }
    }

    fn up() -> Self {
        let mut bench = Self::new();
        bench.feed(DataInput::Bus(BusEvent::Up));
        bench
    }

    fn feed(&mut self, input: DataInput) -> Vec<DataEffect> {
        let mut effects = Effects::new();
        self.server.handle(self.now, input, &mut effects);
        effects.drain().collect()
    }

    fn request(&mut self, number: u64, operation: DataOperation) -> Vec<DataEffect> {
        self.feed(DataInput::Request { request: RequestId(number), operation })
    }

    /// Begins a PUT and gives the id of its receiving.
    fn put(&mut self, number: u64, declared_bytes: Option<u64>) -> OperationId {
        self.begin_put(number, put_of(name(), declared_bytes))
    }

    fn put_named(&mut self, number: u64, name: &ObjectName) -> OperationId {
        self.begin_put(number, put_of(name.clone(), None))
    }

    fn begin_put(&mut self, number: u64, operation: DataOperation) -> OperationId {
        match self.request(number, operation).as_slice() {
            [DataEffect::Receive { receive, .. }] => *receive,
            other => panic!("{other:?}"),
        }
    }
}

fn name() -> ObjectName {
    ObjectName::from_message("test2").unwrap()
}

fn put_of(name: ObjectName, declared_bytes: Option<u64>) -> DataOperation {
    let digests = RequestedDigests::default();
    DataOperation::Put { name, declared_bytes, digests, description: None, label: None }
}

fn received(size_bytes: u64) -> Result<ReceivedBody, ReceiveFailure> {
    Ok(ReceivedBody { size_bytes, checksum: CHECKSUM, digests: ComputedDigests::default() })
}

fn heartbeats(effects: &[DataEffect]) -> Vec<Heartbeat> {
    let messages = effects.iter().filter_map(|effect| match effect {
        DataEffect::Bus(BusCommand::Heartbeat(message)) => Some(Heartbeat::parse(message).unwrap()),
        _ => None,
    });
    messages.collect()
}

fn refusal(effects: &[DataEffect]) -> &Refusal {
    match effects.last() {
        Some(DataEffect::Respond { response: DataResponse::Refused(refusal), .. }) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn it_beats_when_the_bus_comes_up_and_then_every_period() {
    let mut bench = Bench::new();
    let effects = bench.feed(DataInput::Bus(BusEvent::Up));
    assert_eq!(heartbeats(&effects).len(), 1);
    assert!(matches!(effects.last(), Some(DataEffect::MeasureSpace { .. })));
    bench.now = bench.server.next_deadline().unwrap();
    assert_eq!(bench.now, Instant::START + Duration::from_secs(5));
    assert_eq!(heartbeats(&bench.feed(DataInput::DeadlineReached)).len(), 1);
}

#[test]
fn a_query_is_looked_up_and_answered_with_what_the_disk_says() {
    let mut bench = Bench::up();
    let mut ids = OperationIds::new(Incarnation::new(9));
    for (found, held) in [
        (
            Some(BlobInfo { size_bytes: 3, checksum: CHECKSUM }),
            Held::Yes { size_bytes: Some(3), checksum: Some(CHECKSUM) },
        ),
        (None, Held::No),
    ] {
        let id = ids.fresh();
        let message =
            BusMessage { reply_to: ReplyTo::new("q".into()), ..LocateQuery { id, name: name() }.to_message() };
        let effects = bench.feed(DataInput::Bus(BusEvent::Query(message)));
        let [DataEffect::LookUp { lookup, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let effects = bench.feed(DataInput::LookedUp { lookup: *lookup, outcome: Ok(found) });
        let [DataEffect::Bus(BusCommand::Answer { to, message })] = effects.as_slice() else { panic!("{effects:?}") };
        let answer = LocateAnswer::parse(message).unwrap();
        assert_eq!((to.as_str(), answer.query, answer.held), ("q", Some(id), held));
    }
}

#[test]
fn a_missing_object_is_met_with_silence_where_the_seed_asks() {
    let mut bench = Bench::up();
    let message =
        BusMessage { reply_to: ReplyTo::new("q".into()), body: encode_text("test2"), ..BusMessage::default() };
    let effects = bench.feed(DataInput::Bus(BusEvent::Query(message)));
    let [DataEffect::LookUp { lookup, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(bench.feed(DataInput::LookedUp { lookup: *lookup, outcome: Ok(None) }), []);
}

#[test]
fn a_malformed_query_is_counted_and_dropped() {
    let mut bench = Bench::up();
    for body in [&b"\"../../etc/passwd\""[..], b"null", b"", b"\xff"] {
        let message = BusMessage { reply_to: ReplyTo::new("q".into()), body: body.to_vec(), ..BusMessage::default() };
        assert_eq!(bench.feed(DataInput::Bus(BusEvent::Query(message))), []);
    }
    assert_eq!(bench.server.counters().malformed_messages, 4);
}

#[test]
fn an_upload_is_acknowledged_only_when_it_is_durable() {
    let mut bench = Bench::up();
    let receive = bench.put(1, Some(3));
    let effects = bench.feed(DataInput::Received { receive, outcome: received(3) });
    let [DataEffect::Commit { commit, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let effects = bench.feed(DataInput::Committed { commit: *commit, outcome: Ok(()) });
    let response = DataResponse::Stored { size_bytes: 3, checksum: CHECKSUM };
    assert_eq!(effects, vec![DataEffect::Respond { request: RequestId(1), response }]);
    assert_eq!(bench.server.requests_under_way(), 0);
}

#[test]
fn a_body_of_another_length_than_announced_is_thrown_away() {
    let mut bench = Bench::up();
    let receive = bench.put(1, Some(4));
    let effects = bench.feed(DataInput::Received { receive, outcome: received(3) });
    assert_eq!(effects.first(), Some(&DataEffect::Discard { request: RequestId(1) }));
    assert_eq!(refusal(&effects), &Refusal::LengthMismatch { declared_bytes: 4, received_bytes: 3 });
}

#[test]
fn a_broken_body_is_refused_and_nothing_is_left_to_discard() {
    let mut bench = Bench::up();
    let receive = bench.put(1, None);
    let fault = BodyFault::Broken { reason: "it was cut off after 3 bytes".into() };
    let effects = bench.feed(DataInput::Received { receive, outcome: Err(ReceiveFailure::Body(fault)) });
    assert_eq!(effects.len(), 1);
    assert_eq!(refusal(&effects).code(), "broken_body");
}

#[test]
fn a_full_disk_is_told_to_everybody_at_once_and_uploads_are_refused_until_there_is_room() {
    let mut bench = Bench::up();
    let receive = bench.put(1, None);
    bench.now = bench.now + Duration::from_secs(1);
    let effects = bench.feed(DataInput::Received { receive, outcome: Err(ReceiveFailure::Disk(DiskFailure::Full)) });
    assert!(!heartbeats(&effects)[0].details.as_ref().unwrap().accepts_writes);
    assert!(
        effects.iter().any(|effect| matches!(
            effect,
            DataEffect::Respond { response: DataResponse::Refused(Refusal::NoSpace), .. }
        ))
    );
    let again = put_of(name(), None);
    let path = ObjectPath { bucket: Bucket::objects(), key: "a".parse().unwrap() };
    let description = Some(Description { path, what: Described::Tombstone });
    let tombstone = DataOperation::Put {
        name: name(),
        declared_bytes: Some(0),
        digests: RequestedDigests::default(),
        description,
        label: None,
    };
    assert!(matches!(bench.request(9, tombstone)[..], [DataEffect::Receive { .. }]), "so that there can be room again");
    assert_eq!(refusal(&bench.request(2, again.clone())), &Refusal::NoSpace);
    let measurement = bench.server.measuring.unwrap();
    bench.now = bench.now + Duration::from_secs(1);
    let effects = bench.feed(DataInput::SpaceMeasured { measurement, outcome: Ok(ROOM) });
    assert!(heartbeats(&effects)[0].details.as_ref().unwrap().accepts_writes);
    assert!(matches!(bench.request(3, again)[..], [DataEffect::Receive { .. }]));
}

#[test]
fn a_disk_that_failed_to_write_is_not_believed_again() {
    let mut bench = Bench::up();
    let receive = bench.put(1, None);
    let effects = bench.feed(DataInput::Received { receive, outcome: received(3) });
    let [DataEffect::Commit { commit, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let failure = DiskFailure::Write { reason: "Input/output error".to_string() };
    bench.feed(DataInput::Committed { commit: *commit, outcome: Err(failure) });
    let measurement = bench.server.measuring.unwrap();
    bench.feed(DataInput::SpaceMeasured { measurement, outcome: Ok(ROOM) });
    assert!(!bench.server.accepts_writes());
}

#[test]
fn an_upload_longer_than_the_free_space_is_refused_before_a_byte_is_taken() {
    let mut bench = Bench::up();
    let operation = put_of(name(), Some(ROOM.free_bytes + 1));
    assert_eq!(refusal(&bench.request(1, operation)), &Refusal::NoSpace);
}

#[test]
fn a_get_sends_what_was_opened() {
    let mut bench = Bench::up();
    let operation = DataOperation::Get { name: name(), selection: Selection::default() };
    let effects = bench.request(1, operation.clone());
    let [DataEffect::Open { open, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let info = BlobInfo { size_bytes: 3, checksum: CHECKSUM };
    let effects = bench.feed(DataInput::Opened { open: *open, outcome: Ok(Some(info)) });
    let [DataEffect::Send { send, head, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((head.content.status(), head.etag), (200, Some(ETag::new(CHECKSUM))));
    assert_eq!(bench.feed(DataInput::Sent { send: *send, outcome: Err(SendFailure::Client) }), []);
    assert_eq!(bench.server.requests_under_way(), 0);
    let effects = bench.request(2, operation);
    let [DataEffect::Open { open, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(refusal(&bench.feed(DataInput::Opened { open: *open, outcome: Ok(None) })), &Refusal::NotFound);
}

#[test]
fn one_request_too_many_is_told_to_come_back() {
    let mut bench = Bench::up();
    bench.server.config.max_requests = 1;
    bench.put(1, None);
    let operation = DataOperation::Delete { name: name() };
    assert_eq!(refusal(&bench.request(2, operation.clone())), &Refusal::Busy);
    bench.feed(DataInput::RequestGone { request: RequestId(1) });
    assert!(matches!(bench.request(3, operation)[..], [DataEffect::Remove { .. }]));
}

#[test]
fn completions_of_requests_that_are_gone_change_nothing() {
    let mut bench = Bench::up();
    let receive = bench.put(1, None);
    bench.feed(DataInput::RequestGone { request: RequestId(1) });
    assert_eq!(bench.feed(DataInput::Received { receive, outcome: received(3) }), []);
}

#[test]
fn who_has_just_come_to_the_bus_hears_a_heartbeat_at_once() {
    let mut bench = Bench::up();
    bench.now = bench.now + Duration::from_secs(1);
    let message = Hello { incarnation: Incarnation::new(5) }.to_message();
    assert_eq!(heartbeats(&bench.feed(DataInput::Bus(BusEvent::Query(message)))).len(), 1);
    assert_eq!(bench.server.counters().malformed_messages, 0);
}
