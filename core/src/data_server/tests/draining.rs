//! A data server that is to be emptied.

use super::*;
use crate::data_server::messages::{Counts, DrainCommand, DrainReport};

const COUNTS: Counts = Counts { blobs: 7, objects: 2 };

fn told(bench: &mut Bench, number: u64, command: DrainCommand) -> (OperationId, bool) {
    match bench.request(number, DataOperation::Drain(command)).as_slice() {
        [DataEffect::KeepDraining { keep, draining, .. }] => (*keep, *draining),
        other => panic!("{other:?}"),
    }
}

fn kept(bench: &mut Bench, keep: OperationId, outcome: Result<(), DiskFailure>) -> (Vec<Heartbeat>, DrainReport) {
    bench.now = bench.now + Duration::from_secs(1);
    let effects = bench.feed(DataInput::DrainingKept { keep, outcome });
    let counts = effects.iter().find_map(|effect| match effect {
        DataEffect::Count { count, .. } => Some(*count),
        _ => None,
    });
    let count = counts.unwrap();
    match bench.feed(DataInput::Counted { count, outcome: Ok(COUNTS) }).as_slice() {
        [DataEffect::Respond { response: DataResponse::Drain(report), .. }] => (heartbeats(&effects), *report),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_drained_once_that_is_kept_and_says_so_at_once() {
    let mut bench = Bench::up();
    let (keep, draining) = told(&mut bench, 1, DrainCommand::Begin);
    assert!(draining && bench.server.accepts_writes(), "not before it is kept");
    let (heartbeats, report) = kept(&mut bench, keep, Ok(()));
    let details = heartbeats[0].details.as_ref().unwrap();
    assert!(details.draining && !details.accepts_writes);
    assert_eq!(report, DrainReport { draining: true, kept: true, counts: COUNTS });
    assert_eq!(refusal(&bench.request(2, put_of(name(), None))), &Refusal::Draining);
    let (keep, draining) = told(&mut bench, 3, DrainCommand::Cancel);
    assert!(!draining);
    let (heartbeats, report) = kept(&mut bench, keep, Ok(()));
    let details = heartbeats[0].details.as_ref().unwrap();
    assert!(!details.draining && details.accepts_writes && !report.draining);
    assert!(matches!(bench.request(4, put_of(name(), None))[..], [DataEffect::Receive { .. }]));
}

#[test]
fn a_disk_that_cannot_keep_it_is_drained_all_the_same() {
    let mut bench = Bench::up();
    let (keep, _) = told(&mut bench, 1, DrainCommand::Begin);
    let failure = DiskFailure::Write { reason: "read-only".to_string() };
    let (_, report) = kept(&mut bench, keep, Err(failure));
    assert_eq!(report, DrainReport { draining: true, kept: false, counts: COUNTS });
    assert!(bench.server.is_draining());
}

#[test]
fn a_restart_does_not_end_it_and_who_asks_is_told() {
    let mut bench = Bench::up();
    bench.server = bench.server.clone().draining(true);
    let effects = bench.request(1, DataOperation::Drain(DrainCommand::Tell));
    let [DataEffect::Count { count, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let effects = bench.feed(DataInput::Counted { count: *count, outcome: Ok(COUNTS) });
    let response = DataResponse::Drain(DrainReport { draining: true, kept: true, counts: COUNTS });
    assert_eq!(effects, [DataEffect::Respond { request: RequestId(1), response }]);
    let effects = bench.request(2, DataOperation::Drain(DrainCommand::Tell));
    let [DataEffect::Count { count, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let outcome = Err(DiskFailure::Read { reason: "EIO".to_string() });
    assert_eq!(refusal(&bench.feed(DataInput::Counted { count: *count, outcome })).code(), "disk_failed");
}
