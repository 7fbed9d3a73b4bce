//! The command line of `lode`.

mod api;
mod args;
mod bucket;
mod catalog;
mod cluster;
mod data;
mod dev;
mod download;
mod drain;
mod exit;
mod failure;
mod get;
mod locate;
mod log;
mod name;
mod open_files;
mod output;
mod progress;
mod put;
mod rebuild;
mod remove;
mod scrub;
mod serve;
mod signals;
mod sink;
mod status;
mod table;
mod threads;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::Shell;

use self::args::{Cli, Command, OutputArgs};
use self::exit::Exit;
use self::failure::Failure;
use self::output::{Output, print};

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let command = Cli::parse().command;
    let output = Output::new(&output_args(&command));
    let exit = match carry_out(command, output) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            output.failure(&failure);
            failure.exit()
        }
    };
    exit.into()
}

fn carry_out(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Dev(args) => dev::run(&args),
        Command::Api(args) => api::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Put(args) => smol::block_on(put::run(&args, output)),
        Command::Get(args) => smol::block_on(get::run(&args, output)),
        Command::Rm(args) => smol::block_on(remove::run(&args, output)),
        Command::Locate(args) => smol::block_on(locate::run(&args, output)),
        Command::Bucket(args) => smol::block_on(bucket::run(&args, output)),
        Command::Status(args) => smol::block_on(status::run(&args, output)),
        Command::Scrub(args) => smol::block_on(scrub::run(&args, output)),
        Command::Drain(args) => smol::block_on(drain::run(&args, output)),
        Command::RebuildCatalog(args) => rebuild::run(&args, output),
        Command::Completions { shell } => completions(shell),
    }
}

fn output_args(command: &Command) -> OutputArgs {
    match command {
        Command::Put(args) => args.output,
        Command::Get(args) => args.output,
        Command::Rm(args) => args.output,
        Command::Locate(args) => args.output,
        Command::Bucket(args) => args.output(),
        Command::Status(args) => args.output,
        Command::Scrub(args) => args.output,
        Command::Drain(args) => args.output,
        Command::RebuildCatalog(args) => args.output,
        Command::Dev(_) | Command::Api(_) | Command::Data(_) | Command::Completions { .. } => {
            OutputArgs { json: false, quiet: false }
        }
    }
}

fn completions(shell: Shell) -> Result<(), Failure> {
    // Into memory first: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lode", &mut script);
    print(&String::from_utf8_lossy(&script))
}
