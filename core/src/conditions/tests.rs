use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::checksum::Checksum;

const OURS: ETag = ETag::new(Checksum::new([1; 32]));
const OTHER: ETag = ETag::new(Checksum::new([2; 32]));
const HERE: Current = Current::Tagged(OURS);

fn conditions(headers: &[(&str, &str)]) -> Conditions {
    Conditions::from_headers(headers.iter().copied()).unwrap()
}

#[test]
fn no_condition_stands_in_nobodys_way() {
    for current in [Current::Absent, Current::Untagged, HERE] {
        for access in [Access::Read, Access::Write] {
            assert_eq!(conditions(&[("Host", "*")]).evaluate(access, current), Evaluated::Proceed);
        }
        assert!(conditions(&[]).range_counts(current));
    }
}

/// Columns: a list of tags; does it match our tag strongly, weakly; does it match an object without a tag.
fn lists() -> [(String, bool, bool, bool); 9] {
    [
        (OURS.to_string(), true, true, false),
        (OTHER.to_string(), false, false, false),
        (format!("W/{OURS}"), false, true, false),
        (format!("W/{OURS}, {OURS}"), true, true, false),
        (format!("{OTHER},{OURS}"), true, true, false),
        (format!(" ,, \"a,b\" ,\t\"\" , {OURS},"), true, true, false),
        (OURS.to_string().to_uppercase().replace("01", "0A"), false, false, false),
        (" * ".to_string(), true, true, true),
        ("\"*\", \"é\"".to_string(), false, false, false),
    ]
}

#[test]
fn if_match_compares_strongly() {
    for (list, strongly, _, untagged) in lists() {
        let condition = conditions(&[("if-match", &list)]);
        let verdict = |met| if met { Evaluated::Proceed } else { Evaluated::PreconditionFailed };
        for access in [Access::Read, Access::Write] {
            assert_eq!(condition.evaluate(access, HERE), verdict(strongly), "{list}");
            assert_eq!(condition.evaluate(access, Current::Untagged), verdict(untagged), "{list}");
        }
        assert_eq!(condition.evaluate(Access::Write, Current::Absent), Evaluated::PreconditionFailed, "{list}");
        assert_eq!(condition.evaluate(Access::Read, Current::Absent), Evaluated::Proceed, "{list}");
    }
}

#[test]
fn if_none_match_compares_weakly() {
    for (list, _, weakly, untagged) in lists() {
        let condition = conditions(&[("IF-NONE-MATCH", &list)]);
        for (current, matches) in [(HERE, weakly), (Current::Untagged, untagged), (Current::Absent, false)] {
            let (read, write) = match matches {
                true => (Evaluated::NotModified, Evaluated::PreconditionFailed),
                false => (Evaluated::Proceed, Evaluated::Proceed),
            };
            assert_eq!(condition.evaluate(Access::Read, current), read, "{list}");
            assert_eq!(condition.evaluate(Access::Write, current), write, "{list}");
        }
    }
}

#[test]
fn if_match_is_looked_at_first() {
    let ours = OURS.to_string();
    let other = OTHER.to_string();
    let both = |wanted, unwanted| conditions(&[("If-None-Match", unwanted), ("If-Match", wanted)]);
    assert_eq!(both(&other, &ours).evaluate(Access::Read, HERE), Evaluated::PreconditionFailed);
    assert_eq!(both(&ours, &ours).evaluate(Access::Read, HERE), Evaluated::NotModified);
    assert_eq!(both(&ours, &other).evaluate(Access::Read, HERE), Evaluated::Proceed);
}

#[test]
fn a_list_may_go_over_several_lines() {
    let (ours, other) = (OURS.to_string(), OTHER.to_string());
    let condition = conditions(&[("If-Match", &other), ("If-Match", &ours)]);
    assert_eq!(condition.evaluate(Access::Write, HERE), Evaluated::Proceed);
}

#[test]
fn a_condition_that_cannot_be_read_is_refused() {
    let many = alloc::vec!["\"a\""; MAX_TAGS + 1].join(",");
    for lines in [
        &[""][..],
        &[","],
        &["abc"],
        &["\"abc"],
        &["abc\""],
        &["\"a\" \"b\""],
        &["\"a\"\"b\""],
        &["w/\"a\""],
        &["W/ \"a\""],
        &["\"a b\""],
        &["\"a\x7f\""],
        &["*, \"a\""],
        &["\"a\", *"],
        &["*", "\"a\""],
        &["\"a\"", "*"],
        &["*", "*"],
        &[many.as_str()],
    ] {
        for header in ["If-Match", "If-None-Match"] {
            let headers: Vec<_> = lines.iter().map(|&line| (header, line)).collect();
            assert!(Conditions::from_headers(headers).is_err(), "{lines:?}");
        }
    }
    assert!(Conditions::from_headers([("If-Match", &many[4..])]).is_ok());
}

#[test]
fn a_range_counts_only_for_the_same_content() {
    let ours = OURS.to_string();
    let counts = |value: &str, current| conditions(&[("If-Range", value)]).range_counts(current);
    assert!(counts(&ours, HERE));
    assert!(!counts(&OTHER.to_string(), HERE));
    assert!(!counts(&ours, Current::Untagged));
    assert!(!counts(&ours, Current::Absent));
    for never in [&format!("W/{ours}"), "Sat, 29 Oct 1994 19:43:31 GMT", "*", "", "\"x\"", &format!("{ours}, {ours}")] {
        assert!(!counts(never, HERE), "{never}");
    }
    assert!(!conditions(&[("If-Range", &ours), ("If-Range", &ours)]).range_counts(HERE));
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(value: String, pieces in "[\"W/*, a]{0,20}") {
        for value in [value, pieces] {
            for header in ["If-Match", "If-None-Match", "If-Range"] {
                let _ = Conditions::from_headers([(header, value.as_str())]);
            }
        }
    }
}
