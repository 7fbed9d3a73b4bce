//! Questions about many blobs, and what is known of damaged ones.

use super::*;
use crate::catalog::Version;
use crate::data_server::messages::{Checked, DescribedPage};
use crate::inventory::{CommittedBlob, FullEntry, FullPage, InventoryEntry, InventoryPage};
use crate::resource::data::InventoryQuery;
use crate::time::WallTime;

const EVERYTHING: InventoryQuery = InventoryQuery { after: None, limit: 10 };

fn blob(number: u8) -> BlobId {
    BlobId::from_bytes([number; 16])
}

fn committed(number: u8) -> CommittedBlob {
    CommittedBlob { blob: blob(number), version: Version::FIRST, written: WallTime::EPOCH }
}

fn held(bench: &mut Bench, number: u64, blobs: &[u8]) -> (OperationId, Vec<CommittedBlob>) {
    let blobs = blobs.iter().map(|number| committed(*number)).collect();
    match bench.request(number, DataOperation::Held { blobs }).as_slice() {
        [DataEffect::Check { check, blobs, .. }] => (*check, blobs.clone()),
        other => panic!("{other:?}"),
    }
}

fn read(bench: &mut Bench, number: u64, name: &ObjectName, failure: DiskFailure) {
    let operation = DataOperation::Get { name: name.clone(), selection: Selection::default() };
    let effects = bench.request(number, operation);
    let [DataEffect::Open { open, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let info = BlobInfo { size_bytes: 3, checksum: CHECKSUM };
    let effects = bench.feed(DataInput::Opened { open: *open, outcome: Ok(Some(info)) });
    let [DataEffect::Send { send, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    bench.feed(DataInput::Sent { send: *send, outcome: Err(SendFailure::Disk(failure)) });
}

fn corrupt() -> DiskFailure {
    DiskFailure::Corrupt { reason: "a block".to_string() }
}

fn answers_locate(
    bench: &mut Bench,
    name: &ObjectName,
    outcome: Result<Option<BlobInfo>, DiskFailure>,
) -> Option<Held> {
    let id = OperationIds::new(Incarnation::new(9)).fresh();
    let query = LocateQuery { id, name: name.clone() };
    let message = BusMessage { reply_to: ReplyTo::new("q".into()), ..query.to_message() };
    let effects = bench.feed(DataInput::Bus(BusEvent::Query(message)));
    let [DataEffect::LookUp { lookup, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    match bench.feed(DataInput::LookedUp { lookup: *lookup, outcome }).as_slice() {
        [] => None,
        [DataEffect::Bus(BusCommand::Answer { message, .. })] => Some(LocateAnswer::parse(message).unwrap().held),
        other => panic!("{other:?}"),
    }
}

#[test]
fn which_of_many_are_held_is_what_the_disk_says() {
    let mut bench = Bench::up();
    let (check, blobs) = held(&mut bench, 1, &[1, 2, 3]);
    assert_eq!(blobs, [committed(1), committed(2), committed(3)]);
    let checked = Checked { held: vec![blob(1)], damaged: vec![blob(3)] };
    let effects = bench.feed(DataInput::Checked { check, outcome: Ok(checked) });
    let response = DataResponse::Held(vec![blob(1)]);
    assert_eq!(effects, [DataEffect::Respond { request: RequestId(1), response }]);
    assert_eq!(bench.server.counters().corrupt_blobs, 1);
    let (_, blobs) = held(&mut bench, 2, &[1, 2, 3]);
    assert_eq!(blobs, [committed(1), committed(2)], "what is damaged is not looked at again");
    let (check, _) = held(&mut bench, 3, &[1]);
    let outcome = Err(DiskFailure::Read { reason: "too many files".to_string() });
    assert_eq!(refusal(&bench.feed(DataInput::Checked { check, outcome })).code(), "disk_failed");
}

#[test]
fn an_inventory_leaves_out_what_is_damaged() {
    let mut bench = Bench::up();
    read(&mut bench, 1, &blob(2).name(), corrupt());
    let effects = bench.request(2, DataOperation::Inventory(EVERYTHING));
    let [DataEffect::List { list, query: EVERYTHING, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let entry = |number| InventoryEntry { blob: blob(number), age: Duration::ZERO };
    let page = InventoryPage { blobs: vec![entry(1), entry(2)], next: Some(blob(2)) };
    let effects = bench.feed(DataInput::Listed { list: *list, outcome: Ok(page) });
    let response = DataResponse::Inventory(InventoryPage { blobs: vec![entry(1)], next: Some(blob(2)) });
    assert_eq!(effects, [DataEffect::Respond { request: RequestId(2), response }]);
}

#[test]
fn a_blob_that_was_found_damaged_is_not_held_until_it_is_stored_anew_or_removed() {
    for is_removed in [false, true] {
        let mut bench = Bench::up();
        let name = blob(1).name();
        let info = Ok(Some(BlobInfo { size_bytes: 3, checksum: CHECKSUM }));
        read(&mut bench, 1, &name, corrupt());
        assert_eq!(answers_locate(&mut bench, &name, info.clone()), Some(Held::No));
        let head = Selection { head_only: true, ..Selection::default() };
        let operation = DataOperation::Get { name: name.clone(), selection: head };
        assert_eq!(refusal(&bench.request(2, operation)).code(), "corrupt");
        if is_removed {
            let effects = bench.request(3, DataOperation::Delete { name: name.clone() });
            let [DataEffect::Remove { removal, .. }] = effects.as_slice() else { panic!("{effects:?}") };
            bench.feed(DataInput::Removed { removal: *removal, outcome: Ok(true) });
        } else {
            let receive = bench.put_named(3, &name);
            let effects = bench.feed(DataInput::Received { receive, outcome: received(3) });
            let [DataEffect::Commit { commit, .. }] = effects.as_slice() else { panic!("{effects:?}") };
            assert_eq!(answers_locate(&mut bench, &name, info.clone()), Some(Held::No), "not before it is durable");
            bench.feed(DataInput::Committed { commit: *commit, outcome: Ok(()) });
        }
        assert!(bench.server.damaged.is_empty());
        assert!(matches!(answers_locate(&mut bench, &name, info), Some(Held::Yes { .. })));
    }
}

#[test]
fn only_damage_is_remembered_and_only_of_blobs() {
    let mut bench = Bench::up();
    read(&mut bench, 1, &blob(1).name(), DiskFailure::Read { reason: "EIO".to_string() });
    read(&mut bench, 2, &name(), corrupt());
    assert!(bench.server.damaged.is_empty());
    assert_eq!(answers_locate(&mut bench, &name(), Err(corrupt())), None, "nothing is said of the only copy");
    assert_eq!(answers_locate(&mut bench, &blob(1).name(), Err(corrupt())), Some(Held::No));
    assert_eq!(bench.server.damaged.len(), 1);
}

#[test]
fn damaged_blobs_are_noted_up_to_a_bound() {
    let mut damaged = Damaged::new(2);
    [1, 1, 2, 3].into_iter().for_each(|number| damaged.found(blob(number)));
    assert_eq!((damaged.len(), damaged.holds(blob(2)), damaged.holds(blob(3))), (2, true, false));
    damaged.gone(blob(1));
    damaged.found(blob(3));
    assert!(damaged.holds(blob(3)) && !damaged.holds(blob(1)));
}

#[test]
fn a_full_inventory_leaves_out_what_is_damaged_and_remembers_it() {
    let mut bench = Bench::up();
    read(&mut bench, 1, &blob(2).name(), corrupt());
    let effects = bench.request(2, DataOperation::FullInventory(EVERYTHING));
    let [DataEffect::Describe { describe, query: EVERYTHING, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let entry = |number| FullEntry {
        blob: blob(number),
        size_bytes: 3,
        checksum: CHECKSUM,
        stored: WallTime::EPOCH,
        label: None,
        description: "tombstone objects a".parse().unwrap(),
    };
    let page = FullPage { blobs: vec![entry(1), entry(2)], next: None };
    let outcome = Ok(DescribedPage { page, damaged: vec![blob(3)] });
    let effects = bench.feed(DataInput::Described { describe: *describe, outcome });
    let response = DataResponse::FullInventory(FullPage { blobs: vec![entry(1)], next: None });
    assert_eq!(effects, [DataEffect::Respond { request: RequestId(2), response }]);
    assert!(bench.server.damaged.holds(blob(3)));
}
