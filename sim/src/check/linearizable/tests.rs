use super::*;
use crate::check::sample::{API, DATA, GET, Sample, body, described, located, part, put, refused, size_of, unsound};

const OTHER: Node = Node::Data(2);
const NOT_ONE: &str = "no order explains what was told about name 1";

/// Content 1 is stored, then content 2.
fn two_puts() -> Sample {
    Sample::new()
        .believes(API, DATA)
        .put(1, (1, 3), Outcome::Stored)
        .held(DATA, 1, (2, 11), HoldingEnd::Overwritten)
        .put(2, (10, 12), Outcome::Stored)
        .holds(DATA, 2, 11)
}

/// Content 1 is stored; what becomes of content 2 nobody knows; it becomes visible at 50.
fn lost_put(outcome: Outcome) -> Sample {
    Sample::new()
        .believes(API, DATA)
        .put(1, (1, 3), Outcome::Stored)
        .held(DATA, 1, (2, 50), HoldingEnd::Overwritten)
        .put(2, (10, 12), outcome)
        .holds(DATA, 2, 50)
}

/// Content 1 is stored and removed.
fn removed(outcome: Outcome) -> Sample {
    Sample::new()
        .believes(API, DATA)
        .put(1, (1, 3), Outcome::Stored)
        .held(DATA, 1, (2, 11), HoldingEnd::Removed)
        .delete((10, 12), outcome)
}

#[test]
fn each_reads_what_was_written_last() {
    two_puts().get((4, 5), body(1)).get((13, 14), body(2)).passes(check);
    two_puts().get((10, 12), body(1)).get((10, 12), body(2)).passes(check);
    two_puts().get((0, 1), Outcome::Missing).call(API, Asked::Head, (13, 14), described(2)).passes(check);
    two_puts().call(Node::SeedApi(1), GET, (4, 5), part(1, 0, 7)).passes(check);
}

#[test]
fn a_stale_read_is_caught() {
    two_puts().get((13, 14), body(1)).is_caught(check, NOT_ONE);
    two_puts().call(API, Asked::Head, (13, 14), described(1)).is_caught(check, NOT_ONE);
    two_puts().call(Node::SeedApi(1), GET, (13, 14), body(1)).is_caught(check, NOT_ONE);
    two_puts().get((10, 10), body(2)).get((11, 12), body(1)).is_caught(check, NOT_ONE);
    two_puts().get((4, 5), body(2)).is_caught(check, NOT_ONE);
    two_puts().get((4, 5), body(7)).is_caught(check, NOT_ONE);
    let part = Asked::Get { range: Some((500, 600)) };
    let unsatisfiable = Outcome::Unsatisfiable { size_bytes: size_of(1) };
    two_puts().call(API, part, (4, 5), unsatisfiable.clone()).passes(check);
    two_puts().call(API, part, (13, 14), unsatisfiable).is_caught(check, NOT_ONE);
}

#[test]
fn a_blame_says_what_could_not_be_explained() {
    let told = two_puts().get((13, 14), body(1));
    told.is_caught(
        check,
        "the best leaves content 2 after 2 events and then stops short of GET of name 1 through api-1",
    );
}

#[test]
fn nothing_is_read_as_nothing_only_where_there_is_nothing() {
    two_puts().get((13, 14), Outcome::Missing).is_caught(check, NOT_ONE);
    two_puts().delete((13, 14), Outcome::Missing).is_caught(check, NOT_ONE);
    two_puts().call(DATA, GET, (13, 14), Outcome::Missing).is_caught(check, NOT_ONE);
    two_puts().call(OTHER, GET, (13, 14), Outcome::Missing).passes(check);
    two_puts().call(Node::Api(2), GET, (13, 14), Outcome::Missing).passes(check);
    two_puts().call(Node::SeedApi(2), GET, (13, 14), Outcome::Missing).passes(check);
    two_puts().call(DATA, Asked::Locate { all: false }, (13, 14), Outcome::Missing).passes(check);
}

#[test]
fn a_put_that_was_not_answered_may_happen_late_or_never() {
    for outcome in [Outcome::Unknown, Outcome::Pending, Outcome::HungUp, refused("not_stored")] {
        lost_put(outcome.clone()).get((20, 21), body(1)).get((60, 61), body(2)).passes(check);
        lost_put(outcome.clone()).get((20, 21), body(1)).get((60, 61), body(1)).passes(check);
        lost_put(outcome.clone()).get((20, 21), body(2)).get((60, 61), body(1)).is_caught(check, NOT_ONE);
        lost_put(outcome).get((4, 5), body(2)).is_caught(check, NOT_ONE);
    }
}

#[test]
fn a_body_that_was_to_be_refused_is_never_read() {
    two_puts().call(API, unsound(3), (14, 15), Outcome::Unknown).get((16, 17), body(3)).is_caught(check, NOT_ONE);
}

