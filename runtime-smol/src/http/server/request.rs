//! From the bytes of a head to a request: strict checks of our own, then `async-h1` decodes a sanitised copy from memory.

use std::io;
use std::pin::Pin;
use std::str::FromStr as _;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite, FutureExt as _};
use http_types::headers::{HOST, HeaderValue};
use http_types::{Method, Request, Version};

use super::limits::Limits;
use super::request_error::RequestError;
use super::target::Target;
use crate::http::body::BodyFraming;
use crate::http::head::HeadScanner;

/// A request without its body.
#[derive(Debug)]
pub struct RequestHead {
    /// Method, version and headers, without `Content-Length`, `Transfer-Encoding` and `Expect`. Its URL tells nothing:
    /// see [`RequestHead::target`].
    pub request: Request,
    /// The target as the client sent it.
    pub target: Target,
    /// What tells the end of its body; never [`BodyFraming::UntilClose`].
    pub framing: BodyFraming,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// Whether the client would use the connection again.
    pub keep_alive: bool,
}

impl RequestHead {
    /// The request head at the front of `bytes`, and how many bytes it takes; `None` while its end is missing.
    /// What the server does with bytes from a socket, without the socket.
    ///
    /// # Errors
    /// [`RequestError`] when the bytes are no request that is taken.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, RequestError> {
        let Some(range) = HeadScanner::new(limits.head).scan(bytes)? else { return Ok(None) };
        let end = range.end;
        let head = bytes.get(range).unwrap_or_default();
        Self::from_framed(head, limits).map(|head| Some((head, end)))
    }

    /// The request whose whole head, found by a [`HeadScanner`], is `head`.
    pub(super) fn from_framed(head: &[u8], limits: &Limits) -> Result<Self, RequestError> {
        let line = RequestLine::parse(head, limits.target_bytes_max)?;
        let mut slots = vec![httparse::EMPTY_HEADER; limits.head.headers_max];
        let mut parsed = httparse::Request::new(&mut slots);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(bytes)) if bytes == head.len() => {}
            Ok(_) => return Err(RequestError::RequestLine),
            Err(error) => return Err(RequestError::Header { reason: error.to_string() }),
        }
        let headers: &[httparse::Header<'_>] = parsed.headers;
        check_ascii(headers)?;
        let host = host(headers, line.version)?;
        let framing = framing(headers, line.version)?;
        let expects_continue = expects_continue(headers)? && line.version == Version::Http1_1;
        let keep_alive = line.version == Version::Http1_1 && !has_token(headers, "connection", "close");
        let request = decode(&line, host, headers)?;
        Ok(Self { request, target: line.target, framing, expects_continue, keep_alive })
    }
}

struct RequestLine {
    method: Method,
    target: Target,
    version: Version,
}

impl RequestLine {
    fn parse(head: &[u8], target_bytes_max: usize) -> Result<Self, RequestError> {
        let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let mut words = line.split(|&byte| byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(RequestError::RequestLine);
        };
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        if method.is_empty() || !method.iter().all(is_token) || target.is_empty() || target.contains(&b'\t') {
            return Err(RequestError::RequestLine);
        }
        let version = match version {
            b"HTTP/1.1" => Version::Http1_1,
            b"HTTP/1.0" => Version::Http1_0,
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
                return Err(RequestError::Version);
            }
            _ => return Err(RequestError::RequestLine),
        };
        if target.len() > target_bytes_max {
            return Err(RequestError::TargetTooLong { bytes_max: target_bytes_max });
        }
        let method = parse_method(method).ok_or(RequestError::Method)?;
        let target = Target::parse(method, target).ok_or(RequestError::TargetForm)?;
        Ok(Self { method, target, version })
    }
}

/// Methods are case-sensitive, which `http-types` forgets.
fn parse_method(sent: &[u8]) -> Option<Method> {
    let sent = std::str::from_utf8(sent).ok()?;
    let method = Method::from_str(sent).ok()?;
    (method.as_ref() == sent && method != Method::Connect).then_some(method)
}

/// `http-types` panics on other values.
fn check_ascii(headers: &[httparse::Header<'_>]) -> Result<(), RequestError> {
    match headers.iter().find(|header| !header.value.is_ascii()) {
        Some(header) => Err(RequestError::HeaderNotAscii { name: header.name.to_owned() }),
        None => Ok(()),
    }
}

/// The values of all headers of this name (in lower case).
fn values<'a>(headers: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| std::str::from_utf8(header.value).unwrap_or_default().trim_matches([' ', '\t']))
}

