//! What came of runs, for programs. What is here is stable: a field may be added, and none changes its meaning.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lode_sim::coverage::{Coverage, Point};
use lode_sim::history::Violation;
use lode_sim::node::Node;
use lode_sim::plan::Plan;
use lode_sim::swarm::{Failure, Report, Swarm, Tally};
use serde::Serialize;

use super::case;
use super::failure::{self, Told};
use super::pursuit::{Outcome, Smaller};

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct RunSummary<'a> {
    kind: &'static str,
    title: &'a str,
    violated: bool,
    violations: Vec<ViolationSummary<'a>>,
    command: &'a str,
    plan: PlanSummary,
    steps: u64,
    simulated_us: u128,
    trace_hash: String,
    #[serde(flatten)]
    made: MadeSummary<'a>,
    coverage: Vec<PointSummary>,
}

impl<'a> RunSummary<'a> {
    /// In these words.
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        let Outcome { case, run, .. } = outcome;
        Self {
            kind: "run",
            title: &case.title,
            violated: !run.violations.is_empty(),
            violations: violations(&run.violations),
            command: &case.command,
            plan: PlanSummary::of(&case.plan),
            steps: run.steps,
            simulated_us: run.lasted.as_micros(),
            trace_hash: format!("{:016x}", run.trace.hash()),
            made: MadeSummary::of(outcome),
            coverage: coverage(&run.coverage),
        }
    }
}

/// All scenarios.
#[derive(Debug, Serialize)]
pub(super) struct ScenariosSummary<'a> {
    kind: &'static str,
    violated: bool,
    scenarios: Vec<RunSummary<'a>>,
}

impl<'a> ScenariosSummary<'a> {
    /// In these words.
    pub(super) fn of(outcomes: &'a [Outcome]) -> Self {
        let scenarios: Vec<_> = outcomes.iter().map(RunSummary::of).collect();
        Self { kind: "scenarios", violated: scenarios.iter().any(|run| run.violated), scenarios }
    }
}

/// A swarm.
#[derive(Debug, Serialize)]
pub(super) struct SwarmSummary<'a> {
    kind: &'static str,
    first_seed: u64,
    asked_runs: u64,
    threads: usize,
    violated: bool,
    runs: u64,
    failed_runs: u64,
    failures: Vec<FailureSummary<'a>>,
    checkers: BTreeMap<&'static str, TallySummary>,
    missed: &'a [&'static str],
    steps: u64,
    simulated_us: u128,
    wall_us: u128,
    #[serde(flatten)]
    made: MadeSummary<'a>,
    coverage: Vec<PointSummary>,
}

impl<'a> SwarmSummary<'a> {
    /// In these words; `first` is what was made of the first run that failed.
    pub(super) fn of(swarm: &Swarm, found: &'a Report, missed: &'a [&'static str], first: Option<&'a Outcome>) -> Self {
        let Report { totals, failures, checkers, .. } = found;
        let tally = |tally: &Tally| TallySummary { runs: tally.runs, first_seed: tally.first_seed };
        Self {
            kind: "swarm",
            first_seed: swarm.first_seed,
            asked_runs: swarm.runs,
            threads: swarm.threads.get(),
            violated: totals.failed_runs > 0 || !missed.is_empty(),
            runs: totals.runs,
            failed_runs: totals.failed_runs,
            failures: failures.iter().map(FailureSummary::of).collect(),
            checkers: checkers.iter().map(|(checker, of)| (*checker, tally(of))).collect(),
            missed,
            steps: totals.steps,
            simulated_us: totals.simulated.as_micros(),
            wall_us: totals.wall.as_micros(),
            made: first.map(MadeSummary::of).unwrap_or_default(),
            coverage: coverage(&found.coverage),
        }
    }
}

#[derive(Debug, Serialize)]
struct FailureSummary<'a> {
    seed: u64,
    command: String,
    violations: Vec<ViolationSummary<'a>>,
}

impl<'a> FailureSummary<'a> {
    fn of(failure: &'a Failure) -> Self {
        let Failure { seed, violations: found } = failure;
        Self { seed: *seed, command: case::seed_command(*seed), violations: violations(found) }
    }
}

#[derive(Debug, Serialize)]
struct TallySummary {
    runs: u64,
    first_seed: u64,
}

#[derive(Debug, Serialize)]
struct ViolationSummary<'a> {
    checker: &'a str,
    at_us: u128,
    node: Node,
    text: &'a str,
}

impl<'a> ViolationSummary<'a> {
    fn of(violation: &'a Violation) -> Self {
        let Violation { at, checker, node, text } = violation;
        Self { checker, at_us: Duration::from_nanos(at.as_nanos()).as_micros(), node: *node, text }
    }
}

fn violations(found: &[Violation]) -> Vec<ViolationSummary<'_>> {
    found.iter().map(ViolationSummary::of).collect()
}

#[derive(Debug, Serialize)]
struct PlanSummary {
    seed: u64,
    faults: usize,
    operations: usize,
}

impl PlanSummary {
    const fn of(plan: &Plan) -> Self {
        Self { seed: plan.seed, faults: plan.faults.len(), operations: plan.operations.len() }
    }
}

/// What was made of a run.
#[derive(Debug, Default, Serialize)]
struct MadeSummary<'a> {
    saved: Option<&'a PathBuf>,
    shrunk: Option<ShrunkSummary<'a>>,
    html: Option<&'a PathBuf>,
    error: Option<Told>,
}

impl<'a> MadeSummary<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let Outcome { saved, smaller, drawn, trouble, .. } = outcome;
        Self {
            saved: saved.as_ref(),
            shrunk: smaller.as_ref().map(ShrunkSummary::of),
            html: drawn.as_ref(),
            error: trouble.as_ref().map(failure::Failure::told),
        }
    }
}

#[derive(Debug, Serialize)]
struct ShrunkSummary<'a> {
    file: &'a PathBuf,
    command: &'a str,
    plan: PlanSummary,
    attempts: u32,
    exhausted: bool,
}

impl<'a> ShrunkSummary<'a> {
    fn of(smaller: &'a Smaller) -> Self {
        let Smaller { case, path, attempts, exhausted, .. } = smaller;
        let plan = PlanSummary::of(&case.plan);
        Self { file: path, command: &case.command, plan, attempts: *attempts, exhausted: *exhausted }
    }
}

#[derive(Debug, Serialize)]
struct PointSummary {
    group: &'static str,
    name: &'static str,
    hits: u64,
}

fn coverage(coverage: &Coverage) -> Vec<PointSummary> {
    let summary =
        |point: &Point| PointSummary { group: point.group(), name: point.name(), hits: coverage.hits(*point) };
    Point::ALL.iter().map(summary).collect()
}
