//! The command line: what can be run, and what is to become of it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::{ArgGroup, Args, Parser};
use lode_sim::swarm::Swarm;

use super::exit::EXIT_STATUS_HELP;
use super::scenarios::ALL;
use super::study::Study;

const EXAMPLES: &str = "\
Examples:
  One run, a line for each thing that happens; the same each time:
    lode-sim --seed 42 | less
  As many as the night is long, on all cores, to the first that fails:
    lode-sim --runs 1000000
  All failures of the next ten thousand, with how often each checker has failed:
    lode-sim --seed 1000000 --runs 10000 --collect
  Why did seed 42 fail? The smallest plan that still does, and a picture of it:
    lode-sim --seed 42 --quiet --shrink=small.json --html small.html
    lode-sim --replay small.json
  The named scenarios:
    lode-sim --scenarios
    lode-sim --scenario all
  What heartbeats and locates cost in clusters of 6 to 1,000 data servers:
    lode-sim --scale --plot scale.svg
";

/// Run whole Lode clusters in virtual time, under faults, and check that everything holds that must
///
/// A run carries out a plan: which servers there are, under which settings, what clients do and what goes wrong, each at
/// its time. A plan is drawn from a seed, is a named scenario, or is read from a file. The servers are the machines that the
/// real ones are made of; network, disks, broker and clients are models. The same plan gives the same run, byte for byte.
#[derive(Debug, Parser)]
#[command(
    name = "lode-sim",
    version,
    max_term_width = 110,
    arg_required_else_help = true,
    group = ArgGroup::new("what").args(["seed", "runs", "scenario", "scenarios", "replay", "scale"]).multiple(true).required(true),
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS_HELP}"),
)]
pub(super) struct Cli {
    /// Run the plan that is drawn from this seed; with --runs, from this seed on
    #[arg(long, value_name = "N", help_heading = "What to run")]
    pub(super) seed: Option<u64>,

    /// Run so many seeds, from --seed or 1 on, and tell what they have touched
    ///
    /// Stops at the first seed that fails. Which seed that is, and everything else that is told but the time it took, does
    /// not depend on the threads. A point of the coverage table that is never hit in 10000 runs or more is a failure, too.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "What to run")]
    pub(super) runs: Option<u64>,

    /// Run the scenario of this name; `all` runs all of them, and tells only how each has ended
    #[arg(long, value_name = "NAME", conflicts_with_all = ["seed", "runs"], help_heading = "What to run")]
    pub(super) scenario: Option<String>,

    /// List the scenarios with their stories, and run nothing
    #[arg(
        long,
        conflicts_with_all = ["seed", "runs", "scenario", "replay", "save", "shrink", "html"],
        help_heading = "What to run"
    )]
    pub(super) scenarios: bool,

    /// Run the plan in this file, as --save and --shrink write them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "runs", "scenario"], help_heading = "What to run")]
    pub(super) replay: Option<PathBuf>,

    /// Measure heartbeats and locates in clusters of 6 to 1,000 data servers, and print the tables of the README
    ///
    /// All times in it are virtual: it gives the same figures on every machine.
    #[arg(
        long,
        conflicts_with_all = ["seed", "runs", "scenario", "scenarios", "replay", "save", "shrink", "html"],
        help_heading = "What to run"
    )]
    pub(super) scale: bool,

    /// Draw what was measured, as SVG
    #[arg(long, value_name = "FILE", requires = "scale", help_heading = "What to run")]
    pub(super) plot: Option<PathBuf>,

    /// On how many threads; on all cores if not given
    #[arg(long, value_name = "N", requires = "runs", help_heading = "What to run")]
    pub(super) threads: Option<NonZeroUsize>,

    /// Go on after a seed that fails, and tell of all that do
    #[arg(long, requires = "runs", help_heading = "What to run")]
    pub(super) collect: bool,

    #[command(flatten)]
    pub(super) wishes: WishArgs,

    #[command(flatten)]
    pub(super) printing: PrintingArgs,
}

/// What is to become of a run; of many, of the first that fails.
#[derive(Debug, Args)]
#[command(next_help_heading = "What becomes of it (with --runs or --scenario all: of the first that fails)")]
pub(super) struct WishArgs {
    /// Write its plan to this file
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,

    /// If it fails, look for the smallest plan that still fails in the same way, and write that to a file
    ///
    /// In the same way means: the same checker complains, and if it is an assertion, in the same place. If no FILE is
    /// given, it is named after what was run, such as seed-42.shrunk.json.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[allow(clippy::option_option, reason = "not given, given alone, and given with a file are three things")]
    pub(super) shrink: Option<Option<PathBuf>>,

    /// How many plans are tried for it at the most
    #[arg(long, value_name = "N", requires = "shrink", default_value_t = 5000)]
    pub(super) shrink_attempts: u32,

    /// Draw it as a page for a browser; of a plan that was shrunk, what is left
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

impl WishArgs {
    /// Whether there is any.
    pub(super) const fn any(&self) -> bool {
        self.save.is_some() || self.shrink.is_some() || self.html.is_some()
    }
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "How to print")]
pub(super) struct PrintingArgs {
    /// Print the summary as one JSON object on the standard output, a failure as {"error":{"code","message"}}
    #[arg(long)]
    pub(super) json: bool,

    /// Print only the summary: no trace, no coverage table, no progress
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Nothing: the scenarios are listed.
    List,
    /// All scenarios.
    AllScenarios,
    /// The scenario of this name.
    Scenario(String),
    /// The plan in this file.
    Replay(PathBuf),
    /// The plan of this seed.
    Seed(u64),
    /// Those of many seeds.
    Swarm(Swarm),
    /// The study of scale.
    Scale(Study),
}

impl Cli {
    /// What is to be run.
    pub(super) fn job(&self) -> Job {
        match self {
            Self { scale: true, plot, .. } => Job::Scale(Study { plot: plot.clone() }),
            Self { scenario: Some(name), .. } if name == ALL => Job::AllScenarios,
            Self { scenario: Some(name), .. } => Job::Scenario(name.clone()),
            Self { replay: Some(path), .. } => Job::Replay(path.clone()),
            Self { runs: Some(runs), .. } => Job::Swarm(self.swarm(*runs)),
            Self { seed: Some(seed), .. } => Job::Seed(*seed),
            Self { scenario: None, replay: None, runs: None, seed: None, .. } => Job::List,
        }
    }

    fn swarm(&self, runs: u64) -> Swarm {
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Swarm {
            first_seed: self.seed.unwrap_or(1),
            runs,
            threads: self.threads.unwrap_or_else(cores),
            collect: self.collect,
        }
    }
}

#[cfg(test)]
mod tests;
