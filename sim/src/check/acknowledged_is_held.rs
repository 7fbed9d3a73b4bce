//! Rule: when a PUT is answered with "stored", exactly its content had become visible under its name on a data server
//! of ours since the PUT began, and was durable.
//!
//! It comes from DESIGN.md ("200 means durable") and README.md ("200 to a PUT means: whole, … synced to disk, renamed
//! into place, folder synced"). What gave way to a later PUT or DELETE before it was answered need not have become
//! durable by itself: one sync of the folder may have stood for both.
//!
//! What the seed makes impossible: a tainted name may have been stored by a data server of the seed, whose disk is not
//! on record and which syncs nothing. What was asked of a data server of ours directly is judged all the same. A second
//! process at a shared address has a disk that is on nobody's record: in runs with one, nothing is judged that may have
//! gone there.

use super::facts::{Facts, Name, is_our_data_server, is_ours};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Call, ContentId, Holding, HoldingEnd, Outcome};

/// Looks at every PUT that was answered with "stored".
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("acknowledged_is_held");
    for name in facts.names() {
        for call in &name.calls {
            let (Some(span), Asked::Put { content, sound: true, .. }) = (Span::of(call), call.asked) else { continue };
            if call.outcome != Outcome::Stored || !is_ours(call.server) {
                continue;
            }
            let judgement = judge(name, call, content, span);
            if judgement.is_ok() || !may_lie_elsewhere(facts, name, call) {
                verdict.judge_call(call, judgement);
            }
        }
    }
    verdict
}

fn judge(name: &Name<'_>, call: &Call, content: ContentId, span: Span) -> Result<(), String> {
    let at_the_right_place = |holding: &&Holding| !is_our_data_server(call.server) || holding.node == call.server;
    let mut held = name.holdings().filter(|holding| holding.content == content).filter(at_the_right_place).peekable();
    if held.peek().is_none() {
        return Err("it was answered with \"stored\", and never lay there".to_owned());
    }
    let mut in_time = held.filter(|holding| span.contains(holding.from)).peekable();
    if in_time.peek().is_none() {
        return Err("it was answered with \"stored\", and lay there only before or after".to_owned());
    }
    if in_time.any(|holding| is_settled(holding, span)) {
        return Ok(());
    }
    Err("it was answered with \"stored\" before it was durable".to_owned())
}

/// Whether, at the end of the span, no loss of power could undo it any more, or it was undone by somebody's wish.
fn is_settled(holding: &Holding, span: Span) -> bool {
    let gave_way = match holding.ended_by {
        Some(HoldingEnd::Overwritten | HoldingEnd::Removed) => holding.until.is_some_and(|until| until <= span.ended),
        Some(HoldingEnd::PowerLost | HoldingEnd::DiskBlanked) | None => false,
    };
    gave_way || holding.durable.is_some_and(|durable| durable <= span.ended)
}

fn may_lie_elsewhere(facts: &Facts<'_>, name: &Name<'_>, call: &Call) -> bool {
    if is_our_data_server(call.server) { facts.is_shared(call.server) } else { name.tainted || facts.is_any_shared() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample, at, unsound};
    use crate::node::Node;

    fn stored() -> Sample {
        Sample::new().put(1, (2, 5), Outcome::Stored)
    }

    fn stored_directly() -> Sample {
        Sample::new().put_through(DATA, 1, (2, 5), Outcome::Stored)
    }

    #[test]
    fn what_lies_there_may_be_acknowledged() {
        for from in [2, 3, 5] {
            stored().holds(Node::Data(2), 1, from).passes(check);
        }
        stored_directly().holds(DATA, 1, 4).passes(check);
        for until in [4, 5] {
            stored().held(DATA, 1, (3, until), HoldingEnd::Overwritten).not_durable().passes(check);
        }
        stored().holds(DATA, 1, 3).not_durable().holds(Node::Data(2), 1, 4).passes(check);
    }

    #[test]
    fn what_does_not_is_caught() {
        stored().is_caught(check, "and never lay there");
        stored().holds(DATA, 2, 3).is_caught(check, "and never lay there");
        stored_directly().holds(Node::Data(2), 1, 3).is_caught(check, "and never lay there");
        stored().holds(DATA, 1, 6).is_caught(check, "only before or after");
        stored().held(DATA, 1, (1, 4), HoldingEnd::Removed).is_caught(check, "only before or after");
    }

    #[test]
    fn what_is_not_durable_is_caught() {
        stored().holds(DATA, 1, 3).not_durable().is_caught(check, "before it was durable");
        let mut too_late = stored().holds(DATA, 1, 3);
        too_late.history.holdings[0].durable = Some(at(6));
        too_late.is_caught(check, "before it was durable");
        stored().held(DATA, 1, (3, 4), HoldingEnd::PowerLost).not_durable().is_caught(check, "before it was durable");
        stored().held(DATA, 1, (3, 6), HoldingEnd::Overwritten).not_durable().is_caught(check, "it was durable");
    }

    #[test]
    fn what_may_lie_on_another_disk_is_passed_over() {
        stored().tainted().is_passed_over(check);
        stored().shared(Node::Data(2)).is_passed_over(check);
        stored().shared(DATA).holds(DATA, 1, 3).passes(check);
        stored_directly().shared(DATA).is_passed_over(check);
        stored_directly().shared(Node::Data(2)).is_caught(check, "and never lay there");
        stored_directly().tainted().is_caught(check, "and never lay there");
        Sample::new()
            .put(1, (2, 5), Outcome::Unknown)
            .call(API, unsound(2), (2, 5), Outcome::Stored)
            .is_passed_over(check);
    }
}
