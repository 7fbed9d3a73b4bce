//! What a blob says of itself, wherever it lies, so that a lost catalog can be rebuilt from the blobs.
//!
//! It is one text of visible ASCII and single spaces, the same in HTTP, on disks and in inventories:
//!
//! ```text
//! object BUCKET KEY [=CONTENT-TYPE] [NAME=VALUE]…      names of metadata ascending
//! tombstone BUCKET KEY
//! ```
//!
//! Whatever is no visible ASCII character, and `%`, stands as `%XX` in the key, the content type and the values. There is one
//! way to write each description, and nothing else is read.

use alloc::string::{String, ToString as _};
use core::fmt;
use core::str::FromStr;

use super::{ContentType, Key, Metadata, ObjectPath};
use crate::name::escape::{escape_except, unescape};

/// What a blob was written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Of which object it is a version.
    pub path: ObjectPath,
    /// What kind of version.
    pub what: Described,
}

/// What kind of version a blob was written for, and what is kept beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Described {
    /// The bytes are those of an object.
    Object {
        /// What the client says that it is.
        content_type: Option<ContentType>,
        /// What the client wants kept with it.
        metadata: Metadata,
    },
    /// The object was deleted; there are no bytes.
    Tombstone,
}

/// A text that is not the description of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the description of a blob cannot be read: {what} is not as Lode writes it")]
pub struct DescriptionError {
    /// What part of it.
    what: &'static str,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.what {
            Described::Object { .. } => "object",
            Described::Tombstone => "tombstone",
        };
        write!(f, "{kind} {} {}", self.path.bucket, escaped(self.path.key.as_str()))?;
        match &self.what {
            Described::Tombstone => Ok(()),
            Described::Object { content_type, metadata } => {
                if let Some(content_type) = content_type {
                    write!(f, " ={}", escaped(content_type.as_str()))?;
                }
                // A name is a token of HTTP, in which no `=` can stand, and which may hold a `%` as it is.
                metadata.iter().try_for_each(|(name, value)| write!(f, " {name}={}", escaped(value)))
            }
        }
    }
}

impl FromStr for Description {
    type Err = DescriptionError;

    fn from_str(text: &str) -> Result<Self, DescriptionError> {
        let wrong = |what: &'static str| DescriptionError { what };
        let mut words = text.split(' ');
        let kind = words.next().unwrap_or_default();
        let bucket = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| wrong("the bucket"))?;
        let key =
            words.next().and_then(plain).and_then(|key| key.parse::<Key>().ok()).ok_or_else(|| wrong("the key"))?;
        let what = match kind {
            "object" => object(words)?,
            "tombstone" if words.next().is_none() => Described::Tombstone,
            _ => return Err(wrong("the kind")),
        };
        let description = Self { path: ObjectPath { bucket, key }, what };
        // What can be read and is written in another way is refused: so there is one text for each.
        if description.to_string() == text { Ok(description) } else { Err(wrong("an escape, or the order,")) }
    }
}

fn object<'a>(entries: impl Iterator<Item = &'a str>) -> Result<Described, DescriptionError> {
    let wrong = |what: &'static str| DescriptionError { what };
    let (mut content_type, mut metadata) = (None, Metadata::default());
    for entry in entries {
        let (name, value) = entry.split_once('=').ok_or_else(|| wrong("an entry"))?;
        let value = plain(value).ok_or_else(|| wrong("a value"))?;
        if name.is_empty() {
            content_type = Some(value.parse().map_err(|_| wrong("the content type"))?);
        } else {
            metadata.insert(name, &value).map_err(|_| wrong("the metadata"))?;
        }
    }
    Ok(Described::Object { content_type, metadata })
}

fn escaped(plain: &str) -> String {
    escape_except(plain.as_bytes(), |byte| byte.is_ascii_graphic() && byte != b'%')
}

fn plain(escaped: &str) -> Option<String> {
    String::from_utf8(unescape(escaped.as_bytes()).ok()?.into_owned()).ok()
}

#[cfg(test)]
pub(crate) mod tests;
