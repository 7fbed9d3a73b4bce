use alloc::format;
use alloc::string::ToString as _;

use super::*;
use crate::checksum::Checksum;

const TAG: ETag = ETag::new(Checksum::new([1; 32]));

fn selection(headers: &[(&str, &str)], range: &str) -> Selection {
    let conditions = Conditions::from_headers(headers.iter().copied()).unwrap();
    Selection { conditions, range: ByteRange::parse(range), head_only: false }
}

/// Columns: the status, where the body begins and how long it is, what `Content-Range` says.
#[test]
fn the_head_says_what_the_body_is() {
    for (content, status, body, range) in [
        (Content::Whole { size_bytes: Some(10) }, 200, Some((0, 10)), None),
        (Content::Whole { size_bytes: None }, 200, None, None),
        (Content::Part { first: 2, last: 4, size_bytes: 10 }, 206, Some((2, 3)), Some("bytes 2-4/10")),
        (Content::Part { first: 9, last: 9, size_bytes: 10 }, 206, Some((9, 1)), Some("bytes 9-9/10")),
        (Content::Part { first: 3, last: 9, size_bytes: 10 }, 206, Some((3, 7)), Some("bytes 3-9/10")),
        (Content::NotModified, 304, None, None),
        (Content::PreconditionFailed, 412, None, None),
        (Content::Unsatisfiable { size_bytes: 10 }, 416, None, Some("bytes */10")),
    ] {
        assert_eq!((content.status(), content.body()), (status, body), "{content:?}");
        let said = content.content_range().map(|range| range.to_string());
        assert_eq!(said.as_deref(), range, "{content:?}");
    }
}

#[test]
fn conditions_come_before_ranges() {
    let ours = TAG.to_string();
    let other = format!("\"{}\"", "02".repeat(32));
    let whole = Content::Whole { size_bytes: Some(10) };
    let part = Content::Part { first: 2, last: 4, size_bytes: 10 };
    for (headers, range, expected) in [
        (&[][..], "", whole.clone()),
        (&[], "bytes=2-4", part.clone()),
        (&[], "bytes=10-", Content::Unsatisfiable { size_bytes: 10 }),
        (&[("If-None-Match", ours.as_str())], "bytes=2-4", Content::NotModified),
        (&[("If-Match", other.as_str())], "bytes=10-", Content::PreconditionFailed),
        (&[("If-Match", ours.as_str())], "bytes=2-4", part.clone()),
        (&[("If-Range", ours.as_str())], "bytes=2-4", part),
        (&[("If-Range", other.as_str())], "bytes=2-4", whole),
    ] {
        assert_eq!(selection(headers, range).of(10, Some(TAG)), expected, "{headers:?} {range}");
    }
}
