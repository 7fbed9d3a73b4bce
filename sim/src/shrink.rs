//! The smallest plan that still fails in the same way.
//!
//! First entries are taken out of the plan, by delta debugging (`ddmin`), and servers that nothing needs; then what is
//! left is made simpler (`simplify`), which may make more of the entries superfluous. What is given back has always been
//! seen to fail: a change is kept only after a run with it.

mod ddmin;
mod entries;
mod servers;
mod settings;
mod simplify;

use std::collections::BTreeSet;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::assertion::{alike, guarded};
use crate::history::Violation;
use crate::plan::Plan;
use crate::run::Run;
use crate::trace::Keep;

/// What came of shrinking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest plan that was seen to fail.
    pub plan: Plan,
    /// How many plans were tried.
    pub attempts: u32,
    /// Whether there was no attempt left, so that more attempts could make it smaller still.
    pub exhausted: bool,
}

/// How far shrinking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many plans were tried.
    pub attempts: u32,
    /// How many are tried at the most.
    pub max_attempts: u32,
    /// How many faults the smallest plan so far has.
    pub faults: usize,
    /// How many operations it has.
    pub operations: usize,
}

/// There is nothing to shrink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plan itself does not fail in this way when it is run again: nothing was shrunk")]
pub struct DoesNotFail;

/// Makes the plan smaller as long as it fails, within a number of attempts. The same plan and answers give the same
/// result.
///
/// # Errors
/// If the plan itself does not fail.
pub fn shrink(
    plan: &Plan,
    max_attempts: u32,
    fails: &mut dyn FnMut(&Plan) -> bool,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Shrunk, DoesNotFail> {
    if !fails(plan) {
        return Err(DoesNotFail);
    }
    let mut search = Search::new(plan.clone(), max_attempts, fails, progress);
    take_out(&mut search);
    loop {
        simplify::all(&mut search);
        if !take_out(&mut search) {
            break;
        }
    }
    Ok(Shrunk { exhausted: search.is_exhausted(), plan: search.best, attempts: search.attempts })
}

/// Whether a run of a plan violates what this violation says: the usual question for [`shrink`].
pub fn fails_like<'a>(violation: &'a Violation, run: &'a dyn Fn(&Plan) -> Run) -> impl FnMut(&Plan) -> bool + 'a {
    |plan| guarded(Keep::Nothing, || run(plan)).violations.iter().any(|seen| alike(seen, violation))
}

/// Takes out what nothing needs; whether that was anything.
fn take_out(search: &mut Search<'_>) -> bool {
    let before = size(&search.best);
    entries::fewer(search);
    servers::fewer(search);
    size(&search.best) < before
}

fn size(plan: &Plan) -> usize {
    let cluster = &plan.cluster;
    let servers = [cluster.apis, cluster.datas, cluster.seed_apis, cluster.seed_datas];
    plan.faults.len() + plan.operations.len() + servers.map(usize::from).iter().sum::<usize>()
}

/// The smallest plan so far, and what may still be tried.
struct Search<'a> {
    best: Plan,
    attempts: u32,
    max_attempts: u32,
    /// Hashes of the plans that were tried. Two plans with the same hash cost one of them its attempt, and nothing else.
    tried: BTreeSet<u64>,
    fails: &'a mut dyn FnMut(&Plan) -> bool,
    progress: &'a mut dyn FnMut(&Progress),
}

impl<'a> Search<'a> {
    fn new(
        best: Plan,
        max_attempts: u32,
        fails: &'a mut dyn FnMut(&Plan) -> bool,
        progress: &'a mut dyn FnMut(&Progress),
    ) -> Self {
        let tried = BTreeSet::from([hash(&best)]);
        Self { best, attempts: 0, max_attempts, tried, fails, progress }
    }

    /// Tries the best plan with a change; keeps the change if it still fails, and says whether it does.
    fn attempt(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        if self.is_exhausted() || !self.tried.insert(hash(&candidate)) {
            return false;
        }
        self.attempts += 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        let told = self.progress_so_far();
        (self.progress)(&told);
        fails
    }

    const fn is_exhausted(&self) -> bool {
        self.attempts >= self.max_attempts
    }

    const fn progress_so_far(&self) -> Progress {
        Progress {
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            faults: self.best.faults.len(),
            operations: self.best.operations.len(),
        }
    }
}

fn hash(plan: &Plan) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(format!("{plan:?}").as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests;
