//! Questions over HTTP beside a bus that is up: as many at a time as the bound allows, and the others as soon as there is room.

use lode_sim::node::Node;
use proptest::prelude::*;

use crate::clock::Clock;
use crate::locate::{direct_questions, settled, told};
use crate::plans::{cases, numbered, run_of, settings};
use crate::question::{Fate, Question};

proptest! {
    #![proptest_config(cases(48))]

    /// Each dead one refuses after two ways over the network; every fifth of the delay it is looked whether there is room.
    #[test]
    fn direct_questions_go_out_in_turn_as_far_as_there_is_room(
        setting in settings(300, 400), dead in 1_u16..8, bound in 1_u32..5, api_ppm in -200_000_i32..200_000,
    ) {
        let mut question = Question { api_ppm, ..settled(&setting, numbered(Node::Data, dead), 0) };
        question.servers.iter_mut().for_each(|server| server.fate = Fate::Dead);
        let mut plan = question.plan();
        plan.cluster.max_direct_asks_beside_bus = bound;
        let clock = Clock::of(&plan, Node::Api(1), 0);
        let turns = Turns::of(&question, &clock, usize::try_from(bound).unwrap());
        prop_assume!(turns.closest_ns > 10);
        let run = run_of(&plan);
        prop_assert_eq!(direct_questions(&run, &question), turns.asked);
        prop_assert_eq!(told(&run, &plan).0, turns.ends_ns + setting.link_us * 1000);
    }
}

/// Who is asked when.
struct Turns {
    asked: Vec<(Node, u64)>,
    ends_ns: u64,
    /// How close a refusal is to a look at the least.
    closest_ns: u64,
}

impl Turns {
    fn of(question: &Question, clock: &Clock, bound: usize) -> Self {
        let setting = &question.setting;
        let begun_ns = clock.shows(question.begins_ns());
        let deadline_ns = clock.first_showing(begun_ns + setting.deadline_us * 1000).expect("a deadline");
        let refused_after_ns = 2 * setting.link_us * 1000;
        let mut waiting = question.servers.iter().map(|server| server.node).peekable();
        let mut turns = Self { asked: Vec::new(), ends_ns: deadline_ns, closest_ns: u64::MAX };
        let mut look_ns = clock.first_showing(begun_ns + setting.ask_directly_us * 1000).expect("a look");
        while look_ns < deadline_ns && waiting.peek().is_some() {
            let open = turns.asked.iter().filter(|(_, asked_ns)| asked_ns + refused_after_ns > look_ns).count();
            turns.asked.extend(waiting.by_ref().take(bound.saturating_sub(open)).map(|node| (node, look_ns)));
            look_ns = clock.first_showing(clock.shows(look_ns) + setting.ask_directly_us * 200).expect("a look");
            let distance_ns = |(_, asked_ns): &(Node, u64)| (asked_ns + refused_after_ns).abs_diff(look_ns);
            turns.closest_ns = turns.asked.iter().map(distance_ns).min().unwrap_or(u64::MAX).min(turns.closest_ns);
        }
        let last_ns = turns.asked.last().map_or(u64::MAX, |(_, asked_ns)| asked_ns + refused_after_ns);
        if waiting.peek().is_none() {
            turns.ends_ns = last_ns.min(deadline_ns);
        }
        turns
    }
}
