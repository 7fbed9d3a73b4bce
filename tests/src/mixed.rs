//! Mixed work on names that many clients share, in the mode with versions: PUT, GET, HEAD, DELETE and listings, through all
//! API servers, each answer held against the [`History`].

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::history::{self, Before, History, Told};
use crate::http::{Connection, DEFAULT_LIMIT, Failure, Reply, Request};

/// How long a client waits after a failure: where nobody listens it would else ask thousands of times a second.
const AFTER_A_FAILURE: Duration = Duration::from_millis(50);

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

/// A request that did not go well, and yet was no lie: those end the work with a panic.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What it was.
    pub step: Step,
    /// Of which name.
    pub name: String,
    /// Through which API server.
    pub api: SocketAddr,
    /// When it began, from the start of the work.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came instead.
    pub why: Why,
}

/// What came of a request that did not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// 503 with `Retry-After` and a sentence, and this code (none on a HEAD).
    Unavailable(String),
    /// 507 with a sentence.
    Full,
    /// No whole reply.
    Broken(String),
}

/// What came of the work.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// How many requests of each kind went well.
    pub good: BTreeMap<Step, usize>,
    /// Those that did not.
    pub failed: Vec<Failed>,
    /// The longest that any request took.
    pub longest: Duration,
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

impl Done {
    /// Adds what came of other work.
    pub fn add(&mut self, other: Self) {
        for (step, count) in other.good {
            *self.good.entry(step).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.longest = self.longest.max(other.longest);
    }

    /// How many requests went well.
    #[must_use]
    pub fn good(&self) -> usize {
        self.good.values().sum()
    }

    /// Sees that at least `least` requests were made and all went well.
    ///
    /// # Panics
    /// If it is otherwise; shows the first 20 that failed.
    #[track_caller]
    pub fn assert_no_failure(&self, least: usize) {
        assert!(self.failed.is_empty(), "{self}\n{}", shown(&self.failed));
        assert!(self.good() >= least, "only {self}, of {least} that were expected");
        println!("{self}");
    }

    /// Sees that those which failed did so in an excusable way.
    ///
    /// # Panics
    /// If one did not; shows the first 20 of those.
    #[track_caller]
    pub fn assert_excused(&self, is_excused: impl Fn(&Failed) -> bool) {
        let bad: Vec<Failed> = self.failed.iter().filter(|failed| !is_excused(failed)).cloned().collect();
        assert!(bad.is_empty(), "{} without an excuse; {self}\n{}", bad.len(), shown(&bad));
        println!("{self}");
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons = BTreeMap::<String, usize>::new();
        for failed in &self.failed {
            let why = match &failed.why {
                Why::Unavailable(code) => format!("503 {code}"),
                Why::Full => "507".to_owned(),
                Why::Broken(_) => "broken".to_owned(),
            };
            *reasons.entry(format!("{:?} {why}", failed.step)).or_default() += 1;
        }
        write!(f, "{} requests went well ({:?}), {reasons:?}; longest {:?}", self.good(), self.good, self.longest)
    }
}

/// Sees, with nothing under way, that every name reads as the history says, and the same through each API server: its
/// current version, its listed versions, and its place in the listing.
///
/// # Panics
/// If it is otherwise.
pub fn check_all(history: &History, apis: &[SocketAddr], prefix: &str) {
    for name in history.names().iter().filter(|name| name.starts_with(prefix)) {
        let mut answers = Vec::new();
        for api in apis {
            let before = history.before(name);
            let reply = ask(*api, DEFAULT_LIMIT, "GET", &format!("/objects/{name}"), &[])
                .unwrap_or_else(|failure| panic!("{name} through {api}: {failure}"));
            answers.push(match reply.status() {
                200 => {
                    let told = told_by(&reply);
                    history.read(name, before, &told, &reply.body);
                    Some(told)
                }
                404 => {
                    history.missing(name, before);
                    None
                }
                status => panic!("{name} through {api}: {status} {}", reply.text()),
            });
        }
        assert!(answers.windows(2).all(|pair| pair.first() == pair.last()), "{name}: {answers:?}");
    }
    for api in apis {
        let before = history.before_all();
        let reply = list(*api, DEFAULT_LIMIT, prefix).unwrap_or_else(|failure| panic!("a listing: {failure}"));
        check_listing(history, &before, prefix, &reply.expect(200));
    }
}

struct Client {
    number: usize,
    plan: Plan,
    stop: Arc<AtomicBool>,
    history: Arc<History>,
    started: Instant,
    turn: usize,
    done: Done,
}

impl Client {
    fn run(mut self) -> Done {
        let steps = self.plan.clients.get(self.number).cloned().unwrap_or_default();
        for step in steps.into_iter().cycle() {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            self.take(step);
            self.turn += 1;
            std::thread::sleep(self.plan.pause);
        }
        self.done
    }

