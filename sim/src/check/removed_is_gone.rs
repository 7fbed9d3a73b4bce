//! Rule: when a DELETE is answered with "removed", no copy is left that had been there before: not on any data server
//! of ours that the API server believed to live all the time, nor on the one that was asked directly. And the removal
//! is durable: no loss of power brings back what was removed.
//!
//! It comes from README.md, "HTTP" ("204 when every copy is gone") and core/src/api_server/delete.rs: 204 only when
//! nobody is left unanswered and each holder has removed its copy durably. A copy that came to lie there while the
//! DELETE was under way may stay.
//!
//! That nothing comes back is judged only where nobody else held the name: the server has then removed it, or looked
//! for it and made durable that it was gone (runtime-smol/src/disk.rs, `delete`). Another might have said "I do not
//! have it" about what somebody else had removed just before, and not durably yet, and that is no promise.
//!
//! What the seed makes impossible: it knows no DELETE; its copies are told of with 501, and are not looked at here. At
//! a shared address, the other process may have removed its copy.

use super::facts::{Facts, Name, is_ours};
use super::span::Span;
use super::verdict::{Lay, Verdict};
use crate::history::{Call, Holding, Outcome};

/// Looks at every DELETE that was answered with "removed".
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("removed_is_gone");
    for name in facts.names() {
        for call in &name.calls {
            if let Some(span) = Span::of(call)
                && call.outcome == Outcome::Removed
                && is_ours(call.server)
            {
                verdict.judge_call(call, judge(facts, name, call, span));
            }
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span) -> Result<(), String> {
    for holdings in name.by_server() {
        let Some(first) = holdings.first() else { continue };
        if !facts.had_to_know(call.server, first.node, span) {
            continue;
        }
        if let Some(left) = holdings.iter().find(|holding| span.lies_within(holding.from, holding.until)) {
            return Err(format!("it was told that it is removed, and this was there all the time: {}", Lay(left)));
        }
        if was_asked_to_remove(facts, name, call, first, span)
            && let Some(back) = come_back(holdings, span)
        {
            return Err(format!("it was told that it is removed, and it came back: {}", Lay(back)));
        }
    }
    Ok(())
}

/// Whether nobody else can have been the holder whose removal the client was told of.
fn was_asked_to_remove(facts: &Facts<'_>, name: &Name<'_>, call: &Call, holding: &Holding, span: Span) -> bool {
    let alone = || name.held_during(span).all(|other| other.node == holding.node);
    call.server == holding.node || (!facts.is_any_shared() && !name.tainted && alone())
}

/// What lay there before the span and again after it.
fn come_back<'a>(holdings: &[&'a Holding], span: Span) -> Option<&'a Holding> {
    let lay_before = |content| holdings.iter().any(|holding| holding.content == content && holding.from < span.began);
    holdings.iter().copied().find(|holding| holding.from > span.ended && lay_before(holding.content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample};
    use crate::history::{Asked, HoldingEnd};
    use crate::node::Node;

    const OTHER: Node = Node::Data(2);

    fn lying(until: u64, by: HoldingEnd) -> Sample {
        Sample::new().believes(API, DATA).held(DATA, 1, (2, until), by)
    }

    fn removed_from(server: Node, sample: Sample) -> Sample {
        sample.call(server, Asked::Delete, (3, 6), Outcome::Removed)
    }

    #[test]
    fn what_is_removed_is_gone() {
        for until in [2, 4, 6] {
            removed_from(API, lying(until, HoldingEnd::Removed)).passes(check);
            removed_from(DATA, lying(until, HoldingEnd::Removed)).passes(check);
        }
        let put_meanwhile = lying(4, HoldingEnd::Removed).held(DATA, 2, (5, 8), HoldingEnd::Overwritten);
        removed_from(API, put_meanwhile.holds(DATA, 3, 8)).passes(check);
        removed_from(API, Sample::new().holds(OTHER, 1, 2)).passes(check);
    }

    #[test]
    fn what_is_left_is_caught() {
        for server in [API, DATA] {
            removed_from(server, lying(9, HoldingEnd::Removed)).is_caught(check, "this was there all the time");
            removed_from(server, lying(9, HoldingEnd::Removed).tainted()).is_caught(check, "there all the time");
        }
        let two = lying(4, HoldingEnd::Removed).believes(API, OTHER).holds(OTHER, 1, 2);
        removed_from(API, two.clone()).is_caught(check, "content 1 of name 1 on data-2");
        removed_from(DATA, two.clone()).passes(check);
        removed_from(API, two.shared(OTHER)).passes(check);
    }

    #[test]
    fn what_comes_back_is_caught() {
        let back = lying(4, HoldingEnd::Removed).holds(DATA, 1, 9);
        removed_from(API, back.clone()).is_caught(check, "and it came back: content 1");
        removed_from(DATA, back.clone()).is_caught(check, "and it came back: content 1");
        let another_may_have_been_meant = back.believes(API, OTHER).held(OTHER, 1, (2, 5), HoldingEnd::Removed);
        removed_from(API, another_may_have_been_meant.clone()).passes(check);
        removed_from(DATA, another_may_have_been_meant).is_caught(check, "and it came back: content 1");
    }

    #[test]
    fn what_was_put_meanwhile_may_come_back() {
        let lost = Sample::new()
            .believes(API, DATA)
            .held(DATA, 1, (4, 7), HoldingEnd::Overwritten)
            .held(DATA, 2, (7, 9), HoldingEnd::PowerLost)
            .not_durable();
        removed_from(API, lost.holds(DATA, 1, 9)).passes(check);
        for (from, until) in [(3, 8), (2, 6)] {
            let touching = Sample::new().believes(API, DATA).held(DATA, 1, (from, 3), HoldingEnd::Removed);
            removed_from(API, touching.holds(DATA, 1, until)).passes(check);
        }
    }
}
