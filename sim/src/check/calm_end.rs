//! Rule (liveness): once the faults are over, everything comes right: no call is left without an end, and each read
//! that begins after that is answered: with what lies on the disks where something does, with 404 where nothing does.
//!
//! It comes from DESIGN.md §8 ("Liveness, after the faults stop: all operations finish; membership converges"). Reads
//! that begin after [`History::calm`](crate::history::History::calm) are the world's last look at each name, when
//! everything has had its time to heal; so nothing excuses them: not that a member is not known again, not that a
//! server is busy, not that a body breaks off. The one excuse is a copy that has rotten: with one copy, nobody can give
//! it any more. A read finds what lay on a disk at some instant of it; if one copy was there all the time, it finds
//! one. Where only one content lies anywhere, it is therefore that which is read.
//!
//! What the seed makes impossible: its nodes do not recover (SEED-WIRE.md §4, 1, 10, 14), so reads through them, and
//! reads of tainted names, only need to end. What a second process at a shared address held may be gone, or not.

use super::facts::{Facts, Name, content_seen, held_throughout, is_our_data_server, is_ours};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Call, ContentId, Holding, Outcome};

/// Looks whether every call has ended, and at every read after the faults were over.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("calm_end");
    for name in facts.names() {
        for call in &name.calls {
            match Span::of(call) {
                None => verdict.judge_call(call, Err("it has not ended, and the run has".to_owned())),
                Some(span) if is_last_look(facts, name, call) => {
                    verdict.judge_call(call, judge(facts, name, call, span));
                }
                Some(_) => {}
            }
        }
    }
    verdict
}

fn is_last_look(facts: &Facts<'_>, name: &Name<'_>, call: &Call) -> bool {
    // What a read must find where there is a catalog is the rule of `calm_versions`.
    let promised = facts.history.promises_calm && facts.history.catalog.is_none();
    let reads = promised && matches!(call.asked, Asked::Get { .. } | Asked::Head);
    reads && call.began > facts.history.calm && is_ours(call.server) && !name.tainted
}

fn judge(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span) -> Result<(), String> {
    let copies = Copies::of(name, call, span);
    if copies.at_shared_address(facts, call) {
        return Ok(());
    }
    match &call.outcome {
        Outcome::Body(_) | Outcome::Described { .. } => match content_seen(&call.outcome) {
            Some(seen) => copies.judge_sight(seen),
            None => Err("what it got is of no content, or of several".to_owned()),
        },
        Outcome::Missing if copies.one_all_the_time => Err(format!("it found nothing, and there is {}", copies.told())),
        Outcome::Missing | Outcome::Unsatisfiable { .. } | Outcome::HungUp => Ok(()),
        Outcome::Refused { .. } | Outcome::Unknown | Outcome::CutBody if copies.one_rotten => Ok(()),
        Outcome::Refused { .. } | Outcome::Unknown | Outcome::CutBody => {
            Err(format!("it came to {:?} after everything had healed; there is {}", call.outcome, copies.told()))
        }
        Outcome::Pending
        | Outcome::Stored
        | Outcome::Removed
        | Outcome::Located { .. }
        | Outcome::Versions(_)
        | Outcome::Listed { .. } => Err(format!("it came to {:?}", call.outcome)),
    }
}

/// What lay on the disks that a read could find, at some instant of it.
struct Copies<'a> {
    held: Vec<&'a Holding>,
    one_all_the_time: bool,
    one_rotten: bool,
}

impl<'a> Copies<'a> {
    fn of(name: &Name<'a>, call: &Call, span: Span) -> Self {
        let in_reach = |holding: &&Holding| !is_our_data_server(call.server) || holding.node == call.server;
        let held: Vec<_> = name.held_during(span).filter(in_reach).collect();
        let mut servers = name.by_server().filter(|holdings| holdings.first().is_some_and(in_reach));
        Self {
            one_all_the_time: servers.any(|holdings| held_throughout(holdings, span)),
            one_rotten: held.iter().any(|holding| holding.rotten.is_some_and(|rotten| rotten <= span.ended)),
            held,
        }
    }

    fn at_shared_address(&self, facts: &Facts<'_>, call: &Call) -> bool {
        let nowhere_on_record = self.held.is_empty() && facts.is_any_shared();
        nowhere_on_record
            || facts.is_shared(call.server)
            || self.held.iter().any(|holding| facts.is_shared(holding.node))
    }

