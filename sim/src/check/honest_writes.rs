//! Rule: who is told that his write became a version wrote that very version; and a write that was refused
//! with anything but "outcome unknown" has written nothing, nor will.
//!
//! It comes from the sentences of [`lode_core::refusal::Refusal`] ("nothing was changed", "nothing was stored") and the
//! contract of the catalog (core/src/catalog.rs, 2 and 3). What the catalog has done is known here, not only what clients
//! were told: a version that was never read counts as well.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::{Asked, Call, Committed, ContentId, NameId, Outcome};

/// Looks at every PUT, and at every DELETE that wrote a tombstone.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("honest_writes");
    let Some(catalogued) = &facts.history.catalog else { return verdict };
    let by_content: BTreeMap<ContentId, &Committed> =
        catalogued.commits.iter().filter_map(|commit| Some((commit.content?, commit))).collect();
    let by_version: BTreeMap<(NameId, u64), &Committed> =
        catalogued.commits.iter().map(|commit| ((commit.name, commit.version), commit)).collect();
    for call in &facts.history.calls {
        if let (Asked::Put { content, .. }, Outcome::Refused { code, .. }) = (call.asked, &call.outcome)
            && *code != "outcome_unknown"
        {
            verdict.judge_call(call, judge_refused(by_content.get(&content).copied()));
        }
        if let (Asked::Put { content, .. }, Outcome::Stored) = (call.asked, &call.outcome) {
            verdict.judge_call(call, judge_written(call, by_content.get(&content).copied(), Some(content)));
        }
        if let (Asked::Delete, Outcome::Removed, None) = (call.asked, &call.outcome, call.version) {
            let version = (call.name, call.told_version.unwrap_or(0));
            verdict.judge_call(call, judge_written(call, by_version.get(&version).copied(), None));
        }
    }
    verdict
}

fn judge_refused(commit: Option<&Committed>) -> Result<(), String> {
    match commit {
        Some(Committed { version, at, .. }) => {
            Err(format!("it was refused, and is version {version} all the same, since {at:?}"))
        }
        None => Ok(()),
    }
}

fn judge_written(call: &Call, commit: Option<&Committed>, content: Option<ContentId>) -> Result<(), String> {
    let told = call.told_version;
    match commit {
        Some(commit) if Some(commit.version) != told => {
            Err(format!("it was told that it is version {told:?}, and it is version {}", commit.version))
        }
        Some(commit) if commit.content != content || commit.name != call.name => {
            Err("the version that it was told of is something else".to_owned())
        }
        Some(commit) if call.ended.is_some_and(|ended| commit.at > ended) => {
            Err(format!("it was told so before it was committed, at {:?}", commit.at))
        }
        Some(_) => Ok(()),
        None => Err(format!("it was told that it is version {told:?}, and it was never committed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{Sample, refused};

    fn put(outcome: Outcome) -> Sample {
        Sample::versioned().put(1, (2, 5), outcome)
    }

    #[test]
    fn who_is_told_of_a_version_has_written_it() {
        put(Outcome::Stored).told(1).committed(4, 1, Some(1), &[]).passes(check);
        let deleted = put(Outcome::Unknown).committed(4, 1, Some(1), &[]).delete((6, 8), Outcome::Removed).told(2);
        deleted.committed(7, 2, None, &[]).passes(check);
    }

    #[test]
    fn who_has_not_is_caught() {
        put(Outcome::Stored).told(1).is_caught(check, "it was never committed");
        put(Outcome::Stored).told(2).committed(4, 1, Some(1), &[]).is_caught(check, "and it is version 1");
        put(Outcome::Stored).told(1).committed(6, 1, Some(1), &[]).is_caught(check, "before it was committed");
        put(Outcome::Unknown).delete((6, 8), Outcome::Removed).told(2).is_caught(check, "it was never committed");
        let as_another = put(Outcome::Unknown).delete((6, 8), Outcome::Removed).told(1).committed(4, 1, Some(1), &[]);
        as_another.is_caught(check, "is something else");
        let twice = put(Outcome::Stored).told(1).committed(4, 1, Some(1), &[]).delete((6, 8), Outcome::Removed).told(1);
        twice.is_caught(check, "is something else");
    }

    #[test]
    fn what_is_refused_is_not_written_unless_nobody_knows() {
        for code in ["catalog_unavailable", "not_stored", "precondition_failed", "busy", "no_space"] {
            put(refused(code)).passes(check);
            put(refused(code)).committed(9, 1, Some(1), &[]).is_caught(check, "is version 1 all the same");
        }
        put(refused("outcome_unknown")).committed(9, 1, Some(1), &[]).is_passed_over(check);
    }
}
