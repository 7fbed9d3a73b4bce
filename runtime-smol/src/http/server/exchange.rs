//! One request and the right to answer it.

use std::net::SocketAddr;

use http_types::headers::{HeaderValues, Headers};
use http_types::{Method, Request, Version};
use smol::lock::MutexGuardArc;

use super::connection::Connection;
use super::request::RequestHead;
use super::respond_error::RespondError;
use super::response::{Announced, ResponseHead};
use super::target::Target;
use super::writer::BodyWriter;
use crate::http::body::{BodyError, BodyFraming};

/// A request that waits for its answer. It may be moved to another task. When it is dropped without an answer, the client
/// gets a 500, or what the trouble with its body asks for (400, 408, 413), and the connection closes.
#[derive(Debug)]
pub struct Exchange {
    request: Request,
    target: Target,
    framing: BodyFraming,
    connection: MutexGuardArc<Connection>,
}

impl Exchange {
    pub(super) fn new(head: RequestHead, connection: MutexGuardArc<Connection>) -> Self {
        Self { request: head.request, target: head.target, framing: head.framing, connection }
    }

    /// The method. A HEAD may be answered as if it were a GET: the body is left out.
    #[must_use]
    pub fn method(&self) -> Method {
        self.request.method()
    }

    /// Path and query in the bytes that the client sent.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// HTTP/1.1 or HTTP/1.0.
    #[must_use]
    pub fn version(&self) -> Version {
        self.request.version().unwrap_or(Version::Http1_1)
    }

    /// The request as `async-h1` decoded it, without `Content-Length`, `Transfer-Encoding`, `Expect` and its body. Its
    /// URL tells nothing: see [`Exchange::target`].
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The headers, without `Content-Length`, `Transfer-Encoding` and `Expect`. All values are ASCII.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        self.request.as_ref()
    }

    /// The first value of a header; `name` is ASCII, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.parse::<http_types::headers::HeaderName>().ok()?;
        self.headers().get(&name).and_then(|values: &HeaderValues| values.get(0)).map(|value| value.as_str())
    }

    /// The other end of the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.connection.peer()
    }

    /// How long the request's body is, in bytes: 0 where there is none; `None` where it comes in chunks.
    #[must_use]
    pub const fn body_bytes(&self) -> Option<u64> {
        self.framing.length_bytes()
    }

    /// Reads the next bytes of the request's body into `into`, as many as come at once; 0 only at the end of the body, or
    /// when `into` is empty. Where the client waits for `100 Continue`, the first read sends it. Safe to drop half-way.
    /// Large bodies are read fastest with 256 KiB at a time.
    ///
    /// # Errors
    /// [`BodyError`]. A request whose body failed can still be answered, and the connection closes behind the answer.
    pub async fn read_body(&mut self, into: &mut [u8]) -> Result<usize, BodyError> {
        self.connection.read_body(into).await
    }

    /// Reads the rest of the request's body, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`BodyError`]; [`BodyError::TooLarge`] when the body is longer than `bytes_max`.
    pub async fn read_whole_body(&mut self, bytes_max: u64) -> Result<Vec<u8>, BodyError> {
        const STEP_BYTES: usize = 16 * 1024;
        if self.body_bytes().is_some_and(|bytes| bytes > bytes_max) {
            return Err(BodyError::TooLarge { bytes_max });
        }
        let mut body = Vec::new();
        loop {
            let received = body.len();
            body.resize(received + STEP_BYTES, 0);
            let count = self.read_body(body.get_mut(received..).unwrap_or_default()).await?;
            body.truncate(received + count);
            if count == 0 {
                return Ok(body);
            }
            if body.len() as u64 > bytes_max {
                return Err(BodyError::TooLarge { bytes_max });
            }
        }
    }

    /// Answers with a body that is at hand, head and body in one write. The body is left out where the request is a HEAD
    /// or the status has none (204, 304).
    ///
    /// # Errors
    /// [`RespondError`].
    pub async fn respond(mut self, head: ResponseHead, body: &[u8]) -> Result<(), RespondError> {
        self.connection.respond(head, body).await
    }

    /// Begins an answer whose body is written piece by piece. With `body_bytes` the client is told the length, and must
    /// be given exactly that many bytes; without, the body goes in chunks, or to a client that speaks HTTP/1.0 until the
    /// connection closes. The head goes out with the first piece, or with [`BodyWriter::flush`].
    ///
    /// # Errors
    /// [`RespondError::Head`].
    pub fn start(mut self, head: ResponseHead, body_bytes: Option<u64>) -> Result<BodyWriter, RespondError> {
        let connection = &mut *self.connection;
        let announced = match body_bytes {
            _ if !head.may_have_body() => Announced::Nothing,
            Some(bytes) => Announced::Length(bytes),
            None if connection.turn.is_old_client => Announced::Nothing,
            None => Announced::Chunked,
        };
        let is_bodiless = connection.turn.is_head || !head.may_have_body();
        let head = if announced == Announced::Nothing && !is_bodiless { head.close() } else { head };
        connection.decide_keep_alive(&head);
        let head = head.encode(announced, connection.turn.keep_alive)?;
        Ok(BodyWriter::new(self.connection, head, announced, is_bodiless))
    }
}
