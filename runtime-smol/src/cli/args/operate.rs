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

/// Read all that lies on data servers, now, to find what is rotten
///
/// Each data server does so by itself now and then, and slowly; this is as fast as its disk. It may be interrupted: the data
/// servers go on. What is found damaged is not served any more, and with a catalog made anew from another copy.
#[derive(Debug, Args)]
#[command(after_help = SCRUB_EXAMPLES, after_long_help = format!("{SCRUB_EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct ScrubArgs {
    /// The data servers: host:port
    #[arg(value_name = "HOST:PORT", required = true)]
    pub(in crate::cli) data_servers: Vec<ServerAddress>,

    /// How long a data server may take to answer
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(in crate::cli) timeout: Duration,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

const SCRUB_EXAMPLES: &str = "\
Examples:
  lode scrub 10.0.0.11:7501 10.0.0.12:7501
Exit status 1 means that something was found.
";

const DRAIN_EXAMPLES: &str = "\
Examples:
  lode drain 10.0.0.11:7501
  lode drain 10.0.0.11:7501 --cancel
";
