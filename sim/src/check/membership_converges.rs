//! Rule (liveness): when the run ends, long after its faults, every API server of ours believes every data server of
//! ours to live, and knows it for one of ours.
//!
//! It comes from DESIGN.md §8 ("Liveness, after the faults stop: … membership converges") and README.md ("Nothing
//! depends on the broker being up"); failure 1 of SEED-WIRE.md §4 made good. Who takes part is known from who was
//! asked, who held anything and who was ever believed to live: a data server that nobody ever heard of, asked or stored
//! on is not missed.
//!
//! Nodes of the seed are passed over, on both sides: they die of a broker that restarts, and hear nothing after it.

use std::collections::BTreeSet;

use lode_core::time::Instant;

use super::facts::{Facts, is_our_data_server};
use super::verdict::Verdict;
use crate::history::{Belief, History};
use crate::node::Node;

/// Looks at whom each API server believes to live in the end.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("membership_converges");
    if !facts.history.promises_calm {
        return verdict;
    }
    let end = facts.history.end;
    let nodes = nodes_of(facts.history);
    for api in nodes.iter().filter(|node| matches!(node, Node::Api(_))) {
        for data in nodes.iter().filter(|node| is_our_data_server(**node)) {
            verdict.judged += 1;
            if !facts.beliefs_about(*api, *data).any(|belief| is_right_at(belief, end)) {
                verdict.blame(end, *api, format!("in the end it does not believe {data} to live, as a server of ours"));
            }
        }
    }
    verdict
}

fn nodes_of(history: &History) -> BTreeSet<Node> {
    let asked = history.calls.iter().map(|call| call.server);
    let held = history.holdings.iter().map(|holding| holding.node);
    let believed = history.beliefs.iter().flat_map(|belief| [belief.api, belief.member]);
    asked.chain(held).chain(believed).collect()
}

fn is_right_at(belief: &Belief, end: Instant) -> bool {
    !belief.of_the_seed && belief.until.is_none_or(|until| until >= end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, CALM, DATA, GET, Sample, at};
    use crate::history::Outcome;

    const OTHER_API: Node = Node::Api(2);

    fn known() -> Sample {
        Sample::new().believes_until(API, DATA, (0, 5)).believes(API, DATA).believes(OTHER_API, DATA)
    }

    #[test]
    fn everybody_knows_everybody() {
        known().believes_until(API, Node::SeedData(1), (3, 9)).passes(check);
        known().call(Node::SeedApi(1), GET, (3, 4), Outcome::Missing).passes(check);
        Sample::new().believes_until(API, DATA, (3, 2 * CALM)).passes(check);
    }

    #[test]
    fn who_is_not_known_is_missed() {
        let text = "in the end it does not believe data-1 to live";
        Sample::new().believes_until(API, DATA, (0, CALM)).is_caught(check, text);
        Sample::new().believes(API, DATA).get((3, 4), Outcome::Missing).passes(check);
        known().call(Node::Api(3), GET, (3, 4), Outcome::Missing).is_caught(check, text);
        known().holds(Node::Data(2), 1, 2).is_caught_among(check, "data-2");
        let mut taken_for_the_seed = Sample::new().believes(API, DATA);
        taken_for_the_seed.history.beliefs[0].of_the_seed = true;
        taken_for_the_seed.is_caught(check, text);
    }

    #[test]
    fn it_is_told_at_the_end() {
        let violations = check(&Facts::of(&Sample::new().believes_until(API, DATA, (0, 1)).history)).violations;
        assert_eq!((violations[0].at, violations[0].node), (at(2 * CALM), API));
    }
}
