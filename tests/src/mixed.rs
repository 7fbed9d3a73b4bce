//! Mixed work on names that many clients share, in the mode with versions: PUT, GET, HEAD, DELETE and listings, through all
//! API servers, each answer held against the [`History`].

mod check;
mod client;
mod done;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use self::check::check_all;
pub use self::done::{Done, Failed, Why};

use self::client::Client;
use crate::cluster::Cluster;
use crate::history::History;
use crate::http::DEFAULT_LIMIT;

/// What a client does in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Writes a new version of a name.
    Put,
    /// Reads one.
    Get,
    /// Asks for its head.
    Head,
    /// Deletes one.
    Delete,
    /// Lists all.
    List,
}

/// What the work is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The API servers, used in turn.
    pub apis: Vec<SocketAddr>,
    /// The steps of each client, which it goes round: as many clients as there are lists.
    pub clients: Vec<Vec<Step>>,
    /// What all names begin with.
    pub prefix: String,
    /// How many names there are.
    pub names: usize,
    /// About how large bodies are, in turn.
    pub sizes_bytes: Vec<usize>,
    /// How long a client waits between two requests.
    pub pause: Duration,
    /// How long a request may take.
    pub limit: Duration,
}

/// Work under way.
#[derive(Debug)]
pub struct Mixed {
    stop: Arc<AtomicBool>,
    started: Instant,
    clients: Vec<JoinHandle<Done>>,
}

impl Plan {
    /// Eight clients who do everything with forty names, through all of the cluster's API servers.
    #[must_use]
    pub fn everything(cluster: &Cluster, prefix: &str) -> Self {
        use Step::{Delete, Get, Head, List, Put};
        let one = vec![Put, Get, Get, Head, Put, Get, Delete, Get, Put, Put, Head, List];
        let clients = (0..8_usize).map(|number| {
            let mut steps = one.clone();
            steps.rotate_left(number * 5 % one.len());
            steps
        });
        Self {
            apis: cluster.apis.iter().map(|api| api.address).collect(),
            clients: clients.collect(),
            prefix: prefix.to_owned(),
            names: 40,
            sizes_bytes: vec![10, 4096, 100_000, 1_500_000],
            pause: Duration::from_millis(10),
            limit: DEFAULT_LIMIT,
        }
    }
}

impl Mixed {
    /// Starts it.
    #[must_use]
    pub fn start(plan: &Plan, history: &Arc<History>) -> Self {
        let (stop, started) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let client = |number| {
            let (plan, stop, history) = (plan.clone(), Arc::clone(&stop), Arc::clone(history));
            let client = Client { number, plan, stop, history, started, turn: 0, done: Done::default() };
            std::thread::spawn(move || client.run())
        };
        let clients = (0..plan.clients.len()).map(client).collect();
        Self { stop, started, clients }
    }

    /// How long it has been under way.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends it, once the requests under way are done.
    ///
    /// # Panics
    /// If a client was told a lie.
    #[must_use]
    pub fn stop(self) -> Done {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Done::default();
        for client in self.clients {
            all.add(client.join().expect("a client was told a lie, see above"));
        }
        all.failed.sort_by_key(|failed| failed.began);
        all
    }
}
