//! GET: locate, fetch, relay, and the ways round servers that fail.

use alloc::vec::Vec;
use core::time::Duration;

use super::bench::{Bench, YES, address, direct_asks, fetch, name, query, refusal, unreachable_server};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation, RelayBody, RelayFailure};
use crate::bus::BusEvent;
use crate::range::ByteRange;
use crate::refusal::Refusal;
use crate::select::{Content, Selection};
use crate::transfer::{DirectAnswer, FetchOutcome, TransferFailure};
use crate::wire::Held;

fn get() -> ApiOperation {
    ApiOperation::Get { name: name(), selection: Selection::default() }
}

fn whole(size_bytes: u64) -> FetchOutcome {
    FetchOutcome::Whole { size_bytes: Some(size_bytes), etag: None }
}

/// Asks for an object that the data server 2 says it has, up to the fetch.
fn get_from_two(bench: &mut Bench, operation: ApiOperation) -> Vec<ApiEffect> {
    let asked = query(&bench.request(operation));
    bench.answer(&asked, 2, YES)
}

#[test]
fn it_is_fetched_from_who_answers_first_and_relayed() {
    let mut bench = Bench::with(3, 0);
    let effects = get_from_two(&mut bench, get());
    let (id, server) = fetch(&effects);
    assert_eq!(server, address(2));
    let effects = bench.feed(ApiInput::Fetched { fetch: id, outcome: whole(3) });
    let [ApiEffect::Relay { relay, head, body, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((&head.content, *body), (&Content::Whole { size_bytes: Some(3) }, RelayBody::All));
    assert_eq!(bench.feed(ApiInput::Relayed { relay: *relay, outcome: Ok(()) }), []);
    assert_eq!((bench.server.requests_under_way(), bench.server.queries_under_way()), (0, 0));
}

#[test]
fn everybody_saying_no_is_404_at_once() {
    let mut bench = Bench::with(2, 0);
    let asked = query(&bench.request(get()));
    assert_eq!(bench.answer(&asked, 1, Held::No), []);
    assert_eq!(refusal(&bench.answer(&asked, 2, Held::No)), &Refusal::NotFound);
}

#[test]
fn a_silent_server_is_asked_directly_and_if_that_fails_it_is_503() {
    let mut bench = Bench::with(2, 0);
    let asked = query(&bench.request(get()));
    bench.answer(&asked, 1, Held::No);
    let asks = direct_asks(&bench.pass(Duration::from_millis(250)));
    let [(ask, server)] = asks.as_slice() else { panic!("{asks:?}") };
    assert_eq!(server, &address(2));
    let answer = DirectAnswer::Failed(unreachable_server());
    let effects = bench.feed(ApiInput::AnsweredDirectly { ask: *ask, answer });
    assert_eq!(refusal(&effects), &Refusal::Unanswered { silent: [address(2)].into() });
    assert!(bench.server.membership().member(&address(2)).unwrap().is_suspected(bench.now));
}

#[test]
fn a_lost_bus_sends_the_question_over_http_in_the_same_step() {
    let mut bench = Bench::with(2, 1);
    bench.request(get());
    let asks = direct_asks(&bench.feed(ApiInput::Bus(BusEvent::Down)));
    assert_eq!(asks.len(), 3);
    let answer = DirectAnswer::Held { size_bytes: None, checksum: None };
    let effects = bench.feed(ApiInput::AnsweredDirectly { ask: asks[1].0, answer });
    assert_eq!(fetch(&effects).1, asks[1].1);
}

#[test]
fn without_a_bus_the_members_are_asked_over_http() {
    let mut bench = Bench::with(2, 0);
    bench.feed(ApiInput::Bus(BusEvent::Down));
    let effects = bench.request(get());
    let asks = direct_asks(&effects);
    assert_eq!((asks.len(), effects.len()), (2, 2), "nothing is said on a bus that is down");
    bench.feed(ApiInput::AnsweredDirectly { ask: asks[0].0, answer: DirectAnswer::NotHeld });
    let effects = bench.feed(ApiInput::AnsweredDirectly { ask: asks[1].0, answer: DirectAnswer::NotHeld });
    assert_eq!(refusal(&effects), &Refusal::NotFound);
}

#[test]
fn a_holder_that_fails_before_the_first_byte_is_replaced_by_another() {
    let mut bench = Bench::with(2, 0);
    let effects = get_from_two(&mut bench, get());
    let (id, _) = fetch(&effects);
    let failure = FetchOutcome::Failed(unreachable_server());
    let asked = query(&bench.feed(ApiInput::Fetched { fetch: id, outcome: failure }));
    assert_eq!(bench.answer(&asked, 2, YES), [], "it has failed this request and is not wanted again");
    assert_eq!(fetch(&bench.answer(&asked, 1, YES)).1, address(1));
}

#[test]
fn no_more_holders_are_tried_than_allowed() {
    let mut bench = Bench::with(9, 0);
    let mut effects = bench.request(get());
    for number in 1..=6 {
        let asked = query(&effects);
        let (id, server) = fetch(&bench.answer(&asked, number, YES));
        assert_eq!(server, address(number));
        effects = bench.feed(ApiInput::Fetched { fetch: id, outcome: FetchOutcome::Failed(unreachable_server()) });
    }
    assert_eq!(refusal(&effects), &Refusal::Unanswered { silent: (1..=6).map(address).collect() });
}

#[test]
fn an_object_only_on_a_failing_server_is_503_and_never_404() {
    let mut bench = Bench::with(2, 0);
    let effects = get_from_two(&mut bench, get());
    let (id, _) = fetch(&effects);
    let failure = FetchOutcome::Failed(TransferFailure::TimedOut);
    let asked = query(&bench.feed(ApiInput::Fetched { fetch: id, outcome: failure }));
    let effects = bench.answer(&asked, 1, Held::No);
    assert_eq!(refusal(&effects), &Refusal::Unanswered { silent: [address(2)].into() });
}

#[test]
fn an_object_on_a_failing_server_that_is_not_a_member_is_503_and_never_404() {
    let mut bench = Bench::with(1, 0);
    let asked = query(&bench.request(get()));
    let (id, holder) = fetch(&bench.answer(&asked, 9, YES));
    assert_eq!(holder, address(9));
    let failure = FetchOutcome::Failed(TransferFailure::TimedOut);
    let asked = query(&bench.feed(ApiInput::Fetched { fetch: id, outcome: failure }));
    let effects = bench.answer(&asked, 1, Held::No);
    assert_eq!(refusal(&effects), &Refusal::Unanswered { silent: [address(9)].into() });
}

#[test]
fn a_holder_that_turns_out_not_to_hold_it_has_said_no() {
    let mut bench = Bench::with(2, 0);
    let effects = get_from_two(&mut bench, get());
    let (id, _) = fetch(&effects);
    let asked = query(&bench.feed(ApiInput::Fetched { fetch: id, outcome: FetchOutcome::Missing }));
    assert_eq!(refusal(&bench.answer(&asked, 1, Held::No)), &Refusal::NotFound);
}

#[test]
fn a_range_is_cut_out_of_what_a_node_of_the_seed_sends() {
    for (range, skip_bytes, length_bytes) in [("bytes=2-4", 2, 3), ("bytes=3-9", 3, 7), ("bytes=9-", 9, 1)] {
        let mut bench = Bench::with(0, 2);
        let selection = Selection { range: ByteRange::parse(range), ..Selection::default() };
        let effects = get_from_two(&mut bench, ApiOperation::Get { name: name(), selection });
        let (id, _) = fetch(&effects);
        let effects = bench.feed(ApiInput::Fetched { fetch: id, outcome: whole(10) });
        let [ApiEffect::Relay { head, body, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(head.content.status(), 206);
        assert_eq!(*body, RelayBody::Cut { skip_bytes, length_bytes });
    }
}

#[test]
fn head_asks_the_seed_with_get_and_relays_no_body() {
    let mut bench = Bench::with(1, 1);
    let selection = Selection { head_only: true, ..Selection::default() };
    let effects = get_from_two(&mut bench, ApiOperation::Get { name: name(), selection });
    let Some(ApiEffect::Fetch { fetch, head_only: false, .. }) = effects.last() else { panic!("{effects:?}") };
    let effects = bench.feed(ApiInput::Fetched { fetch: *fetch, outcome: whole(10) });
    assert!(matches!(effects.as_slice(), [ApiEffect::Relay { body: RelayBody::None, .. }]));
}

#[test]
fn a_server_that_breaks_off_is_suspected_and_a_client_that_hangs_up_is_not_its_fault() {
    for (failure, suspected) in [(RelayFailure::Server(TransferFailure::TimedOut), true), (RelayFailure::Client, false)]
    {
        let mut bench = Bench::with(2, 0);
        let effects = get_from_two(&mut bench, get());
        let (id, _) = fetch(&effects);
        let effects = bench.feed(ApiInput::Fetched { fetch: id, outcome: whole(3) });
        let [ApiEffect::Relay { relay, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        bench.feed(ApiInput::Relayed { relay: *relay, outcome: Err(failure) });
        assert_eq!(bench.server.membership().member(&address(2)).unwrap().is_suspected(bench.now), suspected);
        assert_eq!(bench.server.requests_under_way(), 0);
    }
}

#[test]
fn without_a_data_server_it_is_503_and_not_404() {
    let mut bench = Bench::with(0, 0);
    assert_eq!(refusal(&bench.request(get())), &Refusal::NoDataServer);
    let mut bench = Bench::without_bus();
    assert_eq!(refusal(&bench.request(get())), &Refusal::NoDataServer);
}

#[test]
fn a_client_that_goes_away_takes_its_query_along() {
    let mut bench = Bench::with(2, 1);
    let asked = query(&bench.request(get()));
    let effects = bench.feed(ApiInput::RequestGone { request: crate::id::RequestId(1) });
    assert_eq!(effects.len(), 1, "the private queue is closed: {effects:?}");
    assert_eq!((bench.server.requests_under_way(), bench.server.queries_under_way()), (0, 0));
    assert_eq!(bench.answer(&asked, 1, YES), []);
}
