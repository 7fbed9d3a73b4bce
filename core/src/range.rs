//! Parts of an object: the `Range` of a request (RFC 9110 §14.1, §14.2).

use core::fmt;

/// One range of bytes that a client asks for. Positions are counted from zero, and both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange(Wanted);

/// What a [`ByteRange`] means for an object of a certain size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// All of it, as if no range had been asked for. HTTP: 200. Only the last bytes of an empty object are that.
    Whole,
    /// These bytes, which the object has. HTTP: 206.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte, not before the first.
        last: u64,
    },
    /// It has none of these bytes. HTTP: 416.
    Unsatisfiable,
}

impl ByteRange {
    /// The range in the value of a `Range` header; `None` if the header is to be ignored and the whole object sent, which
    /// RFC 9110 §14.2 leaves to the server: for units other than bytes, several ranges at once, and what is malformed.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, list) = value.split_once('=')?;
        if !unit.trim_matches(WHITE_SPACE).eq_ignore_ascii_case("bytes") {
            return None;
        }
        let mut ranges = list.split(',').map(|range| range.trim_matches(WHITE_SPACE)).filter(|range| !range.is_empty());
        let (range, None) = (ranges.next()?, ranges.next()) else { return None };
        match range.split_once('-')? {
            ("", length) => Some(Self::last_bytes(position(length)?)),
            (first, "") => Some(Self::starting_at(position(first)?)),
            (first, last) => Self::between(position(first)?, position(last)?),
        }
    }

    /// All bytes from `first` on.
    #[must_use]
    pub const fn starting_at(first: u64) -> Self {
        Self(Wanted::From { first })
    }

    /// The bytes from `first` to `last`; `None` if `last` lies before `first`.
    #[must_use]
    pub fn between(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self(Wanted::Between { first, last }))
    }

    /// The last `length_bytes` bytes, or all if the object is shorter.
    #[must_use]
    pub const fn last_bytes(length_bytes: u64) -> Self {
        Self(Wanted::Last { length_bytes })
    }

    /// What the range means for an object of `size_bytes` bytes.
    #[must_use]
    pub fn resolve(self, size_bytes: u64) -> Resolved {
        let Some(end) = size_bytes.checked_sub(1) else {
            // RFC 9110 §14.1.2: a suffix is satisfiable unless its length is zero, yet no Content-Range can say "no bytes".
            return match self.0 {
                Wanted::Last { length_bytes: 1.. } => Resolved::Whole,
                Wanted::Last { length_bytes: 0 } | Wanted::From { .. } | Wanted::Between { .. } => {
                    Resolved::Unsatisfiable
                }
            };
        };
        match self.0 {
            Wanted::From { first } if first <= end => Resolved::Part { first, last: end },
            Wanted::Between { first, last } if first <= end => Resolved::Part { first, last: last.min(end) },
            Wanted::Last { length_bytes: length @ 1.. } => {
                Resolved::Part { first: size_bytes.saturating_sub(length), last: end }
            }
            Wanted::From { .. } | Wanted::Between { .. } | Wanted::Last { .. } => Resolved::Unsatisfiable,
        }
    }
}

/// As it stands in a `Range` header.
impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Wanted::From { first } => write!(f, "bytes={first}-"),
            Wanted::Between { first, last } => write!(f, "bytes={first}-{last}"),
            Wanted::Last { length_bytes } => write!(f, "bytes=-{length_bytes}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    From { first: u64 },
    Between { first: u64, last: u64 },
    Last { length_bytes: u64 },
}

const WHITE_SPACE: [char; 2] = [' ', '\t'];

/// A position of any number of digits; one that no object reaches is as good as any other such.
fn position(digits: &str) -> Option<u64> {
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};

    use proptest::prelude::*;

    use super::*;

    /// RFC 9110 §14.1.2, for its example of 10,000 bytes, and the edges around it.
    #[test]
    fn ranges_are_resolved_as_the_rfc_says() {
        for (value, first, last) in [
            ("bytes=0-499", 0, 499),
            ("bytes=500-999", 500, 999),
            ("bytes=-500", 9_500, 9_999),
            ("bytes=9500-", 9_500, 9_999),
            ("bytes=0-0", 0, 0),
            ("bytes=-1", 9_999, 9_999),
            ("bytes=9999-9999", 9_999, 9_999),
            ("bytes=0-", 0, 9_999),
            ("bytes=9999-", 9_999, 9_999),
            ("bytes=9000-123456789012345678901234567890", 9_000, 9_999),
            ("bytes=-123456789012345678901234567890", 0, 9_999),
            ("BYTES= 1-2 ,", 1, 2),
            ("bytes=00-01", 0, 1),
        ] {
            assert_eq!(ByteRange::parse(value).unwrap().resolve(10_000), Resolved::Part { first, last }, "{value}");
        }
        for value in ["bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=123456789012345678901234567890-"] {
            assert_eq!(ByteRange::parse(value).unwrap().resolve(10_000), Resolved::Unsatisfiable, "{value}");
        }
    }

    #[test]
    fn an_empty_object_has_no_bytes() {
        for (value, resolved) in [
            ("bytes=0-", Resolved::Unsatisfiable),
            ("bytes=0-0", Resolved::Unsatisfiable),
            ("bytes=-0", Resolved::Unsatisfiable),
            ("bytes=-1", Resolved::Whole),
        ] {
            assert_eq!(ByteRange::parse(value).unwrap().resolve(0), resolved, "{value}");
        }
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "bytes=0-1, -1",
            "lines=0-1",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1-+2",
            "bytes=1--2",
            "bytes=0x1-2",
            "bytes 0-1",
            "0-1",
            "bytes=1 - 2",
            "bytes=１-2",
            "bytes=--1",
        ] {
            assert_eq!(ByteRange::parse(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_inside_the_object(kind in 0..3, a: u64, b: u64, size_bytes: u64) {
            let range = match kind {
                0 => ByteRange::starting_at(a),
                1 => ByteRange::between(a.min(b), a.max(b)).unwrap(),
                _ => ByteRange::last_bytes(a),
            };
            prop_assert_eq!(ByteRange::parse(&range.to_string()), Some(range));
            for size_bytes in [size_bytes, size_bytes % 100, a.saturating_add(1)] {
                if let Resolved::Part { first, last } = range.resolve(size_bytes) {
                    prop_assert!(first <= last && last < size_bytes);
                }
            }
        }

        #[test]
        fn no_value_makes_it_panic(value: String, tail in "[-0-9,= ]{0,20}") {
            let _ = ByteRange::parse(&value);
            let _ = ByteRange::parse(&alloc::format!("bytes={tail}"));
        }
    }
}
