//! Keys: the names of objects within a bucket.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use super::Bucket;

/// The longest key, in bytes; S3's.
pub const MAX_KEY_BYTES: usize = 1024;

/// A key: any text of 1 to 1,024 bytes without the character NUL, which databases cannot hold. It is the plain text: where a
/// URL says `a%20b`, the key is `a b`. Keys are ordered as their bytes, which for UTF-8 is the order of their characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// One object: a bucket and a key in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath {
    /// The bucket.
    pub bucket: Bucket,
    /// The key in it.
    pub key: Key,
}

impl Key {
    /// The key whose bytes these are.
    ///
    /// # Errors
    /// If they are no key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = core::str::from_utf8(bytes).map_err(|error| KeyError::NotText { at: error.valid_up_to() })?;
        text.parse()
    }

    /// The plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.as_str())
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            Err(KeyError::Empty)
        } else if text.len() > MAX_KEY_BYTES {
            Err(KeyError::TooLong { bytes: text.len() })
        } else if let Some(at) = text.bytes().position(|byte| byte == 0) {
            Err(KeyError::Nul { at })
        } else {
            Ok(Self(Arc::from(text)))
        }
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

/// Why something is not a key. Places are counted in bytes from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing is there.
    #[error("the key is empty")]
    Empty,
    /// Longer than [`MAX_KEY_BYTES`].
    #[error("the key is {bytes} bytes long: at most {MAX_KEY_BYTES} are taken")]
    TooLong {
        /// The length.
        bytes: usize,
    },
    /// It is not UTF-8.
    #[error("the key is no UTF-8 text from byte {at} on")]
    NotText {
        /// Where it goes wrong.
        at: usize,
    },
    /// It holds the character NUL.
    #[error("the key holds the character NUL at byte {at}, which is not taken")]
    Nul {
        /// Where it stands.
        at: usize,
    },
}

/// The first text that comes after all texts that begin with `prefix`; `None` if there is none.
pub(super) fn after_all_with(prefix: &str) -> Option<String> {
    let mut text = String::from(prefix);
    while let Some(last) = text.pop() {
        // The characters without the surrogates, in their order.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Key::from_bytes(b""), Err(KeyError::Empty));
        assert_eq!(Key::from_bytes(b"a\0"), Err(KeyError::Nul { at: 1 }));
        assert_eq!(Key::from_bytes(b"ab\xff"), Err(KeyError::NotText { at: 2 }));
        assert_eq!(Key::from_bytes(&[b'a'; 1025]), Err(KeyError::TooLong { bytes: 1025 }));
        assert_eq!(Key::from_bytes("photos/é 1".as_bytes()).unwrap().to_string(), "photos/é 1");
    }

    #[test]
    fn nothing_comes_after_the_last_character() {
        assert_eq!(after_all_with("a/"), Some("a0".to_string()));
        assert_eq!(after_all_with("a\u{d7ff}"), Some("a\u{e000}".to_string()));
        assert_eq!(after_all_with("a\u{10ffff}\u{10ffff}"), Some("b".to_string()));
        assert_eq!(after_all_with("\u{10ffff}"), None);
        assert_eq!(after_all_with(""), None);
    }

    proptest! {
        #[test]
        fn what_comes_after_a_prefix_is_behind_all_of_it(prefix in ".{1,4}", rest in ".{0,4}", other in ".{0,6}") {
            let Some(after) = after_all_with(&prefix) else { return Ok(()) };
            let with = prefix.clone() + &rest;
            prop_assert!(with < after);
            let is_between = prefix.as_str() <= other.as_str() && other < after;
            prop_assert_eq!(is_between, other.starts_with(&prefix));
        }
    }
}
