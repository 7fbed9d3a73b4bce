//! PUT: placement, retry elsewhere, and what the client is told.

use alloc::collections::BTreeSet;

use super::bench::{Bench, address, name, of_ours, refusal, response, unreachable_server, upload};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse};
use crate::refusal::Refusal;
use crate::transfer::{BodyFault, TransferFailure, UploadOutcome};

fn put(declared_bytes: Option<u64>) -> ApiOperation {
    ApiOperation::Put { name: name(), declared_bytes }
}

fn failed(failure: TransferFailure, resendable: bool) -> UploadOutcome {
    UploadOutcome::Failed { failure, resendable }
}

#[test]
fn it_is_stored_on_the_server_that_placement_names() {
    let mut bench = Bench::with(3, 0);
    let first = upload(&bench.request(put(Some(3))));
    let effects = bench.feed(ApiInput::Uploaded {
        upload: first.id,
        outcome: UploadOutcome::Stored { size_bytes: 3, checksum: None },
    });
    assert_eq!(response(&effects), &ApiResponse::Stored { size_bytes: 3, checksum: None });
    assert_eq!(upload(&bench.request(put(Some(3)))).server, first.server);
    assert_eq!(bench.server.requests_under_way(), 1);
}

#[test]
fn a_held_body_goes_to_one_server_after_the_other_until_one_takes_it() {
    let mut bench = Bench::with(3, 0);
    let mut effects = bench.request(put(Some(3)));
    let mut tried = BTreeSet::new();
    for _ in 0..3 {
        let next = upload(&effects);
        assert!(tried.insert(next.server), "no server is tried twice");
        effects = bench.feed(ApiInput::Uploaded { upload: next.id, outcome: failed(unreachable_server(), true) });
    }
    let Refusal::NotStored { attempts } = refusal(&effects) else { panic!("{effects:?}") };
    assert_eq!(attempts.len(), 3);
    assert_eq!(bench.server.requests_under_way(), 0);
}

#[test]
fn a_body_that_is_not_held_any_more_is_given_up() {
    let mut bench = Bench::with(3, 0);
    let first = upload(&bench.request(put(Some(5 << 20))));
    assert_eq!(first.terms.hold_up_to_bytes, 0);
    let effects =
        bench.feed(ApiInput::Uploaded { upload: first.id, outcome: failed(TransferFailure::TimedOut, false) });
    assert_eq!(refusal(&effects).status(), 503);
}

#[test]
fn a_server_that_failed_is_avoided_from_then_on_until_it_is_heard_of_again() {
    let mut bench = Bench::with(2, 0);
    let first = upload(&bench.request(put(Some(3))));
    let effects = bench.feed(ApiInput::Uploaded { upload: first.id, outcome: failed(unreachable_server(), true) });
    let second = upload(&effects);
    bench.feed(ApiInput::Uploaded {
        upload: second.id,
        outcome: UploadOutcome::Stored { size_bytes: 3, checksum: None },
    });
    assert_eq!(upload(&bench.request(put(Some(3)))).server, second.server);
    bench.hear(&of_ours(1));
    bench.hear(&of_ours(2));
    assert_eq!(upload(&bench.request(put(Some(3)))).server, first.server);
}

#[test]
fn suspected_servers_are_better_than_none() {
    let mut bench = Bench::with(1, 0);
    let first = upload(&bench.request(put(Some(3))));
    bench.feed(ApiInput::Uploaded { upload: first.id, outcome: failed(unreachable_server(), true) });
    assert_eq!(upload(&bench.request(put(Some(3)))).server, address(1));
}

#[test]
fn full_servers_are_passed_over_and_all_full_is_507() {
    let mut bench = Bench::with(2, 0);
    let first = upload(&bench.request(put(Some(3))));
    let effects = bench.feed(ApiInput::Uploaded { upload: first.id, outcome: failed(TransferFailure::Full, true) });
    let second = upload(&effects);
    let effects = bench.feed(ApiInput::Uploaded { upload: second.id, outcome: failed(TransferFailure::Full, true) });
    assert_eq!(refusal(&effects), &Refusal::NoSpace);
    assert_eq!(refusal(&bench.request(put(Some(3)))), &Refusal::NoSpace);
    assert!(!bench.server.is_ready());
}

#[test]
fn a_body_larger_than_anybody_has_room_for_is_507_at_once() {
    let mut bench = Bench::with(2, 0);
    assert_eq!(refusal(&bench.request(put(Some(1 << 37)))), &Refusal::NoSpace);
    let mut bench = Bench::with(2, 1);
    assert_eq!(upload(&bench.request(put(Some(1 << 37)))).server, address(3), "a node of the seed does not say");
}

#[test]
fn the_clients_fault_is_not_the_servers() {
    let mut bench = Bench::with(2, 0);
    let first = upload(&bench.request(put(None)));
    let fault = BodyFault::Broken { reason: "it was cut off after 3 bytes".into() };
    let effects = bench.feed(ApiInput::Uploaded { upload: first.id, outcome: UploadOutcome::BodyFault(fault) });
    assert_eq!(refusal(&effects).status(), 400);
    assert_eq!(upload(&bench.request(put(None))).server, first.server);
}

#[test]
fn without_a_data_server_it_is_503_at_once() {
    let mut bench = Bench::with(0, 0);
    let effects = bench.request(put(Some(3)));
    assert_eq!(refusal(&effects), &Refusal::NoDataServer);
    assert!(!effects.iter().any(|effect| matches!(effect, ApiEffect::Upload { .. })));
}

#[test]
fn one_request_too_many_is_told_to_come_back() {
    let mut bench = Bench::with(1, 0);
    bench.server.config.max_requests = 1;
    bench.request(put(None));
    assert_eq!(refusal(&bench.request(put(None))), &Refusal::Busy);
    assert_eq!(bench.server.counters().requests_busy, 1);
}

#[test]
fn a_body_is_held_up_to_the_bound_and_one_byte_more_is_not() {
    let mut bench = Bench::with(1, 0);
    for (declared_bytes, hold_up_to_bytes) in
        [(None, 1 << 20), (Some(3), 1 << 20), (Some(1 << 20), 1 << 20), (Some((1 << 20) + 1), 0)]
    {
        let terms = upload(&bench.request(put(declared_bytes))).terms;
        assert_eq!(terms.hold_up_to_bytes, hold_up_to_bytes, "{declared_bytes:?}");
    }
}

#[test]
fn a_body_that_just_fits_is_sent_and_one_byte_more_is_507() {
    let mut bench = Bench::with(1, 0);
    assert_eq!(upload(&bench.request(put(Some(1 << 36)))).server, address(1));
    assert_eq!(refusal(&bench.request(put(Some((1 << 36) + 1)))), &Refusal::NoSpace);
}

#[test]
fn no_more_servers_are_tried_than_allowed() {
    let mut bench = Bench::with(9, 0);
    let mut effects = bench.request(put(Some(3)));
    for _ in 0..6 {
        let next = upload(&effects);
        effects = bench.feed(ApiInput::Uploaded { upload: next.id, outcome: failed(unreachable_server(), true) });
    }
    let Refusal::NotStored { attempts } = refusal(&effects) else { panic!("{effects:?}") };
    assert_eq!(attempts.len(), 6);
}
