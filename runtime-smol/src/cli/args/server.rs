//! The settings of the servers.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Args;
use humantime::Duration;
use lode_core::address::ServerAddress;
use lode_core::placement::spread::Zone;
use lode_smol::catalog::CatalogUrl;

use super::values::{ListenAddress, bytes};
use crate::cli::exit::EXIT_STATUS_HELP;
use crate::cli::log::{LogFormat, LogLevel};

/// Run an API server: it serves clients over HTTP and keeps nothing
///
/// Any number of API servers may stand side by side, all on the same message bus. A bus that cannot be reached is no
/// reason to end: the server says so, keeps trying, and serves with what it knows. Nor is a PostgreSQL that cannot be
/// reached: requests that need it get 503 until it is there.
#[derive(Debug, Args)]
#[command(after_help = API_EXAMPLES, after_long_help = format!("{API_EXAMPLES}\n{API_ANSWERS}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct ApiArgs {
    /// Where to serve clients: host:port. Required
    ///
    /// 0.0.0.0:7401 serves on every interface. There are no keys yet: whoever can reach the address can read, write and
    /// remove every object.
    #[arg(long, value_name = "HOST:PORT", env = "LISTEN_ADDRESS")]
    pub(in crate::cli) listen: Option<ListenAddress>,

    #[command(flatten)]
    pub(in crate::cli) bus: BusArgs,

    /// Where the names and versions of objects are kept. Required
    ///
    /// `sqlite:PATH` is a file, for the API servers of one machine; `postgres://user:password@host:port/database` is for those
    /// of several. With either, a PUT writes a new version of which several data servers hold copies, overwrites are atomic,
    /// conditions are heeded, and objects can be listed.
    ///
    /// `none`: nowhere. The object's name is the name of its bytes, on one data server, which is found by asking; the last
    /// PUT wins. It is what clusters with nodes of the seed use.
    #[arg(long, value_name = "CATALOG", env = "LODE_CATALOG", hide_env_values = true)]
    pub(in crate::cli) catalog: Option<CatalogUrl>,

    /// How many copies of each version there are to be, where there is a catalog
    ///
    /// A PUT is answered when more than half of them are durable; with fewer data servers than that it is refused. If it is
    /// not given: 3, or as many as there are data servers where there are fewer.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) copies: Option<usize>,

    #[command(flatten)]
    pub(in crate::cli) upkeep: UpkeepArgs,

    /// After how much silence a data server is forgotten
    ///
    /// Must be above the heartbeat period; give at least twice of it. While the bus is down nobody is forgotten.
    #[arg(long, value_name = "DURATION", default_value = "10s", help_heading = "Timing")]
    pub(in crate::cli) expiry: Duration,

    /// How often data servers say that they live
    ///
    /// Used only to see that --expiry fits it: give what the data servers have been given.
    #[arg(long, value_name = "DURATION", default_value = "5s", help_heading = "Timing")]
    pub(in crate::cli) heartbeat_period: Duration,

    /// How long a search for an object may take
    ///
    /// Data servers of Lode also say that they do not have an object; this is waited for only if one is silent.
    #[arg(long, value_name = "DURATION", default_value = "1s", help_heading = "Timing")]
    pub(in crate::cli) locate_deadline: Duration,

    /// After how much silence on the bus a data server is asked over HTTP
    ///
    /// Must be below --locate-deadline. While the bus is down data servers are asked over HTTP at once.
    #[arg(long, value_name = "DURATION", default_value = "250ms", help_heading = "Timing")]
    pub(in crate::cli) ask_directly_after: Duration,

    /// Up to which size a body is held until it is stored, so that it can go elsewhere when a data server fails
    ///
    /// Memory for it is taken per upload under way. A longer body is passed on as it comes; when its data server fails, the
    /// client gets 503 and has to send it again.
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "1MiB", help_heading = "Bounds")]
    pub(in crate::cli) held_body: ByteSize,

    /// How many requests are served at a time
    ///
    /// One more gets 503 and is asked to come back.
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = "Bounds")]
    pub(in crate::cli) max_requests: usize,

    #[command(flatten)]
    pub(in crate::cli) threads: ThreadArgs,

    #[command(flatten)]
    pub(in crate::cli) log: LogArgs,
}

