//! What `lode bucket` takes.

use clap::{Args, Subcommand};
use lode_core::catalog::{Bucket, Retention};

use super::client::{ClusterArgs, OutputArgs};
use crate::cli::exit::EXIT_STATUS_HELP;

/// Say, or set, how many old versions of objects are kept
///
/// All objects are in the bucket `objects`. It keeps the current version of each alone until it is told otherwise. This
/// needs API servers with a catalog.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct BucketArgs {
    #[command(subcommand)]
    pub(in crate::cli) action: BucketAction,
}

/// What can be done with buckets.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BucketAction {
    /// Print all buckets, and how many old versions they keep
    List {
        #[command(flatten)]
        cluster: ClusterArgs,

        #[command(flatten)]
        output: OutputArgs,
    },
    /// Set how many old versions of each object a bucket keeps
    ///
    /// An object that has more of them already loses them when it is next written.
    Set {
        /// The name of the bucket
        name: Bucket,

        /// How many, besides the current one: a number, or unlimited
        #[arg(long, value_name = "N")]
        old_versions: Retention,

        #[command(flatten)]
        cluster: ClusterArgs,

        #[command(flatten)]
        output: OutputArgs,
    },
}

impl BucketArgs {
    /// How to print.
    pub(in crate::cli) const fn output(&self) -> OutputArgs {
        match self.action {
            BucketAction::List { output, .. } | BucketAction::Set { output, .. } => output,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  lode bucket list
  lode bucket set objects --old-versions 10
  lode bucket set objects --old-versions unlimited
";
