//! Rule: what a client saw of an object lay on some disk under that name while he asked. Nothing is answered from
//! memory, and nothing that was gone before the question.
//!
//! It comes from core/src/data_server/holdings.rs ("What a data server holds is asked of its disk each time and never
//! kept as a list") and core/src/api_server/get.rs (an API server keeps nothing). It holds also where two copies make
//! `linearizable` impossible: either copy may be given, but no third.
//!
//! What the seed makes impossible: the disks of its data servers are not on record, so tainted names are passed over.
//! What its API servers pass on of other names comes from a data server of ours, and is judged. A second process at a
//! shared address has a disk that is on nobody's record: in runs with one, nothing is judged that was found nowhere.

use super::facts::{Facts, Name, content_seen};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Call, Holding, Outcome};

/// Looks at everything that clients saw of objects.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("seen_was_held");
    for name in facts.names().filter(|name| !name.tainted) {
        for call in &name.calls {
            let Some(span) = Span::of(call) else { continue };
            if let Some(held) = was_held(facts, name, call, span)
                && (held || !facts.is_any_shared())
            {
                verdict.judge_call(call, judge(name, held, span));
            }
        }
    }
    verdict
}

fn judge(name: &Name<'_>, held: bool, span: Span) -> Result<(), String> {
    if held {
        return Ok(());
    }
    let lying: Vec<_> = name.held_during(span).map(|holding| (holding.content.0, holding.node.to_string())).collect();
    Err(format!("what it saw lay on no disk meanwhile, only (content, server) {lying:?}"))
}

/// Whether what the client saw lay anywhere meanwhile; `None` if it saw nothing, or not of which content.
fn was_held(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span) -> Option<bool> {
    if let Outcome::Unsatisfiable { size_bytes } = call.outcome {
        let size_of = |holding: &Holding| facts.put(holding.content).map(|put| put.size_bytes);
        return Some(name.held_during(span).any(|holding| size_of(holding) == Some(size_bytes)));
    }
    let content = content_seen(&call.outcome)?;
    Some(name.held_during(span).any(|holding| holding.content == content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, GET, Sample, body, described, size_of};
    use crate::history::{Asked, HoldingEnd};
    use crate::node::Node;

    /// Content 1 up to 5, content 2 after it.
    fn overwritten() -> Sample {
        Sample::new()
            .put(1, (0, 1), Outcome::Stored)
            .put(2, (4, 6), Outcome::Stored)
            .held(DATA, 1, (1, 5), HoldingEnd::Overwritten)
            .holds(DATA, 2, 5)
    }

    #[test]
    fn what_lay_there_meanwhile_may_be_seen() {
        overwritten().get((2, 3), body(1)).passes(check);
        overwritten().get((4, 6), body(1)).get((4, 6), body(2)).passes(check);
        overwritten().get((5, 6), body(1)).passes(check);
        overwritten().call(Node::SeedApi(1), GET, (8, 9), body(2)).passes(check);
    }

    #[test]
    fn what_was_gone_or_not_there_yet_is_caught() {
        let told = "lay on no disk meanwhile, only (content, server) [(2, \"data-1\")]";
        overwritten().get((6, 7), body(1)).is_caught(check, told);
        overwritten().call(API, Asked::Head, (6, 7), described(1)).is_caught(check, told);
        overwritten().call(Node::SeedApi(1), GET, (6, 7), body(1)).is_caught(check, told);
        overwritten().get((2, 3), body(2)).is_caught(check, "only (content, server) [(1,");
        let part = Asked::Get { range: Some((500, 600)) };
        let unsatisfiable = |content| Outcome::Unsatisfiable { size_bytes: size_of(content) };
        overwritten().call(API, part, (6, 7), unsatisfiable(2)).passes(check);
        overwritten().call(API, part, (6, 7), unsatisfiable(1)).is_caught(check, told);
        overwritten().call(API, part, (4, 6), unsatisfiable(1)).passes(check);
    }

    #[test]
    fn where_disks_are_not_on_record_nothing_is_said() {
        overwritten().tainted().get((6, 7), body(1)).is_passed_over(check);
        overwritten().shared(DATA).get((6, 7), body(1)).is_passed_over(check);
        overwritten().shared(DATA).get((6, 7), body(2)).passes(check);
    }
}
