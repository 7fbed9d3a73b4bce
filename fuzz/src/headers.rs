//! The headers that decide what is sent: conditions, ranges, digests. One `name: value` a line.

use lode_core::checksum::Checksum;
use lode_core::conditions::{Access, Conditions, Current, Evaluated};
use lode_core::content_range::ContentRange;
use lode_core::digest::{ComputedDigests, Digest, DigestMismatch, RequestedDigests};
use lode_core::etag::ETag;
use lode_core::range::{ByteRange, Resolved};
use lode_core::select::{Content, Selection};

/// What is read from headers is consistent, and whatever they say, what is sent of an object lies within it.
pub fn headers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let headers: Vec<(&str, &str)> =
        text.lines().map(|line| line.split_once(": ").unwrap_or(("range", line))).collect();
    let digests = RequestedDigests::from_headers(headers.iter().copied());
    let _ = digests.map(|digests| check_digests(&digests));
    let conditions = Conditions::from_headers(headers.iter().copied());
    let _ = conditions.as_ref().map(check_conditions);
    for (_, value) in headers {
        let range = ByteRange::parse(value);
        if let Some(range) = range {
            assert_eq!(ByteRange::parse(&range.to_string()), Some(range));
            for size_bytes in SIZES {
                check_range(range, size_bytes);
            }
        }
        for conditions in conditions.iter() {
            check_selection(&Selection { conditions: conditions.clone(), range, head_only: false });
        }
        check_tokens(value);
    }
}

const SIZES: [u64; 6] = [0, 1, 2, 1000, u64::MAX - 1, u64::MAX];

fn check_range(range: ByteRange, size_bytes: u64) {
    match range.resolve(size_bytes) {
        Resolved::Whole => assert_eq!(size_bytes, 0, "only of nothing can a part be all"),
        Resolved::Part { first, last } => assert!(first <= last && last < size_bytes),
        Resolved::Unsatisfiable => {}
    }
}

fn check_tokens(value: &str) {
    if let Ok(range) = value.parse::<ContentRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
        if let ContentRange::Part { first, last, size_bytes } = range {
            assert!(first <= last && size_bytes.is_none_or(|size_bytes| last < size_bytes), "{range}");
        }
    }
    if let Ok(tag) = value.parse::<ETag>() {
        assert_eq!(tag.to_string(), value);
    }
    if let Ok(checksum) = value.parse::<Checksum>() {
        assert_eq!(checksum.to_string(), value);
    }
}

fn check_digests(requested: &RequestedDigests) {
    let said: Vec<String> = [requested.sha256.map(Digest::Sha256), requested.md5.map(Digest::Md5)]
        .iter()
        .flatten()
        .map(Digest::to_string)
        .collect();
    let written = said.join(", ");
    let again =
        RequestedDigests::from_headers([("Repr-Digest", written.as_str())].into_iter().filter(|_| !said.is_empty()));
    assert_eq!(again.as_ref(), Ok(requested), "{written}");
    let computed = ComputedDigests { sha256: requested.sha256, md5: requested.md5 };
    assert_eq!(requested.matches(&computed), Ok(()));
    let other = ComputedDigests {
        sha256: requested.sha256.map(|hash| hash.map(|byte| !byte)),
        md5: requested.md5.map(|hash| hash.map(|byte| !byte)),
    };
    let matched = requested.matches(&other);
    assert_eq!(matched.is_ok(), requested.is_empty(), "a check that was asked for is made");
    let unchecked = requested.matches(&ComputedDigests::default());
    assert_eq!(unchecked.is_ok(), requested.is_empty());
    assert!(!matches!(unchecked, Err(DigestMismatch::Different { .. })));
}

fn check_conditions(conditions: &Conditions) {
    for current in currents() {
        let read = conditions.evaluate(Access::Read, current);
        let write = conditions.evaluate(Access::Write, current);
        assert_ne!(write, Evaluated::NotModified, "a write has no content to be spared");
        if current == Current::Absent {
            assert_eq!(read, Evaluated::Proceed, "that is a 404, whatever the conditions say");
        } else {
            assert_eq!(read == Evaluated::Proceed, write == Evaluated::Proceed, "a condition holds or not");
        }
    }
}

fn check_selection(selection: &Selection) {
    for current in currents() {
        let (Current::Untagged | Current::Tagged(_)) = current else { continue };
        let tag = if let Current::Tagged(tag) = current { Some(tag) } else { None };
        for size_bytes in SIZES {
            let content = selection.of(size_bytes, tag);
            if let Some((first, length_bytes)) = content.body() {
                let end = u128::from(first) + u128::from(length_bytes);
                assert!(end <= u128::from(size_bytes), "{content:?} of {size_bytes}");
            }
            match content {
                Content::Whole { size_bytes: said } => assert_eq!(said, Some(size_bytes)),
                Content::Part { size_bytes: said, .. } | Content::Unsatisfiable { size_bytes: said } => {
                    assert_eq!(said, size_bytes);
                    assert!(selection.range.is_some());
                }
                Content::NotModified | Content::PreconditionFailed => {}
            }
            if let Some(said) = content.content_range() {
                assert_eq!(said.to_string().parse(), Ok(said));
            }
        }
    }
}

fn currents() -> [Current; 4] {
    let tag = |byte| Current::Tagged(ETag::new(Checksum::new([byte; 32])));
    [Current::Absent, Current::Untagged, tag(0), tag(0xab)]
}
