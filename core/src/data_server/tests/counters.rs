//! What is counted, each twice: once could be anything that is not nothing.

use super::*;

fn ask(bench: &mut Bench) -> Vec<DataEffect> {
    let id = OperationIds::new(Incarnation::new(9)).fresh();
    let reply_to = ReplyTo::new("q".into());
    let message = BusMessage { reply_to, ..LocateQuery { id, name: name() }.to_message() };
    bench.feed(DataInput::Bus(BusEvent::Query(message)))
}

#[test]
fn heartbeats_are_counted() {
    let mut bench = Bench::new();
    assert_eq!(bench.server.counters(), DataCounters::default());
    bench.feed(DataInput::Bus(BusEvent::Up));
    assert_eq!(bench.server.counters().heartbeats, 1);
    bench.now = bench.server.next_deadline().unwrap();
    bench.feed(DataInput::DeadlineReached);
    assert_eq!(bench.server.counters(), DataCounters { heartbeats: 2, ..DataCounters::default() });
    assert_eq!((bench.server.incarnation(), bench.server.space()), (Incarnation::new(1), ROOM));
}

#[test]
fn queries_looked_up_and_dropped_are_counted() {
    let mut bench = Bench::up();
    bench.server.holdings = Holdings::new(&bench.server.address, Incarnation::new(1), 2);
    assert!(bench.server.holdings.is_empty());
    for (times, dropped) in [(1, 0), (2, 0), (2, 1), (2, 2)] {
        let effects = ask(&mut bench);
        assert_eq!(effects.len(), usize::from(dropped == 0));
        let expected = DataCounters { heartbeats: 1, queries: times, queries_dropped: dropped, ..Default::default() };
        assert_eq!(bench.server.counters(), expected);
    }
    assert_eq!((bench.server.holdings.len(), bench.server.holdings.is_empty()), (2, false));
}

#[test]
fn what_does_not_belong_to_a_data_server_is_counted_as_malformed() {
    let mut bench = Bench::up();
    for times in 1..=2 {
        assert_eq!(bench.feed(DataInput::Bus(BusEvent::Heartbeat(BusMessage::default()))), []);
        let answer = BusEvent::Answer { route: crate::bus::ReplyRoute::Shared, message: BusMessage::default() };
        assert_eq!(bench.feed(DataInput::Bus(answer)), []);
        assert_eq!(bench.server.counters().malformed_messages, 2 * times);
    }
}

#[test]
fn requests_under_way_and_refused_are_counted() {
    let mut bench = Bench::up();
    bench.server.config.max_requests = 2;
    for number in 1..=4 {
        bench.request(number, DataOperation::Delete { name: name() });
    }
    assert_eq!((bench.server.requests_under_way(), bench.server.counters().requests_busy), (2, 2));
}

#[test]
fn damaged_blobs_are_counted_each_time_and_make_no_disk_bad() {
    let mut bench = Bench::up();
    for times in 1..=2 {
        let effects = bench.request(times, DataOperation::Get { name: name(), selection: Selection::default() });
        let [DataEffect::Open { open, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let outcome = Err(DiskFailure::Corrupt { reason: "another checksum".into() });
        assert_eq!(refusal(&bench.feed(DataInput::Opened { open: *open, outcome })).code(), "corrupt");
        assert_eq!(bench.server.counters().corrupt_blobs, times);
    }
    assert!(bench.server.accepts_writes());
}
