//! Many seeds, on all cores.
//!
//! Which seeds are run, what is counted and which failure is reported depends on the seeds alone, not on the number of
//! threads or on who is done first: runs are counted in the order of their seeds (`ledger`), and of one that comes after
//! the first failure nothing is counted.

mod ledger;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::ledger::Ledger;
use crate::assertion::guarded;
use crate::coverage::Coverage;
use crate::history::Violation;
use crate::run::Run;
use crate::trace::Keep;

/// Which seeds to run, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swarm {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds, one after the other from the first.
    pub runs: u64,
    /// On how many threads.
    pub threads: NonZeroUsize,
    /// Goes on after a failure.
    pub collect: bool,
}

/// What came of a swarm.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How much was run.
    pub totals: Totals,
    /// What the runs have touched, all together.
    pub coverage: Coverage,
    /// The runs that failed, the lowest seed first; no more than [`FAILURES_KEPT`] of them.
    pub failures: Vec<Failure>,
    /// How often each checker has failed a run, over all of them.
    pub checkers: BTreeMap<&'static str, Tally>,
}

/// How much was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Those of them in which something did not hold.
    pub failed_runs: u64,
    /// How often a machine was called.
    pub steps: u64,
    /// How much virtual time has passed.
    pub simulated: Duration,
    /// How much real time it took.
    pub wall: Duration,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What did not hold; at least one.
    pub violations: Vec<Violation>,
}

/// How often a checker has failed a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many runs.
    pub runs: u64,
    /// The lowest seed of them.
    pub first_seed: u64,
}

/// How far a swarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What has been counted so far.
    pub totals: Totals,
    /// The seed that is under way for the longest, and for how long.
    pub longest: Option<(u64, Duration)>,
}

/// How many failed runs a report keeps with their violations; the rest are only counted.
pub const FAILURES_KEPT: usize = 1000;

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

impl Swarm {
    /// Runs the seeds. A run that panics has failed like another. Progress is told on the thread of the caller.
    pub fn run(&self, run: &(dyn Fn(u64) -> Run + Sync), progress: &mut dyn FnMut(&Progress)) -> Report {
        let began = Instant::now();
        let ledger = Mutex::new(Ledger::new(*self));
        thread::scope(|scope| {
            // Nothing is ever sent: the channel closes when the last thread has ended, for whatever reason.
            let (working, all_done) = mpsc::channel::<Infallible>();
            for _ in 0..self.useful_threads() {
                let (working, ledger) = (working.clone(), &ledger);
                scope.spawn(move || {
                    work(ledger, run);
                    drop(working);
                });
            }
            drop(working);
            while all_done.recv_timeout(PROGRESS_EVERY) == Err(RecvTimeoutError::Timeout) {
                let told = locked(&ledger).progress(began);
                progress(&told);
            }
        });
        let mut report = ledger.into_inner().unwrap_or_else(PoisonError::into_inner).into_report();
        report.totals.wall = began.elapsed();
        report
    }

    fn useful_threads(&self) -> usize {
        usize::try_from(self.runs).unwrap_or(usize::MAX).clamp(1, self.threads.get())
    }
}

fn work(ledger: &Mutex<Ledger>, run: &(dyn Fn(u64) -> Run + Sync)) {
    let mut next = locked(ledger).hand_out();
    while let Some(ticket) = next {
        let done = guarded(Keep::Nothing, || run(ticket.seed));
        let mut ledger = locked(ledger);
        ledger.enter(&ticket, done);
        next = ledger.hand_out();
    }
}

/// No run is made under the lock, so that there is nothing that a panic could leave half done.
fn locked(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
