//! What clients want kept beside an object and given back with it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// How many bytes the names and values of a version's metadata, its content type included, may have together; S3's.
pub const MAX_METADATA_BYTES: usize = 2048;

/// A media type as the client wrote it: 1 to 255 bytes of visible ASCII and inner spaces. What it says is the client's
/// business.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentType(Arc<str>);

/// Names and values, at most [`MAX_METADATA_BYTES`] together. Names are lower-case tokens of HTTP (RFC 9110 §5.6.2); values
/// are visible ASCII with inner spaces, which is what a header can carry back.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metadata(BTreeMap<String, String>);

impl ContentType {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentType({self})")
    }
}

impl FromStr for ContentType {
    type Err = MetadataError;

    fn from_str(text: &str) -> Result<Self, MetadataError> {
        let is_sound = !text.is_empty() && text.len() <= 255 && is_field_value(text);
        if is_sound { Ok(Self(Arc::from(text))) } else { Err(MetadataError::ContentType) }
    }
}

impl Metadata {
    /// Adds one. Its name may be of any case; it is kept in lower case.
    ///
    /// # Errors
    /// If it is no name or no value, if the name is there already, or if it would be too much altogether.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), MetadataError> {
        let name = name.to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return Err(MetadataError::Name { name: shortened(&name) });
        }
        if !is_field_value(value) {
            return Err(MetadataError::Value { name });
        }
        if self.0.contains_key(&name) {
            return Err(MetadataError::Twice { name });
        }
        let bytes = self.bytes() + name.len() + value.len();
        if bytes > MAX_METADATA_BYTES {
            return Err(MetadataError::TooMuch { bytes });
        }
        self.0.insert(name, value.to_string());
        Ok(())
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// Why something cannot be kept beside an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not a content type.
    #[error("the content type must be 1 to 255 visible ASCII characters, with spaces between them only")]
    ContentType,
    /// Not a name.
    #[error("{name:?} is no name of metadata: letters, digits and !#$%&'*+-.^_`|~ are taken")]
    Name {
        /// What was given, shortened.
        name: String,
    },
    /// Not a value.
    #[error(
        "the metadata {name} must be visible ASCII characters, with spaces between them only; encode anything else"
    )]
    Value {
        /// Whose value.
        name: String,
    },
    /// One name, two values.
    #[error("the metadata {name} is given twice")]
    Twice {
        /// Which name.
        name: String,
    },
    /// Over the bound.
    #[error("the metadata is {bytes} bytes long, names and values together: at most {MAX_METADATA_BYTES} are kept")]
    TooMuch {
        /// How much it would be.
        bytes: usize,
    },
}

fn is_field_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && text.trim_matches(' ').len() == text.len()
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_kept_in_lower_case_and_in_order() {
        let mut metadata = Metadata::default();
        metadata.insert("Owner", "a b").unwrap();
        metadata.insert("note", "").unwrap();
        assert!(metadata.iter().eq([("note", ""), ("owner", "a b")]));
    }

    #[test]
    fn what_a_header_cannot_carry_back_is_refused() {
        let mut metadata = Metadata::default();
        metadata.insert("owner", "x").unwrap();
        assert_eq!(metadata.insert("OWNER", "y"), Err(MetadataError::Twice { name: "owner".to_string() }));
        for name in ["", "a b", "a:b", "é", "a\n"] {
            assert!(matches!(metadata.insert(name, "x"), Err(MetadataError::Name { .. })), "{name}");
        }
        for value in [" x", "x ", "x\r\ny", "é", "\t"] {
            assert!(matches!(metadata.insert("name", value), Err(MetadataError::Value { .. })), "{value}");
        }
        let value = "x".repeat(MAX_METADATA_BYTES - 6 - 3);
        assert_eq!(metadata.insert("long", &value), Err(MetadataError::TooMuch { bytes: 2049 }));
        assert_eq!(metadata.insert("big", &value), Ok(()));
    }

    #[test]
    fn a_content_type_is_what_a_header_can_hold() {
        assert_eq!("text/html; charset=utf-8".parse::<ContentType>().unwrap().as_str(), "text/html; charset=utf-8");
        for text in ["", " text/plain", "text/plain\r\nx: y", "é", &"x".repeat(256)] {
            assert_eq!(text.parse::<ContentType>(), Err(MetadataError::ContentType), "{text}");
        }
    }
}
