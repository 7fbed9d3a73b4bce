//! The instants at which something changes, to the nanosecond: when strangers can live no more, when it is asked again.

use core::time::Duration;

use super::bench::{Bench, address, direct_asks, name, of_ours, query, refusal};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation};
use crate::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute};
use crate::locate::Collect;
use crate::machine::Machine as _;
use crate::refusal::Refusal;
use crate::transfer::DirectAnswer;
use crate::wire::{Held, encode_text};

const NANOSECOND: Duration = Duration::from_nanos(1);
/// A heartbeat period and a tenth.
const SETTLING: Duration = Duration::from_millis(5_500);
const EXPIRY: Duration = Duration::from_secs(10);

fn locate() -> ApiOperation {
    ApiOperation::Locate { name: name(), collect: Collect::First }
}

fn has_private_route(query: &BusCommand) -> bool {
    matches!(query, BusCommand::Query { route: ReplyRoute::Private(_), .. })
}

/// One of ours says no: whether that is the end, so that nobody else is thought to live.
fn no_of_one_is_the_end(bench: &mut Bench, query: &BusCommand) -> bool {
    match bench.answer(query, 1, Held::No).as_slice() {
        [] => false,
        effects => *refusal(effects) == Refusal::NotFound,
    }
}

#[test]
fn strangers_can_live_for_a_period_and_a_tenth_after_the_bus_came_up() {
    for (waits, may_live) in [(SETTLING - NANOSECOND, true), (SETTLING, false)] {
        let mut bench = Bench::without_bus();
        bench.now = bench.now + Duration::from_secs(100);
        bench.feed(ApiInput::Bus(BusEvent::Up));
        bench.pass(waits);
        bench.hear(&of_ours(1));
        let asked = query(&bench.request(locate()));
        assert_eq!(has_private_route(&asked), may_live);
        assert_eq!(no_of_one_is_the_end(&mut bench, &asked), !may_live);
    }
}

/// Whether there are nodes of the seed is known by then.
#[test]
fn when_the_bus_comes_back_strangers_can_live_again_but_no_queue_is_made_for_them() {
    let mut bench = Bench::with(1, 0);
    bench.pass(Duration::from_secs(1));
    bench.feed(ApiInput::Bus(BusEvent::Down));
    bench.feed(ApiInput::Bus(BusEvent::Up));
    let asked = query(&bench.request(locate()));
    assert!(!has_private_route(&asked));
    assert!(!no_of_one_is_the_end(&mut bench, &asked));
}

#[test]
fn a_node_of_the_seed_that_was_only_heard_answering_is_counted_with_for_an_expiry_period() {
    for (waits, may_live) in [(EXPIRY - NANOSECOND, true), (EXPIRY, false)] {
        let mut bench = Bench::with(1, 0);
        let message = BusMessage { body: encode_text(address(9).as_str()), ..BusMessage::default() };
        bench.feed(ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Shared, message }));
        bench.pass(waits);
        assert_eq!(has_private_route(&query(&bench.request(locate()))), may_live);
    }
}

#[test]
fn who_found_no_room_to_be_asked_is_asked_a_fifth_of_the_delay_later() {
    let mut bench = Bench::with(3, 0);
    bench.server.config.max_direct_asks_beside_bus = 1;
    bench.server.locates = crate::api_server::locates::Locates::new(&bench.server.config);
    bench.request(locate());
    assert_eq!(bench.pass(Duration::from_millis(250) - NANOSECOND), []);
    let effects = bench.pass(NANOSECOND);
    let [ApiEffect::AskDirectly { ask, patience, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(*patience, Duration::from_millis(750));
    let answered = ApiInput::AnsweredDirectly { ask: *ask, answer: DirectAnswer::NotHeld };
    assert_eq!(bench.feed(answered), []);
    assert_eq!(bench.server.next_deadline(), Some(bench.now + Duration::from_millis(50)));
    assert_eq!(direct_asks(&bench.pass(Duration::from_millis(50))).len(), 1);
    assert_eq!(bench.pass(Duration::from_millis(50)), [], "there is no room before the second has answered");
}

#[test]
fn without_a_bus_more_are_asked_at_a_time() {
    let mut bench = Bench::with(3, 0);
    bench.server.config.max_direct_asks_beside_bus = 1;
    bench.server.locates = crate::api_server::locates::Locates::new(&bench.server.config);
    bench.feed(ApiInput::Bus(BusEvent::Down));
    let effects = bench.request(locate());
    assert_eq!(direct_asks(&effects).len(), 3);
    assert!(effects.iter().all(|effect| matches!(
        effect,
        ApiEffect::AskDirectly { patience, .. } if *patience == Duration::from_secs(1)
    )));
}
