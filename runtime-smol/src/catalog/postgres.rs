//! The catalog in PostgreSQL, for clusters whose API servers are on several machines.
//!
//! Everything is in a schema of its own, `lode`. Any number of API servers write to it at once, each over a few connections.
//!
//! *Why the contract of [`lode_core::catalog`] holds,* on one primary with `fsync` on:
//!
//! * Each write takes effect in one transaction, and each answer is read from one snapshot. PostgreSQL makes a commit
//!   visible after it is synced (`synchronous_commit` is on, see `session.rs`) and before it is answered, and a snapshot
//!   holds exactly the commits that were visible when it was taken. So a request that begins after another was answered
//!   sees all of it, and READ COMMITTED, whose statements take a snapshot each, is enough: no request reads in one statement
//!   and trusts it in another without a check that nothing has changed (`commit.rs`) or a snapshot for both (`list.rs`).
//! * Two writes of one key meet at the row of that key: an upsert waits for the other and looks at the revision that it has
//!   left. Two that want one blob, be it to commit or to settle it, meet at its unique id. So numbers count up, and
//!   `If-None-Match: *` has one winner, however many API servers there are.
//! * *The order of locks:* the table of keys (shared by all that write keys; held alone when a bucket is set or versions are
//!   restored), then the row of one key, then rows of blobs in the order of their ids. Only a commit locks several blobs in
//!   another order, and may meet somebody who settles what it displaces: PostgreSQL ends one of them after a second, and it
//!   is tried again (`ask.rs`). Who forgets garbage waits for nobody.
//!
//! With a replica that takes over, what was answered survives if `synchronous_standby_names` names it, and only then.
//! A pooler that hands a connection from one transaction to the next (PgBouncer in the mode `transaction`) cannot stand in
//! between.

mod ask;
mod bind;
mod blobs;
mod bucket;
mod claims;
mod commit;
mod copies;
mod garbage;
mod limits;
mod list;
mod outage;
mod pool;
mod read;
mod remove;
mod restore;
mod row;
mod schema;
mod session;
mod settle;
mod trouble;
mod turns;
mod uploaders;
mod url;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};

use self::pool::Pool;
use self::schema::SchemaTrouble;
use self::trouble::Trouble;
use super::Catalog;

pub use self::url::{PostgresUrl, PostgresUrlError};

/// How long is waited between two attempts to open a catalog that is out of reach.
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);

/// A catalog that is kept in PostgreSQL. Share one between all tasks of a process: it has at most 16 connections, which are
/// made when they are needed and made again when they are lost. Whatever befalls the server, a request is answered within
/// some 14 s: one that finds no server within 2 s.
#[derive(Debug)]
pub struct PostgresCatalog {
    url: PostgresUrl,
    pool: Pool,
    /// Whether its schema is known to be ours. Until then nothing may be asked.
    is_open: AtomicBool,
}

impl PostgresCatalog {
    /// A catalog that is not open: it answers that it cannot be used.
    #[must_use]
    pub fn closed(url: &PostgresUrl) -> Self {
        let pool = Pool::new(url.options().clone(), url.to_string());
        Self { url: url.clone(), pool, is_open: AtomicBool::new(false) }
    }

    /// A catalog that is open: see [`PostgresCatalog::open`].
    ///
    /// # Errors
    /// If PostgreSQL cannot be reached within 2 s, or the database cannot hold a catalog, or not be read by this Lode.
    pub async fn connect(url: &PostgresUrl) -> Result<Self, PostgresError> {
        let catalog = Self::closed(url);
        catalog.open().await?;
        Ok(catalog)
    }

    /// Connects, and makes the schema `lode` or brings it up to date. Any number of servers may do so at once.
    ///
    /// # Errors
    /// If PostgreSQL cannot be reached within 2 s, or the database cannot hold a catalog, or not be read by this Lode.
    pub async fn open(&self) -> Result<(), PostgresError> {
        let mut lease = self.pool.lease().await.map_err(|trouble| self.not_opened(trouble))?;
        if !lease.session.survives_power_cuts() {
            tracing::warn!(catalog = %self.url, "fsync or full_page_writes is off: a power cut can destroy the catalog");
        }
        match schema::migrate(&mut lease.session).await {
            Ok(()) => lease.give_back(),
            Err(SchemaTrouble::Newer { found, known }) => {
                return Err(PostgresError::Newer { url: self.url.clone(), found, known });
            }
            Err(SchemaTrouble::Foreign) => return Err(PostgresError::Foreign { url: self.url.clone() }),
            Err(SchemaTrouble::Trouble(trouble)) => return Err(self.not_opened(trouble)),
        }
        self.is_open.store(true, Ordering::Release);
        Ok(())
    }

    /// Opens it as soon as PostgreSQL can be reached, however long that takes.
    ///
    /// # Errors
    /// If it is reached, and the database cannot hold a catalog, or not be read by this Lode.
    pub async fn open_when_reached(&self) -> Result<(), PostgresError> {
        loop {
            match self.open().await {
                Err(PostgresError::Unreachable { .. }) => {
                    async_io::Timer::after(ATTEMPT_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    fn not_opened(&self, trouble: Trouble) -> PostgresError {
        let url = self.url.clone();
        match trouble {
            Trouble::Refused(reason) => PostgresError::Refused { url, reason },
            Trouble::Overtaken(reason)
            | Trouble::Lost(reason)
            | Trouble::Unreachable(reason)
            | Trouble::Unanswered(reason) => PostgresError::Unreachable { url, reason },
        }
    }
}

impl Catalog for PostgresCatalog {
    fn ask(&self, request: CatalogRequest) -> BoxFuture<'_, Result<CatalogAnswer, CatalogFailure>> {
        if !self.is_open.load(Ordering::Acquire) {
            let reason = "PostgreSQL has not been reached since this server started".to_owned();
            return ready(Err(CatalogFailure::Unavailable { reason })).boxed();
        }
        async move { ask::ask(&self.pool, &request).await }.boxed()
    }

    fn place(&self) -> String {
        self.url.to_string()
    }
}

/// Why there is no catalog in a database.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// PostgreSQL is out of reach. It may not be in a moment.
    #[error("the catalog {url} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        url: PostgresUrl,
        /// Why.
        reason: String,
    },
    /// PostgreSQL does not do what is needed.
    #[error("the catalog {url} cannot be opened: {reason}")]
    Refused {
        /// Which.
        url: PostgresUrl,
        /// Why.
        reason: String,
    },
    /// A later Lode has brought the schema up to what this one does not know.
    #[error(
        "the catalog {url} is of version {found}, and this lode knows versions up to {known}: run the lode that last wrote it, or a later one"
    )]
    Newer {
        /// Which.
        url: PostgresUrl,
        /// The version of its schema.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// The database has a schema `lode` with tables that are not Lode's.
    #[error("the schema lode of {url} is not a catalog of Lode: give a database of its own, or rename that schema")]
    Foreign {
        /// Which.
        url: PostgresUrl,
    },
}
