//! Which seeds are to be run, and what came of those that were, counted in the order of the seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{FAILURES_KEPT, Failure, Progress, Report, Swarm, Tally};
use crate::coverage::Coverage;
use crate::history::Violation;
use crate::run::Run;

/// The books of one swarm. Seeds are numbered by an index from 0, since the last seeds there are may be followed by the
/// first.
#[derive(Debug)]
pub(super) struct Ledger {
    swarm: Swarm,
    /// The next index to be handed out.
    next: u64,
    /// The index after the last that counts: behind the first failure, unless failures are collected.
    end: u64,
    /// The index up to which runs are counted.
    counted: u64,
    /// Runs that are done, while one before them is not.
    waiting: BTreeMap<u64, Entry>,
    under_way: BTreeMap<u64, Instant>,
    report: Report,
}

/// A seed to be run.
#[derive(Debug)]
pub(super) struct Ticket {
    index: u64,
    /// The seed.
    pub(super) seed: u64,
}

/// What is counted of a run; its trace and history are not kept.
#[derive(Debug)]
struct Entry {
    violations: Vec<Violation>,
    coverage: Coverage,
    steps: u64,
    simulated: Duration,
}

impl Ledger {
    /// The books of a swarm that has not begun.
    pub(super) fn new(swarm: Swarm) -> Self {
        Self {
            swarm,
            next: 0,
            end: swarm.runs,
            counted: 0,
            waiting: BTreeMap::new(),
            under_way: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// The next seed to be run, if there is one.
    pub(super) fn hand_out(&mut self) -> Option<Ticket> {
        let index = self.next;
        if index >= self.end {
            return None;
        }
        self.next += 1;
        self.under_way.insert(index, Instant::now());
        Some(Ticket { index, seed: self.seed(index) })
    }

    /// Takes what came of a seed.
    pub(super) fn enter(&mut self, ticket: &Ticket, run: Run) {
        self.under_way.remove(&ticket.index);
        if !run.violations.is_empty() && !self.swarm.collect {
            self.end = self.end.min(ticket.index + 1);
        }
        let Run { violations, coverage, steps, lasted, .. } = run;
        self.waiting.insert(ticket.index, Entry { violations, coverage, steps, simulated: lasted });
        while self.counted < self.end
            && let Some(entry) = self.waiting.remove(&self.counted)
        {
            self.count(self.seed(self.counted), entry);
            self.counted += 1;
        }
    }

    /// How far it is.
    pub(super) fn progress(&self, began: Instant) -> Progress {
        let mut totals = self.report.totals;
        totals.wall = began.elapsed();
        let longest = self.under_way.iter().min_by_key(|(_, since)| **since);
        Progress { totals, longest: longest.map(|(index, since)| (self.seed(*index), since.elapsed())) }
    }

    /// What came of it, once every seed that was handed out has been entered.
    pub(super) fn into_report(self) -> Report {
        assert_eq!(self.counted, self.end, "a run is missing");
        self.report
    }

    fn seed(&self, index: u64) -> u64 {
        self.swarm.first_seed.wrapping_add(index)
    }

    fn count(&mut self, seed: u64, entry: Entry) {
        let Report { totals, coverage, failures, checkers } = &mut self.report;
        totals.runs += 1;
        totals.steps += entry.steps;
        totals.simulated += entry.simulated;
        coverage.add(&entry.coverage);
        if entry.violations.is_empty() {
            return;
        }
        totals.failed_runs += 1;
        let failed: BTreeSet<&'static str> = entry.violations.iter().map(|violation| violation.checker).collect();
        for checker in failed {
            checkers.entry(checker).or_insert(Tally { runs: 0, first_seed: seed }).runs += 1;
        }
        if failures.len() < FAILURES_KEPT {
            failures.push(Failure { seed, violations: entry.violations });
        }
    }
}