/// Run a data server: it keeps objects in a folder
///
/// It is in the cluster as soon as API servers hear its first heartbeat, which it sends when it reaches the bus. Objects
/// are synced to the disk before they are acknowledged; it may be killed at any time.
#[derive(Debug, Args)]
#[command(after_help = DATA_EXAMPLES, after_long_help = format!("{DATA_EXAMPLES}\n{EXIT_STATUS_HELP}"))]
pub(in crate::cli) struct DataArgs {
    /// Where to serve API servers: host:port. Required
    ///
    /// Unless --advertise says otherwise this is also what the server is known as, so it must be the address that API
    /// servers reach it at. There are no keys yet: whoever can reach the address can read, write and remove every object.
    #[arg(long, value_name = "HOST:PORT", env = "LISTEN_ADDRESS")]
    pub(in crate::cli) listen: Option<ListenAddress>,

    /// The address that heartbeats tell API servers to use [default: that of --listen]
    ///
    /// Needed where the server listens on every interface (0.0.0.0), or behind a translation of addresses.
    #[arg(long, value_name = "HOST:PORT")]
    pub(in crate::cli) advertise: Option<ServerAddress>,

    /// The folder to keep objects in; it is made if it is missing. Required
    ///
    /// What is kept lies in its folders `objects` and `blobs`. No two servers may use the same folder.
    #[arg(long, value_name = "DIR", env = "STORAGE_ROOT")]
    pub(in crate::cli) root: Option<PathBuf>,

    /// Where the server stands: what may fail as one, a rack or a room
    ///
    /// With a catalog, copies of an object are kept in different zones as far as there are any. A server without a zone
    /// stands alone.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) zone: Option<Zone>,

    #[command(flatten)]
    pub(in crate::cli) bus: BusArgs,

    /// How often the server says that it lives
    ///
    /// Must be well below the --expiry of the API servers.
    #[arg(long, value_name = "DURATION", default_value = "5s", help_heading = "Timing")]
    pub(in crate::cli) heartbeat_period: Duration,

    /// How often all that lies on the disk is read, to find what is rotten; 0 for never
    ///
    /// A restart goes on where it was. What is found damaged is not served, and with a catalog made anew from another copy.
    #[arg(long, value_name = "DURATION", default_value = "7days", help_heading = "Timing")]
    pub(in crate::cli) scrub_every: Duration,

    /// How much of the disk is read for that in a second; 0 for as much as it gives
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "20MiB", help_heading = "Bounds")]
    pub(in crate::cli) scrub_rate: ByteSize,

    /// How much room is left free on the disk
    ///
    /// With less than this the server takes no more objects, and says so in its heartbeats.
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "1MiB", help_heading = "Bounds")]
    pub(in crate::cli) reserve: ByteSize,

    /// How many requests are served at a time
    ///
    /// One more gets 503 and is asked to come back.
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = "Bounds")]
    pub(in crate::cli) max_requests: usize,

    #[command(flatten)]
    pub(in crate::cli) threads: ThreadArgs,

    #[command(flatten)]
    pub(in crate::cli) log: LogArgs,
}

/// How what is stored is kept up, where there is a catalog.
#[derive(Debug, Args)]
#[command(next_help_heading = "Upkeep")]
pub(in crate::cli) struct UpkeepArgs {
    /// How long a data server may be gone before its copies are made anew elsewhere
    ///
    /// A server that is back before that has cost nothing. While the bus is down nobody is given up.
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub(in crate::cli) repair_after: Duration,

