//! Heads of requests, as raw as they come off a socket.

use http_types::Version;
use lode_core::resource::Resource;
use lode_smol::http::body::BodyFraming;
use lode_smol::http::head::HeadLimits;
use lode_smol::http::server::{Limits, RequestHead};

use crate::raw_head::{RawHead, check_scanner, number};

/// A head is found at the same place however it arrives, and one that is taken means the same to another reader: the
/// same method and target, one Host, one way to tell where its body ends.
pub fn http_request_head(data: &[u8]) {
    let limits =
        Limits { head: HeadLimits { bytes_max: 9000, headers_max: 20 }, target_bytes_max: 300, ..Limits::default() };
    let parsed = RequestHead::parse(data, &limits);
    check_scanner(data, limits.head);
    let (head, end) = match parsed {
        Ok(Some(found)) => found,
        Ok(None) => return assert!(data.len() < limits.head.bytes_max, "whoever waits for more has room for it"),
        Err(error) => {
            let status = u16::from(error.status());
            return assert!(matches!(status, 400 | 414 | 417 | 431 | 501 | 505), "{status}: {error}");
        }
    };
    assert!(end <= data.len() && end <= limits.head.bytes_max);
    let (used, unfinished) = (data.get(..end).unwrap_or_default(), data.get(..end - 1).unwrap_or_default());
    assert!(matches!(RequestHead::parse(unfinished, &limits), Ok(None)), "not before its last byte");
    let raw = RawHead::of_accepted(used);
    assert!(raw.len() <= limits.head.headers_max);
    check_first_line(&head, &raw);
    check_framing(&head, &raw);
    check_headers(&head, &raw);
    let _ = Resource::parse(head.target.as_bytes());
}

fn check_first_line(head: &RequestHead, raw: &RawHead<'_>) {
    let words: Vec<&[u8]> = raw.first.split(|&byte| byte == b' ').collect();
    let [method, target, version] = words.as_slice() else { panic!("three words: {}", raw.first.escape_ascii()) };
    assert_eq!(head.request.method().as_ref().as_bytes(), *method, "methods are case-sensitive");
    let sent = head.target.as_bytes();
    assert!(target.ends_with(sent) || sent.strip_prefix(b"/").is_some_and(|rest| target.ends_with(rest)));
    assert!(target.len() <= 300, "the bound of the target");
    if target.starts_with(b"/") {
        assert_eq!(sent, *target, "the raw target is kept");
    }
    assert!(sent.starts_with(b"/") || sent == b"*");
    assert!(!sent.iter().any(|&byte| byte <= b' ' || byte == 0x7f), "{}", sent.escape_ascii());
    let said = head.request.version();
    assert_eq!(said == Some(Version::Http1_1), *version == b"HTTP/1.1");
    assert_eq!(said == Some(Version::Http1_0), *version == b"HTTP/1.0");
}

fn check_framing(head: &RequestHead, raw: &RawHead<'_>) {
    let framing = match (raw.values("content-length").as_slice(), raw.values("transfer-encoding").as_slice()) {
        ([], []) => BodyFraming::Empty,
        ([length], []) => BodyFraming::Length(number(length).expect("a length is a number")),
        ([], [coding]) => {
            assert!(coding.eq_ignore_ascii_case(b"chunked"), "{}", coding.escape_ascii());
            BodyFraming::Chunked
        }
        both => panic!("two readers would see the end of the body at two places: {both:?}"),
    };
    assert_eq!(head.framing, framing);
    let old = head.request.version() == Some(Version::Http1_0);
    assert!(!(old && (head.framing == BodyFraming::Chunked || head.keep_alive || head.expects_continue)));
    let closes = raw
        .values("connection")
        .iter()
        .any(|value| value.split(|&byte| byte == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close")));
    assert_eq!(head.keep_alive, !old && !closes);
}

fn check_headers(head: &RequestHead, raw: &RawHead<'_>) {
    let hosts = raw.values("host").len();
    assert!(hosts == 1 || hosts == 0 && head.request.version() == Some(Version::Http1_0), "{hosts} hosts");
    for framing in ["content-length", "transfer-encoding", "expect"] {
        assert!(head.request.header(framing).is_none(), "what the gate has dealt with is not seen by handlers");
    }
    for (name, values) in head.request.iter() {
        let sent = raw.values(name.as_str());
        let kept: Vec<&[u8]> = values.iter().map(|value| value.as_str().trim().as_bytes()).collect();
        assert_eq!(kept, sent, "every value of {name} as it was sent");
    }
}