    fn judge_sight(&self, seen: ContentId) -> Result<(), String> {
        if self.held.iter().any(|holding| holding.content == seen) {
            return Ok(());
        }
        Err(format!("it found content {}, and there is {}", seen.0, self.told()))
    }

    fn told(&self) -> String {
        if self.held.is_empty() {
            return "nothing".to_owned();
        }
        let each = self.held.iter().map(|holding| format!("content {} on {}", holding.content.0, holding.node));
        each.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, CALM, DATA, GET, Sample, body, described, refused};
    use crate::history::HoldingEnd;
    use crate::node::Node;

    const OTHER: Node = Node::Data(2);
    const AFTERWARDS: (u64, u64) = (CALM + 10, CALM + 12);

    fn held() -> Sample {
        Sample::new().holds(DATA, 1, 2)
    }

    #[test]
    fn what_lies_there_is_found() {
        held().get(AFTERWARDS, body(1)).call(DATA, Asked::Head, AFTERWARDS, described(1)).passes(check);
        held().call(OTHER, GET, AFTERWARDS, Outcome::Missing).passes(check);
        Sample::new().get(AFTERWARDS, Outcome::Missing).passes(check);
        held().holds(OTHER, 2, 3).get(AFTERWARDS, body(1)).get(AFTERWARDS, body(2)).passes(check);
        held().holds(OTHER, 2, CALM + 11).get(AFTERWARDS, body(2)).passes(check);
        Sample::new().holds(OTHER, 2, CALM + 11).get(AFTERWARDS, Outcome::Missing).passes(check);
    }

    #[test]
    fn anything_else_is_caught() {
        held().get(AFTERWARDS, Outcome::Missing).is_caught(check, "it found nothing, and there is content 1 on data-1");
        held().get(AFTERWARDS, body(2)).is_caught(check, "it found content 2, and there is content 1 on data-1");
        held().call(OTHER, GET, AFTERWARDS, body(1)).is_caught(check, "it found content 1, and there is nothing");
        let gone = Sample::new().held(DATA, 1, (2, 9), HoldingEnd::Removed);
        gone.get(AFTERWARDS, body(1)).is_caught(check, "it found content 1, and there is nothing");
        let no_content = Outcome::Described { size_bytes: None, content: None };
        held().call(API, Asked::Head, AFTERWARDS, no_content).is_caught(check, "of no content");
        held().get(AFTERWARDS, Outcome::Removed).is_caught(check, "it came to Removed");
    }

    #[test]
    fn no_failure_is_excused() {
        for outcome in [refused("unanswered"), refused("busy"), Outcome::Unknown, Outcome::CutBody] {
            held().get(AFTERWARDS, outcome.clone()).is_caught(check, "after everything had healed; there is content 1");
            Sample::new().get(AFTERWARDS, outcome.clone()).is_caught(check, "had healed; there is nothing");
            held().get((CALM, CALM + 10), outcome).is_passed_over(check);
        }
    }

    #[test]
    fn what_has_rotten_may_be_refused_and_not_be_denied() {
        let rotten = || held().rotten_since(5);
        for outcome in [refused("unanswered"), Outcome::CutBody, body(1)] {
            rotten().get(AFTERWARDS, outcome.clone()).passes(check);
            held().rotten_since(CALM + 12).get(AFTERWARDS, outcome.clone()).passes(check);
            rotten().holds(OTHER, 2, 3).get(AFTERWARDS, outcome).passes(check);
        }
        rotten().get(AFTERWARDS, Outcome::Missing).is_caught(check, "it found nothing");
        let later = held().rotten_since(CALM + 20);
        later.get(AFTERWARDS, refused("unanswered")).is_caught(check, "after everything had healed");
    }

    #[test]
    fn every_call_has_an_end() {
        held().get((3, 0), Outcome::Pending).is_caught(check, "it has not ended");
        held().tainted().get((3, 0), Outcome::Pending).is_caught(check, "it has not ended");
    }

    #[test]
    fn what_the_seed_or_a_stranger_has_spoiled_is_passed_over() {
        held().tainted().get(AFTERWARDS, Outcome::Missing).is_passed_over(check);
        held().call(Node::SeedApi(1), GET, AFTERWARDS, Outcome::Missing).is_passed_over(check);
        held().shared(DATA).get(AFTERWARDS, Outcome::Missing).passes(check);
        Sample::new().shared(DATA).get(AFTERWARDS, body(1)).passes(check);
        held().shared(OTHER).get(AFTERWARDS, Outcome::Missing).is_caught(check, "it found nothing");
    }
}
