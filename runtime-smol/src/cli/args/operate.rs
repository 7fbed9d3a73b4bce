//! What the commands of an operator of data servers take.

use clap::Args;
use humantime::Duration;
use lode_core::address::ServerAddress;

use super::client::OutputArgs;
use crate::cli::exit::EXIT_STATUS_HELP;

/// Empty a data server, so that it can be taken away
///
/// It takes no more objects, and API servers with a catalog make every copy that it holds on another server before they
/// remove it there. This waits until no copy is left. It may be interrupted: the data server goes on, also after a restart,
/// until it is told not to with --cancel.
#[derive(Debug, Args)]
#[command(after_help = DRAIN_EXAMPLES, after_long_help = format!("{DRAIN_EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct DrainArgs {
    /// The data server: host:port
    #[arg(value_name = "HOST:PORT")]
    pub(in crate::cli) data_server: ServerAddress,

    /// Let it take objects again
    #[arg(long)]
    pub(in crate::cli) cancel: bool,

    /// How long the data server may take to answer
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(in crate::cli) timeout: Duration,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

const DRAIN_EXAMPLES: &str = "\
Examples:
  lode drain 10.0.0.11:7501
  lode drain 10.0.0.11:7501 --cancel
";
