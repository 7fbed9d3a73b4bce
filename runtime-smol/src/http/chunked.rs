//! The chunked transfer coding, taken apart without any IO: exact however the bytes are split, bounded in everything that
//! is not data.

/// What the decoder wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkStep {
    /// More bytes: all that were given are used.
    More,
    /// The next `bytes` bytes (never 0) are data. The caller moves them, or the first of them, and says so with
    /// [`ChunkedDecoder::moved`].
    Data {
        /// How many are left in this chunk.
        bytes: u64,
    },
    /// The body has ended, trailers included. What follows belongs to the next message.
    End,
}

/// Why the bytes are no chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// A chunk begins with something else than a size in hexadecimal digits that 64 bits can hold.
    #[error("a chunk does not begin with its size: write it in hexadecimal digits, at most 16")]
    Size,
    /// A line ends in something else than CR LF, or has a control byte in it.
    #[error("a chunk line has a control byte in it or does not end in CR LF")]
    Line,
    /// Data is longer than its chunk said.
    #[error("a chunk is longer than its size says")]
    TooMuchData,
    /// Far more bytes went into sizes and extensions than into data.
    #[error("the chunk sizes and extensions take more room than the data: use larger chunks and fewer extensions")]
    Overhead,
    /// The trailers exceed [`TRAILER_BYTES_MAX`].
    #[error("the trailers are too long: at most {TRAILER_BYTES_MAX} bytes are taken")]
    Trailers,
}

/// The most bytes of trailers, which are read and dropped.
pub const TRAILER_BYTES_MAX: usize = 8 * 1024;

/// How far sizes and extensions may outgrow what is allowed for each chunk (16 bytes, and twice its data).
const EXCESS_BYTES_MAX: u64 = 16 * 1024;
const FREE_BYTES_PER_CHUNK: u64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Between(Between),
    Data { left: u64 },
    End,
    Failed(ChunkError),
}

/// Where in the bytes that are not data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Size { digits: u32, size: u64 },
    SpaceBehindSize { size: u64 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    DataCarriageReturn,
    DataLineFeed,
    TrailerBegin,
    Trailer,
    TrailerLineFeed,
    LastLineFeed,
}

const BEFORE_SIZE: State = State::Between(Between::Size { digits: 0, size: 0 });

/// Takes one chunked body apart.
#[derive(Debug, Clone)]
pub struct ChunkedDecoder {
    state: State,
    excess_bytes: u64,
    trailer_bytes: usize,
}

