//! Where a head ends, for requests and for responses: found with bounds on its bytes and lines, and without tolerance for
//! what two parsers could read in two ways (bare line feeds, folded lines, control bytes).

use std::io;
use std::ops::Range;

use futures::{AsyncRead, AsyncReadExt as _};

/// Bounds on one head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// The most bytes of a head, its closing empty line included. Default 16 KiB.
    pub bytes_max: usize,
    /// The most header lines, the first line not counted. Default 100.
    pub headers_max: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { bytes_max: 16 * 1024, headers_max: 100 }
    }
}

/// Why the bytes are no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A line ends in a line feed alone.
    #[error("a line of the head ends in a line feed without a carriage return: end each line with CR LF")]
    BareLineFeed,
    /// A carriage return is not followed by a line feed.
    #[error("the head has a carriage return without a line feed: end each line with CR LF")]
    BareCarriageReturn,
    /// A line begins with white space.
    #[error("a line of the head begins with white space: folded headers are not taken, send each on one line")]
    Folded,
    /// A control byte stands in the head: it is not HTTP, perhaps TLS on a plain port.
    #[error("the head has the control byte 0x{byte:02x}: send plain HTTP/1.1")]
    ControlByte {
        /// The byte.
        byte: u8,
    },
    /// The first line alone exceeds the bound.
    #[error("the first line is too long: the whole head may have {bytes_max} bytes")]
    FirstLineTooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// The head exceeds the bound.
    #[error("the headers are too long: the whole head may have {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// There are more header lines than the bound.
    #[error("there are too many headers: at most {headers_max} are taken")]
    TooManyHeaders {
        /// The bound.
        headers_max: usize,
    },
}

/// Looks for the end of a head in bytes that arrive piece by piece. Each byte is looked at once, however small the pieces.
#[derive(Debug, Clone)]
pub struct HeadScanner {
    limits: HeadLimits,
    scanned: usize,
    begin: usize,
    lines: usize,
    line_is_empty: bool,
    after_carriage_return: bool,
}

/// Empty lines that are skipped before the first line, in bytes: RFC 9112 asks for one, for the sake of old clients that
/// send a line end behind their body.
const BLANK_BYTES_MAX: usize = 4;

impl HeadScanner {
    /// A scanner for one head.
    #[must_use]
    pub const fn new(limits: HeadLimits) -> Self {
        Self { limits, scanned: 0, begin: 0, lines: 0, line_is_empty: true, after_carriage_return: false }
    }

    /// Whether a byte of the head itself was seen.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.scanned > self.begin
    }

    /// Goes on where it stopped. `unread` begins at the same byte in each call and grows at its end.
    /// Answers where the head lies in `unread` once it is complete, its closing empty line included.
    ///
    /// # Errors
    /// [`HeadError`] as soon as the bytes cannot be a head; the connection is then of no more use.
    pub fn scan(&mut self, unread: &[u8]) -> Result<Option<Range<usize>>, HeadError> {
        for &byte in unread.get(self.scanned..).unwrap_or(&[]) {
            self.scanned += 1;
            if self.scanned > self.limits.bytes_max {
                return Err(self.too_long());
            }
            if self.after_carriage_return {
                if byte != b'\n' {
                    return Err(HeadError::BareCarriageReturn);
                }
                self.after_carriage_return = false;
                if self.end_line()? {
                    return Ok(Some(self.begin..self.scanned));
                }
                continue;
            }
            match byte {
                b'\r' => self.after_carriage_return = true,
                b'\n' => return Err(HeadError::BareLineFeed),
                b' ' | b'\t' if self.line_is_empty => return Err(HeadError::Folded),
                b'\t' | 0x20..=0x7e | 0x80..=0xff => self.line_is_empty = false,
                0x00..=0x1f | 0x7f => return Err(HeadError::ControlByte { byte }),
            }
        }
        if self.scanned >= self.limits.bytes_max { Err(self.too_long()) } else { Ok(None) }
    }

    /// Notes the end of a line; whether it is the one that closes the head.
    fn end_line(&mut self) -> Result<bool, HeadError> {
        if !self.line_is_empty {
            self.lines += 1;
            self.line_is_empty = true;
            let headers_max = self.limits.headers_max;
            return if self.lines > headers_max + 1 {
                Err(HeadError::TooManyHeaders { headers_max })
            } else {
                Ok(false)
            };
        }
        if self.lines == 0 {
            self.begin = self.scanned;
            return if self.begin > BLANK_BYTES_MAX { Err(HeadError::BareCarriageReturn) } else { Ok(false) };
        }
        Ok(true)
    }

    const fn too_long(&self) -> HeadError {
        let bytes_max = self.limits.bytes_max;
        if self.lines == 0 { HeadError::FirstLineTooLong { bytes_max } } else { HeadError::TooLong { bytes_max } }
    }
}

