//! One run, told line by line.

use lode_sim::trace::{LEGEND, Trace};

use super::args::WishArgs;
use super::case::Case;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::pursuit::{self, Outcome};
use super::report;
use super::seam::Simulator;
use super::summary::RunSummary;

/// Runs the plan once.
///
/// # Errors
/// If a file cannot be written, or the standard output takes no more.
pub(super) fn run(
    case: Case,
    simulator: &Simulator,
    wishes: &WishArgs,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    // Before it is run: it may be one that never ends.
    let saved = pursuit::save(&case, wishes)?;
    let run = pursuit::run_of(simulator, &case);
    if output.is_talkative() {
        print_trace(&run.trace, output)?;
    }
    if !output.is_json() {
        // Before what may take long.
        output.print(&report::verdict(&case, &run))?;
        output.flush()?;
    }
    let outcome = pursuit::pursue(Outcome { saved, ..Outcome::of(case, run) }, simulator, wishes, output);
    if output.is_json() {
        output.print_json(&RunSummary::of(&outcome))?;
    } else {
        output.print(&report::made_of(&outcome))?;
    }
    Ok(outcome.exit(output))
}

fn print_trace(trace: &Trace, output: &mut Output<'_>) -> Result<(), Failure> {
    output.print(LEGEND)?;
    for record in trace.records() {
        output.print(&format!("{record}\n"))?;
    }
    output.print("\n")?;
    output.flush()
}