/// Whether a header that lists tokens lists this one.
fn has_token(headers: &[httparse::Header<'_>], name: &str, token: &str) -> bool {
    values(headers, name).flat_map(|value| value.split(',')).any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

fn host<'a>(headers: &'a [httparse::Header<'a>], version: Version) -> Result<Option<&'a str>, RequestError> {
    let mut hosts = values(headers, "host");
    let host = match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => return Err(RequestError::HostTwice),
        (None, _) if version == Version::Http1_1 => return Err(RequestError::HostMissing),
        (host, None) => host,
        (None, Some(_)) => None,
    };
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte);
    match host {
        Some(host) if !host.bytes().all(is_host_byte) => Err(RequestError::HostBroken),
        host => Ok(host),
    }
}

fn framing(headers: &[httparse::Header<'_>], version: Version) -> Result<BodyFraming, RequestError> {
    let (mut lengths, mut codings) = (values(headers, "content-length"), values(headers, "transfer-encoding"));
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(BodyFraming::Empty),
        (Some(_), Some(_)) => Err(RequestError::LengthAndCoding),
        (Some(_), None) if lengths.next().is_some() => Err(RequestError::LengthTwice),
        (Some(length), None) => {
            let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            let length = length.parse().ok().filter(|_| digits);
            length.map(BodyFraming::Length).ok_or(RequestError::LengthBroken)
        }
        (None, Some(_)) if version != Version::Http1_1 => Err(RequestError::CodingInOldVersion),
        (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") && codings.next().is_none() => {
            Ok(BodyFraming::Chunked)
        }
        (None, Some(_)) => Err(RequestError::Coding),
    }
}

fn expects_continue(headers: &[httparse::Header<'_>]) -> Result<bool, RequestError> {
    let mut expects = false;
    for expectation in values(headers, "expect").flat_map(|value| value.split(',')) {
        match expectation.trim() {
            "" => {}
            known if known.eq_ignore_ascii_case("100-continue") => expects = true,
            _ => return Err(RequestError::Expectation),
        }
    }
    Ok(expects)
}

/// The largest head that `async-h1` takes is just under 8 KiB. What does not fit is added to the decoded request.
const DECODED_BYTES_MAX: usize = 8 * 1024 - 64;

/// Stands in for a Host that is absent or empty, because `async-h1` asks for one.
const NO_HOST: &str = "host.invalid";

fn decode(line: &RequestLine, host: Option<&str>, headers: &[httparse::Header<'_>]) -> Result<Request, RequestError> {
    let stand_in = host.is_none_or(str::is_empty);
    let sent_host = host.filter(|_| !stand_in).unwrap_or(NO_HOST);
    let mut head = Vec::with_capacity(1024);
    for part in [line.method.as_ref(), " / HTTP/1.1\r\nhost: ", sent_host, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    let is_ours = |name: &str| {
        ["host", "content-length", "transfer-encoding", "expect"].iter().any(|ours| name.eq_ignore_ascii_case(ours))
    };
    let mut rest = Vec::new();
    for header in headers.iter().filter(|header| !is_ours(header.name)) {
        let bytes = header.name.len() + header.value.len() + 4;
        if head.len() + bytes > DECODED_BYTES_MAX {
            rest.push(header);
            continue;
        }
        for part in [header.name.as_bytes(), b": ", header.value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    let mut request = decode_from_memory(head)?;
    for header in rest {
        let value = HeaderValue::from_bytes(header.value.to_vec());
        request.append_header(header.name, value.map_err(|error| RequestError::Decode { reason: error.to_string() })?);
    }
    if stand_in {
        request.remove_header(HOST);
    }
    request.set_version(Some(line.version));
    Ok(request)
}

fn decode_from_memory(head: Vec<u8>) -> Result<Request, RequestError> {
    let refused = |reason: String| RequestError::Decode { reason };
    let decoding = async_h1::server::decode(Memory { head: Arc::new(head), read: 0 });
    // Nothing in it can wait: there is no body and no expectation, and memory is always ready.
    let decoded = decoding.now_or_never().ok_or_else(|| refused("its head is incomplete".to_owned()))?;
    let decoded = decoded.map_err(|error| refused(error.to_string()))?;
    decoded.map(|(request, _no_body)| request).ok_or_else(|| refused("its head is incomplete".to_owned()))
}

/// A head as a stream, in the shape that `async-h1` wants.
#[derive(Clone)]
struct Memory {
    head: Arc<Vec<u8>>,
    read: usize,
}

impl AsyncRead for Memory {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = self.read;
        let count = io::Read::read(&mut self.head.get(read..).unwrap_or_default(), into)?;
        self.read += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(from.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
