//! An answer whose body is written piece by piece.

use std::io::IoSlice;

use smol::lock::MutexGuardArc;

use super::connection::Connection;
use super::respond_error::RespondError;
use super::response::Announced;
use super::turn::Sent;

/// Writes the body of one answer. Dropped before [`BodyWriter::finish`] has succeeded, it makes the connection end in a
/// reset, so that the client sees that the body is cut (or get a 500, if nothing was sent yet). The reset comes once the
/// handler has returned.
#[derive(Debug)]
pub struct BodyWriter {
    connection: MutexGuardArc<Connection>,
    /// What was not sent yet: it waits for the first piece.
    head: Vec<u8>,
    coding: Coding,
    is_writing: bool,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    /// The answer has no body, whatever is written.
    Bodiless,
    Length {
        announced: u64,
        left: u64,
    },
    Chunked,
    UntilClose,
}

impl BodyWriter {
    pub(super) fn new(
        connection: MutexGuardArc<Connection>,
        head: Vec<u8>,
        announced: Announced,
        is_bodiless: bool,
    ) -> Self {
        let coding = match announced {
            _ if is_bodiless => Coding::Bodiless,
            Announced::Length(bytes) => Coding::Length { announced: bytes, left: bytes },
            Announced::Chunked => Coding::Chunked,
            Announced::Nothing => Coding::UntilClose,
        };
        Self { connection, head, coding, is_writing: false }
    }

    /// Sends the next piece of the body, and returns when the kernel has taken all of it. Where the answer has no body
    /// (HEAD, 204, 304), the piece is dropped.
    ///
    /// # Errors
    /// [`RespondError`]; the answer is then lost.
    pub async fn write_all(&mut self, piece: &[u8]) -> Result<(), RespondError> {
        let bytes = piece.len() as u64;
        match &mut self.coding {
            _ if piece.is_empty() => Ok(()),
            Coding::Bodiless => Ok(()),
            Coding::Length { announced, left } => {
                let Some(now_left) = left.checked_sub(bytes) else {
                    return Err(RespondError::TooLong { announced_bytes: *announced });
                };
                *left = now_left;
                self.send([piece, &[], &[]]).await
            }
            Coding::Chunked => {
                let size = format!("{bytes:x}\r\n");
                self.send([size.as_bytes(), piece, b"\r\n"]).await
            }
            Coding::UntilClose => self.send([piece, &[], &[]]).await,
        }
    }

    /// Sends the head, if it was not sent yet, without waiting for a piece of the body.
    ///
    /// # Errors
    /// [`RespondError`]; the answer is then lost.
    pub async fn flush(&mut self) -> Result<(), RespondError> {
        if self.head.is_empty() { Ok(()) } else { self.send([&[], &[], &[]]).await }
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// [`RespondError`]; [`RespondError::TooShort`] when less was written than was announced.
    pub async fn finish(mut self) -> Result<(), RespondError> {
        match self.coding {
            Coding::Length { left: missing_bytes @ 1.., .. } => return Err(RespondError::TooShort { missing_bytes }),
            Coding::Chunked => self.send([b"0\r\n\r\n", &[], &[]]).await?,
            Coding::Length { left: 0, .. } | Coding::Bodiless | Coding::UntilClose => self.flush().await?,
        }
        if self.is_writing {
            return Err(RespondError::BrokenOff);
        }
        self.connection.turn.sent = Sent::All;
        Ok(())
    }

    async fn send(&mut self, [first, second, third]: [&[u8]; 3]) -> Result<(), RespondError> {
        if self.is_writing {
            return Err(RespondError::BrokenOff);
        }
        self.is_writing = true;
        self.connection.turn.sent = Sent::Some;
        let head = std::mem::take(&mut self.head);
        let mut pieces = [&head, first, second, third].map(IoSlice::new);
        self.connection.write_all(&mut pieces).await?;
        self.is_writing = false;
        Ok(())
    }
}
