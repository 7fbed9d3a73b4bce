//! The command line: which commands there are, and what each of them takes.

mod bucket;
mod client;
mod dev;
mod operate;
mod rebuild;
mod server;
mod values;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub(super) use self::bucket::{BucketAction, BucketArgs};
pub(super) use self::client::{ClusterArgs, GetArgs, LocateArgs, OutputArgs, PutArgs, RemoveArgs, StatusArgs};
pub(super) use self::dev::DevArgs;
pub(super) use self::operate::{DrainArgs, ScrubArgs};
pub(super) use self::rebuild::RebuildArgs;
pub(super) use self::server::{ApiArgs, DataArgs, LogArgs, UpkeepArgs};
pub(super) use self::values::ListenAddress;

use super::exit::EXIT_STATUS_HELP;

const EXAMPLES: &str = "\
Examples:
  A whole cluster in one process, to try things out:
    lode dev
    lode put holiday/photo.jpg photo.jpg
    lode get holiday/photo.jpg copy.jpg
    lode status

  A cluster of separate processes, which find each other over RabbitMQ:
    export RABBITMQ_SERVER=amqp://guest:guest@broker:5672
    lode data --listen 10.0.0.11:7501 --root /srv/lode
    lode api --listen 10.0.0.1:7401 --catalog sqlite:/var/lib/lode/catalog.db
";

/// Lode: a distributed object store whose servers find each other, and your objects, by asking.
///
/// API servers face the clients and keep nothing; data servers keep the bytes. A data server that is started anywhere on
/// the same message bus is in the cluster at once, and out of it ten seconds after it was last heard of.
#[derive(Debug, Parser)]
#[command(
    name = "lode",
    version,
    max_term_width = 110,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS_HELP}"),
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    // What each of them does is said at its arguments, in one line and at length.
    Dev(DevArgs),
    Api(ApiArgs),
    Data(DataArgs),
    Put(PutArgs),
    Get(GetArgs),
    Rm(RemoveArgs),
    Locate(LocateArgs),
    Bucket(BucketArgs),
    Status(StatusArgs),
    Drain(DrainArgs),
    Scrub(ScrubArgs),
    RebuildCatalog(RebuildArgs),
    /// Print a script that completes the arguments of `lode` in a shell
    #[command(after_help = "\
Examples:
  bash:  lode completions bash > ~/.local/share/bash-completion/completions/lode
  zsh:   lode completions zsh > ~/.zfunc/_lode        (with ~/.zfunc in $fpath)
  fish:  lode completions fish > ~/.config/fish/completions/lode.fish")]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

#[cfg(test)]
mod tests;