/// What a connection has received and nobody has used yet: heads, the beginnings of bodies, the next pipelined message.
#[derive(Debug)]
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    bytes_max: usize,
}

const FIRST_BYTES: usize = 4 * 1024;

impl ReadBuffer {
    /// An empty buffer that grows to `bytes_max` bytes at most, which must not be less than the bound of the heads that
    /// are read through it. It takes memory only when it is first filled.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, bytes_max }
    }

    /// What was received and not consumed.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }

    /// Whether all that was received is consumed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Gives up the first `count` unread bytes (all, if there are fewer).
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Moves as many unread bytes as fit into `into`; how many.
    pub fn take_into(&mut self, into: &mut [u8]) -> usize {
        let count = into.len().min(self.end - self.start);
        let unread = self.bytes.get(self.start..self.start + count).unwrap_or(&[]);
        if let Some(into) = into.get_mut(..unread.len()) {
            into.copy_from_slice(unread);
        }
        self.consume(count);
        count
    }

    /// Receives once, behind what is unread; how many bytes, 0 when the peer has closed its side. Safe to drop half-way.
    ///
    /// # Errors
    /// That of the stream; [`io::ErrorKind::StorageFull`] when the buffer is full.
    pub async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<usize> {
        let room = self.room()?;
        let count = stream.read(room).await?;
        self.received(count);
        Ok(count)
    }

    /// The free space behind what is unread, at least one byte.
    pub(crate) fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.end == self.bytes.len() && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            let grown = (self.bytes.len() * 2).max(FIRST_BYTES).min(self.bytes_max);
            if grown <= self.end {
                return Err(io::Error::new(io::ErrorKind::StorageFull, "the connection's read buffer is full"));
            }
            self.bytes.resize(grown, 0);
        }
        Ok(self.bytes.get_mut(self.end..).unwrap_or(&mut []))
    }

    /// Notes that `count` bytes were received into [`ReadBuffer::room`].
    pub(crate) fn received(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }
}

