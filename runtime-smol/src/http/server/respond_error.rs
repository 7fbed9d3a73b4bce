//! Why an answer could not be sent.

use std::io;

use super::response::HeadRefused;

/// Why an answer could not be sent whole. Unless it says otherwise, the connection is reset so that the client cannot take
/// what it got for a whole answer; the handler can do no more for this request.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// The head cannot be sent; nothing was, and the client gets a 500.
    #[error(transparent)]
    Head(#[from] HeadRefused),
    /// The handler wrote more than it had announced.
    #[error("the handler wrote more bytes than the {announced_bytes} that it announced")]
    TooLong {
        /// The length that the head told the client.
        announced_bytes: u64,
    },
    /// The handler finished before it had written all that it had announced.
    #[error("the handler wrote {missing_bytes} bytes less than it announced")]
    TooShort {
        /// How many bytes are missing.
        missing_bytes: u64,
    },
    /// A write was dropped half-way before this one, so that nobody knows what the client got.
    #[error("an earlier write of this answer was broken off")]
    BrokenOff,
    /// The client took nothing for too long.
    #[error("the client took nothing of the answer for {limit_ms} ms")]
    Stalled {
        /// The time limit.
        limit_ms: u128,
    },
    /// The connection failed, mostly because the client went away.
    #[error("the connection failed while an answer was written: {0}")]
    Io(#[from] io::Error),
}

impl From<RespondError> for io::Error {
    fn from(error: RespondError) -> Self {
        match error {
            RespondError::Io(error) => error,
            RespondError::Stalled { .. } => Self::new(io::ErrorKind::TimedOut, error),
            RespondError::Head(_)
            | RespondError::TooLong { .. }
            | RespondError::TooShort { .. }
            | RespondError::BrokenOff => Self::other(error),
        }
    }
}