#[test]
fn what_is_removed_is_read_no_more() {
    removed(Outcome::Removed).get((13, 14), Outcome::Missing).passes(check);
    removed(Outcome::Removed).get((11, 14), body(1)).passes(check);
    removed(Outcome::Removed).get((13, 14), body(1)).is_caught(check, NOT_ONE);
    removed(Outcome::Unknown).get((13, 14), body(1)).get((15, 16), Outcome::Missing).passes(check);
    removed(refused("not_removed")).get((13, 14), Outcome::Missing).get((15, 16), body(1)).is_caught(check, NOT_ONE);
}

#[test]
fn who_is_located_holds_something() {
    let locate = Asked::Locate { all: true };
    removed(Outcome::Removed).call(API, locate, (8, 9), located(&[DATA])).passes(check);
    removed(Outcome::Removed).call(API, locate, (13, 14), located(&[DATA])).is_caught(check, "ReadSome");
    removed(Outcome::Removed).call(API, locate, (13, 14), located(&[OTHER])).passes(check);
    let late = removed(Outcome::Removed).put(2, (4, 5), Outcome::Unknown);
    late.call(API, locate, (13, 14), located(&[DATA])).passes(check);
}

#[test]
fn a_loss_of_power_is_a_writer() {
    let lost = Sample::new()
        .believes(API, DATA)
        .put(1, (1, 3), Outcome::Stored)
        .held(DATA, 1, (2, 11), HoldingEnd::Overwritten)
        .put(2, (10, 20), Outcome::Unknown)
        .held(DATA, 2, (11, 13), HoldingEnd::PowerLost)
        .not_durable();
    let back = lost.clone().holds(DATA, 1, 15);
    back.clone().get((11, 12), body(2)).get((16, 17), body(1)).passes(check);
    back.clone().get((16, 17), body(1)).get((18, 19), body(2)).passes(check);
    back.get((11, 12), body(2)).get((16, 17), body(1)).get((18, 19), body(2)).is_caught(check, NOT_ONE);
    lost.clone().get((11, 12), body(2)).get((16, 17), Outcome::Missing).passes(check);
    lost.get((11, 12), body(2)).get((16, 17), body(1)).is_caught(check, NOT_ONE);
    removed(Outcome::Unknown).holds(DATA, 1, 15).get((12, 13), Outcome::Missing).get((16, 17), body(1)).passes(check);
    let next = Sample::new().put(1, (1, 3), Outcome::Unknown).held(DATA, 1, (2, 3), HoldingEnd::PowerLost);
    let next = next.not_durable().believes(API, DATA).put(2, (10, 12), Outcome::Stored).holds(DATA, 2, 11);
    next.clone().get((2, 3), body(1)).get((4, 5), Outcome::Missing).get((13, 14), body(2)).passes(check);
    next.get((4, 5), Outcome::Missing).get((6, 7), body(1)).get((8, 9), Outcome::Missing).is_caught(check, NOT_ONE);
}

#[test]
fn where_the_mode_promises_nothing_nothing_is_judged() {
    let stale = || two_puts().get((13, 14), body(1));
    stale().tainted().is_passed_over(check);
    stale().shared(DATA).is_passed_over(check);
    stale().holds(OTHER, 1, 3).is_passed_over(check);
    stale().rotten_since(15).is_passed_over(check);
    let blanked = removed(Outcome::Unknown).held(DATA, 2, (13, 15), HoldingEnd::DiskBlanked);
    blanked.get((14, 14), body(1)).is_passed_over(check);
    Sample::new().get((1, 2), body(1)).is_passed_over(check);
    stale().shared(OTHER).is_caught(check, NOT_ONE);
    stale().shared(OTHER).get((15, 16), body(7)).is_passed_over(check);
    stale().shared(OTHER).put(7, (15, 16), Outcome::Stored).is_passed_over(check);
}

#[test]
fn what_cannot_be_decided_is_said_to_be_so() {
    let mut sample = two_puts();
    for content in 3..140 {
        sample = sample.call(API, put(content), (20, 30), Outcome::Stored);
    }
    let verdict = check(&Facts::of(&sample.history));
    assert_eq!((verdict.judged, verdict.undecided, verdict.violations), (1, 1, vec![]));
}

#[test]
fn sixty_tangled_calls_are_decided() {
    let mut sample = two_puts();
    for content in 3..23 {
        let began = 20 + u64::from(content);
        sample = sample.put(content, (began, began + 5), Outcome::Unknown);
        sample = sample.delete((began, began + 5), Outcome::Unknown);
        sample = sample.get((began, began + 9), body(content));
    }
    sample.passes(check);
    sample.get((100, 101), body(1)).is_caught(check, NOT_ONE);
}
