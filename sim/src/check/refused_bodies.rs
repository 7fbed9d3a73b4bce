//! Rule: of a PUT whose client did not keep its side (the body was cut, or has not the digest that was given) nothing
//! is left: it is not answered with "stored", no data server of ours ever shows its content, and nobody sees it.
//!
//! It comes from README.md, "HTTP" ("400 when the body is cut, or not of the length or digest announced") and is
//! failure 6 of SEED-WIRE.md §4 made good.
//!
//! What the seed makes impossible: its API servers end the body of a client that is gone as if it were whole, and know
//! no digests, so what came through one of them is passed over (failure 6). Its data servers keep and serve what they
//! have of an upload that broke off (failure 4), so what clients see of a tainted name is passed over, too.

use super::facts::{Facts, Name, Put, content_seen, is_ours};
use super::verdict::{Told, Verdict};
use crate::history::{Asked, Call, ContentId, Outcome};

/// Looks at every PUT that was not sound, at all that lies on disks, and at all that clients saw.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("refused_bodies");
    for name in facts.names() {
        for call in &name.calls {
            judge_answer(call, &mut verdict);
            if !name.tainted {
                judge_sight(facts, call, &mut verdict);
            }
        }
        judge_disks(facts, name, &mut verdict);
    }
    verdict
}

fn judge_answer(call: &Call, verdict: &mut Verdict) {
    let refusable = matches!(call.asked, Asked::Put { sound: false, .. });
    if refusable && is_ours(call.server) {
        let stored = call.outcome == Outcome::Stored;
        verdict.judge_call(call, if stored { Err("it was stored".to_owned()) } else { Ok(()) });
    }
}

fn judge_sight(facts: &Facts<'_>, call: &Call, verdict: &mut Verdict) {
    let Some(content) = content_seen(&call.outcome) else { return };
    if let Some(fault) = fault_of(facts, content) {
        verdict.judge_call(call, Err(format!("it got {fault}")));
    }
}

fn judge_disks(facts: &Facts<'_>, name: &Name<'_>, verdict: &mut Verdict) {
    for holding in name.holdings() {
        if let Some(fault) = fault_of(facts, holding.content) {
            verdict.judge_holding(holding, Err(format!("that is {fault}")));
        }
    }
}

fn fault_of(facts: &Facts<'_>, content: ContentId) -> Option<String> {
    let Put { call, sound, .. } = facts.put(content)?;
    let refusable = !sound && is_ours(call.server);
    refusable.then(|| format!("content {}, whose PUT was to be refused: {}", content.0, Told(call)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample, body, described, refused, unsound};
    use crate::node::Node;

    fn answered(outcome: Outcome) -> Sample {
        Sample::new().call(API, unsound(1), (0, 2), outcome)
    }

    #[test]
    fn a_refused_body_leaves_nothing() {
        answered(refused("broken_body")).get((3, 4), Outcome::Missing).passes(check);
        answered(Outcome::HungUp).put(2, (3, 4), Outcome::Stored).holds(DATA, 2, 4).get((5, 6), body(2)).passes(check);
    }

    #[test]
    fn it_is_caught_wherever_it_turns_up() {
        answered(Outcome::Stored).is_caught(check, "it was stored");
        answered(Outcome::Unknown).holds(DATA, 1, 1).is_caught(check, "that is content 1, whose PUT");
        answered(Outcome::Unknown).get((3, 4), body(1)).is_caught(check, "it got content 1, whose PUT");
        answered(Outcome::Unknown).call(API, Asked::Head, (3, 4), described(1)).is_caught(check, "it got content 1");
    }

    #[test]
    fn the_seed_may_show_a_part_but_ours_may_not_store_it() {
        answered(Outcome::Unknown).tainted().get((3, 4), body(1)).passes(check);
        answered(Outcome::Unknown).tainted().holds(DATA, 1, 1).is_caught(check, "that is content 1, whose PUT");
        let through_the_seed = Sample::new().call(Node::SeedApi(1), unsound(1), (0, 2), Outcome::Stored);
        through_the_seed.holds(DATA, 1, 1).get((3, 4), body(1)).is_passed_over(check);
    }
}
