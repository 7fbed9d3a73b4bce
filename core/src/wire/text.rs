//! The texts in message bodies. The seed writes them as JSON and reads them as Go string literals, so what we send is both,
//! and what we take is either.

mod go;
mod json;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The longest body that is looked at, in bytes. Names and addresses are far shorter.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A body that says `text`: a double-quoted string that is the same as JSON and as a Go string literal, byte for byte what
/// the seed sends for the same name or address.
#[must_use]
pub fn encode_text(text: &str) -> Vec<u8> {
    let mut body = String::with_capacity(text.len() + 2);
    body.push('"');
    for character in text.chars() {
        match character {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => push_escape(&mut body, character),
            plain => body.push(plain),
        }
    }
    body.push('"');
    body.into_bytes()
}

/// The text in a body: any JSON string, white space around it included, or any Go string or rune literal that the seed
/// reads.
///
/// # Errors
/// [`TextError`] for all else, also for strings that are no Unicode text: half a surrogate pair, or bytes that are not UTF-8.
pub fn decode_text(body: &[u8]) -> Result<String, TextError> {
    read_text(body).map(Cow::into_owned)
}

/// The same, out of the body itself where nothing in it is escaped: so is nearly every body.
pub(super) fn read_text(body: &[u8]) -> Result<Cow<'_, str>, TextError> {
    if body.len() > MAX_TEXT_BYTES {
        return Err(TextError::TooLong { bytes: body.len() });
    }
    let body = core::str::from_utf8(body).map_err(|_| TextError::NotUtf8)?;
    if let Some(plain) = plain(body) {
        return Ok(Cow::Borrowed(plain));
    }
    json::decode(body).or_else(|| go::decode(body)).map(Cow::Owned).ok_or(TextError::NotAString)
}

fn plain(body: &str) -> Option<&str> {
    let inner = body.strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = inner.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    is_plain.then_some(inner)
}

/// Why a body is not a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("it has {bytes} bytes: at most {MAX_TEXT_BYTES} are looked at")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Neither of the two notations.
    #[error("it is neither a JSON string nor a Go string literal of Unicode text")]
    NotAString,
}

/// Only for characters of at most four digits; those have no other form that both readings take.
fn push_escape(body: &mut String, character: char) {
    // Writing into a String cannot fail.
    let _ = write!(body, "\\u{:04x}", u32::from(character));
}

/// Takes exactly `digits` hexadecimal digits off `rest`.
fn take_hex(rest: &mut core::str::Chars<'_>, digits: usize) -> Option<u32> {
    (0..digits).try_fold(0_u32, |value, _| {
        let digit = rest.next()?.to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
