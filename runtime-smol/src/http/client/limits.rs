//! What the client will wait for, and how much it will hold.

use std::time::Duration;

/// The bounds of an [`HttpClient`](super::HttpClient). All of them are always in force; the defaults fit servers that
/// stand in one data centre.
///
/// The heads of answers are bounded by the defaults of [`HeadLimits`](crate::http::head::HeadLimits).
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// How long finding the addresses of a server and connecting to one of them may take, together.
    pub connect: Duration,
    /// How long the whole head of an answer may take, counted from the end of the request. A request can set its own.
    pub head: Duration,
    /// How long the peer may go without moving a byte of a body, in either direction.
    pub stall: Duration,
    /// How long a connection may lie idle before it is closed rather than used. It should be shorter than what servers
    /// allow.
    pub idle: Duration,
    /// How many idle connections are kept for each server; beyond it the one that lay idle longest is closed.
    pub idle_connections_per_server: usize,
    /// How many connections may be open, idle ones included, over all servers.
    pub open_connections: usize,
    /// How many interim answers (1xx) may come before the answer.
    pub interim_answers: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            head: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            idle_connections_per_server: 64,
            open_connections: 1024,
            interim_answers: 8,
        }
    }
}
