//! A request, checked and written as bytes.

use std::io::Write as _;
use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;

use super::error::RequestError;

/// Headers that decide where a message ends or who is asked. The client writes those that are needed; a second opinion
/// would let one request be read as two.
const OWN_HEADERS: [&str; 7] =
    ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "upgrade"];

/// A request to be sent by [`HttpClient::send`](super::HttpClient::send) or
/// [`HttpClient::upload`](super::HttpClient::upload). It borrows everything that it says.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub(super) method: Method,
    target: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    pub(super) body: Option<&'a [u8]>,
    pub(super) head_limit: Option<Duration>,
    repeatable: bool,
}

impl<'a> Request<'a> {
    /// A request without headers and without a body. The target is sent as it is, so it must be percent-encoded
    /// already: `/objects/a%2Fb`.
    #[must_use]
    pub const fn new(method: Method, target: &'a str) -> Self {
        Self { method, target, headers: Vec::new(), body: None, head_limit: None, repeatable: false }
    }

    /// Adds a header. `Host`, `Connection` and what describes the length of the body are written by the client and
    /// refused here.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Gives the request a body that is in memory. Such a request may be sent a second time if a connection that lay
    /// idle turns out to be dead.
    #[must_use]
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets how long the head of the answer may take, counted from the end of the request, in place of
    /// [`ClientLimits::head`](super::ClientLimits::head).
    #[must_use]
    pub const fn head_limit(mut self, limit: Duration) -> Self {
        self.head_limit = Some(limit);
        self
    }

    /// Says that the request may arrive twice, although its method does not say so: it asks for something, and changes
    /// nothing that would be changed once more.
    #[must_use]
    pub const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// The head as it goes over the wire, or what cannot be sent.
    pub(super) fn encode_head(&self, server: &ServerAddress, length: BodyLength) -> Result<Vec<u8>, RequestError> {
        if !is_target(self.target) {
            return Err(RequestError::Target { target: self.target.to_owned() });
        }
        let mut head = Vec::with_capacity(512);
        for part in [self.method.as_ref(), " ", self.target, " HTTP/1.1\r\nhost: ", server.as_str(), "\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        for &(name, value) in &self.headers {
            if !is_token(name) || OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                return Err(RequestError::HeaderName { name: name.to_owned() });
            }
            if !is_value(value) {
                return Err(RequestError::HeaderValue { name: name.to_owned() });
            }
            for part in [name, ": ", value, "\r\n"] {
                head.extend_from_slice(part.as_bytes());
            }
        }
        match length {
            BodyLength::None => {}
            // Writing to a vector cannot fail.
            BodyLength::Known(bytes) => drop(write!(head, "content-length: {bytes}\r\n")),
            BodyLength::Unknown => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }

    /// How long the body in memory is. A method that is made to carry a body says so even when there is none, as
    /// servers expect.
    pub(super) fn body_in_memory(&self) -> BodyLength {
        let carries = matches!(self.method, Method::Put | Method::Post | Method::Patch);
        match self.body {
            Some(body) => BodyLength::Known(u64::try_from(body.len()).unwrap_or(u64::MAX)),
            None if carries => BodyLength::Known(0),
            None => BodyLength::None,
        }
    }

    /// Whether the request has the same effect when it arrives twice.
    pub(super) const fn is_idempotent(&self) -> bool {
        self.repeatable
            || matches!(self.method, Method::Get | Method::Head | Method::Put | Method::Delete | Method::Options)
    }
}

/// What a head says about the length of the body behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    None,
    Known(u64),
    Unknown,
}

fn is_target(target: &str) -> bool {
    target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_token(name: &str) -> bool {
    let token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token_byte)
}

fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> ServerAddress {
        "data-1:7501".parse().unwrap()
    }

    #[test]
    fn a_head_is_written_with_its_target_untouched() {
        let request = Request::new(Method::Get, "/objects/a%2F../b?x=%00").header("If-Match", "\"7\"");
        let head = request.encode_head(&server(), request.body_in_memory()).unwrap();
        let expected = "GET /objects/a%2F../b?x=%00 HTTP/1.1\r\nhost: data-1:7501\r\nIf-Match: \"7\"\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }

    #[test]
    fn a_put_without_a_body_says_that_it_is_empty() {
        let request = Request::new(Method::Put, "/o");
        let head = request.encode_head(&server(), request.body_in_memory()).unwrap();
        assert!(String::from_utf8(head).unwrap().contains("content-length: 0\r\n"));
    }

    #[test]
    fn what_would_break_out_of_a_head_is_refused() {
        let encode = |request: Request<'_>| request.encode_head(&server(), BodyLength::None).err();
        for target in ["", "objects", "/a b", "/a\r\nx: y", "/a\0", "/\u{e4}"] {
            let refused = encode(Request::new(Method::Get, target));
            assert_eq!(refused, Some(RequestError::Target { target: target.to_owned() }));
        }
        for name in ["", "a b", "a:", "a\r\n", "\u{e4}", "Host", "content-length", "Transfer-Encoding", "connection"] {
            let refused = encode(Request::new(Method::Get, "/").header(name, "1"));
            assert_eq!(refused, Some(RequestError::HeaderName { name: name.to_owned() }));
        }
        for value in ["a\r\nb: c", "a\nb", "a\0", "\u{e4}", "\u{7f}"] {
            let refused = encode(Request::new(Method::Get, "/").header("x", value));
            assert_eq!(refused, Some(RequestError::HeaderValue { name: "x".to_owned() }));
        }
    }
}
