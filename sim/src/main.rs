//! The binary `lode-sim`: runs, swarms, scenarios and replays of whole clusters in virtual time.
#![forbid(unsafe_code)]

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::run()
}
