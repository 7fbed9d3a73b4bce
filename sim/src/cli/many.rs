//! A swarm, and what it has found.

use std::time::Duration;

use lode_sim::coverage::Coverage;
use lode_sim::run::Run;
use lode_sim::swarm::{Progress, Report, Swarm};
use lode_sim::trace::Keep;

use super::args::WishArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::progress::SwarmBar;
use super::pursuit::{self, Outcome};
use super::seam::Simulator;
use super::summary::SwarmSummary;
use super::{case, report};

/// From how many runs on each point of the coverage must have been hit.
const RUNS_THAT_HIT_ALL: u64 = 10_000;

/// After how long a single run is called slow: it may be one that never ends.
const SLOW: Duration = Duration::from_secs(30);

/// Runs the seeds. What is wished is done for the first that fails.
///
/// # Errors
/// If the standard output takes no more.
pub(super) fn run(
    swarm: &Swarm,
    simulator: &Simulator,
    wishes: &WishArgs,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let found = run_seeds(swarm, simulator, output);
    let missed = missed(&found);
    if output.is_talkative() {
        output.print(&format!("{}\n", found.coverage))?;
    }
    if !output.is_json() {
        // Before what may take long.
        output.print(&report::swarm(swarm, &found, &missed))?;
        output.flush()?;
    }
    let first = pursue_first(&found, simulator, wishes, output);
    if output.is_json() {
        output.print_json(&SwarmSummary::of(swarm, &found, &missed, first.as_ref()))?;
    } else if let Some(first) = &first {
        output.print(&report::made_of(first))?;
    }
    let exit = Exit::of(found.totals.failed_runs > 0 || !missed.is_empty());
    Ok(first.filter(|first| first.trouble.is_some()).map_or(exit, |first| first.exit(output)))
}

fn run_seeds(swarm: &Swarm, simulator: &Simulator, output: &mut Output<'_>) -> Report {
    let bar = SwarmBar::new(output.shows_progress(), swarm.runs);
    let run = |seed: u64| -> Run { (simulator.run)(&(simulator.draw)(seed), Keep::Nothing) };
    let mut told_slow = None;
    swarm.run(&run, &mut |progress: &Progress| {
        bar.show(progress);
        if let Some((seed, since)) = progress.longest
            && since >= SLOW
            && told_slow != Some(seed)
        {
            told_slow = Some(seed);
            bar.suspend(|| output.remark(&report::slow(seed, since)));
        }
    })
}

fn pursue_first(found: &Report, simulator: &Simulator, wishes: &WishArgs, output: &mut Output<'_>) -> Option<Outcome> {
    let failure = found.failures.first().filter(|_| wishes.any())?;
    let case = case::drawn(simulator, failure.seed);
    let run = pursuit::run_of(simulator, &case);
    if run.violations != failure.violations {
        output.remark(&format!("{} did not give the same run when it was run again", case.title));
    }
    Some(pursuit::pursue(Outcome::of(case, run), simulator, wishes, output))
}

/// The points that should have been hit, and were not. Of few runs, and of a swarm that ended early, nothing is expected.
fn missed(found: &Report) -> Vec<&'static str> {
    let Report { totals, coverage, .. } = found;
    if totals.runs >= RUNS_THAT_HIT_ALL { names(coverage) } else { Vec::new() }
}

fn names(coverage: &Coverage) -> Vec<&'static str> {
    coverage.missed().map(|point| point.name()).collect()
}
