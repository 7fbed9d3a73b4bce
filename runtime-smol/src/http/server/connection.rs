//! One client's socket with everything that is kept between its requests, and the moves of bytes, each with its time limit.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use smol::Async;

use super::limits::Limits;
use super::refusal::Refusal;
use super::respond_error::RespondError;
use super::response::{Announced, ResponseHead};
use super::turn::{Sent, Turn};
use crate::http::body::BodyError;
use crate::http::deadline::{Deadline, Elapsed};
use crate::http::head::ReadBuffer;
use crate::shutdown::ShutdownWaiter;

/// After this many bytes moved without a pause, others on the executor get their turn: a socket that is always ready
/// would otherwise never let go of the thread.
const BYTES_IN_A_ROW_MAX: usize = 1024 * 1024;

/// The connection, owned by its session and lent to the exchange of each request.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Async<TcpStream>,
    peer: SocketAddr,
    buffer: ReadBuffer,
    deadline: Deadline,
    bytes_in_a_row: usize,
    pub(super) limits: Arc<Limits>,
    pub(super) shutdown: ShutdownWaiter,
    pub(super) turn: Turn,
}

impl Connection {
    pub(super) fn new(
        stream: Async<TcpStream>,
        peer: SocketAddr,
        limits: Arc<Limits>,
        shutdown: ShutdownWaiter,
    ) -> Self {
        let buffer = ReadBuffer::new(limits.head.bytes_max);
        let (deadline, turn) = (Deadline::new(), Turn::none());
        Self { stream, peer, buffer, deadline, bytes_in_a_row: 0, limits, shutdown, turn }
    }

