//! How long things may take, and how many there may be.

use std::time::Duration;

/// The most connections of one catalog. PostgreSQL takes 100 altogether unless it is told otherwise.
pub(super) const CONNECTIONS: usize = 16;

/// How long a request may wait for a connection, be it that all are in use or that none can be made.
pub(super) const CONNECTION_LIMIT: Duration = Duration::from_secs(2);

/// How long a connection may have been idle and yet be used without asking whether it still stands.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// How long the server may take over one statement, waiting for locks included. It then gives up itself, and says so.
pub(super) const STATEMENT_LIMIT_MS: u64 = 3000;

/// How long we wait for what the server says to one statement. Longer than [`STATEMENT_LIMIT_MS`], so that a server that
/// is merely slow can say itself that nothing was done.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(4);

/// How long the server waits for the next statement of a transaction before it rolls it back, so that an API server that
/// has come to a halt keeps nobody from writing.
pub(super) const IDLE_TRANSACTION_LIMIT_MS: u64 = 5000;

/// For how long after its begin a request is tried again.
pub(super) const REQUEST_LIMIT: Duration = Duration::from_secs(6);

/// How often a request that is overtaken by others is tried again.
pub(super) const OVERTAKEN_LIMIT: u32 = 50;

/// The wait before the next attempt to make a connection, or to hear what became of a write.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// How long all migrations together may take.
pub(super) const MIGRATION_LIMIT: Duration = Duration::from_secs(600);
