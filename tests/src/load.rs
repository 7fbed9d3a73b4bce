//! A steady load whose every request is accounted for.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::content;
use crate::http::{Connection, DEFAULT_LIMIT, Failure, Reply, Request};

/// The objects of a load that lie longest ago are no longer read again, so that its notes stay small.
const REMEMBERED: usize = 500;

/// What a load does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The API servers, used in turn.
    pub apis: Vec<SocketAddr>,
    /// How many clients there are, each with one request under way at a time.
    pub clients: usize,
    /// The sizes of the bodies, used in turn.
    pub sizes_bytes: Vec<usize>,
    /// How many GETs follow each PUT.
    pub gets_per_put: usize,
    /// How long a client waits between two requests.
    pub pause: Duration,
    /// How long a request may take.
    pub limit: Duration,
}

/// A load under way.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    started: Instant,
    clients: Vec<JoinHandle<Vec<Record>>>,
}

/// The two kinds of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PUT of a new object.
    Put,
    /// A GET of an object that was acknowledged.
    Get,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 200, and of a GET exactly the bytes that were put.
    Good,
    /// Another status; with its body.
    Refused(u16, String),
    /// 200 and a whole body of other bytes than were put.
    WrongBytes,
    /// No whole reply.
    Broken(String),
}

/// One request that was made.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its kind.
    pub kind: Kind,
    /// The object's name.
    pub name: String,
    /// The size of the object's body.
    pub size_bytes: usize,
    /// The API server that it went to.
    pub api: SocketAddr,
    /// When it began, from the start of the load.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// All requests of a load that has ended, in the order in which they began.
#[derive(Debug, Clone)]
pub struct Records(pub Vec<Record>);

impl Plan {
    /// Six clients that put objects of up to 1 MiB, and get each twice, through all of the cluster's API servers.
    #[must_use]
    pub fn mixed(cluster: &Cluster) -> Self {
        Self {
            apis: cluster.apis.iter().map(|api| api.address).collect(),
            clients: 6,
            sizes_bytes: vec![0, 4096, 100_000, 1_048_576],
            gets_per_put: 2,
            pause: Duration::from_millis(10),
            limit: DEFAULT_LIMIT,
        }
    }
}

impl Load {
    /// Starts a load.
    #[must_use]
    pub fn start(plan: &Plan) -> Self {
        let (stop, started) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let client = |number| {
            let client = Client { number, plan: plan.clone(), stop: Arc::clone(&stop), started, records: Vec::new() };
            std::thread::spawn(move || client.run())
        };
        let clients = (0..plan.clients).map(client).collect();
        Self { stop, started, clients }
    }

    /// How long it has been running.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends it, once the requests under way are done.
    ///
    /// # Panics
    /// If a client has panicked.
    #[must_use]
    pub fn stop(self) -> Records {
        self.stop.store(true, Ordering::Relaxed);
        let clients = self.clients.into_iter().flat_map(|client| client.join().expect("a client does not panic"));
        let mut records: Vec<Record> = clients.collect();
        records.sort_by_key(|record| record.began);
        Records(records)
    }
}

impl Records {
    /// Those that did not go well.
    #[must_use]
    pub fn failed(&self) -> Vec<&Record> {
        self.0.iter().filter(|record| record.outcome != Outcome::Good).collect()
    }

    /// The median and the longest time that a request took.
    #[must_use]
    pub fn median_and_longest(&self) -> (Duration, Duration) {
        let mut times: Vec<Duration> = self.0.iter().map(|record| record.took).collect();
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        (median, times.last().copied().unwrap_or_default())
    }

    /// Those of one kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Self {
        Self(self.0.iter().filter(|record| record.kind == kind).cloned().collect())
    }

    /// Sees that at least `least` requests were made and that each one went well; says so, with times.
    ///
    /// # Panics
    /// If it is otherwise; shows the first 20 that failed.
    #[track_caller]
    pub fn assert_no_failure(&self, least: usize) {
        let failed = self.failed();
        let shown: Vec<String> = failed.iter().take(20).map(ToString::to_string).collect();
        assert!(failed.is_empty(), "{} of {} requests failed:\n{}", failed.len(), self.0.len(), shown.join("\n"));
        assert!(self.0.len() >= least, "only {} requests were made, {least} were expected", self.0.len());
        let (median, longest) = self.median_and_longest();
        println!("{} requests, none failed; median {median:?}, longest {longest:?}", self.0.len());
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, size_bytes, api, began, took, outcome } = self;
        write!(f, "at {began:.3?}, for {took:.3?}: {kind:?} {name} ({size_bytes} bytes) through {api}: {outcome:?}")
    }
}

/// The bytes of an object that a load puts.
#[must_use]
pub fn body_of(name: &str, size_bytes: usize) -> Vec<u8> {
    content::bytes(name, size_bytes)
}

struct Client {
    number: usize,
    plan: Plan,
    stop: Arc<AtomicBool>,
    started: Instant,
    records: Vec<Record>,
}

impl Client {
    fn run(mut self) -> Vec<Record> {
        let mut stored: Vec<(String, usize)> = Vec::new();
        for round in 0.. {
            let size_bytes = *cycle(&self.plan.sizes_bytes, round + self.number);
            let name = format!("load-{}-{round}", self.number);
            if self.make(Kind::Put, &name, size_bytes, round) == Outcome::Good {
                stored.push((name, size_bytes));
            }
            if stored.len() > REMEMBERED {
                stored.remove(0);
            }
            for get in 0..self.plan.gets_per_put {
                // Far apart in age, and through both servers.
                let picked = stored.get((round * 7 + get * 13) % stored.len().max(1)).cloned();
                if let Some((name, size_bytes)) = picked {
                    self.make(Kind::Get, &name, size_bytes, round + get + 1);
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return self.records;
            }
        }
        self.records
    }

    fn make(&mut self, kind: Kind, name: &str, size_bytes: usize, turn: usize) -> Outcome {
        std::thread::sleep(self.plan.pause);
        let api = *cycle(&self.plan.apis, turn + self.number);
        let began = self.started.elapsed();
        let expected = body_of(name, size_bytes);
        let outcome = match (exchange(api, kind, name, &expected, self.plan.limit), kind) {
            (Err(failure), _) => Outcome::Broken(failure.to_string()),
            (Ok(reply), _) if reply.status() != 200 => Outcome::Refused(reply.status(), reply.text()),
            (Ok(reply), Kind::Get) if reply.body != expected => Outcome::WrongBytes,
            (Ok(_), Kind::Put | Kind::Get) => Outcome::Good,
        };
        let took = self.started.elapsed() - began;
        let record = Record { kind, name: name.to_owned(), size_bytes, api, began, took, outcome: outcome.clone() };
        self.records.push(record);
        outcome
    }
}

fn exchange(api: SocketAddr, kind: Kind, name: &str, body: &[u8], limit: Duration) -> Result<Reply, Failure> {
    let target = format!("/objects/{name}");
    let (method, body) = match kind {
        Kind::Put => ("PUT", body),
        Kind::Get => ("GET", [].as_slice()),
    };
    Connection::open(api, limit)?.exchange(&Request { method, target: &target, body, ..Request::default() })
}

fn cycle<T>(values: &[T], turn: usize) -> &T {
    values.get(turn % values.len().max(1)).expect("a plan names at least one")
}
