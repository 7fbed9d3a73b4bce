//! Go's string and rune literals, as `strconv.Unquote` reads them.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::Chars;

use super::take_hex;

/// The text that a whole body is a literal of; `None` if it is none, or if its value is not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut value = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    match quote {
        // Carriage returns are no part of a raw string.
        '`' if inner.contains('`') => return None,
        '`' => return Some(inner.chars().filter(|&character| character != '\r').collect()),
        '"' => {
            while !rest.as_str().is_empty() {
                push_element(&mut value, &mut rest, quote)?;
            }
        }
        '\'' => push_element(&mut value, &mut rest, quote)?,
        _ => return None,
    }
    String::from_utf8(value).ok().filter(|_| rest.as_str().is_empty())
}

/// Takes one character or escape off `rest`.
fn push_element(value: &mut Vec<u8>, rest: &mut Chars<'_>, quote: char) -> Option<()> {
    match rest.next()? {
        '\\' => push_escaped(value, rest, quote)?,
        '\n' => return None,
        end if end == quote => return None,
        plain => push(value, plain),
    }
    Some(())
}

fn push_escaped(value: &mut Vec<u8>, rest: &mut Chars<'_>, quote: char) -> Option<()> {
    match rest.next()? {
        'a' => value.push(0x07),
        'b' => value.push(0x08),
        'f' => value.push(0x0c),
        'n' => value.push(b'\n'),
        'r' => value.push(b'\r'),
        't' => value.push(b'\t'),
        'v' => value.push(0x0b),
        '\\' => value.push(b'\\'),
        same if same == quote => push(value, same),
        // These two stand for a byte, not for a character.
        'x' => value.push(u8::try_from(take_hex(rest, 2)?).ok()?),
        first @ '0'..='7' => value.push(octal(first, rest)?),
        'u' => push(value, char::from_u32(take_hex(rest, 4)?)?),
        'U' => push(value, char::from_u32(take_hex(rest, 8)?)?),
        _ => return None,
    }
    Some(())
}

fn octal(first: char, rest: &mut Chars<'_>) -> Option<u8> {
    let number = [first, rest.next()?, rest.next()?]
        .into_iter()
        .try_fold(0_u32, |number, digit| Some(number * 8 + digit.to_digit(8)?))?;
    u8::try_from(number).ok()
}

fn push(value: &mut Vec<u8>, character: char) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
