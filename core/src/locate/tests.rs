use core::time::Duration;

use proptest::prelude::*;

use super::*;

const DEADLINE: Duration = Duration::from_secs(1);
const ASK_DIRECTLY: Duration = Duration::from_millis(250);
const YES: Held = Held::Yes { size_bytes: Some(3), checksum: None };

fn address(number: u8) -> ServerAddress {
    alloc::format!("127.0.0.{number}:7501").parse().unwrap()
}

fn at(millis: u64) -> Instant {
    Instant::START + Duration::from_millis(millis)
}

fn locate(collect: Collect, respondents: &[Respondent]) -> Locate {
    let named = respondents.iter().zip(1..).map(|(respondent, number)| (address(number), *respondent));
    Locate::new(collect, Instant::START + ASK_DIRECTLY, Instant::START + DEADLINE, false, named)
}

fn holders(outcome: Option<LocateOutcome>) -> Vec<ServerAddress> {
    match outcome {
        Some(LocateOutcome::Found { holders, .. }) => holders.into_iter().map(|holder| holder.address).collect(),
        other => panic!("expected holders, got {other:?}"),
    }
}

#[test]
fn the_first_yes_ends_it_when_one_will_do() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours]);
    assert_eq!(query.outcome(at(0)), None);
    query.answered(address(2), YES);
    assert_eq!(holders(query.outcome(at(1))), [address(2)]);
}

#[test]
fn all_are_waited_for_when_all_are_wanted() {
    let mut query = locate(Collect::All, &[Respondent::Ours, Respondent::Ours, Respondent::Ours]);
    query.answered(address(2), YES);
    query.answered(address(1), YES);
    assert_eq!(query.outcome(at(1)), None);
    query.answered(address(3), Held::No);
    assert_eq!(holders(query.outcome(at(1))), [address(1), address(2)]);
}

#[test]
fn it_is_missing_as_soon_as_everybody_has_said_no() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours]);
    query.answered(address(1), Held::No);
    query.answered(address(1), Held::No);
    assert_eq!(query.outcome(at(1)), None);
    query.answered(address(2), Held::No);
    assert_eq!(query.outcome(at(1)), Some(LocateOutcome::Missing));
}

#[test]
fn silence_of_the_seed_is_a_no_at_the_deadline_and_not_before() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::OfTheSeed]);
    query.answered(address(1), Held::No);
    assert_eq!(query.outcome(at(999)), None);
    assert_eq!(query.outcome(at(1000)), Some(LocateOutcome::Missing));
}

#[test]
fn silence_of_ours_is_no_answer() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours]);
    query.answered(address(1), Held::No);
    assert_eq!(query.outcome(at(1000)), Some(LocateOutcome::Unanswered { silent: [address(2)].into() }));
}

#[test]
fn who_is_silent_is_asked_directly_once() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours, Respondent::OfTheSeed]);
    query.answered(address(1), Held::No);
    assert_eq!(query.next_deadline(), at(250));
    assert_eq!(query.take_direct_questions(at(249), false, 100, at(999)), []);
    assert_eq!(query.take_direct_questions(at(250), false, 100, at(999)), [(address(2), Probe::Head)]);
    assert_eq!(query.take_direct_questions(at(251), false, 100, at(999)), []);
    assert_eq!(query.next_deadline(), at(1000));
}

#[test]
fn where_there_is_no_room_for_all_questions_the_others_come_later() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours]);
    assert_eq!(query.take_direct_questions(at(250), false, 1, at(300)), [(address(1), Probe::Head)]);
    assert_eq!(query.next_deadline(), at(300));
    assert_eq!(query.take_direct_questions(at(299), false, 1, at(300)), []);
    assert_eq!(query.take_direct_questions(at(300), false, 1, at(350)), [(address(2), Probe::Head)]);
    assert_eq!(query.next_deadline(), at(1000));
}

#[test]
fn without_a_bus_a_node_of_the_seed_that_there_was_no_room_to_ask_has_not_said_no() {
    let mut query = locate(Collect::First, &[Respondent::OfTheSeed, Respondent::OfTheSeed]);
    query.hurry(at(0));
    assert_eq!(query.take_direct_questions(at(0), true, 1, at(50)), [(address(1), Probe::GetHeadOnly)]);
    query.answered(address(1), Held::No);
    let mut without_room = query.clone();
    assert_eq!(without_room.take_direct_questions(at(50), true, 0, at(100)), []);
    assert_eq!(without_room.outcome(at(1000)), Some(LocateOutcome::Unanswered { silent: [address(2)].into() }));
    // The question never went out on the bus, so it is still to be asked when the bus is back.
    assert_eq!(query.take_direct_questions(at(50), false, 1, at(100)), [(address(2), Probe::GetHeadOnly)]);
}

#[test]
fn a_bus_that_is_lost_after_ours_were_asked_directly_has_nodes_of_the_seed_asked_too() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::OfTheSeed]);
    assert_eq!(query.take_direct_questions(at(250), false, 100, at(300)), [(address(1), Probe::Head)]);
    query.answered(address(1), Held::No);
    query.hurry(at(400));
    assert_eq!(query.take_direct_questions(at(400), true, 100, at(450)), [(address(2), Probe::GetHeadOnly)]);
    assert_eq!(query.outcome(at(1000)), Some(LocateOutcome::Unanswered { silent: [address(2)].into() }));
}

