//! Rule (liveness): once the faults are over, each read of an object gets its current version, as long as one durable copy
//! is left of it that has not rotten; and 404 is told where there is no object, and only there.
//!
//! It comes from DESIGN.md §8 ("an acknowledged version stays readable within the fault bound", and the liveness rules). All
//! data servers run then and can be reached, so a copy that is on anybody's disk is found, whatever the notes of the
//! catalog say. The fault bound is taken at its word: where every copy was on a disk that was blanked, or a bit of it has
//! flipped, 503 is the truth; it is never 404.
//!
//! A copy at a shared address may be that of a process which is gone, and does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, content_seen, is_our_data_server};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Call, Catalogued, Committed, NameId, Outcome};

/// Looks at the last reads.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("calm_versions");
    let Some(catalogued) = facts.history.catalog.as_ref().filter(|_| facts.history.promises_calm) else {
        return verdict;
    };
    let current = current(catalogued);
    for call in facts.history.calls.iter().filter(|call| call.operation.is_none()) {
        if let Some(span) = Span::of(call) {
            verdict.judge_call(call, judge(facts, current.get(&call.name).copied(), call, span));
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, current: Option<&Committed>, call: &Call, span: Span) -> Result<(), String> {
    let Some(commit) = current.filter(|commit| commit.content.is_some()) else {
        let is_told = call.outcome == Outcome::Missing;
        return if is_told { Ok(()) } else { Err(format!("there is no object, and it came to {:?}", call.outcome)) };
    };
    let got = (call.told_version.unwrap_or(0), content_seen(&call.outcome));
    let is_read = matches!(call.outcome, Outcome::Body(_)) && got == (commit.version, commit.content);
    let is_refused = matches!(call.outcome, Outcome::Refused { .. } | Outcome::CutBody);
    if is_read || (is_refused && !has_good_copy(facts, commit, span)) {
        return Ok(());
    }
    let copies = if has_good_copy(facts, commit, span) { "with a good copy" } else { "without a good copy" };
    Err(format!("it came to {:?}, and there is version {} {copies}", call.outcome, commit.version))
}

/// The current version of each name when nobody writes any more.
fn current(catalogued: &Catalogued) -> BTreeMap<NameId, &Committed> {
    let gone: BTreeSet<NameId> = catalogued.gone.iter().map(|gone| gone.blob).collect();
    let kept = catalogued.commits.iter().filter(|commit| !gone.contains(&commit.blob));
    // Later versions are committed later.
    kept.map(|commit| (commit.name, commit)).collect()
}

fn has_good_copy(facts: &Facts<'_>, commit: &Committed, span: Span) -> bool {
    facts.holdings_of(commit.blob).any(|holding| {
        let lies_there = holding.until.is_none() && holding.durable.is_some_and(|durable| durable <= span.began);
        let is_sound = holding.rotten.is_none_or(|rotten| rotten > span.ended);
        let is_found = is_our_data_server(holding.node) && !facts.is_shared(holding.node);
        lies_there && is_sound && is_found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{CALM, DATA, Sample, body, refused};
    use crate::history::HoldingEnd;
    use crate::node::Node;

    const AFTERWARDS: (u64, u64) = (CALM + 10, CALM + 12);

    /// Version 1 is content 1, version 2 content 2, each with a copy on one data server.
    fn overwritten() -> Sample {
        let first =
            Sample::versioned().committed(2, 1, Some(1), &[DATA]).copy(DATA, 1, 1, (1, Some((5, HoldingEnd::Removed))));
        first.committed(4, 2, Some(2), &[DATA]).gone(4, 1).copy(DATA, 2, 2, (3, None))
    }

    #[test]
    fn the_current_version_is_read() {
        overwritten().last_read(AFTERWARDS, body(2)).told(2).passes(check);
        overwritten().committed(6, 3, None, &[]).last_read(AFTERWARDS, Outcome::Missing).passes(check);
        Sample::versioned().last_read(AFTERWARDS, Outcome::Missing).passes(check);
    }

    #[test]
    fn anything_else_is_caught() {
        overwritten().last_read(AFTERWARDS, body(1)).told(1).is_caught(check, "there is version 2 with a good copy");
        overwritten().last_read(AFTERWARDS, body(2)).told(1).is_caught(check, "there is version 2");
        overwritten().last_read(AFTERWARDS, Outcome::Missing).is_caught(check, "there is version 2");
        overwritten().last_read(AFTERWARDS, refused("no_copy")).is_caught(check, "with a good copy");
        let deleted = overwritten().committed(6, 3, None, &[]).gone(6, 2);
        deleted.last_read(AFTERWARDS, body(2)).told(2).is_caught(check, "there is no object");
    }

    #[test]
    fn beyond_the_fault_bound_503_is_the_truth_and_404_is_not() {
        let blanked = || {
            let lost = (3, Some((9, HoldingEnd::DiskBlanked)));
            Sample::versioned().committed(4, 1, Some(1), &[DATA]).copy(DATA, 1, 1, lost)
        };
        for outcome in [refused("no_copy"), Outcome::CutBody] {
            blanked().last_read(AFTERWARDS, outcome.clone()).passes(check);
            overwritten().rotten_since(7).last_read(AFTERWARDS, outcome.clone()).passes(check);
            overwritten().shared(DATA).last_read(AFTERWARDS, outcome).passes(check);
        }
        blanked().last_read(AFTERWARDS, Outcome::Missing).is_caught(check, "without a good copy");
        let elsewhere = blanked().copy(Node::Data(2), 1, 1, (5, None));
        elsewhere.last_read(AFTERWARDS, refused("no_copy")).is_caught(check, "with a good copy");
    }
}
