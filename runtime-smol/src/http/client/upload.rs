//! A body that the caller hands over piece by piece.

use std::io::IoSlice;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::error::ClientError;
use super::exchange::Exchange;
use super::response::Response;

/// A request whose body is being sent. Dropping it closes the connection, and the server sees a body that is cut short;
/// so whoever holds back the last piece can still change their mind.
///
/// No byte goes out before the first piece: the head is sent with it.
#[derive(Debug)]
pub struct Upload {
    exchange: Exchange,
    head: Vec<u8>,
    length: Length,
    /// None once a piece was not sent whole.
    state: Option<UploadState>,
}

/// Whether the server wants to hear more.
#[must_use = "an upload that was answered is over: finish it to get the answer"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// Go on.
    Open,
    /// The server has answered before the end of the body, most likely to refuse it. [`Upload::finish`] gives the
    /// answer; nothing more is sent.
    Answered,
}

#[derive(Debug)]
enum Length {
    Announced { bytes: u64, given: u64 },
    Chunked,
}

impl Upload {
    pub(super) fn new(exchange: Exchange, head: Vec<u8>, bytes: Option<u64>) -> Self {
        let length = bytes.map_or(Length::Chunked, |bytes| Length::Announced { bytes, given: 0 });
        Self { exchange, head, length, state: Some(UploadState::Open) }
    }

    /// Notes there how many bytes of the request the system has taken, head included, as it takes them: so somebody else can
    /// tell one that is slow from one that stands still.
    #[must_use]
    pub fn counted_in(mut self, sent_bytes: Arc<AtomicU64>) -> Self {
        self.exchange.count_in(sent_bytes);
        self
    }

    /// Sends a piece of the body, of any size, and returns when the system has taken all of it. An answer that comes
    /// before the end of the body ends the upload at once.
    ///
    /// # Errors
    ///
    /// [`ClientError::UploadLength`] for a piece that goes beyond the announced length, of which nothing is sent;
    /// otherwise whatever can happen to a connection. After an error the upload is over. A call that is dropped before
    /// it is done leaves it unknown how much of the piece was sent: drop the upload then too.
    pub async fn write(&mut self, piece: &[u8]) -> Result<UploadState, ClientError> {
        // Taken, so that whatever stops this call half way leaves an upload that is over.
        let mut state = self.state.take().ok_or(ClientError::UploadOver)?;
        if state == UploadState::Open && !piece.is_empty() {
            state = self.send(piece).await?;
        }
        self.state = Some(state);
        Ok(state)
    }

    /// Ends the body and waits for the answer, or gives the answer that came already.
    ///
    /// # Errors
    ///
    /// [`ClientError::UploadLength`] if less was written than announced; then, as after every error, the server sees a
    /// body that is cut short or a connection that is closed. Otherwise whatever can happen to a connection.
    pub async fn finish(mut self) -> Result<Response, ClientError> {
        let state = match self.state.ok_or(ClientError::UploadOver)? {
            UploadState::Open => self.end().await?,
            UploadState::Answered => UploadState::Answered,
        };
        match state {
            UploadState::Open | UploadState::Answered => self.exchange.response().await,
        }
    }

    async fn send(&mut self, piece: &[u8]) -> Result<UploadState, ClientError> {
        let head = mem::take(&mut self.head);
        match &mut self.length {
            Length::Announced { bytes, given } => {
                let total = given.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if total > *bytes {
                    return Err(ClientError::UploadLength { announced: *bytes, given: total });
                }
                *given = total;
                self.exchange.send(&mut [IoSlice::new(&head), IoSlice::new(piece)]).await
            }
            Length::Chunked => {
                let size = format!("{:x}\r\n", piece.len());
                let parts = [&head, size.as_bytes(), piece, b"\r\n"];
                self.exchange.send(&mut parts.map(IoSlice::new)).await
            }
        }
    }

    async fn end(&mut self) -> Result<UploadState, ClientError> {
        let end: &[u8] = match self.length {
            Length::Announced { bytes, given } if given < bytes => {
                return Err(ClientError::UploadLength { announced: bytes, given });
            }
            Length::Announced { .. } => b"",
            Length::Chunked => b"0\r\n\r\n",
        };
        let head = mem::take(&mut self.head);
        if head.is_empty() && end.is_empty() {
            // All was sent before, so an answer that is there already is not early.
            return Ok(UploadState::Open);
        }
        self.exchange.send(&mut [IoSlice::new(&head), IoSlice::new(end)]).await
    }
}
