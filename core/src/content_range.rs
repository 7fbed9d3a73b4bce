//! The `Content-Range` of a reply (RFC 9110 §14.4): which part of an object its body is.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// What a reply says of the bytes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// The body is this part (status 206). When it was parsed, `first <= last < size_bytes`.
    Part {
        /// The position of its first byte, counted from zero.
        first: u64,
        /// The position of its last byte.
        last: u64,
        /// The size of the whole object in bytes; `None` if the sender does not know it (`*`).
        size_bytes: Option<u64>,
    },
    /// The object has none of the bytes that were asked for (status 416).
    Unsatisfied {
        /// The size of the whole object in bytes.
        size_bytes: u64,
    },
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Part { first, last, size_bytes: Some(size_bytes) } => write!(f, "bytes {first}-{last}/{size_bytes}"),
            Self::Part { first, last, size_bytes: None } => write!(f, "bytes {first}-{last}/*"),
            Self::Unsatisfied { size_bytes } => write!(f, "bytes */{size_bytes}"),
        }
    }
}

impl FromStr for ContentRange {
    type Err = ParseContentRangeError;

    fn from_str(text: &str) -> Result<Self, ParseContentRangeError> {
        parse(text).ok_or_else(|| ParseContentRangeError { text: text.chars().take(80).collect() })
    }
}

/// A text that says nothing of a part, or contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a Content-Range: expected bytes first-last/size, bytes first-last/* or bytes */size")]
pub struct ParseContentRangeError {
    text: String,
}

fn parse(text: &str) -> Option<ContentRange> {
    let (unit, rest) = text.split_once(' ')?;
    let (range, size) = rest.split_once('/')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    if range == "*" {
        return Some(ContentRange::Unsatisfied { size_bytes: number(size)? });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let size_bytes = if size == "*" { None } else { Some(number(size)?) };
    let sound = first <= last && size_bytes.is_none_or(|size_bytes| last < size_bytes);
    sound.then_some(ContentRange::Part { first, last, size_bytes })
}

fn number(digits: &str) -> Option<u64> {
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    /// RFC 9110 §14.4.
    #[test]
    fn the_examples_of_the_rfc_are_read_and_written() {
        for (text, range) in [
            ("bytes 42-1233/1234", ContentRange::Part { first: 42, last: 1233, size_bytes: Some(1234) }),
            ("bytes 42-1233/*", ContentRange::Part { first: 42, last: 1233, size_bytes: None }),
            ("bytes */1234", ContentRange::Unsatisfied { size_bytes: 1234 }),
            ("bytes 0-0/1", ContentRange::Part { first: 0, last: 0, size_bytes: Some(1) }),
        ] {
            assert_eq!(text.parse(), Ok(range), "{text}");
            assert_eq!(range.to_string(), text);
        }
    }

    #[test]
    fn what_says_nothing_or_too_much_is_refused() {
        for text in [
            "",
            "bytes",
            "bytes ",
            "bytes 0-1",
            "bytes 0-1/",
            "bytes */*",
            "bytes 2-1/3",
            "bytes 0-3/3",
            "bytes 0-1/2 ",
            "bytes  0-1/2",
            "bytes=0-1/2",
            "lines 0-1/2",
            "bytes -1/2",
            "bytes 0-/2",
            "bytes +0-1/2",
            "bytes 0-1/+2",
            "bytes 0-18446744073709551616/*",
            "bytes 0-1/2/3",
            "bytes */",
            "bytes 0-1-2/3",
        ] {
            assert!(text.parse::<ContentRange>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_content_range_survives_being_written_and_read(a: u64, b: u64, more in prop::option::of(1_u64..)) {
            let (first, last) = (a.min(b), a.max(b));
            let size_bytes = more.and_then(|more| last.checked_add(more));
            for range in [ContentRange::Part { first, last, size_bytes }, ContentRange::Unsatisfied { size_bytes: a }] {
                prop_assert_eq!(range.to_string().parse(), Ok(range));
            }
        }
    }
}
