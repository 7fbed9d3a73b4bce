//! One client of mixed work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::check::check_listing;
use super::done::why;
use super::{Done, Failed, Plan, Step, Why};
use crate::history::{self, History, Told};
use crate::http::{Connection, Failure, Reply, Request};

/// How long a client waits after a failure: where nobody listens it would else ask thousands of times a second.
const AFTER_A_FAILURE: Duration = Duration::from_millis(50);

/// A client, and what it has done so far.
pub(super) struct Client {
    pub(super) number: usize,
    pub(super) plan: Plan,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) history: Arc<History>,
    pub(super) started: Instant,
    pub(super) turn: usize,
    pub(super) done: Done,
}

impl Client {
    pub(super) fn run(mut self) -> Done {
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
        let reply = self.ask(api, "PUT", &format!("/objects/{name}"), &body).inspect_err(|why| {
            if why.was_never_asked() {
                self.history.refused(name, &label)
            }
        })?;
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
        let reply = self.ask(api, "DELETE", &format!("/objects/{name}"), &[]).inspect_err(|why| {
            if why.was_never_asked() {
                self.history.delete_did_nothing(name)
            }
        })?;
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
        let reply = list(api, self.plan.limit, &self.plan.prefix).map_err(|failure| Why::of(&failure))?;
        if reply.status() != 200 {
            return Err(why("GET", &reply));
        }
        check_listing(&self.history, &before, &self.plan.prefix, &reply);
        Ok(())
    }

    fn ask(&self, api: SocketAddr, method: &str, target: &str, body: &[u8]) -> Result<Reply, Why> {
        ask(api, self.plan.limit, method, target, body).map_err(|failure| Why::of(&failure))
    }
}

pub(super) fn list(api: SocketAddr, limit: Duration, prefix: &str) -> Result<Reply, Failure> {
    ask(api, limit, "GET", &format!("/objects/?prefix={prefix}"), &[])
}

pub(super) fn ask(api: SocketAddr, limit: Duration, method: &str, target: &str, body: &[u8]) -> Result<Reply, Failure> {
    Connection::open(api, limit)?.exchange(&Request { method, target, body, ..Request::default() })
}

pub(super) fn told_by(reply: &Reply) -> Told {
    let etag = reply.header("etag").unwrap_or_else(|| panic!("no ETag: {}", String::from_utf8_lossy(&reply.head.raw)));
    Told { version: version_in(reply), etag: etag.to_owned() }
}

fn version_in(reply: &Reply) -> u64 {
    let version = reply.header("x-lode-version").and_then(|text| text.parse().ok());
    version.unwrap_or_else(|| panic!("no version: {}", String::from_utf8_lossy(&reply.head.raw)))
}
