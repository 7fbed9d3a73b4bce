//! The settings of a cluster for trying things out.

use std::path::PathBuf;

use clap::Args;
use lode_smol::catalog::CatalogUrl;

use super::server::ThreadArgs;
use crate::cli::exit::EXIT_STATUS_HELP;
use crate::cli::log::{LogFormat, LogLevel};

/// Run a whole cluster in this process, for trying things out
///
/// API servers at 127.0.0.1:7401, 7402, …, data servers at 127.0.0.1:7501, 7502, …, all on loopback, with nothing else
/// installed. Prints where they are, what to try, and a line `ready` once a PUT would succeed. Objects and their versions
/// stay in the folder and are there again at the next start. Ends with Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct DevArgs {
    /// How many API servers
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(in crate::cli) api: u16,

    /// How many data servers
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(in crate::cli) data: u16,

    /// The folder that holds the catalog, and the folders data-1, data-2, … of the data servers; it is made if it is missing
    #[arg(long, value_name = "DIR", default_value = "./lode-data")]
    pub(in crate::cli) root: PathBuf,

    /// From where on ports are used: API servers get P+1, P+2, …, data servers P+101, P+102, …
    #[arg(long, value_name = "P", default_value_t = 7400, value_parser = clap::value_parser!(u16).range(0..=65335))]
    pub(in crate::cli) port_base: u16,

    /// A RabbitMQ broker, amqp://user:password@host:port/vhost, in place of the bus inside the process
    // Not parsed by clap, which would repeat a password that stands in a malformed URL.
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) bus: Option<String>,

    /// Where the names and versions of objects are kept [default: sqlite:DIR/catalog.db, with the DIR of --root]
    ///
    /// As for `lode api`: sqlite:PATH, postgres://user:password@host:port/database, or none. What was stored with one is not
    /// found with another.
    #[arg(long, value_name = "CATALOG")]
    pub(in crate::cli) catalog: Option<CatalogUrl>,

    /// How many copies of each version there are to be, where there is a catalog [default: 3, or as many as data servers]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) copies: Option<usize>,

    #[command(flatten)]
    pub(in crate::cli) threads: ThreadArgs,

    /// From which weight on something is logged
    #[arg(long, value_name = "LEVEL", default_value = "warn", help_heading = "Process")]
    pub(in crate::cli) log_level: LogLevel,

    /// In which form it is logged, on the standard error
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Process")]
    pub(in crate::cli) log_format: LogFormat,
}

const EXAMPLES: &str = "\
Examples:
  lode dev
  lode dev --api 1 --data 3 --root /tmp/lode --port-base 9000
  lode dev --bus amqp://guest:guest@127.0.0.1:5672
  lode dev --catalog none
";
