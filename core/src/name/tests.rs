use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use alloc::{format, vec};

use proptest::prelude::*;

use super::*;

fn named(segment: &str) -> Result<String, NameError> {
    ObjectName::from_segment(segment.as_bytes()).map(|name| name.to_string())
}

#[test]
fn escaped_names_are_taken_verbatim() {
    for segment in [
        "test2",
        "a%2Fb",
        "a%2fb",
        "a%20b",
        "a%61",
        "a%00b",
        "%FF",
        "'&+;:*[]~=@,",
        "!$()-._",
        "...",
        "%2e%2e%2e",
        "..%2F..%2Fetc%2Fpasswd",
        "%25zz",
    ] {
        assert_eq!(named(segment).as_deref(), Ok(segment));
    }
}

#[test]
fn bare_bytes_are_escaped_like_the_seed_does() {
    for (segment, name) in [
        ("é", "%C3%A9"),
        ("\"<>\\^|`", "%22%3C%3E%5C%5E%7C%60"),
        ("{}#", "%7B%7D%23"),
        ("a?", "a%3F"),
        // One bare byte, and Go unescapes and escapes the whole path anew.
        ("a%61é", "aaé"),
        ("%2eé", ".é"),
        ("%3f%25%26é", "%3F%25&é"),
        ("'!()*[]é", "%27%21%28%29%2A%5B%5Dé"),
        ("$&+,:;=@-_.~é", "$&+,:;=@-_.~é"),
    ] {
        assert_eq!(named(segment), Ok(name.replace('é', "%C3%A9")), "{segment}");
    }
    assert_eq!(ObjectName::from_segment(b"\xff\x80").map(|name| name.to_string()), Ok("%FF%80".to_string()));
}

#[test]
fn what_is_no_name_is_refused() {
    for (segment, error) in [
        ("", NameError::Empty),
        (".", NameError::DotSegment),
        ("..", NameError::DotSegment),
        ("%2e%2E", NameError::DotSegment),
        (".%2e", NameError::DotSegment),
        ("%2E", NameError::DotSegment),
        ("a%zz", NameError::BadEscape { at: 1 }),
        ("é%", NameError::BadEscape { at: 2 }),
        ("%4", NameError::BadEscape { at: 0 }),
        ("%%20", NameError::BadEscape { at: 0 }),
        ("%+1", NameError::BadEscape { at: 0 }),
        ("a b", NameError::ForbiddenByte { at: 1 }),
        ("a\n", NameError::ForbiddenByte { at: 1 }),
        ("\0", NameError::ForbiddenByte { at: 0 }),
        ("a\x7f", NameError::ForbiddenByte { at: 1 }),
        ("a/b", NameError::Slash { at: 1 }),
        ("a%2Fé", NameError::HalfEscaped),
    ] {
        assert_eq!(named(segment), Err(error), "{segment:?}");
    }
}

#[test]
fn the_limit_counts_escaped_bytes() {
    assert_eq!(named(&"a".repeat(1024)), Ok("a".repeat(1024)));
    assert_eq!(named(&"a".repeat(1025)), Err(NameError::TooLong { bytes: 1025 }));
    assert_eq!(named(&"é".repeat(170)).map(|name| name.len()), Ok(1020));
    assert_eq!(named(&"é".repeat(171)), Err(NameError::TooLong { bytes: 1026 }));
    assert_eq!(ObjectName::from_message(&"a".repeat(1025)), Err(NameError::TooLong { bytes: 1025 }));
}

#[test]
fn messages_must_carry_escaped_names() {
    for name in ["test2", "a%2Fb", "a%61", "'!()*[]", "%C3%A9", "a%2e"] {
        assert_eq!(ObjectName::from_message(name).map(|name| name.to_string()), Ok(name.to_string()));
    }
    for (text, error) in [
        ("", NameError::Empty),
        ("..", NameError::DotSegment),
        ("%2e%2e", NameError::DotSegment),
        ("../../etc/passwd", NameError::Slash { at: 2 }),
        ("/etc/passwd", NameError::Slash { at: 0 }),
        ("é", NameError::NotEscaped { at: 0 }),
        ("a b", NameError::NotEscaped { at: 1 }),
        ("a\\b", NameError::NotEscaped { at: 1 }),
        ("a\0", NameError::NotEscaped { at: 1 }),
        ("a?b", NameError::NotEscaped { at: 1 }),
        ("a%zz", NameError::BadEscape { at: 1 }),
    ] {
        assert_eq!(ObjectName::from_message(text), Err(error), "{text:?}");
    }
}

/// Go's `url.EscapedPath` written down a second time from its documentation, in the slow and obvious way.
fn go_escaped_path(segment: &[u8]) -> Option<String> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    let mut plain = Vec::new();
    let mut at = 0;
    while at < segment.len() {
        if segment[at] == b'%' {
            let digits = core::str::from_utf8(segment.get(at + 1..at + 3)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            plain.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            plain.push(segment[at]);
            at += 1;
        }
    }
    if segment.iter().all(|&byte| unreserved(byte) || b"!'()*[]%".contains(&byte)) {
        return String::from_utf8(segment.to_vec()).ok();
    }
    Some(
        plain
            .iter()
            .map(|&byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect(),
    )
}

fn segments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0x21_u8..0x7f).prop_map(|byte| vec![byte]),
        2 => any::<u8>().prop_map(|byte| format!("%{byte:02x}").into_bytes()),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02X}").into_bytes()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => Just(b"%2e".to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_taken_name_is_what_go_makes_of_it(segment in segments()) {
        if let Ok(name) = ObjectName::from_segment(&segment) {
            prop_assert_eq!(Some(name.to_string()), go_escaped_path(&segment));
        }
    }

    #[test]
    fn a_name_is_its_own_name(segment in segments()) {
        if let Ok(name) = ObjectName::from_segment(&segment) {
            prop_assert_eq!(ObjectName::from_segment(name.as_bytes()), Ok(name.clone()));
            prop_assert_eq!(ObjectName::from_message(name.as_str()), Ok(name.clone()));
            prop_assert!(name.as_bytes().iter().all(|byte| byte.is_ascii_graphic() && *byte != b'/'));
        }
    }

    #[test]
    fn a_message_is_taken_only_unchanged(text: String) {
        if let Ok(name) = ObjectName::from_message(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
