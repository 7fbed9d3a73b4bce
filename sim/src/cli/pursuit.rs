//! What is done with a run once it is over: its plan is saved, shrunk, drawn.

use std::path::{Path, PathBuf};

use lode_sim::assertion::guarded;
use lode_sim::history::Violation;
use lode_sim::plan::Plan;
use lode_sim::run::Run;
use lode_sim::scenario;
use lode_sim::shrink::{self, Shrunk};
use lode_sim::trace::Keep;

use super::args::WishArgs;
use super::case::{self, Case};
use super::exit::Exit;
use super::failure::Failure;
use super::file;
use super::output::Output;
use super::progress::ShrinkBar;
use super::seam::Simulator;

/// A run, and what was made of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What was run.
    pub(super) case: Case,
    /// What came of it.
    pub(super) run: Run,
    /// The smallest plan that still fails, if it was looked for and found.
    pub(super) smaller: Option<Smaller>,
    /// Where its plan was saved.
    pub(super) saved: Option<PathBuf>,
    /// Where it was drawn.
    pub(super) drawn: Option<PathBuf>,
    /// Why not all that was wished could be done. What came of the run is told all the same.
    pub(super) trouble: Option<Failure>,
}

/// A smaller plan that still fails.
#[derive(Debug)]
pub(super) struct Smaller {
    /// The plan, and how it is run.
    pub(super) case: Case,
    /// Where it was written.
    pub(super) path: PathBuf,
    /// What was written there.
    pub(super) text: String,
    /// How many plans were tried.
    pub(super) attempts: u32,
    /// Whether more attempts might have made it smaller still.
    pub(super) exhausted: bool,
}

impl Outcome {
    /// A run of which nothing was made.
    pub(super) const fn of(case: Case, run: Run) -> Self {
        Self { case, run, smaller: None, saved: None, drawn: None, trouble: None }
    }

    /// How the process ends, all being told but the trouble; which stands in the JSON.
    pub(super) fn exit(&self, output: &mut Output<'_>) -> Exit {
        match &self.trouble {
            Some(trouble) => {
                if !output.is_json() {
                    output.failure(trouble);
                }
                trouble.exit()
            }
            None => Exit::of(!self.run.violations.is_empty()),
        }
    }
}

/// A run of the plan, with all that happens in it; that of a scenario is held against its story.
pub(super) fn run_of(simulator: &Simulator, case: &Case) -> Run {
    guarded(Keep::Records, || {
        let mut run = (simulator.run)(&case.plan, Keep::Records);
        if let Some(scenario) = &case.scenario {
            scenario.judge(&mut run);
        }
        run
    })
}

/// Saves its plan, if that is wished, and says where.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn save(case: &Case, wishes: &WishArgs) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = &wishes.save {
        file::write(path, &file::plan_text(&case.plan)?)?;
    }
    Ok(wishes.save.clone())
}

/// Does with a run what is wished and not done yet.
pub(super) fn pursue(
    mut outcome: Outcome,
    simulator: &Simulator,
    wishes: &WishArgs,
    output: &mut Output<'_>,
) -> Outcome {
    outcome.trouble = make(&mut outcome, simulator, wishes, output).err();
    outcome
}

fn make(
    outcome: &mut Outcome,
    simulator: &Simulator,
    wishes: &WishArgs,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if outcome.saved.is_none() {
        outcome.saved = save(&outcome.case, wishes)?;
    }
    if let Some(path) = &wishes.shrink
        && let Some(violation) = outcome.run.violations.first()
    {
        outcome.smaller = smaller(&outcome.case, violation, path.as_deref(), simulator, wishes, output)?;
    }
    if let Some(path) = &wishes.html {
        file::write(path, &picture(outcome, simulator))?;
        outcome.drawn = Some(path.clone());
    }
    Ok(())
}

fn smaller(
    case: &Case,
    violation: &Violation,
    path: Option<&Path>,
    simulator: &Simulator,
    wishes: &WishArgs,
    output: &mut Output<'_>,
) -> Result<Option<Smaller>, Failure> {
    if violation.checker == scenario::CHECKER {
        let title = &case.title;
        output.remark(&format!(
            "{title}: its story is that of its whole plan, and not of a smaller one: nothing was shrunk"
        ));
        return Ok(None);
    }
    let run = |plan: &Plan| (simulator.run)(plan, Keep::Nothing);
    let mut fails_like = shrink::fails_like(violation, &run);
    let mut fails = |plan: &Plan| (simulator.validate)(plan).is_ok() && fails_like(plan);
    let bar = ShrinkBar::new(output.shows_progress(), wishes.shrink_attempts);
    let found = shrink::shrink(&case.plan, wishes.shrink_attempts, &mut fails, &mut |progress| bar.show(progress));
    drop(bar);
    match found {
        Ok(shrunk) => written(case, shrunk, path).map(Some),
        Err(error) => {
            output.remark(&format!("{}: {error}; the same plan does not give the same run", case.title));
            Ok(None)
        }
    }
}

fn written(case: &Case, shrunk: Shrunk, path: Option<&Path>) -> Result<Smaller, Failure> {
    let path = path.map_or_else(|| PathBuf::from(format!("{}.shrunk.json", case.stem)), Path::to_owned);
    let text = file::plan_text(&shrunk.plan)?;
    file::write(&path, &text)?;
    let Shrunk { plan, attempts, exhausted } = shrunk;
    Ok(Smaller { case: case::in_file(&path, plan), path, text, attempts, exhausted })
}

/// Of the smaller plan, if there is one: that is what a person can read.
fn picture(outcome: &Outcome, simulator: &Simulator) -> String {
    let draw =
        |title: &str, plan: &Plan, run: &Run| (simulator.html)(title, plan, run.trace.records(), &run.violations);
    match &outcome.smaller {
        Some(smaller) => {
            let title = format!("{}, shrunk", outcome.case.title);
            draw(&title, &smaller.case.plan, &run_of(simulator, &smaller.case))
        }
        None => draw(&outcome.case.title, &outcome.case.plan, &outcome.run),
    }
}
