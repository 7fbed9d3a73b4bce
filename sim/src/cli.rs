//! The command line of `lode-sim`.

mod args;
mod case;
mod exit;
mod failure;
mod figures;
mod file;
mod many;
mod one;
mod output;
mod progress;
mod pursuit;
mod report;
mod scenarios;
mod seam;
mod study;
mod summary;

use std::io::{self, BufWriter, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser as _;

use self::args::{Cli, Job};
use self::exit::Exit;
use self::failure::Failure;
use self::output::Output;
use self::seam::{REAL, Simulator};

/// Does what the process was started for.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    // Not locked: a `println!` in a run, put there to look for something, would wait for ever.
    let (mut stdout, mut stderr) = (BufWriter::new(io::stdout()), io::stderr());
    let terminal = stderr.is_terminal();
    carry_out(&cli, &REAL, &mut Output::new(&cli.printing, &mut stdout, &mut stderr, terminal)).into()
}

fn carry_out(cli: &Cli, simulator: &Simulator, output: &mut Output<'_>) -> Exit {
    let done = start(cli, simulator, output).and_then(|exit| output.flush().map(|()| exit));
    done.unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit()
    })
}

fn start(cli: &Cli, simulator: &Simulator, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let wishes = &cli.wishes;
    match cli.job() {
        Job::List => scenarios::list(simulator, output),
        Job::AllScenarios => scenarios::run_all(simulator, wishes, output),
        Job::Scenario(name) => one::run(case::of_scenario(simulator, &name)?, simulator, wishes, output),
        Job::Replay(path) => one::run(case::of_file(simulator, &path)?, simulator, wishes, output),
        Job::Seed(seed) => one::run(case::of_seed(simulator, seed)?, simulator, wishes, output),
        Job::Scale(study) => study::scale(study.plot.as_deref(), output),
        Job::Swarm(swarm) => many::run(&swarm, simulator, wishes, output),
    }
}

#[cfg(test)]
mod tests;
