//! Rule: a locate names at least one holder, exactly one where one was asked for, nobody twice; each held something of
//! that name at some instant between question and answer; and whoever is said not to have answered was believed to live
//! meanwhile.
//!
//! It comes from DESIGN.md §8 ("an answer names only servers that held the blob during the query") and
//! core/src/locate.rs: only answers to this very query count, and only those are waited for who are members when it
//! begins.
//!
//! What the seed makes impossible: its data servers are believed whatever they say, for their disks are not on record.
//! The answer of a data server of ours to an API server of the seed is judged: the seed opens a queue for each query,
//! so no answer to another can come in on it. At a shared address, the other process may have answered.

use super::facts::{Facts, Name};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Call, Outcome};
use crate::node::Node;

/// Looks at every answer to a locate.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("located_holders");
    for name in facts.names() {
        for call in &name.calls {
            if let (Some(span), Outcome::Located { holders, unanswered }) = (Span::of(call), &call.outcome) {
                let judgement = judge_count(call, holders, unanswered)
                    .and_then(|()| judge_holders(facts, name, holders, span))
                    .and_then(|()| judge_unanswered(facts, call, unanswered, span));
                verdict.judge_call(call, judgement);
            }
        }
    }
    verdict
}

fn judge_count(call: &Call, holders: &[Node], unanswered: &[Node]) -> Result<(), String> {
    let all = call.asked == Asked::Locate { all: true };
    if holders.is_empty() || (!all && holders.len() > 1) {
        return Err(format!("it was told of {} holders", holders.len()));
    }
    let mut named: Vec<_> = holders.iter().chain(unanswered).collect();
    named.sort_unstable();
    match named.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => {
            Err(format!("it was told twice of {}", pair.first().map_or_else(String::new, ToString::to_string)))
        }
        None => Ok(()),
    }
}

fn judge_holders(facts: &Facts<'_>, name: &Name<'_>, holders: &[Node], span: Span) -> Result<(), String> {
    for holder in holders {
        match holder {
            Node::SeedData(_) => {}
            Node::Data(_) => {
                let held = name.held_during(span).any(|holding| holding.node == *holder);
                if !held && !facts.is_shared(*holder) {
                    return Err(format!("{holder} is said to hold it, and did not at any time"));
                }
            }
            Node::Broker | Node::Catalog | Node::Client(_) | Node::Api(_) | Node::SeedApi(_) => {
                return Err(format!("{holder} is said to hold it, and is no data server"));
            }
        }
    }
    Ok(())
}

fn judge_unanswered(facts: &Facts<'_>, call: &Call, unanswered: &[Node], span: Span) -> Result<(), String> {
    for silent in unanswered {
        if !facts.beliefs_about(call.server, *silent).any(|belief| span.meets(belief.from, belief.until)) {
            return Err(format!("{silent} is said not to have answered, and was not believed to live at any time"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample, located};
    use crate::history::HoldingEnd;

    const OTHER: Node = Node::Data(2);
    const SEED: Node = Node::SeedData(1);

    fn told(holders: &[Node], unanswered: &[Node]) -> Outcome {
        Outcome::Located { holders: holders.to_vec(), unanswered: unanswered.to_vec() }
    }

    fn located_at(times: (u64, u64), outcome: Outcome) -> Sample {
        let sample = Sample::new().believes(API, DATA).believes_until(API, OTHER, (0, 20));
        sample.held(DATA, 1, (2, 6), HoldingEnd::Removed).call(API, Asked::Locate { all: true }, times, outcome)
    }

    #[test]
    fn who_held_it_at_some_instant_may_be_named() {
        for times in [(1, 2), (3, 4), (6, 7), (1, 9)] {
            located_at(times, told(&[DATA], &[OTHER])).passes(check);
        }
        located_at((8, 9), told(&[SEED], &[])).passes(check);
        located_at((8, 9), told(&[DATA], &[])).shared(DATA).passes(check);
    }

    #[test]
    fn who_did_not_hold_it_is_caught() {
        located_at((7, 9), told(&[DATA], &[])).is_caught(check, "data-1 is said to hold it, and did not");
        located_at((0, 1), told(&[DATA], &[])).is_caught(check, "data-1 is said to hold it, and did not");
        located_at((3, 4), told(&[DATA, OTHER], &[])).is_caught(check, "data-2 is said to hold it, and did not");
        located_at((3, 4), told(&[API], &[])).is_caught(check, "is no data server");
        let through_the_seed = located_at((3, 4), told(&[DATA], &[]));
        let locate = Asked::Locate { all: false };
        through_the_seed.call(Node::SeedApi(1), locate, (8, 9), located(&[DATA])).is_caught(check, "and did not");
    }

    #[test]
    fn a_wrong_number_of_holders_is_caught() {
        located_at((3, 4), told(&[], &[])).is_caught(check, "told of 0 holders");
        located_at((3, 4), told(&[DATA, DATA], &[])).is_caught(check, "told twice of data-1");
        located_at((3, 4), told(&[DATA], &[DATA])).is_caught(check, "told twice of data-1");
        let mut one = located_at((3, 4), told(&[DATA, SEED], &[]));
        one.passes(check);
        one.history.calls[0].asked = Asked::Locate { all: false };
        one.is_caught(check, "told of 2 holders");
    }

    #[test]
    fn who_was_not_asked_is_not_missed() {
        located_at((2, 2), told(&[DATA], &[Node::Data(3)])).is_caught(check, "data-3 is said not to have answered");
        let forgotten = located_at((3, 4), told(&[DATA], &[])).holds(DATA, 2, 22);
        let forgotten = forgotten.call(API, Asked::Locate { all: true }, (25, 26), told(&[DATA], &[OTHER]));
        forgotten.is_caught(check, "data-2 is said not to have answered");
    }
}
