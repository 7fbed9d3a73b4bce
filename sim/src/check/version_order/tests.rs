use super::*;
use crate::check::sample::{API, GET, Sample, body, put, refused};
use crate::history::{ContentId, Required};

fn conflict() -> Outcome {
    Outcome::Refused { status: 412, code: "precondition_failed" }
}

/// Content 1 is version 1, then content 2 is version 2.
fn overwritten() -> Sample {
    Sample::versioned().put(1, (0, 2), Outcome::Stored).told(1).put(2, (4, 8), Outcome::Stored).told(2)
}

#[test]
fn versions_in_their_order_are_good() {
    overwritten().get((2, 3), body(1)).told(1).get((9, 10), body(2)).told(2).passes(check);
    overwritten().get((5, 7), body(1)).told(1).get((5, 7), body(2)).told(2).passes(check);
    overwritten().get((9, 10), body(1)).told(1).of(1).passes(check);
    overwritten().delete((9, 10), Outcome::Removed).told(3).get((11, 12), Outcome::Missing).passes(check);
    let all = vec![(2, Some(ContentId(2))), (1, Some(ContentId(1)))];
    overwritten().call(API, Asked::Versions, (9, 10), Outcome::Versions(all)).passes(check);
}

#[test]
fn what_goes_back_is_caught() {
    let back = overwritten().get((5, 6), body(2)).told(2).get((7, 8), body(1)).told(1);
    back.is_caught(check, "no order explains");
    overwritten().get((9, 10), body(1)).told(1).is_caught(check, "cannot be ReadCurrent { version: 1");
    overwritten().get((9, 10), body(1)).told(2).is_caught(check, "no order explains");
    overwritten().get((9, 10), Outcome::Missing).is_caught(check, "cannot be ReadNone");
    overwritten().get((9, 10), Outcome::Missing).of(2).is_caught(check, "cannot be ReadNoObject(2)");
}

#[test]
fn numbers_count_up_and_none_is_given_twice() {
    overwritten().put(3, (9, 10), Outcome::Stored).told(2).is_caught(check, "version: Some(2)");
    overwritten().put(3, (9, 10), Outcome::Stored).told(4).is_caught(check, "version: Some(4)");
    overwritten().put(3, (9, 10), Outcome::Unknown).put(4, (11, 12), Outcome::Stored).told(4).passes(check);
}

#[test]
fn what_is_unknown_may_be_done_late_or_never() {
    let lost = || overwritten().put(3, (9, 10), refused("outcome_unknown"));
    lost().get((11, 12), body(2)).told(2).get((13, 14), body(3)).told(3).passes(check);
    lost().get((11, 12), body(2)).told(2).passes(check);
    let back = lost().get((11, 12), body(3)).told(3).get((13, 14), body(2)).told(2);
    back.is_caught(check, "no order explains");
}

#[test]
fn what_was_refused_is_never_done() {
    let sent = || overwritten().put(3, (9, 10), refused("catalog_unavailable"));
    sent().get((11, 12), body(2)).told(2).passes(check);
    sent().get((11, 12), body(3)).told(3).is_caught(check, "no order explains");
}

#[test]
fn of_two_who_want_that_there_is_none_one_wins() {
    let race = |second: Outcome| {
        let first = Sample::versioned().call(API, put(1), (0, 4), Outcome::Stored).told(1).only_if(Required::Absent);
        first.call(API, put(2), (1, 3), second).only_if(Required::Absent)
    };
    race(conflict()).passes(check);
    race(Outcome::Stored).told(2).is_caught(check, "no order explains");
    let none = Sample::versioned().call(API, put(1), (0, 4), conflict()).only_if(Required::Absent);
    none.is_caught(check, "cannot be ReadOtherwise(Absent)");
}

#[test]
fn conditions_are_held_against_the_version_before() {
    let content = |content| Required::Content(Some(ContentId(content)));
    let write = |required| overwritten().put(3, (9, 10), Outcome::Stored).told(3).only_if(required);
    write(content(2)).passes(check);
    write(Required::Present).passes(check);
    write(content(1)).is_caught(check, "no order explains");
    write(Required::Content(None)).is_caught(check, "no order explains");
    let refused = |required| overwritten().put(3, (9, 10), conflict()).only_if(required);
    refused(content(1)).passes(check);
    refused(content(2)).is_caught(check, "no order explains");
}

#[test]
fn a_tombstone_needs_an_object_and_a_removed_version_gives_way() {
    Sample::versioned().delete((1, 2), Outcome::Removed).told(1).is_caught(check, "no order explains");
    overwritten().delete((9, 10), Outcome::Missing).is_caught(check, "cannot be ReadNone");
    let removed = || overwritten().delete((9, 10), Outcome::Removed).of(2);
    removed().get((11, 12), body(1)).told(1).passes(check);
    removed().get((11, 12), body(2)).told(2).is_caught(check, "no order explains");
    removed().put(3, (11, 12), Outcome::Stored).told(2).is_caught(check, "no order explains");
}

#[test]
fn a_page_says_what_there_is_and_what_there_is_not() {
    let page = |objects| {
        let listed = Outcome::Listed { objects, next: None };
        overwritten().call(API, Asked::List { limit: 10, after: false }, (9, 10), listed)
    };
    let name = crate::check::sample::NAME;
    page(vec![(name, 2, Some(ContentId(2)))]).passes(check);
    page(vec![(name, 1, Some(ContentId(1)))]).is_caught(check, "no order explains");
    page(Vec::new()).is_caught(check, "cannot be ReadNone");
}

#[test]
fn without_a_catalog_there_is_nothing_to_judge() {
    Sample::new().put(1, (0, 2), Outcome::Stored).call(API, GET, (3, 4), body(1)).is_passed_over(check);
}
