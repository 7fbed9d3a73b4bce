//! Escaping of path segments, byte for byte as Go's `net/url` does it for paths.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Whether a path that holds this byte bare counts as properly escaped. `%` and `/` are not in the set: they have meanings
/// of their own.
pub(super) const fn may_stand_bare(byte: u8) -> bool {
    stays_bare(byte) || matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']')
}

/// Undoes all escapes.
pub(crate) fn unescape(escaped: &[u8]) -> Result<Cow<'_, [u8]>, EscapeError> {
    if !escaped.contains(&b'%') {
        return Ok(Cow::Borrowed(escaped));
    }
    let mut plain = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|(_, digit)| hex_value(digit)).ok_or(EscapeError { at });
        plain.push(digit()? << 4 | digit()?);
    }
    Ok(Cow::Owned(plain))
}

/// Escapes whatever does not stay bare. This is stricter than [`may_stand_bare`]: a `'` that a client wrote bare stays, but
/// one that is escaped anew becomes `%27`. That is how the seed's library has it.
pub(super) fn escape(plain: &[u8]) -> String {
    escape_except(plain, stays_bare)
}

/// Escapes whatever is not to stay as it is.
pub(crate) fn escape_except(plain: &[u8], stays: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for &byte in plain {
        if stays(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
        }
    }
    escaped
}

/// A `%` without two hexadecimal digits behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EscapeError {
    pub(crate) at: usize,
}

const fn stays_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b'+' | b',' | b':' | b';' | b'=' | b'@')
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}
