//! Where a connection stands within the present request and its answer.

use http_types::{Method, Version};

use super::refusal::Refusal;
use super::request::RequestHead;
use crate::http::body::{BodyError, BodyFraming, BodyReader};

/// How much of the present answer is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing: another answer can still be given.
    Nothing,
    /// Some of it.
    Some,
    /// All of it.
    All,
}

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) body: BodyReader,
    pub(super) sent: Sent,
    /// Whether the connection is to be used again behind this answer.
    pub(super) keep_alive: bool,
    /// The client speaks HTTP/1.0: it knows no chunks.
    pub(super) is_old_client: bool,
    /// The request is a HEAD: the answer has no body, whatever its head says.
    pub(super) is_head: bool,
    /// Why the request's body could not be read, if it could not.
    pub(super) trouble: Option<Refusal>,
    /// The client asked for `100 Continue` and did not get it yet.
    pub(super) expects_continue: bool,
    received_bytes: u64,
}

impl Turn {
    /// Before the first request.
    pub(super) const fn none() -> Self {
        Self {
            body: BodyReader::new(BodyFraming::Empty),
            sent: Sent::Nothing,
            keep_alive: false,
            is_old_client: false,
            is_head: false,
            trouble: None,
            expects_continue: false,
            received_bytes: 0,
        }
    }

    pub(super) fn of(head: &RequestHead) -> Self {
        Self {
            body: BodyReader::new(head.framing),
            sent: Sent::Nothing,
            keep_alive: head.keep_alive,
            is_old_client: head.request.version() == Some(Version::Http1_0),
            is_head: head.request.method() == Method::Head,
            trouble: None,
            expects_continue: head.expects_continue,
            received_bytes: 0,
        }
    }

    /// Whether the client waits for `100 Continue`: not once it has begun to send.
    pub(super) const fn awaits_continue(&self, nothing_came_yet: bool) -> bool {
        self.expects_continue && nothing_came_yet && self.received_bytes == 0 && !self.body.is_complete()
    }

    /// Counts what was received of the body.
    pub(super) fn note_received(&mut self, count: usize, bytes_max: Option<u64>) -> Result<usize, BodyError> {
        self.received_bytes = self.received_bytes.saturating_add(count as u64);
        match bytes_max {
            Some(bytes_max) if self.received_bytes > bytes_max => Err(BodyError::TooLarge { bytes_max }),
            Some(_) | None => Ok(count),
        }
    }
}
