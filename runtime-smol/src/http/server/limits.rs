//! What the server bounds, and by how much.

use std::time::Duration;

use crate::http::head::HeadLimits;

/// The bounds that a client meets. Whatever exceeds one is answered, where an answer can still be read, and the connection
/// is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes and lines of a request's head. Default 16 KiB and 100 headers. HTTP: 431, or 414 where the first line is it.
    pub head: HeadLimits,
    /// The most bytes of a request target. Default 8 KiB. HTTP: 414.
    pub target_bytes_max: usize,
    /// The most bytes of a request's body. Default none. HTTP: 413, before the handler is asked where the length is
    /// declared, else when a read meets the bound.
    pub body_bytes_max: Option<u64>,
    /// How long a connection may stay without a request. Default 60 s. It is closed without a word.
    pub idle: Duration,
    /// How long a head may take from its first byte to its last. Default 10 s. HTTP: 408.
    pub head_time: Duration,
    /// How long a read of a request's body may wait for its next byte. Default 60 s. HTTP: 408.
    pub body_stall: Duration,
    /// How long a client may take nothing of an answer, be it ever so little. Default 60 s. The connection is reset.
    pub write_stall: Duration,
    /// How much of a request's body is read and dropped so that the connection can be used again, when the handler did
    /// not read it to its end. Default 64 KiB. Where more is to come, the connection is closed behind the answer.
    pub drain_bytes_max: u64,
    /// How long a connection that is to be closed goes on reading and dropping what the client still sends, so that the
    /// client sees the answer and not a reset; also the time that draining may take. Default 2 s.
    pub linger: Duration,
    /// The most connections at once. Default 4096. One more is answered 503 with `Retry-After: 1` and closed; the accept
    /// queue is never left to grow.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: HeadLimits::default(),
            target_bytes_max: 8 * 1024,
            body_bytes_max: None,
            idle: Duration::from_secs(60),
            head_time: Duration::from_secs(10),
            body_stall: Duration::from_secs(60),
            write_stall: Duration::from_secs(60),
            drain_bytes_max: 64 * 1024,
            linger: Duration::from_secs(2),
            connections_max: 4096,
        }
    }
}
