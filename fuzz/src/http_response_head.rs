//! Heads of answers, as raw as they come off a socket. The first byte says whether the request was HEAD.

use lode_smol::http::body::BodyFraming;
use lode_smol::http::client::AnswerHead;
use lode_smol::http::head::HeadLimits;

use crate::raw_head::{RawHead, check_scanner, number};

/// An answer that is taken has one end, and the same one to another reader.
pub fn http_response_head(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else { return };
    let to_head = kind & 1 == 1;
    check_scanner(data, HeadLimits::default());
    let Ok(found) = AnswerHead::read(data, to_head) else { return };
    let Some((head, end)) = found else {
        return assert!(data.len() < HeadLimits::default().bytes_max, "whoever waits for more has room for it");
    };
    assert!(matches!(AnswerHead::read(data.get(..end - 1).unwrap_or_default(), to_head), Ok(None)));
    let raw = RawHead::of_accepted(data.get(..end).unwrap_or_default());
    let first = String::from_utf8_lossy(raw.first);
    let status = format!("{:03}", head.status);
    assert!(first.starts_with("HTTP/1.") && first.split(' ').nth(1) == Some(&status), "{first}");
    assert!((100..=999).contains(&head.status) && head.status != 101);
    check_framing(&head, &raw, to_head, first.starts_with("HTTP/1.1"));
}

fn check_framing(head: &AnswerHead, raw: &RawHead<'_>, to_head: bool, is_http_1_1: bool) {
    let lengths = raw.values("content-length");
    let mut lengths = lengths.iter().flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    let length = lengths.next().map(|length| number(length).expect("a length is a number"));
    assert!(lengths.all(|other| number(other) == length), "lengths that differ");
    assert_eq!(head.content_length, length);
    let codings = raw.values("transfer-encoding");
    let chunked = match codings.as_slice() {
        [] => false,
        [coding] => {
            assert!(coding.eq_ignore_ascii_case(b"chunked") && length.is_none() && is_http_1_1);
            true
        }
        several => panic!("{several:?}"),
    };
    let bodiless = to_head || head.status < 200 || head.status == 204 || head.status == 304;
    let framing = match (bodiless, chunked, length) {
        (true, _, _) => BodyFraming::Empty,
        (false, true, _) => BodyFraming::Chunked,
        (false, false, Some(bytes)) => BodyFraming::Length(bytes),
        (false, false, None) => BodyFraming::UntilClose,
    };
    assert_eq!(head.body, framing);
    assert!(is_http_1_1 || !head.keep_alive);
}
