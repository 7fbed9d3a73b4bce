//! One request and the head of its answer on one connection: the sending is raced against the answer.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;

use super::answer::AnswerHead;
use super::connection::Connection;
use super::error::ClientError;
use super::pool::Pool;
use super::response::Response;
use super::upload::UploadState;
use crate::http::deadline::Elapsed;
use crate::http::head::{HeadError, HeadLimits, HeadScanner};

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pool: Arc<Pool>,
    server: ServerAddress,
    connection: Connection,
    scanner: HeadScanner,
    to_head: bool,
    head_limit: Duration,
    sent_any: bool,
    /// Where it is noted how much of the request was sent, if anybody wants to know.
    sent_bytes: Option<Arc<AtomicU64>>,
    /// Whether a byte of the answer has come, interim answers included.
    heard_any: bool,
    interim_answers: usize,
    /// The answer, if it came before the end of the request.
    early: Option<AnswerHead>,
}

enum Step {
    Wrote(io::Result<usize>),
    Heard(io::Result<usize>),
}

impl Exchange {
    pub(super) fn new(
        pool: Arc<Pool>,
        server: ServerAddress,
        connection: Connection,
        method: Method,
        head_limit: Duration,
    ) -> Self {
        let to_head = matches!(method, Method::Head);
        Self {
            pool,
            server,
            connection,
            scanner: HeadScanner::new(HeadLimits::default()),
            to_head,
            head_limit,
            sent_any: false,
            sent_bytes: None,
            heard_any: false,
            interim_answers: 0,
            early: None,
        }
    }

    /// Sends parts of the request, in one system call if the system takes them in one. If the answer comes first, it is
    /// unknown what of them was sent, and nothing more is to be sent.
    pub(super) async fn send(&mut self, mut parts: &mut [IoSlice<'_>]) -> Result<UploadState, ClientError> {
        // Nobody can have answered a request of which nothing was sent.
        if self.sent_any && self.has_been_answered()? {
            return Ok(UploadState::Answered);
        }
        self.sent_any = true;
        let limit = self.pool.limits.stall;
        let mut deadline = mem::take(&mut self.connection.deadline);
        // Empty parts at the front do not count as something to write.
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let step = deadline.within(limit, poll_fn(|cx| self.poll_step(cx, parts))).await;
            match step.map_err(|Elapsed| ClientError::Stalled { limit })? {
                Step::Wrote(Ok(0)) => return Err(ClientError::Io(io::ErrorKind::WriteZero.into())),
                Step::Wrote(Ok(written)) => {
                    if let Some(sent_bytes) = &self.sent_bytes {
                        sent_bytes.fetch_add(written as u64, Ordering::Relaxed);
                    }
                    IoSlice::advance_slices(&mut parts, written);
                }
                Step::Wrote(Err(error)) => return self.after_broken_write(error).await,
                Step::Heard(heard) => {
                    self.note_heard(heard)?;
                    if self.take_early()? {
                        return Ok(UploadState::Answered);
                    }
                }
            }
        }
        self.connection.deadline = deadline;
        Ok(UploadState::Open)
    }

    /// Notes there how much of the request is sent.
    pub(super) fn count_in(&mut self, sent_bytes: Arc<AtomicU64>) {
        self.sent_bytes = Some(sent_bytes);
    }

    /// The answer: the one that came early, or the one that comes now.
    pub(super) async fn response(mut self) -> Result<Response, ClientError> {
        let (head, in_step) = match self.early.take() {
            Some(early) => (early, false),
            None => (self.wait_for_head().await?, true),
        };
        Ok(Response::new(self.pool, self.server, self.connection, head, in_step))
    }

    fn poll_step(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<Step> {
        if let Poll::Ready(written) = self.connection.poll_write(cx, parts) {
            return Poll::Ready(Step::Wrote(written));
        }
        self.connection.poll_fill(cx).map(Step::Heard)
    }

    /// Looks, without waiting, for an answer between two parts of the request.
    fn has_been_answered(&mut self) -> Result<bool, ClientError> {
        while self.early.is_none() {
            match self.connection.try_fill() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                heard => self.note_heard(heard)?,
            }
            self.take_early()?;
        }
        Ok(true)
    }

    /// A peer that refuses a body may close the connection right behind its answer, and then the answer is there to be
    /// read although writing fails.
    async fn after_broken_write(&mut self, error: io::Error) -> Result<UploadState, ClientError> {
        if !is_closed(&error) {
            return Err(ClientError::Io(error));
        }
        self.early = Some(self.wait_for_head().await?);
        Ok(UploadState::Answered)
    }

    async fn wait_for_head(&mut self) -> Result<AnswerHead, ClientError> {
        let limit = self.head_limit;
        let mut deadline = mem::take(&mut self.connection.deadline);
        let head = deadline.within(limit, self.read_head()).await;
        self.connection.deadline = deadline;
        head.unwrap_or(Err(ClientError::HeadTimedOut { limit }))
    }

    async fn read_head(&mut self) -> Result<AnswerHead, ClientError> {
        loop {
            if let Some(head) = self.take_head()? {
                return Ok(head);
            }
            let heard = poll_fn(|cx| self.connection.poll_fill(cx)).await;
            self.note_heard(heard)?;
        }
    }

    fn note_heard(&mut self, heard: io::Result<usize>) -> Result<(), ClientError> {
        let cause = match heard {
            Ok(0) => io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => {
                self.heard_any = true;
                return Ok(());
            }
            Err(error) => error,
        };
        Err(match (self.heard_any, is_closed(&cause)) {
            (true, true) => ClientError::HeadCutShort,
            (false, true) => ClientError::ClosedBeforeAnswer { cause },
            (_, false) => ClientError::Io(cause),
        })
    }

    fn take_early(&mut self) -> Result<bool, ClientError> {
        self.early = self.take_head()?;
        Ok(self.early.is_some())
    }

    /// The final head, if it is there whole; interim ones are passed over.
    fn take_head(&mut self) -> Result<Option<AnswerHead>, ClientError> {
        let buffer = &mut self.connection.buffer;
        while let Some(place) = self.scanner.scan(buffer.unread()).map_err(refused)? {
            let end = place.end;
            let head = AnswerHead::parse(buffer.unread().get(place).unwrap_or_default(), self.to_head)?;
            buffer.consume(end);
            self.scanner = HeadScanner::new(HeadLimits::default());
            if !head.is_interim() {
                return Ok(Some(head));
            }
            self.interim_answers += 1;
            let limit = self.pool.limits.interim_answers;
            if self.interim_answers > limit {
                return Err(ClientError::TooManyInterimAnswers { limit });
            }
        }
        Ok(None)
    }
}

/// How bytes that are no head are told to the caller.
pub(super) fn refused(error: HeadError) -> ClientError {
    match error {
        HeadError::TooLong { bytes_max } | HeadError::FirstLineTooLong { bytes_max } => {
            ClientError::HeadTooLarge { limit_bytes: bytes_max }
        }
        HeadError::BareLineFeed
        | HeadError::BareCarriageReturn
        | HeadError::Folded
        | HeadError::ControlByte { .. }
        | HeadError::TooManyHeaders { .. } => ClientError::MalformedHead { what: error.to_string() },
    }
}

/// Whether the error says that the peer has closed the connection, in one way or another.
pub(super) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}
