use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;

fn encoded(text: &str) -> String {
    String::from_utf8(encode_text(text)).unwrap()
}

/// What Go's `strconv.Unquote` and every JSON reader take for the same text, told from outside: it looks at the bytes and
/// shares no code with what wrote them.
fn is_safe_for_both(body: &str) -> bool {
    let Some(inner) = body.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut rest = inner;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' | '\0'..='\x1f' => return false,
            '\\' => match rest.as_bytes().get(1) {
                Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                Some(b'u') => {
                    let Some(digits) = rest.get(2..6) else { return false };
                    let surrogate = matches!(digits.as_bytes()[0], b'd' | b'D')
                        && matches!(digits.as_bytes()[1], b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F');
                    if surrogate || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return false;
                    }
                    6
                }
                Some(_) | None => return false,
            },
            other => other.len_utf8(),
        };
        rest = &rest[taken..];
    }
    true
}

#[test]
fn the_model_of_a_safe_body_knows_the_unsafe_ones() {
    for safe in ["\"\"", "\"test2\"", "\"\\u003c\"", "\"é\"", "\"😀\"", "\"\\\\\"", "\"\\ud7ff\""] {
        assert!(is_safe_for_both(safe), "{safe}");
    }
    for unsafe_body in [
        "",
        "\"",
        "\"\\/\"",
        "\"\\ud83d\\ude00\"",
        "\"a\nb\"",
        "\"a\" ",
        "null",
        "123",
        "{}",
        "'a'",
        "\"a\tb\"",
        "\"\\x41\"",
        "\"\\\"",
        "\"a\"b\"",
        "\"\\v\"",
        "\"\\u12\"",
    ] {
        assert!(!is_safe_for_both(unsafe_body), "{unsafe_body}");
    }
}

#[test]
fn what_is_sent_is_what_the_seed_sends() {
    for (text, body) in [
        ("127.29.1.1:22345", r#""127.29.1.1:22345""#),
        ("test2", r#""test2""#),
        ("a&b<c>", r#""a\u0026b\u003cc\u003e""#),
        ("%C3%A9", r#""%C3%A9""#),
        ("é😀/", r#""é😀/""#),
        ("\"\\", r#""\"\\""#),
        ("\0\x1f\n\u{7f}", "\"\\u0000\\u001f\\u000a\u{7f}\""),
        ("\u{2028}\u{2029}", r#""\u2028\u2029""#),
        ("", r#""""#),
    ] {
        assert_eq!(encoded(text), body);
    }
}

#[test]
fn every_json_string_is_read() {
    for (body, text) in [
        (r#""\/""#, "/"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\uD83D\uDE00!""#, "😀!"),
        (" \t\r\n\"a\"\n ", "a"),
        (r#""\"\\\b\f\n\r\t""#, "\"\\\x08\x0c\n\r\t"),
        (r#""\u0041\u00e9""#, "Aé"),
        ("\"a&b\u{7f}\u{2028}\"", "a&b\u{7f}\u{2028}"),
        (r#""\u0000""#, "\0"),
        ("\"\"", ""),
    ] {
        assert_eq!(decode_text(body.as_bytes()).as_deref(), Ok(text), "{body}");
    }
}

#[test]
fn every_harmless_go_literal_is_read() {
    for (body, text) in [
        ("'a'", "a"),
        ("'é'", "é"),
        (r"'\''", "'"),
        ("'\"'", "\""),
        (r"'\u00e9'", "é"),
        (r"'\x41'", "A"),
        ("`raw \\n \"text\"\n`", "raw \\n \"text\"\n"),
        ("`a\r\nb`", "a\nb"),
        ("``", ""),
        (r#""\x41\101\a\v\U0001F600""#, "AA\x07\x0b😀"),
        (r#""\xc3\xa9\303\251""#, "éé"),
        ("\"a\tb'\"", "a\tb'"),
    ] {
        assert_eq!(decode_text(body.as_bytes()).as_deref(), Ok(text), "{body}");
    }
}

#[test]
fn all_else_is_refused() {
    for body in [
        "",
        "\"",
        "'",
        "`",
        "''",
        "'ab'",
        "'''",
        "null",
        "123",
        "{}",
        "[\"a\"]",
        "garbage",
        "test2",
        "\"a\nb\"",
        "\"a\"b\"",
        "\"a\" \"b\"",
        "'a' ",
        " 'a'",
        "`a` ",
        "`a`b`",
        r#""\'""#,
        "'\\\"'",
        r#""\""#,
        r#""\q""#,
        r#""\x4""#,
        r#""\18""#,
        r#""\400""#,
        r#""\u12""#,
        r#""\u 123""#,
        r#""\u+123""#,
        r#""\U00110000""#,
        r#""\U0000D83D""#,
        r#""\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\ud83d""#,
        r#""\ude00\ud83d""#,
        r#""\xff""#,
        r#""\xc3""#,
        r"'\xff'",
        r"'\xc3\xa9'",
        "\u{feff}\"a\"",
        "\u{a0}\"a\"",
        "\"a\"\0",
        " \"a\tb\" ",
        " \"\\x41\"",
    ] {
        assert_eq!(decode_text(body.as_bytes()), Err(TextError::NotAString), "{body:?}");
    }
    assert_eq!(decode_text(b"\"\xff\""), Err(TextError::NotUtf8));
    assert_eq!(decode_text(b"\"\xed\xa0\xbd\xed\xb8\x80\""), Err(TextError::NotUtf8));
    let long = format!("\"{}\"", "a".repeat(MAX_TEXT_BYTES - 1));
    assert_eq!(decode_text(long.as_bytes()), Err(TextError::TooLong { bytes: MAX_TEXT_BYTES + 1 }));
    assert!(decode_text(&long.as_bytes()[1..]).is_err());
    assert!(decode_text(format!("\"{}\"", "a".repeat(MAX_TEXT_BYTES - 2)).as_bytes()).is_ok());
}

fn bodies() -> impl Strategy<Value = String> {
    let known = ["\"", "'", "`", "\\", "\\u", "\\x4", "\\ud83d", "\\ude00", "0", "1", "41", "n", "/", " ", "\n", "é"];
    let piece = prop_oneof![
        3 => prop::sample::select(known.to_vec()).prop_map(ToString::to_string),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_sent_can_be_read_by_all_three(text: String) {
        let body = encoded(&text);
        prop_assert!(is_safe_for_both(&body));
        prop_assert_eq!(decode_text(body.as_bytes()), Ok(text.clone()));
        prop_assert_eq!(json::decode(&body), Some(text.clone()));
        prop_assert_eq!(go::decode(&body), Some(text));
    }

    #[test]
    fn where_both_readings_take_a_body_they_agree(body in bodies()) {
        for quoted in [body.clone(), format!("\"{body}\"")] {
            if let (Some(json), Some(go)) = (json::decode(&quoted), go::decode(&quoted)) {
                prop_assert_eq!(json, go);
            }
        }
    }

    #[test]
    fn no_body_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode_text(&body);
    }
}
