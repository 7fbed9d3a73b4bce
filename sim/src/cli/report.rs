//! What came of runs, in words.

use std::fmt::Write as _;
use std::time::Duration;

use lode_sim::assertion;
use lode_sim::history::Violation;
use lode_sim::run::Run;
use lode_sim::scenario;
use lode_sim::swarm::{Report, Swarm};

use super::case::{self, Case};
use super::figures::{count, counted, duration, rate, speed};
use super::pursuit::{Outcome, Smaller};

/// How many violations of a run, and failed runs of a swarm, are told.
const TOLD: usize = 20;

/// What came of a run.
pub(super) fn verdict(case: &Case, run: &Run) -> String {
    let verdict = match run.violations.len() {
        0 => "nothing is violated".to_owned(),
        number => counted(number, "violation"),
    };
    let mut text = format!(
        "{}: {verdict}; {} steps in {:.6} s simulated, trace {:016x}\n",
        case.title,
        count(run.steps),
        run.lasted.as_secs_f64(),
        run.trace.hash(),
    );
    if !run.violations.is_empty() {
        text += &violations(&run.violations);
        text += &again(&case.command);
    }
    text
}

/// What was made of a run: its plan saved, shrunk, drawn.
pub(super) fn made_of(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(path) = &outcome.saved {
        let _written = writeln!(text, "the plan of {} is in {}", outcome.case.title, path.display());
    }
    if let Some(smaller) = &outcome.smaller {
        text += &shrunk(&outcome.case.title, smaller);
    }
    if let Some(path) = &outcome.drawn {
        let _written = writeln!(text, "a picture is in {}", path.display());
    }
    text
}

fn shrunk(title: &str, smaller: &Smaller) -> String {
    let Smaller { case, path, text, attempts, exhausted } = smaller;
    let more = if *exhausted { "; more --shrink-attempts may make it smaller still" } else { "" };
    format!(
        "{title} shrunk to {} and {}, {} tried{more}; in {}:\n{text}{}",
        counted(case.plan.faults.len(), "fault"),
        counted(case.plan.operations.len(), "operation"),
        counted(usize::try_from(*attempts).unwrap_or(usize::MAX), "plan"),
        path.display(),
        again(&case.command),
    )
}

fn again(command: &str) -> String {
    format!("  again: {command}\n")
}

fn violations(violations: &[Violation]) -> String {
    let mut text: String = violations.iter().take(TOLD).map(violation).collect();
    if violations.len() > TOLD {
        let _written = writeln!(text, "  … and {} more", violations.len() - TOLD);
    }
    text
}

/// Of an assertion it is not known when and on which node it failed, and a story is told of the whole run.
fn violation(violation: &Violation) -> String {
    let Violation { at, checker, node, text } = violation;
    if [assertion::CHECKER, scenario::CHECKER].contains(checker) {
        return format!("  !! {checker}: {text}\n");
    }
    let at = Duration::from_nanos(at.as_nanos()).as_secs_f64();
    format!("  !! {checker}: at {at:.6} on {node}: {text}\n")
}

/// What came of a swarm.
pub(super) fn swarm(swarm: &Swarm, found: &Report, missed: &[&str]) -> String {
    let mut text = String::new();
    for failure in found.failures.iter().take(TOLD) {
        let _written = write!(
            text,
            "seed {}: {}\n{}{}",
            failure.seed,
            counted(failure.violations.len(), "violation"),
            violations(&failure.violations),
            again(&case::seed_command(failure.seed)),
        );
    }
    for (checker, tally) in &found.checkers {
        let _written = writeln!(text, "{checker}: {} failed, first seed {}", runs(tally.runs), tally.first_seed);
    }
    if !missed.is_empty() {
        text += &missed_points(found.totals.runs, missed);
    }
    text + &totals(swarm, found)
}

fn totals(swarm: &Swarm, found: &Report) -> String {
    let totals = &found.totals;
    let verdict = match totals.failed_runs {
        0 => "nothing is violated".to_owned(),
        failed => format!("{} failed", runs(failed)),
    };
    format!(
        "{} from seed {} on: {verdict}; {} steps in {} simulated\n{} on {}: {} runs/s, {} steps/s, {} times real time\n",
        runs(totals.runs),
        swarm.first_seed,
        count(totals.steps),
        duration(totals.simulated),
        duration(totals.wall),
        counted(swarm.threads.get(), "thread"),
        count(rate(totals.runs, totals.wall)),
        count(rate(totals.steps, totals.wall)),
        count(speed(totals.simulated, totals.wall)),
    )
}

fn missed_points(number: u64, missed: &[&str]) -> String {
    format!(
        "never hit in {}: {}. The plans that are drawn do not try what they should: draw them wider, or mend what keeps it \
         from happening.\n",
        runs(number),
        missed.join("; "),
    )
}

/// Says that a run takes long.
pub(super) fn slow(seed: u64, since: Duration) -> String {
    format!(
        "seed {seed} has been running for {}: if it never ends, try it alone: {}",
        duration(since),
        case::seed_command(seed)
    )
}

/// What came of all scenarios.
pub(super) fn scenarios(ran: usize, failed: usize) -> String {
    let verdict = if failed == 0 { "nothing is violated".to_owned() } else { format!("{failed} failed") };
    format!("{}: {verdict}\n", counted(ran, "scenario"))
}

fn runs(number: u64) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), "run")
}
