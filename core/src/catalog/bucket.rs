//! Buckets: what keys are kept apart in.

use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// The longest name of a bucket, in bytes.
pub const MAX_BUCKET_BYTES: usize = 63;

/// The name of a bucket: 3 to 63 lower-case letters, digits, dots and dashes, the first and the last of them a letter or a
/// digit, and no two dots in a row. That is what S3 takes, so that no bucket has to be renamed to be seen there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(Arc<str>);

impl Bucket {
    /// The bucket of what is under `/objects/`. It is always there.
    #[must_use]
    pub fn objects() -> Self {
        Self(Arc::from("objects"))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({self})")
    }
}

impl FromStr for Bucket {
    type Err = BucketError;

    fn from_str(text: &str) -> Result<Self, BucketError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let (first, last) = (text.bytes().next(), text.bytes().next_back());
        if text.len() < 3 || text.len() > MAX_BUCKET_BYTES {
            Err(BucketError::Length { bytes: text.len() })
        } else if let Some(at) = text.bytes().position(|byte| !is_plain(byte) && !matches!(byte, b'.' | b'-')) {
            Err(BucketError::ForbiddenByte { at })
        } else if !first.is_some_and(is_plain) || !last.is_some_and(is_plain) || text.contains("..") {
            Err(BucketError::Punctuation)
        } else {
            Ok(Self(Arc::from(text)))
        }
    }
}

/// Why something is not the name of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Too short or too long.
    #[error("the name of the bucket is {bytes} bytes long: 3 to {MAX_BUCKET_BYTES} are taken")]
    Length {
        /// The length.
        bytes: usize,
    },
    /// Something else than a lower-case letter, a digit, a dot or a dash.
    #[error("byte {at} of the name of the bucket is none of the lower-case letters, digits, dots and dashes taken")]
    ForbiddenByte {
        /// Where it stands, counted from zero.
        at: usize,
    },
    /// A dot or dash where none may stand.
    #[error("the name of a bucket begins and ends with a letter or digit, and has no two dots in a row")]
    Punctuation,
}

/// How many old versions of each key a bucket keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// So many besides the current one.
    Old(u32),
    /// All of them.
    Unlimited,
}

impl Retention {
    /// Whether a version is kept that so many later ones of its key have followed.
    #[must_use]
    pub const fn keeps(self, later_versions: usize) -> bool {
        match self {
            Self::Old(old) => later_versions <= old as usize,
            Self::Unlimited => true,
        }
    }
}

impl Default for Retention {
    /// The current version alone.
    fn default() -> Self {
        Self::Old(0)
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old(old) => write!(f, "{old}"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl FromStr for Retention {
    type Err = RetentionError;

    fn from_str(text: &str) -> Result<Self, RetentionError> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        text.parse().ok().filter(|_| is_plain).map(Self::Old).ok_or(RetentionError)
    }
}

/// A text that does not say how many old versions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("how many old versions are kept is a whole number from 0 to {}, or unlimited", u32::MAX)]
pub struct RetentionError;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn names_of_buckets_are_those_of_s3() {
        assert_eq!("objects".parse(), Ok(Bucket::objects()));
        for name in ["abc", "a.b", "0-9", "my-bucket.of.2026", &"a".repeat(63)] {
            assert!(name.parse::<Bucket>().is_ok(), "{name}");
        }
        for (name, error) in [
            ("ab", BucketError::Length { bytes: 2 }),
            (&"a".repeat(64), BucketError::Length { bytes: 64 }),
            ("aBc", BucketError::ForbiddenByte { at: 1 }),
            ("a/c", BucketError::ForbiddenByte { at: 1 }),
            ("-abc", BucketError::Punctuation),
            ("abc.", BucketError::Punctuation),
            ("a..b", BucketError::Punctuation),
        ] {
            assert_eq!(name.parse::<Bucket>(), Err(error), "{name}");
        }
    }

    #[test]
    fn how_much_is_kept_is_read_as_it_is_written() {
        for (text, retention) in [
            ("0", Retention::Old(0)),
            ("17", Retention::Old(17)),
            ("4294967295", Retention::Old(u32::MAX)),
            ("unlimited", Retention::Unlimited),
        ] {
            assert_eq!(text.parse(), Ok(retention));
            assert_eq!(retention.to_string(), text);
        }
        for text in ["", "-1", "+1", "01", "00", "1.5", "4294967296", "all", "Unlimited", " 1"] {
            assert_eq!(text.parse::<Retention>(), Err(RetentionError), "{text}");
        }
    }

    #[test]
    fn the_current_version_is_always_kept() {
        assert!(Retention::Old(0).keeps(0) && !Retention::Old(0).keeps(1));
        assert!(Retention::Old(2).keeps(2) && !Retention::Old(2).keeps(3));
        assert!(Retention::Unlimited.keeps(usize::MAX));
    }
}
