//! What `lode rebuild-catalog` takes.

use clap::Args;
use humantime::Duration;
use lode_core::address::ServerAddress;
use lode_core::catalog::Retention;
use lode_smol::catalog::CatalogUrl;

use super::client::OutputArgs;
use crate::cli::exit::EXIT_STATUS_HELP;

/// Rebuild a lost catalog from what the data servers hold
///
/// Each blob on a data server says which object it belongs to, and which version of it. This reads all of that, and writes
/// it into a new catalog. Stop all API servers before, and start them with the new catalog afterwards.
///
/// Not known to data servers, and so not as before, are: versions that were removed so shortly before that some server still
/// holds them (they are back); and the numbers of versions of objects all of whose versions were removed for good (they
/// begin at 1 again).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct RebuildArgs {
    /// The new catalog: sqlite:PATH, or postgres://user:password@host:port/database
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) catalog: CatalogUrl,

    /// All data servers of the cluster: host:port
    #[arg(long = "data", value_name = "HOST:PORT", required = true, num_args = 1..)]
    pub(in crate::cli) data_servers: Vec<ServerAddress>,

    /// Data servers to do without, because they cannot be reached: host:port
    ///
    /// Versions of which only these have copies are lost to the new catalog. What the catalog does not know is then never
    /// cleared away on any data server, so that a later rebuild, with all of them, still finds it.
    #[arg(long, value_name = "HOST:PORT", num_args = 1..)]
    pub(in crate::cli) without: Vec<ServerAddress>,

    /// How many old versions of each object the lost catalog kept: a number, or unlimited
    ///
    /// The new one keeps as many. Others that are found are left out, and cleared away later.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) old_versions: Retention,

    /// How old a blob may be that does not say which version it is, and yet becomes the latest one
    ///
    /// Data servers are told that about a second after a write; one that was not, and is about as young as the youngest blob
    /// of all, may be an object that was written just before the catalog was lost. An older one was never finished.
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub(in crate::cli) believed_for: Duration,

    /// Say what would be done, and touch no catalog
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,

    /// How long a data server may take to answer
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(in crate::cli) timeout: Duration,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  lode rebuild-catalog --catalog sqlite:/var/lib/lode/new.db --old-versions 0 \\
      --data 10.0.0.11:7501 10.0.0.12:7501 10.0.0.13:7501 --dry-run
  lode rebuild-catalog --catalog postgres://lode@db/lode --old-versions 10 \\
      --data 10.0.0.11:7501 10.0.0.12:7501 10.0.0.13:7501 --without 10.0.0.12:7501
";
