//! When a locate ends, and with which answer.

use lode_sim::history::Outcome;
use lode_sim::node::Node;
use lode_sim::plan::Plan;
use lode_sim::run::Run;
use lode_sim::trace::{MessageKind, Record};
use proptest::prelude::*;

use crate::clock::Clock;
use crate::plans::{Setting, cases, numbered, run_of, settings};
use crate::question::{ApiBus, Fate, Question, Server, questions};

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn a_locate_among_ours_ends_as_it_must(question in questions(0)) {
        goes_as_it_must(&question)?;
    }

    #[test]
    fn a_locate_among_ours_and_the_seeds_ends_as_it_must(question in questions(2)) {
        goes_as_it_must(&question)?;
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn what_nobody_has_is_missing_after_one_round_trip_on_the_bus(
        setting in settings(300, 400), ours in 1_u16..6, all: bool, later_us in 0_u64..5_000_000,
    ) {
        prop_assume!(2 * setting.bus_us + setting.disk_us < setting.ask_directly_us);
        let question = Question { all, ..settled(&setting, numbered(Node::Data, ours), later_us) };
        let (took_ns, outcome) = answer(&question);
        prop_assert_eq!(outcome, Outcome::Missing);
        prop_assert_eq!(took_ns, (2 * setting.bus_us + setting.disk_us) * 1000);
    }

    #[test]
    fn one_of_ours_that_says_nothing_makes_it_unanswered_at_the_deadline(
        setting in settings(300, 400), ours in 1_u16..6, all: bool, api_ppm in -200_000_i32..200_000,
    ) {
        let mut question = Question { all, api_ppm, ..settled(&setting, numbered(Node::Data, ours), 0) };
        question.servers[0].fate = Fate::Still;
        let (took_ns, outcome) = answer(&question);
        prop_assert_eq!(outcome, Outcome::Refused { status: 503, code: "unanswered" });
        let plan = question.plan();
        let clock = Clock::of(&plan, Node::Api(1), 0);
        let took_ns = clock.shows(question.begins_ns() + took_ns) - clock.shows(question.begins_ns());
        prop_assert!((setting.deadline_us * 1000..=setting.deadline_us * 1000 + 1).contains(&took_ns), "{}", took_ns);
    }

    #[test]
    fn a_node_of_the_seed_that_says_nothing_has_it_missing_at_the_deadline(
        setting in settings(300, 400), ours in 1_u16..4, seeds in 1_u16..4, all: bool,
    ) {
        prop_assume!(4 * setting.bus_us + setting.disk_us < setting.deadline_us);
        let members = numbered(Node::Data, ours).chain(numbered(Node::SeedData, seeds));
        let question = Question { all, ..settled(&setting, members, 0) };
        let (took_ns, outcome) = answer(&question);
        prop_assert_eq!(outcome, Outcome::Missing);
        prop_assert_eq!(took_ns, setting.deadline_us * 1000);
    }

    /// Its heartbeat may be on its way: as soon after the bus came up as that can be, "no" is said only at the deadline.
    #[test]
    fn while_not_everybody_can_have_been_heard_nothing_is_missing_before_the_deadline(
        setting in settings(300, 400), ours in 1_u16..4,
    ) {
        prop_assume!(4 * setting.bus_us + setting.disk_us < setting.deadline_us);
        let mut question = settled(&setting, numbered(Node::Data, ours), 0);
        question.asked_us = setting.joined_ns() / 1000 + 200_000;
        let (took_ns, outcome) = answer(&question);
        prop_assert_eq!(outcome, Outcome::Missing);
        prop_assert_eq!(took_ns, setting.deadline_us * 1000);
    }
}

/// A question when all have been heard and are well, and nobody holds anything.
pub(crate) fn settled(setting: &Setting, members: impl Iterator<Item = Node>, later_us: u64) -> Question {
    Question {
        setting: setting.clone(),
        servers: members.map(|node| Server { node, fate: Fate::Well, holds: false }).collect(),
        api_bus: ApiBus::Up,
        all: false,
        asked_us: setting.joined_ns() / 1000 + setting.period_us * 2 + later_us,
        before_us: 50_000,
        api_ppm: 0,
    }
}

/// How long the API server took, by the world's time, and what the client was told.
fn answer(question: &Question) -> (u64, Outcome) {
    let (plan, run) = asked(question);
    let (ended_ns, outcome) = told(&run, &plan);
    (ended_ns - question.setting.link_us * 1000 - question.begins_ns(), outcome)
}

fn goes_as_it_must(question: &Question) -> Result<(), TestCaseError> {
    let plan = question.plan();
    let course = question.course(&Clock::of(&plan, Node::Api(1), 0));
    // What happens at one instant has no order that a pencil could tell.
    prop_assume!(course.closest_ns > 10);
    let (plan, run) = asked(question);
    let expected = (course.ends_ns + question.setting.link_us * 1000, course.outcome);
    prop_assert_eq!(told(&run, &plan), expected);
    prop_assert_eq!(direct_questions(&run, question), sorted(course.asked_directly));
    Ok(())
}

pub(crate) fn asked(question: &Question) -> (Plan, Run) {
    let plan = question.plan();
    let run = run_of(&plan);
    (plan, run)
}

/// When the client had the answer to the last operation of the plan, and what it was.
pub(crate) fn told(run: &Run, plan: &Plan) -> (u64, Outcome) {
    let call =
        run.history.calls.iter().find(|call| call.operation == Some(plan.operations.len() - 1)).expect("the locate");
    (call.ended.expect("an answer").as_nanos(), call.outcome.clone())
}

/// Who is asked over HTTP about the object, and when: one of ours for the head alone, a node of the seed, which knows no
/// HEAD, for the object. What is asked when all is calm is not meant.
pub(crate) fn direct_questions(run: &Run, question: &Question) -> Vec<(Node, u64)> {
    let over_ns = question.begins_ns() + 2 * question.setting.deadline_us * 1000;
    let of_the_locate = |record: &Record| match record {
        Record::Message { kind: MessageKind::Request, from: Node::Api(1), to, sent, label, .. }
            if sent.as_nanos() < over_ns =>
        {
            let expected = if matches!(to, Node::SeedData(_)) { "GET o1" } else { "HEAD o1" };
            assert_eq!(label, expected);
            Some((*to, sent.as_nanos()))
        }
        _ => None,
    };
    sorted(run.trace.records().iter().filter_map(of_the_locate).collect())
}

fn sorted(mut questions: Vec<(Node, u64)>) -> Vec<(Node, u64)> {
    questions.sort_unstable_by_key(|(node, at_ns)| (*at_ns, *node));
    questions
}