    fn take(&mut self, step: Step) {
        // Neighbours in time are far apart in name, and no two clients go the same way.
        let place = (self.turn * 7 + self.number * 13 + self.turn / 11) % self.plan.names;
        let name = format!("{}{place}", self.plan.prefix);
        let api =
            self.plan.apis.get((self.turn + self.number) % self.plan.apis.len()).copied().expect("a plan has one");
        let began = self.started.elapsed();
        let outcome = match step {
            Step::Put => self.put(api, &name),
            Step::Get => self.get(api, &name),
            Step::Head => self.head(api, &name),
            Step::Delete => self.delete(api, &name),
            Step::List => self.list(api),
        };
        let took = self.started.elapsed() - began;
        self.done.longest = self.done.longest.max(took);
        match outcome {
            Ok(()) => *self.done.good.entry(step).or_default() += 1,
            Err(why) => {
                self.done.failed.push(Failed { step, name, api, began, took, why });
                std::thread::sleep(AFTER_A_FAILURE);
            }
        }
    }

    fn put(&self, api: SocketAddr, name: &str) -> Result<(), Why> {
        let label = self.history.new_label(name);
        let sizes = &self.plan.sizes_bytes;
        let size_bytes = sizes.get((self.turn + self.number) % sizes.len()).copied().unwrap_or(0);
        let body = history::body(&label, size_bytes);
        let before = self.history.before(name);
        let reply = self.ask(api, "PUT", &format!("/objects/{name}"), &body)?;
        match reply.status() {
            200 => self.history.wrote(name, before, &label, &told_by(&reply)),
            _ => {
                let why = why("PUT", &reply);
                if why != Why::Unavailable("outcome_unknown".to_owned()) {
                    self.history.refused(name, &label);
                }
                return Err(why);
            }
        }
        Ok(())
    }

    fn get(&self, api: SocketAddr, name: &str) -> Result<(), Why> {
        let before = self.history.before(name);
        let reply = self.ask(api, "GET", &format!("/objects/{name}"), &[])?;
        match reply.status() {
            200 => _ = self.history.read(name, before, &told_by(&reply), &reply.body),
            404 => self.history.missing(name, before),
            _ => return Err(why("GET", &reply)),
        }
        Ok(())
    }

    fn head(&self, api: SocketAddr, name: &str) -> Result<(), Why> {
        let before = self.history.before(name);
        let reply = self.ask(api, "HEAD", &format!("/objects/{name}"), &[])?;
        match reply.status() {
            200 => self.history.told_of(name, before, &told_by(&reply)),
            404 => self.history.missing(name, before),
            _ => return Err(why("HEAD", &reply)),
        }
        Ok(())
    }

    /// One whose answer never came, or is not known, is noted as under way for good.
    fn delete(&self, api: SocketAddr, name: &str) -> Result<(), Why> {
        let before = self.history.before(name);
        self.history.delete_begins(name);
        let reply = self.ask(api, "DELETE", &format!("/objects/{name}"), &[])?;
        match reply.status() {
            204 => self.history.deleted(name, before, version_in(&reply)),
            404 => {
                self.history.delete_did_nothing(name);
                self.history.missing(name, before);
            }
            _ => {
                let why = why("DELETE", &reply);
                if why != Why::Unavailable("outcome_unknown".to_owned()) {
                    self.history.delete_did_nothing(name);
                }
                return Err(why);
            }
        }
        Ok(())
    }

