//! The versions of a key.

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

/// The how manieth write of its key: 1 for the first. At most 2^63 - 1, which is what databases can hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// The first version of a key.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The version with this number, if there can be one.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= i64::MAX.cast_unsigned() => Some(Self(number)),
            Some(_) | None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// The version after this one, and the first after none.
    ///
    /// # Panics
    /// After 2^63 - 1 writes of one key.
    #[must_use]
    pub fn after(last: Option<Self>) -> Self {
        let Some(last) = last else { return Self::FIRST };
        let next = Self::new(last.number() + 1);
        assert!(next.is_some(), "no key is written 2^63 times");
        next.unwrap_or(last)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        let canonical = !text.starts_with(['+', '0']);
        text.parse().ok().and_then(Self::new).filter(|_| canonical).ok_or(ParseVersionError)
    }
}

/// A text that is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version is a whole number from 1 on, written without sign and leading zeros")]
pub struct ParseVersionError;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn versions_count_from_one() {
        assert_eq!(Version::after(None), Version::FIRST);
        assert_eq!(Version::after(Some(Version::FIRST)).number(), 2);
        assert_eq!(Version::new(0), None);
        assert_eq!(Version::new(1 << 63), None);
    }

    #[test]
    fn a_version_is_read_as_it_is_written() {
        assert_eq!(Version::new(120).unwrap().to_string().parse(), Ok(Version::new(120).unwrap()));
        for text in ["", "0", "-1", "+1", "01", "1 ", "1.0", "9223372036854775808"] {
            assert_eq!(text.parse::<Version>(), Err(ParseVersionError), "{text}");
        }
    }
}