    pub(super) const fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.unread()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.buffer.consume(count);
    }

    /// Receives once into the buffer until `end` at the latest.
    pub(super) async fn fill_until(&mut self, end: Instant) -> Result<io::Result<usize>, Elapsed> {
        self.deadline.until(end, self.buffer.fill(&mut self.stream)).await
    }

    /// Receives once into the buffer, or gives up because the server shuts down or the connection is idle for too long.
    pub(super) async fn fill_while_idle(&mut self) -> Idle {
        let (fill, shutdown) = (self.buffer.fill(&mut self.stream), self.shutdown.requested());
        let either = async {
            // What has come is served, even when the shutdown came at the same moment.
            match futures::future::select(std::pin::pin!(fill), std::pin::pin!(shutdown)).await {
                futures::future::Either::Left((Ok(0) | Err(_), _)) => Idle::Close,
                futures::future::Either::Left((Ok(_), _)) => Idle::Received,
                futures::future::Either::Right(((), _)) => Idle::Close,
            }
        };
        self.deadline.within(self.limits.idle, either).await.unwrap_or(Idle::Close)
    }

    /// Reads the next bytes of the request's body; the first read says `100 Continue` to who waits for it. Safe to drop
    /// half-way.
    pub(super) async fn read_body(&mut self, into: &mut [u8]) -> Result<usize, BodyError> {
        self.pause_if_due().await;
        if self.turn.awaits_continue(self.buffer.is_empty()) {
            self.turn.expects_continue = false;
            self.write_all(&mut [IoSlice::new(b"HTTP/1.1 100 Continue\r\n\r\n")]).await.map_err(io::Error::from)?;
        }
        let limit = self.limits.body_stall;
        let read = self.turn.body.read(&mut self.stream, &mut self.buffer, into);
        let result = match self.deadline.within(limit, read).await {
            Ok(result) => result,
            Err(Elapsed) => Err(BodyError::Stalled { limit_ms: limit.as_millis() }),
        };
        let result = result.and_then(|count| self.turn.note_received(count, self.limits.body_bytes_max));
        match &result {
            Ok(count) => self.bytes_in_a_row += count,
            Err(error) => self.turn.trouble = Some(Refusal::from(error)),
        }
        result
    }

    /// Writes all of `pieces`, with as few system calls as can be.
    pub(super) async fn write_all(&mut self, mut pieces: &mut [IoSlice<'_>]) -> Result<(), RespondError> {
        IoSlice::advance_slices(&mut pieces, 0);
        while !pieces.is_empty() {
            self.pause_if_due().await;
            let count = self.write_some(pieces).await?;
            if count == 0 {
                return Err(RespondError::Io(io::ErrorKind::WriteZero.into()));
            }
            IoSlice::advance_slices(&mut pieces, count);
            self.bytes_in_a_row += count;
        }
        Ok(())
    }

    async fn write_some(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, RespondError> {
        let limit = self.limits.write_stall;
        // The kernel reports a socket as writable only when a third of its buffer is free, which a slow reader may take
        // minutes for; a write succeeds as soon as there is any room. The deadline tries once more before it gives up, and
        // so tells the slow from the dead.
        match self.deadline.within(limit, self.stream.write_vectored(pieces)).await {
            Ok(written) => Ok(written?),
            Err(Elapsed) => Err(RespondError::Stalled { limit_ms: limit.as_millis() }),
        }
    }

    async fn pause_if_due(&mut self) {
        if self.bytes_in_a_row > BYTES_IN_A_ROW_MAX {
            self.bytes_in_a_row = 0;
            smol::future::yield_now().await;
        }
    }

    /// Answers the present request with a body that is at hand.
    pub(super) async fn respond(&mut self, head: ResponseHead, body: &[u8]) -> Result<(), RespondError> {
        let has_body = head.may_have_body();
        let announced = if has_body { Announced::Length(body.len() as u64) } else { Announced::Nothing };
        self.decide_keep_alive(&head);
        let head = head.encode(announced, self.turn.keep_alive)?;
        let body = if has_body && !self.turn.is_head { body } else { &[] };
        self.turn.sent = Sent::Some;
        self.write_all(&mut [IoSlice::new(&head), IoSlice::new(body)]).await?;
        self.turn.sent = Sent::All;
        Ok(())
    }

    /// Settles whether the connection is used again behind the answer that is about to be sent, which has to say so.
    pub(super) fn decide_keep_alive(&mut self, head: &ResponseHead) {
        let wanted = self.turn.keep_alive && !head.closes() && !self.shutdown.is_requested();
        self.turn.keep_alive = wanted && self.can_drain();
    }

    /// Whether the connection can be used again behind the present answer, as far as the request's body goes.
    fn can_drain(&self) -> bool {
        self.turn.trouble.is_none()
            && !self.turn.awaits_continue(self.buffer.is_empty())
            && self.turn.body.remaining_bytes().is_some_and(|bytes| bytes <= self.limits.drain_bytes_max)
    }

    /// Reads what the handler left of the request's body and drops it. Whether the connection stands at the next request.
    pub(super) async fn drain(&mut self) -> bool {
        if self.turn.body.is_complete() {
            return true;
        }
        let end = Instant::now() + self.limits.linger;
        let mut scratch = vec![0; 16 * 1024];
        while !self.turn.body.is_complete() {
            let read = self.turn.body.read(&mut self.stream, &mut self.buffer, &mut scratch);
            if !matches!(self.deadline.until(end, read).await, Ok(Ok(_))) {
                return false;
            }
        }
        true
    }

    /// Closes so that the client gets to see the answer: closing a socket that has unread bytes resets the connection,
    /// and a reset throws away what the client has not read yet.
    pub(super) async fn close(&mut self) {
        let end = Instant::now() + self.limits.linger;
        if self.stream.get_ref().shutdown(std::net::Shutdown::Write).is_err() {
            return;
        }
        let mut scratch = vec![0; 16 * 1024];
        while let Ok(Ok(count @ 1..)) = self.deadline.until(end, self.stream.read(&mut scratch)).await {
            self.bytes_in_a_row += count;
            self.pause_if_due().await;
            // A client that sends faster than it can be read never lets the time limit be looked at.
            if Instant::now() >= end {
                return;
            }
        }
    }

    /// Makes the end of the connection, which comes when it is dropped, a reset, so that no client can take what it got for
    /// a whole answer.
    pub(super) fn abort(&self) {
        if let Err(error) = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)) {
            tracing::debug!(peer = %self.peer, %error, "a connection could not be reset and is closed instead");
        }
    }
}

/// How an idle wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// Bytes have come.
    Received,
    /// The connection is to be closed without a word.
    Close,
}
