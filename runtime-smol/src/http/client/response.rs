//! An answer, whose body is read by the caller.

use std::sync::Arc;

use http_types::headers::Headers;
use lode_core::address::ServerAddress;

use super::answer::AnswerHead;
use super::connection::Connection;
use super::error::ClientError;
use super::exchange::is_closed;
use super::pool::Pool;
use crate::http::body::{BodyError, BodyReader};
use crate::http::deadline::Elapsed;

/// How much memory the body of unknown length takes at first in [`Response::read_whole`], in bytes.
const FIRST_BYTES: usize = 8 * 1024;

/// An answer. Its connection is used again once the body was read to its last byte; dropped before that, it is closed.
#[derive(Debug)]
pub struct Response {
    head: AnswerHead,
    body: BodyReader,
    received: u64,
    /// Given back or dropped as soon as it is clear that nothing more will be read from it.
    connection: Option<Connection>,
    reusable: bool,
    pool: Arc<Pool>,
    server: ServerAddress,
}

impl Response {
    /// `in_step` says that the whole request was sent before the answer came.
    pub(super) fn new(
        pool: Arc<Pool>,
        server: ServerAddress,
        connection: Connection,
        head: AnswerHead,
        in_step: bool,
    ) -> Self {
        let reusable = in_step && head.keep_alive;
        let body = BodyReader::new(head.body);
        let mut response = Self { head, body, received: 0, connection: Some(connection), reusable, pool, server };
        response.release_if_done();
        response
    }

    /// The status, from 200 to 999.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.head.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// What `Content-Length` says, in bytes, if it is there. An answer to HEAD, or a 304, says so without having a
    /// body.
    #[must_use]
    pub const fn content_length(&self) -> Option<u64> {
        self.head.content_length
    }

    /// How long the body of this answer is, in bytes, if that is known beforehand.
    #[must_use]
    pub const fn body_bytes(&self) -> Option<u64> {
        self.head.body.length_bytes()
    }

    /// Reads the next bytes of the body, as many as come at once. Zero is the end of a body that is whole (or stands
    /// for an empty `into`).
    ///
    /// A call may be dropped before it is done and made again; no byte is lost.
    ///
    /// # Errors
    ///
    /// [`ClientError::BodyCutShort`], [`ClientError::Stalled`] and others. What was read before is not a whole body
    /// then, and every further call fails too.
    pub async fn read_body(&mut self, into: &mut [u8]) -> Result<usize, ClientError> {
        let Some(connection) = &mut self.connection else {
            return if self.body.is_complete() { Ok(0) } else { Err(self.cut_short()) };
        };
        let limit = self.pool.limits.stall;
        let read = self.body.read(&mut connection.stream, &mut connection.buffer, into);
        let failure = match connection.deadline.within(limit, read).await {
            Ok(Ok(count)) => {
                self.received = self.received.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                self.release_if_done();
                return Ok(count);
            }
            Ok(Err(error)) => self.failure(error),
            Err(Elapsed) => ClientError::Stalled { limit },
        };
        self.connection = None;
        Err(failure)
    }

    /// Reads the body to its end into memory.
    ///
    /// # Errors
    ///
    /// [`ClientError::BodyTooLarge`] if it is longer than `limit_bytes`; otherwise those of [`Response::read_body`].
    pub async fn read_whole(mut self, limit_bytes: usize) -> Result<Vec<u8>, ClientError> {
        let too_large = ClientError::BodyTooLarge { limit_bytes };
        let known = match self.body_bytes().map(usize::try_from) {
            Some(Ok(bytes)) if bytes <= limit_bytes => Some(bytes),
            Some(_) => return Err(too_large),
            None => None,
        };
        let mut body = vec![0; known.unwrap_or(FIRST_BYTES)];
        let mut filled = 0;
        loop {
            // An empty remainder would read as the end of the body, which may not be there yet.
            if filled == body.len() && known.is_none() {
                body.resize(filled * 2, 0);
            }
            match self.read_body(body.get_mut(filled..).unwrap_or_default()).await? {
                0 => break,
                count => filled += count,
            }
            if filled > limit_bytes {
                return Err(too_large);
            }
        }
        body.truncate(filled);
        Ok(body)
    }

    fn release_if_done(&mut self) {
        if !self.body.is_complete() {
            return;
        }
        if let Some(connection) = self.connection.take() {
            // Bytes behind the end of the answer are no answer to anything.
            if self.reusable && connection.buffer.is_empty() {
                self.pool.put_back(&self.server, connection);
            }
        }
    }

    fn failure(&self, error: BodyError) -> ClientError {
        match error {
            BodyError::CutShort => self.cut_short(),
            BodyError::Io(error) if is_closed(&error) => self.cut_short(),
            BodyError::Io(error) => ClientError::Io(error),
            BodyError::Chunk(_) | BodyError::TooLarge { .. } | BodyError::Stalled { .. } => {
                ClientError::MalformedBody { what: error.to_string() }
            }
        }
    }

    const fn cut_short(&self) -> ClientError {
        ClientError::BodyCutShort { received: self.received, expected: self.body_bytes() }
    }
}
