//! Rule (durability): a copy that a version was committed with was durable when it was, and stays, until the version goes
//! or its disk is blanked; and whatever lies under the name of a blob is the content that the blob was made for.
//!
//! It comes from DESIGN.md §4 ("a PUT first makes its bytes durable on a write quorum …; then one transaction makes the new
//! version current"), §5, and §8 ("an acknowledged version stays readable within the fault bound"): what a reader needs is
//! one copy whose disk was neither blanked nor let a bit flip. That there were enough of them is watched at each commit
//! (`commit_is_durable`). Copies that came beside those may be removed: one that was not heard of in time is taken for
//! failed.
//!
//! At a shared address, the records do not say on which of the two disks something lay.

use std::collections::BTreeMap;

use lode_core::time::Instant;

use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::{Committed, ContentId, Holding, HoldingEnd, NameId};
use crate::node::Node;

/// Looks at all copies of blobs.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("copies_are_kept");
    let Some(catalogued) = &facts.history.catalog else { return verdict };
    let made_for: BTreeMap<NameId, ContentId> = catalogued.blobs.iter().copied().collect();
    let gone: BTreeMap<NameId, Instant> = catalogued.gone.iter().map(|gone| (gone.blob, gone.at)).collect();
    for commit in &catalogued.commits {
        for holder in commit.holders.iter().filter(|holder| !facts.is_shared(**holder)) {
            verdict.judged += 1;
            if let Err(fault) = judge_copy(facts, commit, *holder, gone.get(&commit.blob).copied()) {
                let Committed { name, version, at, .. } = commit;
                verdict.blame(
                    *at,
                    *holder,
                    format!("version {version} of name {}, committed with a copy on {holder}: {fault}", name.0),
                );
            }
        }
    }
    for holding in facts.names().flat_map(|name| name.holdings()).filter(|holding| holding.name.is_blob()) {
        verdict.judge_holding(holding, judge_content(holding, made_for.get(&holding.name).copied()));
    }
    verdict
}

fn judge_copy(facts: &Facts<'_>, commit: &Committed, holder: Node, gone: Option<Instant>) -> Result<(), String> {
    let held = facts.holdings_of(commit.blob).filter(|holding| holding.node == holder);
    let mut durable = held.filter(|holding| holding.durable.is_some_and(|durable| durable <= commit.at)).peekable();
    if durable.peek().is_none() {
        return Err("it was not durable there".to_owned());
    }
    for holding in durable {
        let had_gone = gone.zip(holding.until).is_some_and(|(gone, until)| gone <= until);
        match holding.ended_by {
            None | Some(HoldingEnd::DiskBlanked | HoldingEnd::Overwritten) => {}
            Some(HoldingEnd::Removed) if had_gone => {}
            Some(HoldingEnd::Removed) => {
                return Err(format!("it was removed at {:?}, and the version was kept", holding.until));
            }
            Some(HoldingEnd::PowerLost) => return Err("it was durable, and lost with the power".to_owned()),
        }
    }
    Ok(())
}

fn judge_content(holding: &Holding, made_for: Option<ContentId>) -> Result<(), String> {
    match made_for {
        Some(content) if content == holding.content => Ok(()),
        Some(content) => Err(format!("its blob was made for content {}", content.0)),
        None => Err("its blob was made for nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{DATA, Sample};

    /// Version 1, committed at 4 with one copy, which ended so.
    fn committed(from: u64, end: Option<(u64, HoldingEnd)>) -> Sample {
        Sample::versioned().committed(4, 1, Some(1), &[DATA]).copy(DATA, 1, 1, (from, end))
    }

    #[test]
    fn a_copy_stays_as_long_as_its_version() {
        committed(3, None).passes(check);
        committed(3, Some((9, HoldingEnd::DiskBlanked))).passes(check);
        committed(3, Some((9, HoldingEnd::Removed))).gone(8, 1).passes(check);
        committed(3, None).copy(Node::Data(2), 1, 1, (3, Some((9, HoldingEnd::Removed)))).passes(check);
    }

    #[test]
    fn one_that_goes_before_is_caught() {
        committed(3, Some((9, HoldingEnd::Removed))).is_caught(check, "and the version was kept");
        committed(3, Some((9, HoldingEnd::Removed))).gone(10, 1).is_caught(check, "and the version was kept");
        committed(3, Some((9, HoldingEnd::PowerLost))).is_caught(check, "lost with the power");
    }

    #[test]
    fn one_that_was_never_durable_is_caught() {
        committed(5, None).is_caught(check, "it was not durable there");
        committed(3, None).not_durable().is_caught(check, "it was not durable there");
        Sample::versioned().committed(4, 1, Some(1), &[DATA]).is_caught(check, "it was not durable there");
        committed(5, None).shared(DATA).passes(check);
    }

    #[test]
    fn a_blob_is_what_it_was_made_for() {
        let other = committed(3, None).copy(Node::Data(2), 1, 7, (3, None));
        other.is_caught(check, "its blob was made for content 1");
        committed(3, None).copy(DATA, 2, 2, (3, None)).is_caught(check, "its blob was made for nothing");
    }
}
