//! The head of an answer: what it says, and where the body behind it ends.
//!
//! `httparse` is asked directly. `async_h1::client::decode` would stand in the way: it takes no status that
//! `http_types` has no name for (499), panics on a header value that is not ASCII, takes at most 8 KiB, wraps a body
//! whose length it believes without question, and adds a `Date` of its own that holds a line break.

use http_types::headers::{HeaderName, HeaderValue, Headers};
use http_types::{Response, StatusCode};

use super::error::ClientError;
use super::exchange::refused;
use crate::http::body::BodyFraming;
use crate::http::head::{HeadLimits, HeadScanner};

/// As many as the scanner that found the head has let through.
const HEADERS_MAX: usize = 100;

/// The head of an answer.
#[derive(Debug)]
pub struct AnswerHead {
    /// The status, from 100 to 999, but not 101.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The length that the head states, whether or not a body of this length follows.
    pub content_length: Option<u64>,
    /// What tells the end of the body.
    pub body: BodyFraming,
    /// Whether the server is willing to answer another request on this connection.
    pub keep_alive: bool,
}

impl AnswerHead {
    /// The head at the front of `bytes`, be it of an interim answer, and how many bytes it takes; `None` while its end is
    /// missing. `to_head` says that the request was HEAD. What the client does with bytes from a socket, without the
    /// socket.
    ///
    /// # Errors
    /// [`ClientError`] when the bytes are no answer that is taken.
    pub fn read(bytes: &[u8], to_head: bool) -> Result<Option<(Self, usize)>, ClientError> {
        let found = HeadScanner::new(HeadLimits::default()).scan(bytes).map_err(refused)?;
        let Some(place) = found else { return Ok(None) };
        let end = place.end;
        Self::parse(bytes.get(place).unwrap_or_default(), to_head).map(|head| Some((head, end)))
    }

    /// Understands a whole head, the empty line at its end included. `to_head` says that the request was HEAD, so no
    /// body follows.
    pub(super) fn parse(bytes: &[u8], to_head: bool) -> Result<Self, ClientError> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Response::new(&mut fields);
        let parse = parsed.parse(bytes).map_err(|error| malformed(describe(error)))?;
        if parse.is_partial() {
            return Err(malformed("it does not end where it seems to end"));
        }
        let status = parsed.code.filter(|&code| code >= 100).ok_or_else(|| malformed("its status is below 100"))?;
        if status == 101 {
            return Err(malformed("it changes to a protocol that nobody asked for"));
        }
        let is_http_1_1 = parsed.version == Some(1);
        let fields = Fields(parsed.headers);
        let content_length = fields.content_length()?;
        let bodiless = to_head || status < 200 || status == 204 || status == 304;
        let body = fields.framing(content_length, is_http_1_1)?;
        Ok(Self {
            status,
            headers: fields.to_headers()?,
            content_length,
            body: if bodiless { BodyFraming::Empty } else { body },
            keep_alive: is_http_1_1 && !fields.says_close(),
        })
    }

    /// Whether another head follows, to the same request.
    pub(super) const fn is_interim(&self) -> bool {
        self.status < 200
    }
}

struct Fields<'h, 'b>(&'h [httparse::Header<'b>]);

impl<'b> Fields<'_, 'b> {
    /// The elements of all fields of this name, each of which may be a list.
    fn elements(&self, name: &'static str) -> impl Iterator<Item = &'b [u8]> {
        let fields = self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        fields.flat_map(|field| field.value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii))
    }

    fn content_length(&self) -> Result<Option<u64>, ClientError> {
        let mut length = None;
        for element in self.elements("content-length") {
            let digits = str::from_utf8(element).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let this = digits
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| malformed("its Content-Length is no number"))?;
            if length.is_some_and(|other| other != this) {
                return Err(malformed("it has two Content-Lengths that differ"));
            }
            length = Some(this);
        }
        Ok(length)
    }

    fn framing(&self, content_length: Option<u64>, is_http_1_1: bool) -> Result<BodyFraming, ClientError> {
        let mut encodings = self.elements("transfer-encoding");
        let Some(encoding) = encodings.next() else {
            return Ok(content_length.map_or(BodyFraming::UntilClose, BodyFraming::Length));
        };
        if content_length.is_some() {
            return Err(malformed("it has a Content-Length and a Transfer-Encoding"));
        }
        if !encoding.eq_ignore_ascii_case(b"chunked") || encodings.next().is_some() {
            return Err(malformed("it has a Transfer-Encoding other than chunked"));
        }
        if is_http_1_1 { Ok(BodyFraming::Chunked) } else { Err(malformed("it has a Transfer-Encoding in HTTP/1.0")) }
    }

    fn says_close(&self) -> bool {
        self.elements("connection").any(|element| element.eq_ignore_ascii_case(b"close"))
    }

    fn to_headers(&self) -> Result<Headers, ClientError> {
        // An empty set of headers is had only from a message.
        let mut headers = AsRef::<Headers>::as_ref(&Response::new(StatusCode::Ok)).clone();
        for field in self.0 {
            let name = HeaderName::from_bytes(field.name.as_bytes().to_vec());
            let value = HeaderValue::from_bytes(field.value.to_vec());
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(malformed("a header is not ASCII"));
            };
            headers.append(name, value);
        }
        Ok(headers)
    }
}

fn malformed(what: &str) -> ClientError {
    ClientError::MalformedHead { what: what.to_owned() }
}

const fn describe(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a header's name is not a token",
        httparse::Error::HeaderValue => "a header's value holds what it must not",
        httparse::Error::NewLine => "a line ends wrongly",
        httparse::Error::Status => "its status line is not one",
        httparse::Error::Token => "its first line is not a status line",
        httparse::Error::TooManyHeaders => "it has too many headers",
        httparse::Error::Version => "its version is not HTTP/1.0 or HTTP/1.1",
    }
}