    fn list(&self, api: SocketAddr) -> Result<(), Why> {
        let before = self.history.before_all();
        let reply =
            list(api, self.plan.limit, &self.plan.prefix).map_err(|failure| Why::Broken(failure.to_string()))?;
        if reply.status() != 200 {
            return Err(why("GET", &reply));
        }
        check_listing(&self.history, &before, &self.plan.prefix, &reply);
        Ok(())
    }

    fn ask(&self, api: SocketAddr, method: &str, target: &str, body: &[u8]) -> Result<Reply, Why> {
        ask(api, self.plan.limit, method, target, body).map_err(|failure| Why::Broken(failure.to_string()))
    }
}

/// Names that come after those of the listing when it began may or may not be on it.
fn check_listing(history: &History, before: &BTreeMap<String, Before>, prefix: &str, reply: &Reply) {
    let page = reply.json();
    assert!(page.get("next").is_none(), "more than one page of names with {prefix}");
    let rows = page["objects"].as_array().unwrap_or_else(|| panic!("a page without objects: {page}"));
    let mut seen = Vec::new();
    for row in rows {
        let name = row["name"].as_str().unwrap_or_default();
        let (version, etag) = (row["version"].as_u64().unwrap_or(0), row["etag"].as_str().unwrap_or_default());
        let told = Told { version, etag: etag.to_owned() };
        history.told_of(name, before.get(name).copied().unwrap_or_default(), &told);
        seen.push(name);
    }
    assert!(seen.is_sorted() && seen.iter().all(|name| name.starts_with(prefix)), "a listing of {seen:?}");
    for (name, before) in before.iter().filter(|(name, _)| name.starts_with(prefix)) {
        if seen.binary_search(&name.as_str()).is_err() {
            history.missing(name, *before);
        }
    }
}

fn list(api: SocketAddr, limit: Duration, prefix: &str) -> Result<Reply, Failure> {
    ask(api, limit, "GET", &format!("/objects/?prefix={prefix}"), &[])
}

fn ask(api: SocketAddr, limit: Duration, method: &str, target: &str, body: &[u8]) -> Result<Reply, Failure> {
    Connection::open(api, limit)?.exchange(&Request { method, target, body, ..Request::default() })
}

/// What an answer that is no success says; anything but an honest refusal is a lie.
fn why(method: &str, reply: &Reply) -> Why {
    let shown = || format!("{method}: {}{}", String::from_utf8_lossy(&reply.head.raw), reply.text());
    let (mut code, mut sentence) = (String::new(), String::new());
    if method != "HEAD" {
        let error = reply.json();
        let text = |key: &str| error["error"][key].as_str().unwrap_or_default().to_owned();
        (code, sentence) = (text("code"), text("message"));
        assert!(!code.is_empty() && sentence.len() > 10, "a refusal without a sentence: {}", shown());
    }
    match reply.status() {
        503 => {
            assert!(reply.header("retry-after").is_some(), "503 without Retry-After: {}", shown());
            Why::Unavailable(code)
        }
        507 => Why::Full,
        status => panic!("{status} ({sentence}) was not to come: {}", shown()),
    }
}

fn told_by(reply: &Reply) -> Told {
    let etag = reply.header("etag").unwrap_or_else(|| panic!("no ETag: {}", String::from_utf8_lossy(&reply.head.raw)));
    Told { version: version_in(reply), etag: etag.to_owned() }
}

fn version_in(reply: &Reply) -> u64 {
    let version = reply.header("x-lode-version").and_then(|text| text.parse().ok());
    version.unwrap_or_else(|| panic!("no version: {}", String::from_utf8_lossy(&reply.head.raw)))
}

fn shown(failed: &[Failed]) -> String {
    let lines: Vec<String> = failed.iter().take(20).map(|failed| format!("{failed:?}")).collect();
    lines.join("\n")
}
