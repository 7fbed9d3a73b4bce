//! JSON strings (RFC 8259 §7).

use alloc::string::String;
use core::str::Chars;

use super::take_hex;

/// The string that `text` is, white space around it left out; `None` if it is none, or if a half of a surrogate pair
/// stands alone in it.
pub(super) fn decode(text: &str) -> Option<String> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    let inner = trimmed.strip_prefix('"')?.strip_suffix('"')?;
    let mut decoded = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        decoded.push(match character {
            '\\' => escaped(&mut rest)?,
            '"' | '\0'..='\x1f' => return None,
            plain => plain,
        });
    }
    Some(decoded)
}

fn escaped(rest: &mut Chars<'_>) -> Option<char> {
    match rest.next()? {
        same @ ('"' | '\\' | '/') => Some(same),
        'b' => Some('\x08'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => unicode(rest),
        _ => None,
    }
}

fn unicode(rest: &mut Chars<'_>) -> Option<char> {
    let first = take_hex(rest, 4)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    if rest.next()? != '\\' || rest.next()? != 'u' {
        return None;
    }
    let second = take_hex(rest, 4)?;
    if !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}
