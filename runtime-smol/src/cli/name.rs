//! From the name that a person types to the one that goes over the wire.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use lode_core::name::{NameError, ObjectName};

/// The name of the object that a person means: whatever may not stand bare in a path is percent-encoded, `%` and `/`
/// included, and the rest is left as it is, just as it would be in a URL that was typed. With `raw`, the text is the
/// escaped name already.
///
/// # Errors
/// If no object can have this name.
pub(super) fn object_name(typed: &OsStr, raw: bool) -> Result<ObjectName, NameError> {
    if raw {
        return ObjectName::from_segment(typed.as_bytes());
    }
    let mut escaped = String::with_capacity(typed.len());
    for &byte in typed.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,:;=@!'()*[]".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(escaped, "%{byte:02X}");
        }
    }
    ObjectName::from_segment(escaped.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    use proptest::prelude::*;

    use super::*;

    fn escaped(typed: &str) -> String {
        object_name(typed.as_ref(), false).unwrap().to_string()
    }

    #[test]
    fn what_people_type_is_escaped() {
        for (typed, name) in [
            ("test2", "test2"),
            ("a b/ü", "a%20b%2F%C3%BC"),
            ("100%", "100%25"),
            ("a%20b", "a%2520b"),
            ("what?#", "what%3F%23"),
            ("it's (1)", "it's%20(1)"),
            ("a&b=c@d", "a&b=c@d"),
            ("\n\"<>\\^`{|}", "%0A%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ] {
            assert_eq!(escaped(typed), name);
        }
    }

    #[test]
    fn a_raw_name_is_taken_as_it_is() {
        let raw = |typed: &str| object_name(typed.as_ref(), true);
        assert_eq!(raw("a%2fb%20").unwrap().as_str(), "a%2fb%20");
        assert_eq!(raw("a/b"), Err(NameError::Slash { at: 1 }));
        assert_eq!(raw("%zz"), Err(NameError::BadEscape { at: 0 }));
    }

    #[test]
    fn names_that_no_object_has_are_refused() {
        for typed in ["", ".", ".."] {
            assert!(object_name(typed.as_ref(), false).is_err(), "{typed:?}");
        }
        assert_eq!(object_name("ü".repeat(400).as_ref(), false), Err(NameError::TooLong { bytes: 2400 }));
    }

    proptest! {
        /// The core leaves it as it is: nothing was left bare that may not be.
        #[test]
        fn any_bytes_become_a_name_that_needs_no_more_escaping(bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
            prop_assume!(bytes != b"." && bytes != b"..");
            let name = object_name(&OsString::from_vec(bytes), false).unwrap();
            prop_assert_eq!(ObjectName::from_message(name.as_str()), Ok(name));
        }
    }
}
