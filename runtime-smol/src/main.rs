//! The binary `lode`: servers, a whole cluster for trying out, and the commands of a client.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::run()
}
