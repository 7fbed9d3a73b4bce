//! A connection to a server, with what was received and not used yet.

use std::io::{self, IoSlice, Read as _};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead as _, AsyncWrite as _};
use smol::Async;

use super::pool::Slot;
use crate::http::deadline::Deadline;
use crate::http::head::{HeadLimits, ReadBuffer};

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Async<TcpStream>,
    pub(super) buffer: ReadBuffer,
    pub(super) deadline: Deadline,
    _slot: Slot,
}

impl Connection {
    pub(super) fn new(stream: Async<TcpStream>, slot: Slot) -> Self {
        let buffer = ReadBuffer::new(HeadLimits::default().bytes_max);
        Self { stream, buffer, deadline: Deadline::new(), _slot: slot }
    }

    /// Whether the connection is open and silent. One that has been closed is dead; one that has something to say
    /// answers a question that nobody asked.
    pub(super) fn is_quiet(&self) -> bool {
        let peeked = self.stream.get_ref().peek(&mut [0]);
        self.buffer.is_empty() && peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends some of the parts.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    /// Receives once into the buffer.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let received = ready!(Pin::new(&mut self.stream).poll_read(cx, self.buffer.room()?))?;
        self.buffer.received(received);
        Poll::Ready(Ok(received))
    }

    /// Receives once into the buffer if something is there; otherwise fails with [`io::ErrorKind::WouldBlock`].
    pub(super) fn try_fill(&mut self) -> io::Result<usize> {
        let received = self.stream.get_ref().read(self.buffer.room()?)?;
        self.buffer.received(received);
        Ok(received)
    }
}
