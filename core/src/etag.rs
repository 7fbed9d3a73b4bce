//! Entity tags (RFC 9110 §8.8.3): the name that HTTP gives to the content of an object.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::checksum::Checksum;

/// The entity tag of an object of ours: its checksum in quotes. It is a strong one, since two bodies with the same
/// checksum are the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(Checksum);

impl ETag {
    /// The tag of a body with this checksum.
    #[must_use]
    pub const fn new(checksum: Checksum) -> Self {
        Self(checksum)
    }

    /// The checksum in it.
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl FromStr for ETag {
    type Err = ParseETagError;

    fn from_str(text: &str) -> Result<Self, ParseETagError> {
        let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let checksum = inner.and_then(|inner| inner.parse().ok());
        checksum.map(Self).ok_or_else(|| ParseETagError { text: text.chars().take(80).collect() })
    }
}

/// A text that is not an entity tag of ours. It may be one of somebody else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an entity tag of Lode: expected 64 lower-case hexadecimal digits in double quotes")]
pub struct ParseETagError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn a_tag_is_the_checksum_in_quotes() {
        let tag = ETag::new(Checksum::new([0xab; 32]));
        assert_eq!(tag.to_string(), alloc::format!("\"{}\"", "ab".repeat(32)));
        assert_eq!(tag.to_string().parse(), Ok(tag));
        for text in ["", "\"", "\"\"", &"ab".repeat(32), &alloc::format!("W/{tag}"), "\"é\""] {
            assert!(text.parse::<ETag>().is_err(), "{text}");
        }
    }
}
