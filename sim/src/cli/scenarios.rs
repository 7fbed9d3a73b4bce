//! The named scenarios: all of them, and the one that was meant.

use lode_sim::scenario::Scenario;
use serde::Serialize;

use super::args::WishArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::pursuit::{self, Outcome};
use super::seam::Simulator;
use super::summary::ScenariosSummary;
use super::{case, report};

/// The name that means all of them.
pub(super) const ALL: &str = "all";

/// Prints them with their stories.
///
/// # Errors
/// If the standard output takes no more.
pub(super) fn list(simulator: &Simulator, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let scenarios = (simulator.scenarios)();
    if output.is_json() {
        let told: Vec<Told> = scenarios.iter().map(|Scenario { name, story, .. }| Told { name, story }).collect();
        output.print_json(&told)?;
        return Ok(Exit::Held);
    }
    for Scenario { name, story, .. } in scenarios {
        output.print(&format!("{name}\n{}", indented(story)))?;
    }
    Ok(Exit::Held)
}

/// How wide a story is told, its margin included.
const WIDTH: usize = 100;

/// The text in lines that are not too long, with a margin.
fn indented(text: &str) -> String {
    const MARGIN: &str = "    ";
    let (mut lines, mut line) = (String::new(), MARGIN.to_owned());
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines += line.trim_end();
            lines += "\n";
            line = MARGIN.to_owned();
        }
        line += word;
        line += " ";
    }
    lines + line.trim_end() + "\n"
}

/// A scenario for programs.
#[derive(Debug, Serialize)]
struct Told {
    name: &'static str,
    story: &'static str,
}

/// Runs them all, one after the other. What is wished is done for the first that fails.
///
/// # Errors
/// If one of them cannot be run, or the standard output takes no more.
pub(super) fn run_all(simulator: &Simulator, wishes: &WishArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let (mut ran, mut failed, mut exit) = (Vec::new(), 0, Exit::Held);
    for scenario in (simulator.scenarios)() {
        let case = case::of(simulator, &scenario)?;
        let run = pursuit::run_of(simulator, &case);
        if !output.is_json() {
            output.print(&report::verdict(&case, &run))?;
            output.flush()?;
        }
        let violated = !run.violations.is_empty();
        failed += usize::from(violated);
        if violated && failed == 1 {
            let outcome = pursuit::pursue(Outcome::of(case, run), simulator, wishes, output);
            exit = outcome.exit(output);
            ran.push(outcome);
        } else {
            ran.push(Outcome::of(case, run));
        }
    }
    if output.is_json() {
        output.print_json(&ScenariosSummary::of(&ran))?;
    } else {
        output.print(&ran.iter().map(report::made_of).collect::<String>())?;
        output.print(&report::scenarios(ran.len(), failed))?;
    }
    Ok(exit)
}

/// The scenario of this name.
///
/// # Errors
/// If there is none.
pub(super) fn find(simulator: &Simulator, name: &str) -> Result<Scenario, Failure> {
    let scenarios = (simulator.scenarios)();
    let nearest = || nearest(name, scenarios.iter().map(|scenario| scenario.name));
    let found = scenarios.iter().find(|scenario| scenario.name == name).copied();
    found.ok_or_else(|| Failure::UnknownScenario { name: name.to_owned(), nearest: nearest() })
}

/// How many names are suggested.
const SUGGESTIONS: usize = 3;

/// Names that may have been meant, the likeliest first.
fn nearest(typed: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (if name.contains(typed) { 0 } else { distance(typed, name) }, name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .collect();
    near.sort_unstable();
    near.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, taken out or changed to make the one out of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (begun, letter) in one.chars().enumerate() {
        let mut left = begun + 1;
        let mut next = vec![left];
        for (pair, other_letter) in row.windows(2).zip(other.chars()) {
            let [diagonal, above] = *pair else { continue };
            left = (diagonal + usize::from(letter != other_letter)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_within_its_margins() {
        assert_eq!(indented("One line."), "    One line.\n");
        let told = indented(&"word ".repeat(60));
        assert_eq!(told.split_whitespace().count(), 60);
        assert!(told.lines().all(|line| line.starts_with("    word") && line.len() <= WIDTH), "{told}");
        assert_eq!(told.lines().count(), 4, "{told}");
    }

    #[test]
    fn the_distance_is_that_of_the_book() {
        for (one, other, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("same", "same", 0)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_names_are_suggested_the_likeliest_first() {
        let names = ["broker-restart", "broker-hangs", "disk-full", "power-loss-mid-commit"];
        let meant = |typed| nearest(typed, names.into_iter());
        assert_eq!(meant("broker-restrat"), ["broker-restart"]);
        assert_eq!(meant("diskfull"), ["disk-full"]);
        assert_eq!(meant("power-loss"), ["power-loss-mid-commit"]);
        assert_eq!(meant("broker"), ["broker-hangs", "broker-restart"]);
        assert_eq!(meant("something else"), [""; 0]);
    }
}
