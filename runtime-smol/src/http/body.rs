//! How long a body is, and reading it exactly: a body that the peer cut short is an error, never an end.

use std::io::{self, IoSliceMut};

use futures::{AsyncRead, AsyncReadExt as _};

use super::chunked::{ChunkError, ChunkStep, ChunkedDecoder};
use super::head::ReadBuffer;

/// What tells the end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body.
    Empty,
    /// It has this many bytes.
    Length(u64),
    /// It comes in chunks.
    Chunked,
    /// It ends where the connection does. Answers only: of a request's body nobody could tell that it is whole.
    UntilClose,
}

impl BodyFraming {
    /// How many bytes the body has, where that is known beforehand.
    #[must_use]
    pub const fn length_bytes(self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Length(bytes) => Some(bytes),
            Self::Chunked | Self::UntilClose => None,
        }
    }
}

/// Why a body could not be read to its end. The connection is then of no more use.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The peer closed the connection before the end of the body.
    #[error("the body was cut short: the peer closed the connection before its end")]
    CutShort,
    /// The body is not in the chunked coding that its head announced.
    #[error("the body is broken: {0}")]
    Chunk(#[from] ChunkError),
    /// The body has more bytes than are allowed.
    #[error("the body is too large: at most {bytes_max} bytes are taken")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// The peer sent nothing for too long.
    #[error("the body stopped coming: the peer sent nothing for {limit_ms} ms")]
    Stalled {
        /// The time limit.
        limit_ms: u128,
    },
    /// The connection failed.
    #[error("the connection failed while a body was read: {0}")]
    Io(#[from] io::Error),
}

#[derive(Debug)]
enum Remaining {
    Nothing,
    Bytes(u64),
    Chunks(ChunkedDecoder),
    All,
}

/// Reads one body from a connection, first what lies in the connection's buffer, then from its stream. Where the buffer
/// is empty, bytes go straight to the caller.
#[derive(Debug)]
pub struct BodyReader {
    remaining: Remaining,
}

impl BodyReader {
    /// A reader that stands at the first byte behind the head.
    #[must_use]
    pub const fn new(framing: BodyFraming) -> Self {
        let remaining = match framing {
            BodyFraming::Empty | BodyFraming::Length(0) => Remaining::Nothing,
            BodyFraming::Length(bytes) => Remaining::Bytes(bytes),
            BodyFraming::Chunked => Remaining::Chunks(ChunkedDecoder::new()),
            BodyFraming::UntilClose => Remaining::All,
        };
        Self { remaining }
    }

    /// Whether the body was read to its end, so that the connection stands at the next message.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        match &self.remaining {
            Remaining::Nothing => true,
            Remaining::Bytes(_) | Remaining::All => false,
            Remaining::Chunks(decoder) => decoder.is_at_end(),
        }
    }

    /// How many bytes are still to come, where that is known.
    #[must_use]
    pub const fn remaining_bytes(&self) -> Option<u64> {
        match &self.remaining {
            Remaining::Nothing => Some(0),
            Remaining::Bytes(bytes) => Some(*bytes),
            Remaining::All => None,
            Remaining::Chunks(decoder) => {
                if decoder.is_at_end() {
                    Some(0)
                } else {
                    None
                }
            }
        }
    }

    /// Reads the next bytes into `into`, as many as come at once; 0 only at the end of the body, or when `into` is empty.
    /// Safe to drop half-way: nothing that was received is lost. It has no time limit of its own.
    ///
    /// # Errors
    /// [`BodyError::CutShort`], [`BodyError::Chunk`] and [`BodyError::Io`].
    pub async fn read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        buffer: &mut ReadBuffer,
        into: &mut [u8],
    ) -> Result<usize, BodyError> {
        if into.is_empty() {
            return Ok(0);
        }
        match &mut self.remaining {
            Remaining::Nothing => Ok(0),
            Remaining::Bytes(left) => {
                let into = first_bytes(into, *left);
                let count = if buffer.is_empty() { stream.read(into).await? } else { buffer.take_into(into) };
                if count == 0 {
                    return Err(BodyError::CutShort);
                }
                *left = left.saturating_sub(count as u64);
                if *left == 0 {
                    self.remaining = Remaining::Nothing;
                }
                Ok(count)
            }
            Remaining::Chunks(decoder) => read_chunked(decoder, stream, buffer, into).await,
            Remaining::All => {
                let count = if buffer.is_empty() { stream.read(into).await? } else { buffer.take_into(into) };
                if count == 0 {
                    self.remaining = Remaining::Nothing;
                }
                Ok(count)
            }
        }
    }
}

