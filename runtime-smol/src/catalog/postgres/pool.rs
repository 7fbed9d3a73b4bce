//! The connections of a catalog: at most so many, made when they are needed, and closed when they are in doubt.
//!
//! sqlx has a pool of its own. It asks the server for a sign of life each time that a connection is given back, without a
//! limit, in a task of its own: with a server that hangs, its connections are never given back, and each request costs the
//! server one round trip more. Here a connection comes back only when its last request was answered to the end; one whose
//! request was given up, by us or by whoever dropped its future, is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sqlx::postgres::PgConnectOptions;

use super::limits::{CONNECTION_LIMIT, CONNECTIONS, PAUSE};
use super::outage::Outage;
use super::session::Session;
use super::trouble::Trouble;
use super::turns::{Turn, Turns};
use crate::within::within;

#[derive(Debug)]
pub(super) struct Pool {
    options: PgConnectOptions,
    turns: Arc<Turns>,
    /// The last one that was given back is at the end, and taken first.
    idle: Mutex<Vec<Session>>,
    outage: Outage,
}

/// A connection that is in use. Dropped, it is closed; see [`Lease::give_back`].
pub(super) struct Lease<'a> {
    pub(super) session: Session,
    pool: &'a Pool,
    _turn: Turn,
}

impl Pool {
    /// Without any connection yet. `server` is how it is called in the log.
    pub(super) fn new(options: PgConnectOptions, server: String) -> Self {
        let (turns, idle) = (Turns::new(CONNECTIONS), Mutex::new(Vec::new()));
        Self { options, turns, idle, outage: Outage::new(server) }
    }

    /// A connection, within [`CONNECTION_LIMIT`].
    pub(super) async fn lease(&self) -> Result<Lease<'_>, Trouble> {
        let began = Instant::now();
        let Some(turn) = within(CONNECTION_LIMIT, self.turns.take()).await else {
            let waited = CONNECTION_LIMIT.as_secs();
            return Err(Trouble::Unreachable(format!("all {CONNECTIONS} connections were in use for {waited} s")));
        };
        if let Some(mut session) = self.take_idle() {
            if session.still_stands().await {
                return Ok(Lease { session, pool: self, _turn: turn });
            }
            self.lost("a connection did not outlast its idleness");
        }
        let session = self.open(began).await?;
        Ok(Lease { session, pool: self, _turn: turn })
    }

    /// Tries until one is made, or the limit is over, or the server refuses for good.
    async fn open(&self, began: Instant) -> Result<Session, Trouble> {
        let mut last = "PostgreSQL does not answer".to_owned();
        loop {
            let left = CONNECTION_LIMIT.saturating_sub(began.elapsed());
            match within(left, Session::open(&self.options)).await {
                Some(Ok(session)) => {
                    self.outage.over();
                    return Ok(session);
                }
                Some(Err(Trouble::Lost(reason))) => last = reason,
                Some(Err(trouble)) => return Err(trouble),
                None => {
                    self.outage.lost(&last);
                    return Err(Trouble::Unreachable(last));
                }
            }
            self.outage.lost(&last);
            async_io::Timer::after(PAUSE).await;
        }
    }

    /// A connection was lost. Those that are idle have most likely gone with it: finding that out for each of them would
    /// cost as many requests.
    pub(super) fn lost(&self, reason: &str) {
        self.outage.lost(reason);
        self.lock().clear();
    }

    fn take_idle(&self) -> Option<Session> {
        self.lock().pop()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Gives the connection back, for others to use.
    pub(super) fn give_back(self) {
        self.pool.lock().push(self.session);
    }
}