/// Why no head came.
#[derive(Debug, thiserror::Error)]
pub enum ReadHeadError {
    /// What came is no head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The peer closed the connection in the middle of the head.
    #[error("the peer closed the connection in the middle of a head")]
    CutShort,
    /// The connection failed.
    #[error("the connection failed while a head was read: {0}")]
    Io(#[from] io::Error),
}

/// Reads until a whole head is in `buffer`, and tells where it lies in [`ReadBuffer::unread`]; it is left there, to be
/// consumed by whoever parses it. `None`: the peer closed the connection before the first byte. It has no time limit of
/// its own: run it in a [`Deadline`](super::deadline::Deadline).
///
/// # Errors
/// [`ReadHeadError`]; the connection is then of no more use.
pub async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut ReadBuffer,
    limits: HeadLimits,
) -> Result<Option<Range<usize>>, ReadHeadError> {
    let mut scanner = HeadScanner::new(limits);
    loop {
        if let Some(head) = scanner.scan(buffer.unread())? {
            return Ok(Some(head));
        }
        if buffer.fill(stream).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(ReadHeadError::CutShort) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(bytes: &[u8]) -> Result<Option<Range<usize>>, HeadError> {
        HeadScanner::new(HeadLimits { bytes_max: 40, headers_max: 3 }).scan(bytes)
    }

    #[test]
    fn the_end_is_found_at_every_split_and_the_rest_is_left() {
        let bytes = b"\r\nGET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        for split in 0..bytes.len() {
            let mut scanner = HeadScanner::new(HeadLimits::default());
            let first = scanner.scan(&bytes[..split]).unwrap();
            let found = first.or_else(|| scanner.scan(bytes).unwrap());
            assert_eq!(found, Some(2..bytes.len() - 4), "split at {split}");
        }
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for (bytes, error) in [
            (&b"GET / HTTP/1.1\n"[..], HeadError::BareLineFeed),
            (b"GET / HTTP/1.1\r\nA: b\n", HeadError::BareLineFeed),
            (b"\n", HeadError::BareLineFeed),
            (b"GET /\rx", HeadError::BareCarriageReturn),
            (b"G / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", HeadError::Folded),
            (b"G / HTTP/1.1\r\n A: b\r\n\r\n", HeadError::Folded),
            (b" GET", HeadError::Folded),
            (b"G\0", HeadError::ControlByte { byte: 0 }),
            (b"\x16\x03\x01", HeadError::ControlByte { byte: 0x16 }),
            (b"\r\n\r\n\r\nGET", HeadError::BareCarriageReturn),
            (b"a\r\nb\r\nc\r\nd\r\ne\r\n\r\n", HeadError::TooManyHeaders { headers_max: 3 }),
        ] {
            assert_eq!(scan(bytes), Err(error), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_bound_holds_with_and_without_an_end() {
        assert_eq!(scan(&[b'a'; 39]), Ok(None));
        assert_eq!(scan(&[b'a'; 40]), Err(HeadError::FirstLineTooLong { bytes_max: 40 }));
        let head = |bytes: usize| [b"a\r\n", &vec![b'b'; bytes - 7][..], b"\r\n\r\n"].concat();
        assert_eq!(scan(&head(40)), Ok(Some(0..40)));
        assert_eq!(scan(&head(41)), Err(HeadError::TooLong { bytes_max: 40 }));
    }

    #[test]
    fn a_buffer_gives_back_in_order_what_it_received_and_stays_bounded() {
        smol::block_on(async {
            let sent: Vec<u8> = (0..=255).cycle().take(20_000).collect();
            let (mut stream, mut buffer, mut got) = (&sent[..], ReadBuffer::new(8192), Vec::new());
            while buffer.fill(&mut stream).await.unwrap() > 0 {
                let mut piece = [0; 3000];
                let count = buffer.take_into(&mut piece);
                got.extend_from_slice(&piece[..count]);
            }
            got.extend_from_slice(buffer.unread());
            assert_eq!(got, sent);
            let (mut endless, mut buffer) = (futures::io::repeat(1), ReadBuffer::new(8192));
            while buffer.unread().len() < 8192 {
                buffer.fill(&mut endless).await.unwrap();
            }
            assert_eq!(buffer.fill(&mut endless).await.unwrap_err().kind(), io::ErrorKind::StorageFull);
        });
    }

    #[test]
    fn a_head_cut_short_is_an_error_and_silence_is_none() {
        smol::block_on(async {
            let mut buffer = ReadBuffer::new(1024);
            let head = read_head(&mut &b""[..], &mut buffer, HeadLimits::default()).await;
            assert!(matches!(head, Ok(None)));
            let head = read_head(&mut &b"GET / HT"[..], &mut buffer, HeadLimits::default()).await;
            assert!(matches!(head, Err(ReadHeadError::CutShort)));
        });
    }
}