async fn read_chunked<S: AsyncRead + Unpin>(
    decoder: &mut ChunkedDecoder,
    stream: &mut S,
    buffer: &mut ReadBuffer,
    into: &mut [u8],
) -> Result<usize, BodyError> {
    loop {
        let (used, step) = decoder.advance(buffer.unread())?;
        buffer.consume(used);
        match step {
            ChunkStep::End => return Ok(0),
            ChunkStep::More => {
                if buffer.fill(stream).await? == 0 {
                    return Err(BodyError::CutShort);
                }
            }
            ChunkStep::Data { bytes } => {
                let into = first_bytes(into, bytes);
                let count =
                    if buffer.is_empty() { read_past(stream, buffer, into).await? } else { buffer.take_into(into) };
                if count == 0 {
                    return Err(BodyError::CutShort);
                }
                decoder.moved(count as u64);
                return Ok(count);
            }
        }
    }
}

/// Fills `into` and, with what comes behind it, the buffer, in one system call: the size of the next chunk would
/// otherwise cost a second one.
async fn read_past<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut ReadBuffer,
    into: &mut [u8],
) -> io::Result<usize> {
    let wanted = into.len();
    let room = buffer.room()?;
    let count = stream.read_vectored(&mut [IoSliceMut::new(into), IoSliceMut::new(room)]).await?;
    buffer.received(count.saturating_sub(wanted));
    Ok(count.min(wanted))
}

fn first_bytes(into: &mut [u8], bytes: u64) -> &mut [u8] {
    let count = usize::try_from(bytes).unwrap_or(usize::MAX).min(into.len());
    into.get_mut(..count).unwrap_or(&mut [])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body from a stream that gives at most `piece` bytes at once, of which the first are already buffered.
    fn read_all(
        framing: BodyFraming,
        bytes: &[u8],
        piece: usize,
        into: usize,
    ) -> Result<(Vec<u8>, Vec<u8>), BodyError> {
        smol::block_on(async {
            let mut buffer = ReadBuffer::new(4096);
            let mut stream = Box::pin(futures::TryStreamExt::into_async_read(futures::stream::iter(
                bytes.chunks(piece).map(Ok::<_, io::Error>),
            )));
            buffer.fill(&mut stream).await?;
            let (mut reader, mut body) = (BodyReader::new(framing), Vec::new());
            loop {
                let mut into = vec![0; into];
                let count = reader.read(&mut stream, &mut buffer, &mut into).await?;
                if count == 0 {
                    break;
                }
                body.extend_from_slice(&into[..count]);
            }
            assert!(reader.is_complete());
            let mut rest = buffer.unread().to_vec();
            stream.read_to_end(&mut rest).await?;
            Ok((body, rest))
        })
    }

    #[test]
    fn each_framing_ends_where_it_says_and_leaves_the_rest() {
        for (framing, bytes, body, rest) in [
            (BodyFraming::Empty, &b"next"[..], &b""[..], &b"next"[..]),
            (BodyFraming::Length(0), b"next", b"", b"next"),
            (BodyFraming::Length(4), b"bodynext", b"body", b"next"),
            (BodyFraming::Chunked, b"3\r\nbod\r\n1\r\ny\r\n0\r\n\r\nnext", b"body", b"next"),
            (BodyFraming::UntilClose, b"bodynext", b"bodynext", b""),
        ] {
            for (piece, into) in [(1, 1), (1, 100), (3, 2), (7, 3), (100, 1), (100, 100)] {
                let got = read_all(framing, bytes, piece, into).unwrap();
                assert_eq!(got, (body.to_vec(), rest.to_vec()), "{framing:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_body_cut_short_is_an_error() {
        for (framing, bytes) in [
            (BodyFraming::Length(9), &b"body"[..]),
            (BodyFraming::Chunked, b"9\r\nbody"),
            (BodyFraming::Chunked, b"4\r\nbody"),
            (BodyFraming::Chunked, b"4\r\nbody\r\n"),
            (BodyFraming::Chunked, b"4\r\nbody\r\n0\r\n"),
        ] {
            assert!(matches!(read_all(framing, bytes, 3, 10), Err(BodyError::CutShort)), "{framing:?}");
        }
    }
}
