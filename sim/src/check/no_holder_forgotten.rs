//! Rule: who asks for all holders hears of each: a data server of ours that held the name all the time, and that the
//! API server believed to live all the time, is named, or is said not to have answered.
//!
//! It comes from core/src/locate.rs, `Collect::All`: the query ends when nobody is silent any more, or at the deadline
//! with the silent ones told; README.md, "HTTP" ("who has not answered is in the header `Lode-Unanswered`").
//!
//! What the seed makes impossible: its API servers know no such question, and its data servers say no by silence. At a
//! shared address, the other process may have said no.

use super::facts::{Facts, Name, held_throughout};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Call, Outcome};
use crate::node::Node;

/// Looks at every answer to a locate of all holders.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("no_holder_forgotten");
    for name in facts.names() {
        for call in &name.calls {
            if let (Some(span), Outcome::Located { holders, unanswered }) = (Span::of(call), &call.outcome)
                && call.asked == (Asked::Locate { all: true })
            {
                verdict.judge_call(call, judge(facts, name, call, span, &[holders, unanswered]));
            }
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span, told: &[&[Node]]) -> Result<(), String> {
    for holdings in name.by_server() {
        let Some(first) = holdings.first() else { continue };
        let forgotten = !told.iter().any(|nodes| nodes.contains(&first.node));
        if forgotten && facts.had_to_know(call.server, first.node, span) && held_throughout(holdings, span) {
            return Err(format!("it was told nothing of {}, which held it all the time", first.node));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample, located};

    const OTHER: Node = Node::Data(2);

    fn two() -> Sample {
        Sample::new().believes(API, DATA).believes(API, OTHER).holds(DATA, 1, 2).holds(OTHER, 2, 2)
    }

    fn told(times: (u64, u64), holders: &[Node], unanswered: &[Node]) -> Sample {
        let outcome = Outcome::Located { holders: holders.to_vec(), unanswered: unanswered.to_vec() };
        two().call(API, Asked::Locate { all: true }, times, outcome)
    }

    #[test]
    fn each_is_named_or_excused() {
        told((3, 4), &[DATA, OTHER], &[]).passes(check);
        told((3, 4), &[DATA], &[OTHER]).passes(check);
        told((1, 4), &[DATA], &[]).passes(check);
        told((3, 4), &[DATA], &[]).shared(OTHER).passes(check);
    }

    #[test]
    fn who_is_forgotten_is_caught() {
        told((3, 4), &[DATA], &[]).is_caught(check, "told nothing of data-2, which held it");
    }

    #[test]
    fn one_holder_will_do_for_who_asks_for_one() {
        two().call(API, Asked::Locate { all: false }, (3, 4), located(&[DATA])).is_passed_over(check);
    }
}
