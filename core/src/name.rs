//! The names of objects: the third `/`-separated segment of a request path, in the escaped form in which URLs, bus messages
//! and the seed's file names carry it (SEED-WIRE.md §3).
//!
//! Escapes are kept as they were written: `a%2Fb`, `a%2fb`, `a%20b` and `a%61` are four names, and `a` is a fifth. Only a
//! segment that holds a byte which may not stand bare in a path is rewritten, and then as a whole, exactly as the seed's
//! URL library does it: it is unescaped, and escaped anew in one canonical way. So `é` becomes `%C3%A9`, and `a%61é`
//! becomes `aa%C3%A9`; the same URL means the same object through an API server of the seed and through one of ours.

pub(crate) mod escape;

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use escape::{EscapeError, escape, unescape};

/// The longest name that is taken, in escaped bytes.
pub const MAX_NAME_BYTES: usize = 1024;

/// The name of an object, escaped: printable ASCII, not empty, at most [`MAX_NAME_BYTES`] long, without `/`, and no dot
/// segment in any spelling. Names are compared and ordered as these bytes, and cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Arc<str>);

impl ObjectName {
    /// The name that one segment of a request path means, with the segment given as it came over the wire.
    ///
    /// Refused besides what no path can hold: `.` and `..`, also as `%2e` in any mixture, because clients and proxies on
    /// the way resolve those to other paths.
    ///
    /// # Errors
    /// Whatever [`NameError`] says, except [`NameError::NotEscaped`].
    pub fn from_segment(segment: &[u8]) -> Result<Self, NameError> {
        if let Some(at) = segment.iter().position(|&byte| byte <= b' ' || byte == 0x7f) {
            return Err(NameError::ForbiddenByte { at });
        }
        if let Some(at) = segment.iter().position(|&byte| byte == b'/') {
            return Err(NameError::Slash { at });
        }
        let plain = unescape(segment).map_err(|EscapeError { at }| NameError::BadEscape { at })?;
        if segment.iter().all(|&byte| escape::may_stand_bare(byte) || byte == b'%') {
            // Whatever may stand bare is ASCII.
            return Self::checked(&String::from_utf8_lossy(segment), &plain);
        }
        if plain.contains(&b'/') {
            return Err(NameError::HalfEscaped);
        }
        Self::checked(&escape(&plain), &plain)
    }

    /// The name in the body of a bus message, which must already be in escaped form: a name that
    /// [`from_segment`](Self::from_segment) would change is none. A message that asks for `../../etc/passwd` fails here.
    ///
    /// # Errors
    /// Whatever [`NameError`] says.
    pub fn from_message(text: &str) -> Result<Self, NameError> {
        if text.bytes().all(escape::may_stand_bare) {
            // Nothing is escaped: what it means is what is written.
            return Self::checked(text, text.as_bytes());
        }
        match text.bytes().position(|byte| !escape::may_stand_bare(byte) && !matches!(byte, b'%' | b'/')) {
            Some(at) => Err(NameError::NotEscaped { at }),
            None => Self::from_segment(text.as_bytes()),
        }
    }

    /// The name in its escaped form: what goes into URLs and message bodies.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in its escaped form, as bytes: what placement hashes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn checked(escaped: &str, plain: &[u8]) -> Result<Self, NameError> {
        match plain {
            b"" => Err(NameError::Empty),
            b"." | b".." => Err(NameError::DotSegment),
            _ if escaped.len() > MAX_NAME_BYTES => Err(NameError::TooLong { bytes: escaped.len() }),
            _ => Ok(Self(Arc::from(escaped))),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({})", self.0)
    }
}

/// Why something is not the name of an object. Places are counted in bytes from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is there.
    #[error("the name is empty: write /objects/<name>")]
    Empty,
    /// Longer than [`MAX_NAME_BYTES`] in its escaped form. HTTP: 414.
    #[error("the name is {bytes} bytes long when escaped: at most {MAX_NAME_BYTES} are taken")]
    TooLong {
        /// The length in escaped bytes.
        bytes: usize,
    },
    /// A `%` without two hexadecimal digits behind it.
    #[error(
        "the escape at byte {at} of the name is broken: write %XX with two hexadecimal digits, and % itself as %25"
    )]
    BadEscape {
        /// Where the `%` stands.
        at: usize,
    },
    /// A bare space or control byte.
    #[error("byte {at} of the name is a space or a control byte: write it as %XX")]
    ForbiddenByte {
        /// Where it stands.
        at: usize,
    },
    /// A bare slash.
    #[error("the name holds a slash at byte {at}: write it as %2F")]
    Slash {
        /// Where it stands.
        at: usize,
    },
    /// `.` or `..`, bare or escaped.
    #[error("the names . and .. are not taken, because clients and proxies resolve them to other paths")]
    DotSegment,
    /// The name has an escaped slash beside bytes that should have been escaped, and the seed would take that slash for
    /// the end of the name.
    #[error("the name holds %2F beside bytes that are not escaped but must be: escape those too")]
    HalfEscaped,
    /// A name in a message holds a byte that an escaped name cannot hold.
    #[error("byte {at} of the name in the message may not stand bare: names travel escaped")]
    NotEscaped {
        /// Where it stands.
        at: usize,
    },
}

#[cfg(test)]
mod tests;