#[test]
fn without_a_bus_nodes_of_the_seed_are_asked_too_and_their_silence_is_no_answer() {
    let mut query = locate(Collect::First, &[Respondent::OfTheSeed]);
    query.hurry(at(10));
    assert_eq!(query.take_direct_questions(at(10), true, 100, at(999)), [(address(1), Probe::GetHeadOnly)]);
    assert_eq!(query.outcome(at(1000)), Some(LocateOutcome::Unanswered { silent: [address(1)].into() }));
}

#[test]
fn a_failed_question_is_an_end_but_no_answer() {
    let mut query = locate(Collect::First, &[Respondent::Ours, Respondent::Ours]);
    query.answered(address(1), Held::No);
    query.failed(&address(1));
    query.failed(&address(2));
    assert_eq!(query.outcome(at(300)), Some(LocateOutcome::Unanswered { silent: [address(2)].into() }));
    query.answered(address(2), Held::No);
    assert_eq!(query.outcome(at(301)), Some(LocateOutcome::Missing));
}

#[test]
fn what_is_known_of_a_server_from_this_request_is_not_asked_again() {
    let mut query = locate(Collect::First, &[Respondent::KnownNotToHold, Respondent::Ours]);
    query.answered(address(1), YES);
    assert_eq!(query.outcome(at(1)), None);
    query.answered(address(2), Held::No);
    assert_eq!(query.outcome(at(2)), Some(LocateOutcome::Missing));
    let query = locate(Collect::First, &[Respondent::KnownToFail]);
    assert_eq!(query.outcome(at(0)), Some(LocateOutcome::Unanswered { silent: [address(1)].into() }));
}

#[test]
fn strangers_may_answer_until_the_deadline() {
    let respondents = [(address(1), Respondent::Ours)];
    let mut query = Locate::new(Collect::First, at(250), at(1000), true, respondents.into_iter());
    query.answered(address(1), Held::No);
    query.answered(address(7), Held::No);
    assert_eq!(query.outcome(at(999)), None);
    assert_eq!(query.outcome(at(1000)), Some(LocateOutcome::Missing));
    query.answered(address(9), YES);
    assert_eq!(holders(query.outcome(at(999))), [address(9)]);
}

#[test]
fn a_lost_answer_forbids_missing() {
    let mut query = locate(Collect::First, &[Respondent::Ours]);
    query.answer_lost();
    query.answered(address(1), Held::No);
    assert_eq!(query.outcome(at(1)), Some(LocateOutcome::Unanswered { silent: [].into() }));
}

#[test]
fn nobody_asked_is_nobody_answered() {
    assert_eq!(locate(Collect::First, &[]).outcome(at(0)), Some(LocateOutcome::Unanswered { silent: [].into() }));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Failed,
}

proptest! {
    /// Whatever comes in whatever order, twice or never: at the deadline the outcome is what a reader of the whole
    /// history would say.
    #[test]
    fn the_outcome_is_what_the_whole_history_says(
        seeds in proptest::collection::vec(any::<bool>(), 1..6),
        said in proptest::collection::vec((0_u8..6, prop_oneof![Just(Said::Yes), Just(Said::No), Just(Said::Failed)]), 0..20),
    ) {
        let respondents: Vec<_> =
            seeds.iter().map(|seed| if *seed { Respondent::OfTheSeed } else { Respondent::Ours }).collect();
        let mut query = locate(Collect::All, &respondents);
        for (number, said) in &said {
            match said {
                Said::Yes => query.answered(address(number + 1), YES),
                Said::No => query.answered(address(number + 1), Held::No),
                Said::Failed => query.failed(&address(number + 1)),
            }
        }
        let of = |number: u8| said.iter().filter(move |(who, _)| *who == number).map(|(_, said)| *said);
        let holding: Vec<_> = (0..6).filter(|number| of(*number).any(|said| said == Said::Yes)).collect();
        let known = u8::try_from(seeds.len()).unwrap();
        let unanswered: Vec<_> = (0..known)
            .filter(|number| !of(*number).any(|said| said != Said::Failed))
            .filter(|number| !seeds[usize::from(*number)] || of(*number).any(|said| said == Said::Failed))
            .map(|number| address(number + 1))
            .collect();
        match query.outcome(at(1000)).unwrap() {
            LocateOutcome::Found { holders, unanswered: silent } => {
                prop_assert_eq!(holders.len(), holding.len());
                prop_assert!(!holders.is_empty());
                prop_assert_eq!(silent, unanswered);
            }
            LocateOutcome::Missing => prop_assert!(holding.is_empty() && unanswered.is_empty()),
            LocateOutcome::Unanswered { silent } => {
                prop_assert!(holding.is_empty());
                prop_assert!(!silent.is_empty());
                prop_assert_eq!(silent, unanswered);
            }
        }
    }
}
