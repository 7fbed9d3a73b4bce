//! A plan to be run, with what it is called and how it is run again.

use std::path::Path;

use lode_sim::plan::Plan;
use lode_sim::scenario::Scenario;

use super::failure::Failure;
use super::seam::Simulator;
use super::{file, scenarios};

/// A plan to be run.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// What it is called.
    pub(super) title: String,
    /// The plan.
    pub(super) plan: Plan,
    /// The command that runs it again.
    pub(super) command: String,
    /// What a file about it is called, without its ending.
    pub(super) stem: String,
    /// The scenario whose plan it is, if it is one's.
    pub(super) scenario: Option<Scenario>,
}

/// The plan that is drawn from a seed.
///
/// # Errors
/// If it cannot be run.
pub(super) fn of_seed(simulator: &Simulator, seed: u64) -> Result<Case, Failure> {
    checked(simulator, drawn(simulator, seed))
}

/// The plan that is drawn from a seed that was run already.
pub(super) fn drawn(simulator: &Simulator, seed: u64) -> Case {
    Case {
        title: format!("seed {seed}"),
        plan: (simulator.draw)(seed),
        command: seed_command(seed),
        stem: format!("seed-{seed}"),
        scenario: None,
    }
}

/// The plan of the scenario of this name.
///
/// # Errors
/// If there is none, or it cannot be run.
pub(super) fn of_scenario(simulator: &Simulator, name: &str) -> Result<Case, Failure> {
    of(simulator, &scenarios::find(simulator, name)?)
}

/// The plan of the scenario.
///
/// # Errors
/// If it cannot be run.
pub(super) fn of(simulator: &Simulator, scenario: &Scenario) -> Result<Case, Failure> {
    let case = Case {
        title: format!("scenario {}", scenario.name),
        plan: (scenario.plan)(),
        command: command("--scenario", scenario.name),
        stem: scenario.name.to_owned(),
        scenario: Some(*scenario),
    };
    checked(simulator, case)
}

/// The plan in a file.
///
/// # Errors
/// If it cannot be read, or run.
pub(super) fn of_file(simulator: &Simulator, path: &Path) -> Result<Case, Failure> {
    let plan = file::read_plan(path)?;
    checked(simulator, in_file(path, plan))
}

/// A plan that stands in a file.
pub(super) fn in_file(path: &Path, plan: Plan) -> Case {
    let stem = path.file_stem().map_or_else(|| "plan".into(), |stem| stem.to_string_lossy());
    Case {
        title: path.display().to_string(),
        plan,
        command: command("--replay", &path.to_string_lossy()),
        stem: stem.into_owned(),
        scenario: None,
    }
}

fn checked(simulator: &Simulator, case: Case) -> Result<Case, Failure> {
    match (simulator.validate)(&case.plan) {
        Ok(()) => Ok(case),
        Err(reason) => Err(Failure::BadPlan { title: case.title, reason }),
    }
}

/// The command that runs the plan of a seed.
pub(super) fn seed_command(seed: u64) -> String {
    command("--seed", &seed.to_string())
}

fn command(flag: &str, value: &str) -> String {
    format!("cargo run --release -p lode-sim -- {flag} {}", quoted(value))
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./,:=+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_it_for_one_word() {
        assert_eq!(quoted("plans/seed-42.json"), "plans/seed-42.json");
        assert_eq!(quoted("my plan's.json"), r"'my plan'\''s.json'");
        assert_eq!(quoted(""), "''");
    }
}
