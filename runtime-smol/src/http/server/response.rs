//! The head of an answer: what a handler may say in it, and its bytes as `async-h1` encodes them.

use futures::{AsyncReadExt as _, FutureExt as _};
use http_types::headers::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http_types::{Body, Method, Response, StatusCode};

/// Status and headers of an answer. Where the body ends, whether the connection closes, and the date are said by the
/// server. A header that cannot be sent is not lost in silence: the answer then fails with [`HeadRefused`], and the client
/// gets a 500.
#[derive(Debug, Clone)]
pub struct ResponseHead {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    close: bool,
    refused: Option<HeadRefused>,
}

/// Why an answer's head cannot be sent. It is a mistake of the handler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadRefused {
    /// The name is no header name, or one that the server alone writes.
    #[error("an answer may not set the header {name:?}: it is no header name, or the server writes it itself")]
    Name {
        /// The name.
        name: String,
    },
    /// The value has bytes that would end the header, or that are no ASCII.
    #[error("the value of the answer's header {name} has control bytes or bytes beyond ASCII: encode it")]
    Value {
        /// The header's name.
        name: String,
    },
    /// A 1xx status, which is no answer.
    #[error("the status {status} is no final answer")]
    Status {
        /// The status.
        status: u16,
    },
    /// `async-h1` did not encode it.
    #[error("the head could not be encoded")]
    Encode,
}

/// What the head says about the end of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Nothing: there is no body by definition, or it ends with the connection.
    Nothing,
}

impl ResponseHead {
    /// An answer with this status and no headers.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), close: false, refused: None }
    }

    /// Adds a header. Names are not told apart by case; a name that is given twice is sent twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = checked_name(name).and_then(|name| Ok((name, checked_value(name, value)?)));
        match header.and_then(|(name, value)| Ok((name.parse().map_err(|_| refused_name(name))?, value))) {
            Ok(header) => self.headers.push(header),
            Err(refused) => self.refused = self.refused.or(Some(refused)),
        }
        self
    }

    /// Closes the connection behind this answer.
    #[must_use]
    pub const fn close(mut self) -> Self {
        self.close = true;
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) const fn closes(&self) -> bool {
        self.close
    }

    /// Whether an answer of this status has a body at all (RFC 9110 §6.4.1).
    pub(super) fn may_have_body(&self) -> bool {
        self.status != StatusCode::NoContent && self.status != StatusCode::NotModified
    }

    /// The bytes of the head.
    pub(super) fn encode(self, announced: Announced, keep_alive: bool) -> Result<Vec<u8>, HeadRefused> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if self.status.is_informational() {
            return Err(HeadRefused::Status { status: u16::from(self.status) });
        }
        let mut response = Response::new(self.status);
        response.set_body(body_standing_for(announced));
        // The stand-in has brought a type of its own.
        response.remove_header(CONTENT_TYPE);
        for (name, value) in self.headers {
            response.append_header(name, value);
        }
        if !keep_alive {
            response.insert_header(CONNECTION, "close");
        }
        let mut head = Vec::with_capacity(512);
        let mut encoder = async_h1::server::Encoder::new(response, Method::Head);
        // Nothing in it can wait.
        let encoded = encoder.read_to_end(&mut head).now_or_never();
        encoded.and_then(Result::ok).ok_or(HeadRefused::Encode)?;
        if announced == Announced::Nothing {
            cut_out(&mut head, b"\r\ncontent-length: 0");
        }
        Ok(head)
    }
}

/// `async-h1` takes what it says about the body from the body. This one is never read.
fn body_standing_for(announced: Announced) -> Body {
    match announced {
        Announced::Length(bytes) => match usize::try_from(bytes) {
            Ok(bytes) => Body::from_reader(futures::io::empty(), Some(bytes)),
            // 32-bit machines only: a length that cannot be said is not said.
            Err(_) => Body::from_reader(futures::io::empty(), None),
        },
        Announced::Chunked => Body::from_reader(futures::io::empty(), None),
        Announced::Nothing => Body::empty(),
    }
}

/// Takes the first `line` out of the head. A header's value cannot contain it, for want of CR LF.
fn cut_out(head: &mut Vec<u8>, line: &[u8]) {
    if let Some(at) = head.windows(line.len()).position(|window| window == line) {
        head.drain(at..at + line.len());
    }
}

fn checked_name(name: &str) -> Result<&str, HeadRefused> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let ours = ["connection", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"];
    let is_ours = ours.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    if name.is_empty() || is_ours || !name.bytes().all(is_token) { Err(refused_name(name)) } else { Ok(name) }
}

fn checked_value(name: &str, value: &str) -> Result<HeaderValue, HeadRefused> {
    let is_allowed = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
    let checked = value.bytes().all(is_allowed).then(|| value.parse().ok()).flatten();
    checked.ok_or_else(|| HeadRefused::Value { name: name.to_owned() })
}

fn refused_name(name: &str) -> HeadRefused {
    HeadRefused::Name { name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(head: ResponseHead, announced: Announced, keep_alive: bool) -> String {
        let bytes = head.encode(announced, keep_alive).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\r\ndate: ") && text.ends_with("\r\n\r\n"), "{text}");
        text.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn the_end_of_the_body_is_announced() {
        let ok = ResponseHead::new(StatusCode::Ok);
        for (announced, expected) in [
            (Announced::Length(0), "HTTP/1.1 200 OK|content-length: 0|"),
            (Announced::Length(5_000_000_000), "HTTP/1.1 200 OK|content-length: 5000000000|"),
            (Announced::Chunked, "HTTP/1.1 200 OK|transfer-encoding: chunked|"),
            (Announced::Nothing, "HTTP/1.1 200 OK|"),
        ] {
            assert_eq!(encode(ok.clone(), announced, true), expected);
        }
        let closing = encode(ok, Announced::Length(1), false);
        assert_eq!(closing, "HTTP/1.1 200 OK|connection: close|content-length: 1|");
    }

    #[test]
    fn headers_are_sent_as_given() {
        let head = ResponseHead::new(StatusCode::Created).header("X-A", "1").header("x-a", "2").header("ETag", "\"e\"");
        let head = head.header("Content-Type", "text/plain; a=\t\"b\"");
        let expected =
            "HTTP/1.1 201 Created|content-length: 1|content-type: text/plain; a=\t\"b\"|etag: \"e\"|x-a: 1|x-a: 2|";
        assert_eq!(encode(head, Announced::Length(1), true), expected);
    }

    #[test]
    fn what_would_be_injected_is_refused() {
        for (name, value) in [
            ("x", "a\r\nset-cookie: b"),
            ("x", "a\nb"),
            ("x", "a\0"),
            ("x", "\u{e9}"),
            ("x\r\ny", "a"),
            ("x y", "a"),
            ("", "a"),
            ("\u{e9}", "a"),
            ("Content-Length", "1"),
            ("transfer-encoding", "chunked"),
            ("Connection", "close"),
        ] {
            let head = ResponseHead::new(StatusCode::Ok).header(name, value).header("fine", "fine");
            assert!(head.encode(Announced::Length(0), true).is_err(), "{name:?}: {value:?}");
        }
        let hints = ResponseHead::new(StatusCode::Continue).encode(Announced::Nothing, true);
        assert_eq!(hints, Err(HeadRefused::Status { status: 100 }));
    }
}
