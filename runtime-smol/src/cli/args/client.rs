//! What the commands of a client take.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use humantime::Duration;
use lode_core::address::ServerAddress;

use crate::cli::exit::EXIT_STATUS_HELP;

/// Store a file, or what comes on the standard input, as an object
///
/// A file is sent with its length, anything else in chunks. When the server says that it has the object, the checksum that
/// it tells is compared with that of what was sent.
#[derive(Debug, Args)]
#[command(after_help = PUT_EXAMPLES, after_long_help = format!("{PUT_EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct PutArgs {
    #[command(flatten)]
    pub(in crate::cli) name: NameArgs,

    /// The file; - is the standard input, as is leaving it out when the input is not a terminal
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) cluster: ClusterArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Read an object
///
/// Into a file it is written as FILE.part first, and renamed when it is whole and has the checksum that the server told. A
/// connection that breaks is resumed where it broke, and so is a FILE.part that an earlier run has left behind; parts of
/// different versions of an object are never put together.
#[derive(Debug, Args)]
#[command(after_help = GET_EXAMPLES, after_long_help = format!("{GET_EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct GetArgs {
    #[command(flatten)]
    pub(in crate::cli) name: NameArgs,

    /// The file to write; - is the standard output, as is leaving it out
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,

    /// How often in a row a broken transfer is resumed without a byte having come
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(in crate::cli) retries: u32,

    #[command(flatten)]
    pub(in crate::cli) cluster: ClusterArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Remove an object: every copy of it
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS_HELP)]
pub(in crate::cli) struct RemoveArgs {
    #[command(flatten)]
    pub(in crate::cli) name: NameArgs,

    #[command(flatten)]
    pub(in crate::cli) cluster: ClusterArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Say which data servers hold an object
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS_HELP)]
pub(in crate::cli) struct LocateArgs {
    #[command(flatten)]
    pub(in crate::cli) name: NameArgs,

    /// Wait for every data server's answer and print every holder, not only the first that answers
    #[arg(long)]
    pub(in crate::cli) all: bool,

    #[command(flatten)]
    pub(in crate::cli) cluster: ClusterArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Show the cluster as an API server sees it
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_STATUS_HELP)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    pub(in crate::cli) cluster: ClusterArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// Which object.
#[derive(Debug, Args)]
pub(in crate::cli) struct NameArgs {
    /// The name of the object, as you would say it; spaces, slashes and the like are escaped for you
    pub(in crate::cli) name: OsString,

    /// Take NAME as percent-encoded already, as it stands in a URL: a%20b%2Fc
    #[arg(long)]
    pub(in crate::cli) raw_name: bool,
}

/// Which cluster.
#[derive(Debug, Args)]
pub(in crate::cli) struct ClusterArgs {
    /// An API server; may be given several times, or as a list with commas
    ///
    /// They are tried in turn when one cannot be reached.
    #[arg(
        short,
        long = "server",
        value_name = "HOST:PORT",
        env = "LODE_SERVER",
        value_delimiter = ',',
        default_value = "127.0.0.1:7401"
    )]
    pub(in crate::cli) servers: Vec<ServerAddress>,

    /// How long to wait for a server that neither answers nor moves a byte
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(in crate::cli) timeout: Duration,
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct OutputArgs {
    /// Print the result as one JSON object on the standard output, a failure as {"error":{"code","message"}}
    #[arg(long)]
    pub(in crate::cli) json: bool,

    /// Print neither progress nor that something was done
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
}

const PUT_EXAMPLES: &str = "\
Examples:
  lode put holiday/photo.jpg photo.jpg
  tar cz src | lode put backup.tgz
  lode put --raw-name a%20b%2Fc file
";

const GET_EXAMPLES: &str = "\
Examples:
  lode get holiday/photo.jpg copy.jpg
  lode get backup.tgz | tar tz
  lode get --server 10.0.0.1:7401 --server 10.0.0.2:7401 big.iso big.iso
";
