//! DELETE: every copy, or no word of success.

use alloc::vec::Vec;
use core::time::Duration;

use super::bench::{Bench, YES, address, name, query, refusal, response, unreachable_server};
use crate::address::ServerAddress;
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse};
use crate::id::OperationId;
use crate::refusal::Refusal;
use crate::transfer::RemoveOutcome;
use crate::wire::Held;

/// Two of three data servers hold the object; gives the removals that follow.
fn delete_two_copies(bench: &mut Bench) -> Vec<(OperationId, ServerAddress)> {
    let asked = query(&bench.request(ApiOperation::Delete { name: name() }));
    bench.answer(&asked, 1, YES);
    bench.answer(&asked, 2, YES);
    removals(&bench.answer(&asked, 3, Held::No))
}

fn removals(effects: &[ApiEffect]) -> Vec<(OperationId, ServerAddress)> {
    let removals = effects.iter().filter_map(|effect| match effect {
        ApiEffect::Remove { removal, server, .. } => Some((*removal, server.clone())),
        _ => None,
    });
    removals.collect()
}

#[test]
fn it_is_done_when_the_last_copy_is_gone() {
    let mut bench = Bench::with(3, 0);
    let removals = delete_two_copies(&mut bench);
    assert_eq!(removals.len(), 2);
    assert_eq!(bench.feed(ApiInput::Removed { removal: removals[0].0, outcome: RemoveOutcome::Removed }), []);
    let effects = bench.feed(ApiInput::Removed { removal: removals[1].0, outcome: RemoveOutcome::NotHeld });
    assert_eq!(response(&effects), &ApiResponse::Removed);
}

#[test]
fn a_copy_that_may_be_left_is_told() {
    let mut bench = Bench::with(3, 0);
    let removals = delete_two_copies(&mut bench);
    let failed = RemoveOutcome::Failed(unreachable_server());
    bench.feed(ApiInput::Removed { removal: removals[0].0, outcome: failed });
    let effects = bench.feed(ApiInput::Removed { removal: removals[1].0, outcome: RemoveOutcome::Removed });
    assert_eq!(refusal(&effects), &Refusal::NotRemoved { left: [address(1)].into() });
}

#[test]
fn a_server_that_did_not_answer_may_hold_a_copy() {
    let mut bench = Bench::with(2, 0);
    let asked = query(&bench.request(ApiOperation::Delete { name: name() }));
    bench.answer(&asked, 1, YES);
    let removals = removals(&bench.pass(Duration::from_secs(1)));
    let effects = bench.feed(ApiInput::Removed { removal: removals[0].0, outcome: RemoveOutcome::Removed });
    assert_eq!(refusal(&effects), &Refusal::NotRemoved { left: [address(2)].into() });
}

#[test]
fn a_node_of_the_seed_cannot_delete() {
    let mut bench = Bench::with(0, 1);
    let asked = query(&bench.request(ApiOperation::Delete { name: name() }));
    let removals = removals(&bench.answer(&asked, 1, YES));
    let effects = bench.feed(ApiInput::Removed { removal: removals[0].0, outcome: RemoveOutcome::CannotDelete });
    assert_eq!(refusal(&effects).status(), 501);
}

#[test]
fn nobody_having_it_is_404() {
    let mut bench = Bench::with(1, 0);
    let asked = query(&bench.request(ApiOperation::Delete { name: name() }));
    assert_eq!(refusal(&bench.answer(&asked, 1, Held::No)), &Refusal::NotFound);
}
