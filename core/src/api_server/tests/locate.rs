//! Locate queries of the composed machine: routes, strangers, foreign answers.

use core::time::Duration;

use super::bench::{Bench, YES, address, foreign_id, name, of_ours, query, refusal, response};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse};
use crate::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute};
use crate::locate::Collect;
use crate::refusal::Refusal;
use crate::wire::{Held, encode_text};

fn locate(collect: Collect) -> ApiOperation {
    ApiOperation::Locate { name: name(), collect }
}

fn route(query: &BusCommand) -> ReplyRoute {
    let BusCommand::Query { route, .. } = query else { panic!("{query:?}") };
    *route
}

/// What a data server of the seed sends: its address, and nothing else.
fn answer_of_the_seed(number: u8) -> BusMessage {
    BusMessage { body: encode_text(address(number).as_str()), ..BusMessage::default() }
}

#[test]
fn among_ours_all_queries_share_one_queue() {
    let mut bench = Bench::with(2, 0);
    let asked = query(&bench.request(locate(Collect::First)));
    assert_eq!(route(&asked), ReplyRoute::Shared);
    assert_eq!(response(&bench.answer(&asked, 1, YES)), &ApiResponse::Located(address(1)));
}

#[test]
fn with_a_node_of_the_seed_each_query_has_a_queue_of_its_own_which_is_closed_at_its_end() {
    let mut bench = Bench::with(1, 1);
    let asked = query(&bench.request(locate(Collect::First)));
    let ReplyRoute::Private(id) = route(&asked) else { panic!("{asked:?}") };
    let message = answer_of_the_seed(2);
    let effects = bench.feed(ApiInput::Bus(BusEvent::Answer { route: route(&asked), message }));
    assert_eq!(effects.first(), Some(&ApiEffect::Bus(BusCommand::CloseRoute(id))));
    assert_eq!(response(&effects), &ApiResponse::Located(address(2)));
}

#[test]
fn a_node_of_the_seed_has_said_no_at_the_deadline() {
    let mut bench = Bench::with(1, 1);
    let asked = query(&bench.request(locate(Collect::First)));
    assert_eq!(bench.answer(&asked, 1, Held::No), []);
    bench.pass(Duration::from_millis(999));
    assert_eq!(refusal(&bench.pass(Duration::from_millis(1))), &Refusal::NotFound);
}

#[test]
fn all_holders_are_told_with_those_who_did_not_answer() {
    let mut bench = Bench::with(3, 0);
    let asked = query(&bench.request(locate(Collect::All)));
    bench.answer(&asked, 2, YES);
    bench.answer(&asked, 1, Held::No);
    let effects = bench.pass(Duration::from_secs(1));
    let ApiResponse::AllLocated { holders, unanswered } = response(&effects) else { panic!("{effects:?}") };
    assert_eq!((holders[0].address.clone(), holders[0].size_bytes), (address(2), Some(3)));
    assert_eq!(unanswered, &[address(3)]);
}

#[test]
fn foreign_duplicate_and_late_answers_change_nothing() {
    let mut bench = Bench::with(2, 0);
    let asked = query(&bench.request(locate(Collect::First)));
    let foreign =
        BusMessage { correlation_id: Some(alloc::format!("{}", foreign_id()).into()), ..answer_of_the_seed(1) };
    assert_eq!(bench.feed(ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Shared, message: foreign })), []);
    bench.answer(&asked, 1, Held::No);
    bench.answer(&asked, 1, Held::No);
    assert_eq!(refusal(&bench.answer(&asked, 2, Held::No)), &Refusal::NotFound);
    assert_eq!(bench.answer(&asked, 2, YES), []);
    assert_eq!(bench.server.counters().stray_answers, 2);
}

#[test]
fn an_answer_on_another_querys_own_queue_counts_for_neither() {
    let mut bench = Bench::with(1, 1);
    let first = query(&bench.request(locate(Collect::First)));
    let BusCommand::Query { message, .. } = query(&bench.request(locate(Collect::First))) else { unreachable!() };
    let mixed_up = BusCommand::Query { route: route(&first), message };
    assert_eq!(bench.answer(&mixed_up, 1, YES), []);
    assert_eq!((bench.server.counters().answers, bench.server.counters().stray_answers), (0, 1));
    assert_eq!(bench.server.queries_under_way(), 2);
}

#[test]
fn an_answer_without_id_on_the_shared_queue_forbids_404_and_moves_later_queries_to_their_own_queues() {
    let mut bench = Bench::with(1, 0);
    let asked = query(&bench.request(locate(Collect::First)));
    let message = answer_of_the_seed(9);
    assert_eq!(bench.feed(ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Shared, message })), []);
    assert_eq!(refusal(&bench.answer(&asked, 1, Held::No)), &Refusal::Unanswered { silent: [].into() });
    let asked = query(&bench.request(locate(Collect::First)));
    assert!(matches!(route(&asked), ReplyRoute::Private(_)));
}

#[test]
fn until_everybody_can_have_been_heard_a_missing_object_takes_until_the_deadline() {
    let mut bench = Bench::without_bus();
    bench.feed(ApiInput::Bus(BusEvent::Up));
    bench.hear(&of_ours(1));
    let asked = query(&bench.request(locate(Collect::First)));
    assert!(matches!(route(&asked), ReplyRoute::Private(_)));
    assert_eq!(bench.answer(&asked, 1, Held::No), []);
    let effects = bench.pass(Duration::from_secs(1));
    assert_eq!(refusal(&effects), &Refusal::NotFound);
}
