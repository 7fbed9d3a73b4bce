//! What is counted, each twice: once could be anything that is not nothing.

use core::time::Duration;

use super::bench::{Bench, YES, address, direct_asks, name, of_ours, of_the_seed, query};
use crate::api_server::ApiCounters;
use crate::api_server::messages::{ApiInput, ApiOperation};
use crate::bus::{BusEvent, BusMessage, ReplyRoute};
use crate::id::Incarnation;
use crate::locate::Collect;
use crate::machine::Machine as _;
use crate::transfer::DirectAnswer;
use crate::wire::encode_text;

fn locate() -> ApiOperation {
    ApiOperation::Locate { name: name(), collect: Collect::First }
}

fn counted(bench: &Bench) -> ApiCounters {
    bench.server.counters()
}

#[test]
fn heartbeats_joiners_and_the_dead_are_counted() {
    let mut bench = Bench::with(0, 0);
    assert_eq!(counted(&bench), ApiCounters::default());
    for _ in 0..2 {
        bench.hear(&of_ours(1));
        bench.hear(&of_the_seed(2));
    }
    let heard = ApiCounters { heartbeats: 4, joined: 2, ..ApiCounters::default() };
    assert_eq!(counted(&bench), heard);
    bench.pass(Duration::from_secs(10));
    assert_eq!(counted(&bench), ApiCounters { expired: 2, ..heard });
    assert_eq!(bench.server.incarnation(), Incarnation::new(1));
}

#[test]
fn heartbeats_of_more_than_are_allowed_are_counted_and_dropped() {
    let mut bench = Bench::with(0, 0);
    bench.server.membership = crate::membership::Membership::new(Duration::from_secs(10), 1);
    for number in 1..=3 {
        bench.hear(&of_ours(number));
    }
    let expected = ApiCounters { heartbeats: 3, joined: 1, heartbeats_dropped: 2, ..ApiCounters::default() };
    assert_eq!(counted(&bench), expected);
}

#[test]
fn queries_and_what_became_of_their_answers_are_counted() {
    let mut bench = Bench::with(2, 0);
    let before = counted(&bench);
    for times in 1..=2 {
        let asked = query(&bench.request(locate()));
        let stray = BusMessage { body: encode_text(address(2).as_str()), ..BusMessage::default() };
        let malformed = BusMessage { body: b"null".to_vec(), ..BusMessage::default() };
        for message in [stray, malformed] {
            bench.feed(ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Shared, message }));
        }
        bench.feed(ApiInput::Bus(BusEvent::Query(BusMessage::default())));
        bench.answer(&asked, 1, YES);
        let (queries, answers, stray_answers, malformed_messages) = (times, times, times, 2 * times);
        let expected = ApiCounters { queries, answers, stray_answers, malformed_messages, ..before };
        assert_eq!(counted(&bench), expected);
    }
}

#[test]
fn direct_questions_are_counted() {
    let mut bench = Bench::with(2, 0);
    bench.feed(ApiInput::Bus(BusEvent::Down));
    for (times, direct) in [(1, 2), (2, 4)] {
        let asks = direct_asks(&bench.request(locate()));
        assert_eq!((counted(&bench).queries, counted(&bench).direct_asks), (times, direct));
        for (ask, _) in asks {
            bench.feed(ApiInput::AnsweredDirectly { ask, answer: DirectAnswer::NotHeld });
        }
    }
    assert_eq!(bench.server.next_deadline(), None);
}

#[test]
fn what_is_under_way_and_what_was_refused_is_counted() {
    let mut bench = Bench::with(1, 0);
    bench.server.config.max_requests = 2;
    for _ in 0..4 {
        bench.request(locate());
    }
    assert_eq!((bench.server.requests_under_way(), bench.server.queries_under_way()), (2, 2));
    assert_eq!(counted(&bench).requests_busy, 2);
    bench.pass(Duration::from_secs(1));
    assert_eq!((bench.server.requests_under_way(), bench.server.queries_under_way()), (0, 0));
}