impl ChunkedDecoder {
    /// A decoder that stands before the first chunk.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: BEFORE_SIZE, excess_bytes: 0, trailer_bytes: 0 }
    }

    /// Uses bytes from the front of `input` up to the next data or the end; how many were used, and what comes next.
    ///
    /// # Errors
    /// [`ChunkError`] when the bytes are no chunked body, and from then on at each call.
    pub fn advance(&mut self, input: &[u8]) -> Result<(usize, ChunkStep), ChunkError> {
        let mut bytes = input.iter();
        loop {
            let used = input.len() - bytes.len();
            match self.state {
                State::Data { left } => return Ok((used, ChunkStep::Data { bytes: left })),
                State::End => return Ok((used, ChunkStep::End)),
                State::Failed(error) => return Err(error),
                State::Between(between) => {
                    let Some(&byte) = bytes.next() else { return Ok((used, ChunkStep::More)) };
                    self.state = self.next(between, byte).unwrap_or_else(State::Failed);
                }
            }
        }
    }

    /// Notes that `bytes` bytes of data were moved. More than were there is the caller's mistake, and fails the body.
    pub const fn moved(&mut self, bytes: u64) {
        self.state = match self.state {
            State::Data { left } if bytes < left => State::Data { left: left - bytes },
            State::Data { left } if bytes == left => State::Between(Between::DataCarriageReturn),
            State::Failed(error) => State::Failed(error),
            State::Data { .. } | State::Between(_) | State::End => State::Failed(ChunkError::TooMuchData),
        };
    }

    /// Whether the whole body was taken apart.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        matches!(self.state, State::End)
    }

    fn next(&mut self, between: Between, byte: u8) -> Result<State, ChunkError> {
        match between {
            Between::Size { digits, size } => self.size(byte, digits, size),
            Between::SpaceBehindSize { size } => match byte {
                b' ' | b'\t' => self.overhead(Between::SpaceBehindSize { size }),
                b';' => self.overhead(Between::Extension { size }),
                _ => Err(ChunkError::Size),
            },
            Between::Extension { size } => match byte {
                b'\r' => Ok(State::Between(Between::SizeLineFeed { size })),
                b'\t' | 0x20..=0x7e | 0x80..=0xff => self.overhead(Between::Extension { size }),
                0x00..=0x1f | 0x7f => Err(ChunkError::Line),
            },
            Between::SizeLineFeed { size } => {
                let free = size.saturating_mul(2).saturating_add(FREE_BYTES_PER_CHUNK);
                self.excess_bytes = self.excess_bytes.saturating_sub(free);
                let next = if size == 0 { State::Between(Between::TrailerBegin) } else { State::Data { left: size } };
                expect(byte, b'\n', ChunkError::Line, next)
            }
            Between::DataCarriageReturn => {
                expect(byte, b'\r', ChunkError::TooMuchData, State::Between(Between::DataLineFeed))
            }
            Between::DataLineFeed => expect(byte, b'\n', ChunkError::TooMuchData, BEFORE_SIZE),
            Between::TrailerBegin if byte == b'\r' => Ok(State::Between(Between::LastLineFeed)),
            Between::TrailerBegin | Between::Trailer => self.trailer(byte),
            Between::TrailerLineFeed => expect(byte, b'\n', ChunkError::Line, State::Between(Between::TrailerBegin)),
            Between::LastLineFeed => expect(byte, b'\n', ChunkError::Line, State::End),
        }
    }

    fn size(&mut self, byte: u8, digits: u32, size: u64) -> Result<State, ChunkError> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if digits == u64::BITS / 4 {
                return Err(ChunkError::Size);
            }
            return self.overhead(Between::Size { digits: digits + 1, size: size << 4 | u64::from(digit) });
        }
        match byte {
            _ if digits == 0 => Err(ChunkError::Size),
            b'\r' => Ok(State::Between(Between::SizeLineFeed { size })),
            b';' => self.overhead(Between::Extension { size }),
            b' ' | b'\t' => self.overhead(Between::SpaceBehindSize { size }),
            _ => Err(ChunkError::Size),
        }
    }

    const fn overhead(&mut self, next: Between) -> Result<State, ChunkError> {
        self.excess_bytes += 1;
        if self.excess_bytes > EXCESS_BYTES_MAX { Err(ChunkError::Overhead) } else { Ok(State::Between(next)) }
    }

    const fn trailer(&mut self, byte: u8) -> Result<State, ChunkError> {
        self.trailer_bytes += 1;
        match byte {
            _ if self.trailer_bytes > TRAILER_BYTES_MAX => Err(ChunkError::Trailers),
            b'\r' => Ok(State::Between(Between::TrailerLineFeed)),
            b'\t' | 0x20..=0x7e | 0x80..=0xff => Ok(State::Between(Between::Trailer)),
            0x00..=0x1f | 0x7f => Err(ChunkError::Line),
        }
    }
}

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes a body apart that is at hand in `pieces`, for tests and fuzzing: its data, and how many bytes of the pieces it
/// took, or `None` when the pieces end before it does.
///
/// # Errors
/// [`ChunkError`] when the pieces are no chunked body.
pub fn decode_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<(Vec<u8>, usize)>, ChunkError> {
    let (mut decoder, mut data, mut taken) = (ChunkedDecoder::new(), Vec::new(), 0);
    for mut piece in pieces {
        loop {
            let (used, step) = decoder.advance(piece)?;
            taken += used;
            piece = piece.get(used..).unwrap_or(&[]);
            match step {
                ChunkStep::End => return Ok(Some((data, taken))),
                ChunkStep::Data { bytes } if !piece.is_empty() => {
                    let count = usize::try_from(bytes).unwrap_or(usize::MAX).min(piece.len());
                    let (moved, rest) = piece.split_at_checked(count).unwrap_or((piece, &[]));
                    data.extend_from_slice(moved);
                    decoder.moved(moved.len() as u64);
                    taken += moved.len();
                    piece = rest;
                }
                ChunkStep::Data { .. } | ChunkStep::More => break,
            }
        }
    }
    Ok(decoder.is_at_end().then_some((data, taken)))
}