    /// How many bytes a second this server may copy for repair, on average
    ///
    /// Each API server repairs. No two repair the same object at a time.
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "50MiB")]
    pub(in crate::cli) repair_rate: ByteSize,

    /// How often the copies of all objects are counted, by asking the data servers
    ///
    /// Counted are those of a data server also when it comes back, is gone for --repair-after, or is drained.
    #[arg(long, value_name = "DURATION", default_value = "6h")]
    pub(in crate::cli) audit_every: Duration,

    /// For how long data is kept that belongs to no version, and how often it is searched for
    ///
    /// Uploads that broke off leave such data. It must be longer than any upload can take: one that takes longer is refused
    /// in the end.
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub(in crate::cli) garbage_age: Duration,
}

/// Which message bus.
#[derive(Debug, Args)]
pub(in crate::cli) struct BusArgs {
    /// The RabbitMQ broker: amqp://user:password@host:port/vhost, or amqps://… for TLS. Required
    ///
    /// Give it in the variable rather than as an argument, which every user of the machine can see. What is left out is
    /// guest, guest, 5672 (5671 with TLS) and the vhost /.
    // Not parsed by clap, which would repeat a password that stands in a malformed URL.
    #[arg(long, value_name = "URL", env = "RABBITMQ_SERVER", hide_env_values = true)]
    pub(in crate::cli) bus: Option<String>,
}

/// How many threads.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct ThreadArgs {
    /// How many threads serve requests [default: one for each processor]
    #[arg(long, value_name = "N", help_heading = "Process")]
    pub(in crate::cli) threads: Option<NonZeroUsize>,
}

/// What is logged, to the standard error.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct LogArgs {
    /// From which weight on something is logged
    #[arg(long, value_name = "LEVEL", default_value = "info", help_heading = "Process")]
    pub(in crate::cli) log_level: LogLevel,

    /// In which form it is logged, on the standard error
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Process")]
    pub(in crate::cli) log_format: LogFormat,
}

const API_EXAMPLES: &str = "\
Durations are written as 250ms, 5s, 1m; sizes as 4096, 64KiB, 1MiB, 10GB.

Examples:
  lode api --listen 127.0.0.1:7401 --bus amqp://broker --catalog sqlite:/var/lib/lode/catalog.db
  lode api --listen 127.0.0.1:7401 --bus amqp://guest:guest@127.0.0.1:5672 --catalog none
  LISTEN_ADDRESS=10.0.0.1:7401 RABBITMQ_SERVER=amqp://broker LODE_CATALOG=postgres://lode@db/lode \\
    lode api --log-format json
";

const API_ANSWERS: &str = "\
Over HTTP it answers:
  PUT, GET, HEAD, DELETE /objects/<name>   objects; the name percent-encoded, / as %2F
  GET /locate/<name>[?all=1]               who holds an object
  GET /cluster                             the data servers, and the state of the bus
  GET /healthz, /readyz, /metrics          alive; ready for a PUT; figures for Prometheus

Where there is a catalog, keys are plain texts, and / is a character like any other; besides:
  GET, HEAD, DELETE /objects/<key>?version=N   one version; DELETE without it writes a tombstone
  GET /versions/<key>                      the versions, one JSON object a line, the latest first
  GET /objects/?prefix=&delimiter=&after=&limit=   which objects there are, as JSON
  GET /buckets                             how many old versions are kept
  PUT /buckets/objects?old_versions=N      sets that: a number, or unlimited
  PUT with If-Match, If-None-Match: *, Content-Type, X-Lode-Meta-*
";

const DATA_EXAMPLES: &str = "\
Durations are written as 250ms, 5s, 1m; sizes as 4096, 64KiB, 1MiB, 10GB.

Examples:
  lode data --listen 10.0.0.11:7501 --root /srv/lode --bus amqp://guest:guest@10.0.0.2:5672
  STORAGE_ROOT=/srv/lode RABBITMQ_SERVER=amqp://broker \\
    lode data --listen 0.0.0.0:7501 --advertise data-1.example:7501
";
