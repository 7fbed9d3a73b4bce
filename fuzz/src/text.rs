//! The texts in message bodies: JSON strings and Go's string literals.

use lode_core::wire::{decode_text, encode_text};

/// What is read can be written and read again; and what we write of any text at all is a string to JSON and to Go, on one
/// line, without what makes the seed panic.
pub fn text(data: &[u8]) {
    if let Ok(text) = decode_text(data) {
        check_round_trip(&text);
    }
    // The longest encoding of a byte has six.
    let short = data.get(..data.len().min(lode_core::wire::MAX_TEXT_BYTES / 6 - 1)).unwrap_or_default();
    check_round_trip(&String::from_utf8_lossy(short));
}

fn check_round_trip(text: &str) {
    let body = encode_text(text);
    if body.len() > lode_core::wire::MAX_TEXT_BYTES {
        return;
    }
    assert_eq!(decode_text(&body).as_deref(), Ok(text));
    assert!(body.len() >= 2 && body.starts_with(b"\"") && body.ends_with(b"\""));
    assert!(!body.iter().any(|&byte| byte < b' ' || b"<>&".contains(&byte)), "{}", body.escape_ascii());
    // An escape that only one of the two readings knows, or that the seed panics at.
    let mut bytes = body.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' {
            let escape = bytes.next().copied();
            assert!(matches!(escape, Some(b'"' | b'\\' | b'u')), "{}", body.escape_ascii());
            if escape == Some(b'u') {
                let digits: Vec<u8> = bytes.by_ref().take(4).copied().collect();
                assert!(!digits.starts_with(b"d"), "half of a surrogate pair: {}", body.escape_ascii());
            }
        }
    }
}