fn expect(byte: u8, expected: u8, error: ChunkError, next: State) -> Result<State, ChunkError> {
    if byte == expected { Ok(next) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ChunkError> {
        let whole = decode_pieces([bytes]);
        assert_eq!(decode_pieces(bytes.chunks(1)), whole, "byte by byte");
        whole
    }

    #[test]
    fn bodies_are_decoded_and_what_follows_is_left() {
        let body = b"5\r\nhello\r\n00A ;a=\"b;c\"\r\n, my world\r\n0;x\r\nTrailer: t\r\nAnother: u\r\n\r\nGET";
        assert_eq!(decode(body), Ok(Some((b"hello, my world".to_vec(), body.len() - 3))));
        assert_eq!(decode(b"0\r\n\r\n"), Ok(Some((Vec::new(), 5))));
        assert_eq!(decode(b"0\r\n\r"), Ok(None));
        assert_eq!(decode(b"5\r\nhel"), Ok(None));
    }

    #[test]
    fn what_is_no_chunked_body_is_refused() {
        for (body, error) in [
            (&b"\r\n"[..], ChunkError::Size),
            (b"-1\r\n", ChunkError::Size),
            (b"0x5\r\n", ChunkError::Size),
            (b";a\r\n", ChunkError::Size),
            (b"5 5\r\n", ChunkError::Size),
            (b"5 \r\n", ChunkError::Size),
            (b"10000000000000000\r\n", ChunkError::Size),
            (b"00000000000000001\r\n", ChunkError::Size),
            (b"5\n", ChunkError::Size),
            (b"5\rx", ChunkError::Line),
            (b"5;a\n", ChunkError::Line),
            (b"5;\0\r\n", ChunkError::Line),
            (b"1\r\nab", ChunkError::TooMuchData),
            (b"1\r\na\n", ChunkError::TooMuchData),
            (b"0\r\nA: b\n", ChunkError::Line),
            (b"0\r\n\rx", ChunkError::Line),
        ] {
            assert_eq!(decode(body), Err(error), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn what_is_not_data_is_bounded() {
        let extension = [b"1;", &vec![b'x'; 17_000][..]].concat();
        assert_eq!(decode(&extension), Err(ChunkError::Overhead));
        let many = [b"1;", &[b'x'; 100][..], b"\r\na\r\n"].concat().repeat(1000);
        assert_eq!(decode(&many), Err(ChunkError::Overhead));
        let fair = [b"40;", &[b'x'; 100][..], b"\r\n", &[b'a'; 64][..], b"\r\n"].concat().repeat(1000);
        assert_eq!(decode(&fair), Ok(None));
        let trailers = [b"0\r\n", &b"A: b\r\n".repeat(2000)[..], b"\r\n"].concat();
        assert_eq!(decode(&trailers), Err(ChunkError::Trailers));
    }

    #[test]
    fn moving_more_than_there_was_fails_the_body() {
        let mut decoder = ChunkedDecoder::new();
        assert_eq!(decoder.advance(b"1\r\n"), Ok((3, ChunkStep::Data { bytes: 1 })));
        decoder.moved(2);
        assert_eq!(decoder.advance(b""), Err(ChunkError::TooMuchData));
    }

    proptest! {
        #[test]
        fn any_split_of_any_body_gives_its_data(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..8),
            splits in proptest::collection::vec(0usize..400, 0..8),
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\nX: y\r\n\r\n");
            let mut splits: Vec<usize> = splits.into_iter().map(|split| split.min(body.len())).collect();
            splits.extend([0, body.len()]);
            splits.sort_unstable();
            let pieces = splits.windows(2).map(|pair| &body[pair[0]..pair[1]]);
            prop_assert_eq!(decode_pieces(pieces), Ok(Some((chunks.concat(), body.len()))));
        }

        #[test]
        fn no_bytes_at_all_are_decoded_differently_when_split(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b';'), Just(b'0'), Just(b'3'), any::<u8>()], 0..60)
        ) {
            prop_assert_eq!(decode_pieces(bytes.chunks(1)), decode_pieces([&bytes[..]]));
        }
    }
}
