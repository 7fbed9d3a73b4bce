//! Chunked bodies in whatever pieces the network makes of them. The first two bytes say how large the pieces and the reads
//! are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, FutureExt as _};
use lode_smol::http::body::{BodyError, BodyFraming, BodyReader};
use lode_smol::http::chunked::decode_pieces;
use lode_smol::http::head::ReadBuffer;

/// The same bytes are the same body however they are split, to the decoder, to the reader above it, and to `httparse`.
pub fn chunked_body(data: &[u8]) {
    let [piece, into, body @ ..] = data else { return };
    let (piece_bytes, into_bytes) = (usize::from(*piece) + 1, usize::from(*into) + 1);
    let whole = decode_pieces([body]);
    assert_eq!(decode_pieces(body.chunks(1)), whole, "byte by byte");
    assert_eq!(decode_pieces(body.chunks(piece_bytes)), whole, "in pieces of {piece_bytes}");
    let read = read_body(body, piece_bytes, into_bytes);
    match &whole {
        Ok(Some((data, taken))) => {
            assert!(*taken <= body.len() && data.len() < *taken, "sizes and line ends take room too");
            let (got, rest) = read.expect("a body that ends is read to its end");
            assert_eq!((&got, &rest), (data, &body.get(*taken..).unwrap_or_default().to_vec()));
            assert_eq!(data_by_httparse(body).as_ref(), Some(data), "another reader sees the same data");
            let cut = decode_pieces([body.get(..*taken - 1).unwrap_or_default()]);
            assert_eq!(cut, Ok(None), "not before its last byte");
            check_encoded(data);
        }
        Ok(None) => assert!(matches!(read, Err(BodyError::CutShort)), "a body cut short is an error: {read:?}"),
        Err(error) => assert!(matches!(&read, Err(BodyError::Chunk(own)) if own == error), "{error:?}, {read:?}"),
    }
}

fn check_encoded(data: &[u8]) {
    let chunk =
        if data.is_empty() { Vec::new() } else { [format!("{:X}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat() };
    let encoded = [&chunk[..], b"0\r\n\r\n"].concat();
    assert_eq!(decode_pieces([&encoded[..]]), Ok(Some((data.to_vec(), encoded.len()))));
}

/// The data of a body that was accepted.
fn data_by_httparse(body: &[u8]) -> Option<Vec<u8>> {
    let (mut data, mut rest) = (Vec::new(), body);
    loop {
        let Ok(httparse::Status::Complete((line_bytes, size))) = httparse::parse_chunk_size(rest) else { return None };
        if size == 0 {
            return Some(data);
        }
        rest = rest.get(line_bytes..)?;
        let (chunk, behind) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        data.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}

/// What the server does: some of the body came with the head, the rest comes piece by piece. The body, and what was
/// received behind it.
fn read_body(body: &[u8], piece_bytes: usize, into_bytes: usize) -> Result<(Vec<u8>, Vec<u8>), BodyError> {
    let reading = async {
        let mut stream = Pieces { rest: body, piece_bytes };
        let mut buffer = ReadBuffer::new(512);
        buffer.fill(&mut stream).await?;
        let (mut reader, mut got, mut into) = (BodyReader::new(BodyFraming::Chunked), Vec::new(), vec![0; into_bytes]);
        loop {
            let count = reader.read(&mut stream, &mut buffer, &mut into).await?;
            if count == 0 {
                break;
            }
            got.extend_from_slice(into.get(..count).unwrap_or_default());
        }
        assert!(reader.is_complete() && reader.remaining_bytes() == Some(0));
        Ok((got, [buffer.unread(), stream.rest].concat()))
    };
    reading.now_or_never().expect("memory is always ready")
}

struct Pieces<'a> {
    rest: &'a [u8],
    piece_bytes: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = self.piece_bytes.min(self.rest.len()).min(into.len());
        let (now, later) = self.rest.split_at(count);
        into.get_mut(..count).unwrap_or_default().copy_from_slice(now);
        self.rest = later;
        Poll::Ready(Ok(count))
    }
}
