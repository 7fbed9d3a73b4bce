//! The connections that lie idle, and the count of all that are open.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lode_core::address::ServerAddress;

use super::connect::connect;
use super::connection::Connection;
use super::error::ClientError;
use super::limits::ClientLimits;

/// How often, at most, idle connections to servers that nobody asks any more are looked for in passing.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The idle connections of a client, per server, and the bound on all of its connections.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) limits: ClientLimits,
    open: Arc<AtomicUsize>,
    shelves: Mutex<Shelves>,
}

impl Pool {
    pub(super) fn new(limits: ClientLimits) -> Self {
        let shelves = Shelves { by_server: HashMap::new(), swept: Instant::now() };
        Self { limits, open: Arc::new(AtomicUsize::new(0)), shelves: Mutex::new(shelves) }
    }

    /// The idle connection to the server that was used last, among those that are neither too old nor dead.
    pub(super) fn take(&self, server: &ServerAddress) -> Option<Connection> {
        let now = Instant::now();
        loop {
            let mut shelves = self.shelves();
            let due = now.saturating_duration_since(shelves.swept) >= SWEEP_EVERY;
            let stale = if due { shelves.take_older(now, self.limits.idle) } else { Vec::new() };
            let newest = shelves.pop_newest(server);
            // Closed, and looked at, outside the lock.
            drop(shelves);
            drop(stale);
            let idle = newest?;
            if now.saturating_duration_since(idle.since) < self.limits.idle && idle.connection.is_quiet() {
                return Some(idle.connection);
            }
        }
    }

    /// A fresh connection to the server.
    pub(super) async fn connect(&self, server: &ServerAddress) -> Result<Connection, ClientError> {
        let slot = self.reserve()?;
        let stream = connect(server, self.limits.connect).await?;
        Ok(Connection::new(stream, slot))
    }

    /// Keeps a connection on which nothing is outstanding.
    pub(super) fn put_back(&self, server: &ServerAddress, connection: Connection) {
        let idle = Idle { connection, since: Instant::now() };
        let surplus = self.shelves().push(server, idle, self.limits.idle_connections_per_server);
        // Closed outside the lock.
        drop(surplus);
    }

    /// Closes every connection that has lain idle for too long.
    pub(super) fn sweep(&self, now: Instant) {
        let stale = self.shelves().take_older(now, self.limits.idle);
        drop(stale);
    }

    /// How many connections lie idle.
    pub(super) fn idle(&self) -> usize {
        self.shelves().by_server.values().map(VecDeque::len).sum()
    }

    /// How many connections are open, idle ones included.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn reserve(&self) -> Result<Slot, ClientError> {
        let limit = self.limits.open_connections;
        loop {
            let taken =
                self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < limit).then_some(open + 1));
            if taken.is_ok() {
                return Ok(Slot { open: Arc::clone(&self.open) });
            }
            let oldest = self.shelves().pop_oldest();
            // Closing an idle connection makes room for one that is needed.
            drop(oldest.ok_or(ClientError::TooManyConnections { limit })?);
        }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // Every change under this lock is whole before anything that could panic, so the state behind a poisoned one is
        // sound.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the connections that may be open; given back when the connection is dropped, wherever that happens.
#[derive(Debug)]
pub(super) struct Slot {
    open: Arc<AtomicUsize>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// Per server, the idle connections from the oldest to the newest. Empty queues stay until the next sweep: a busy
/// server's is used again at once.
#[derive(Debug)]
struct Shelves {
    by_server: HashMap<ServerAddress, VecDeque<Idle>>,
    swept: Instant,
}

impl Shelves {
    fn push(&mut self, server: &ServerAddress, idle: Idle, limit: usize) -> Option<Idle> {
        match self.by_server.get_mut(server) {
            Some(shelf) => {
                shelf.push_back(idle);
                if shelf.len() > limit { shelf.pop_front() } else { None }
            }
            None if limit == 0 => Some(idle),
            None => {
                self.by_server.insert(server.clone(), VecDeque::from([idle]));
                None
            }
        }
    }

    fn pop_newest(&mut self, server: &ServerAddress) -> Option<Idle> {
        self.by_server.get_mut(server)?.pop_back()
    }

    fn pop_oldest(&mut self) -> Option<Idle> {
        let shelves = self.by_server.values_mut().filter(|shelf| !shelf.is_empty());
        shelves.min_by_key(|shelf| shelf.front().map(|idle| idle.since))?.pop_front()
    }

    fn take_older(&mut self, now: Instant, limit: Duration) -> Vec<Idle> {
        self.swept = now;
        let mut stale = Vec::new();
        self.by_server.retain(|_, shelf| {
            let old = shelf.partition_point(|idle| now.saturating_duration_since(idle.since) >= limit);
            let kept = shelf.split_off(old);
            stale.extend(mem::replace(shelf, kept));
            !shelf.is_empty()
        });
        stale
    }
}
