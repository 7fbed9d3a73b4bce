//! When a disk is full, and when it is bad.

use super::*;

fn put(declared_bytes: u64) -> DataOperation {
    put_of(name(), Some(declared_bytes))
}

/// The disk says how much room it has, in answer to the last heartbeat.
fn measured(bench: &mut Bench, outcome: Result<Space, DiskFailure>) -> Vec<DataEffect> {
    let measurement = bench.server.measuring.unwrap();
    bench.feed(DataInput::SpaceMeasured { measurement, outcome })
}

#[test]
fn an_upload_that_just_fits_is_taken() {
    let mut bench = Bench::up();
    assert!(matches!(bench.request(1, put(ROOM.free_bytes))[..], [DataEffect::Receive { .. }]));
    assert_eq!(refusal(&bench.request(2, put(ROOM.free_bytes + 1))), &Refusal::NoSpace);
}

#[test]
fn the_reserve_itself_is_room_and_one_byte_less_is_none() {
    for (free_bytes, accepts) in [((1 << 20) - 1, false), (1 << 20, true)] {
        let mut bench = Bench::up();
        bench.now = bench.now + Duration::from_secs(1);
        let space = Space { free_bytes, ..ROOM };
        let effects = measured(&mut bench, Ok(space));
        assert_eq!((bench.server.space(), bench.server.accepts_writes()), (space, accepts));
        assert_eq!(heartbeats(&effects).len(), usize::from(!accepts), "what has changed is told at once, only that");
    }
}

#[test]
fn a_measurement_that_nobody_waits_for_changes_nothing() {
    let mut bench = Bench::up();
    let measurement = OperationIds::new(Incarnation::new(77)).fresh();
    let nothing = Space { free_bytes: 0, ..ROOM };
    assert_eq!(bench.feed(DataInput::SpaceMeasured { measurement, outcome: Ok(nothing) }), []);
    assert_eq!(bench.server.space(), ROOM);
}

#[test]
fn a_disk_that_fails_stays_bad_also_when_it_says_that_it_is_full() {
    let mut bench = Bench::up();
    let receives = [bench.put(1, None), bench.put(2, None), bench.put(3, None)];
    let write = DiskFailure::Write { reason: "Input/output error".into() };
    for (receive, failure) in receives.into_iter().zip([write.clone(), DiskFailure::Full, write]) {
        bench.now = bench.now + Duration::from_secs(1);
        bench.feed(DataInput::Received { receive, outcome: Err(ReceiveFailure::Disk(failure)) });
        assert_eq!(bench.server.disk, Disk::Failing);
    }
    assert_eq!(bench.server.counters().heartbeats, 2, "only what has changed is told at once");
    assert_eq!(refusal(&bench.request(4, put(1))).code(), "disk_failed");
}

#[test]
fn a_write_that_fails_while_full_makes_the_disk_bad() {
    let mut bench = Bench::up();
    let receives = [bench.put(1, None), bench.put(2, None)];
    let write = DiskFailure::Write { reason: "Input/output error".into() };
    for (receive, failure, disk) in [(receives[0], DiskFailure::Full, Disk::Full), (receives[1], write, Disk::Failing)]
    {
        bench.feed(DataInput::Received { receive, outcome: Err(ReceiveFailure::Disk(failure)) });
        assert_eq!(bench.server.disk, disk);
    }
}

#[test]
fn what_fails_while_sending_or_measuring_counts_too() {
    let mut bench = Bench::up();
    let effects = bench.request(1, DataOperation::Get { name: name(), selection: Selection::default() });
    let [DataEffect::Open { open, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let effects = bench
        .feed(DataInput::Opened { open: *open, outcome: Ok(Some(BlobInfo { size_bytes: 3, checksum: CHECKSUM })) });
    let [DataEffect::Send { send, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let corrupt = DiskFailure::Corrupt { reason: "another checksum".into() };
    assert_eq!(bench.feed(DataInput::Sent { send: *send, outcome: Err(SendFailure::Disk(corrupt)) }), []);
    assert_eq!(bench.server.counters().corrupt_blobs, 1);
    measured(&mut bench, Err(DiskFailure::Write { reason: "read-only".into() }));
    assert_eq!(bench.server.disk, Disk::Failing);
}

#[test]
fn a_removal_is_answered_with_what_the_disk_says() {
    let mut bench = Bench::up();
    let failure = DiskFailure::Write { reason: "Input/output error".into() };
    let outcomes = [Ok(true), Ok(false), Err(failure)];
    for (number, (outcome, code)) in (1..).zip(outcomes.into_iter().zip([None, Some("not_found"), Some("disk_failed")]))
    {
        let effects = bench.request(number, DataOperation::Delete { name: name() });
        let [DataEffect::Remove { removal, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        bench.now = bench.now + Duration::from_secs(1);
        let effects = bench.feed(DataInput::Removed { removal: *removal, outcome });
        let answers: Vec<_> = effects
            .iter()
            .filter_map(|effect| match effect {
                DataEffect::Respond { response: DataResponse::Refused(refusal), .. } => Some(Some(refusal.code())),
                DataEffect::Respond { response: DataResponse::Removed, .. } => Some(None),
                _ => None,
            })
            .collect();
        assert_eq!(answers, [code]);
    }
    assert_eq!(bench.server.disk, Disk::Failing);
}
