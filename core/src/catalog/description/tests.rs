use alloc::format;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::catalog::Bucket;

/// Any description.
pub(crate) fn any_description() -> impl Strategy<Value = Description> {
    let content_type = prop::option::of("[!-~]([ -~]{0,20}[!-~])?");
    let metadata = vec(("[a-z0-9!#$%&'*+.^_`|~-]{1,8}", "([!-~]([ -~]{0,10}[!-~])?)?"), 0..5);
    let what = prop_oneof![
        1 => Just(Described::Tombstone),
        4 => (content_type, metadata).prop_map(|(content_type, entries)| {
            let mut metadata = Metadata::default();
            for (name, value) in entries {
                // A name that is there already is left out.
                let _twice = metadata.insert(&name, &value);
            }
            Described::Object { content_type: content_type.map(|text| text.parse().unwrap()), metadata }
        }),
    ];
    let key = "[^\\x00]{1,20}".prop_map(|key| key.parse().unwrap());
    (key, what).prop_map(|(key, what)| Description { path: ObjectPath { bucket: Bucket::objects(), key }, what })
}

#[test]
fn it_reads_as_plainly_as_can_be() {
    let text = "object objects photos/%C3%A9%20100%25 =text/plain;%20charset=utf-8 note= owner=a%20b";
    let description: Description = text.parse().unwrap();
    assert_eq!(description.path.key.as_str(), "photos/é 100%");
    let Described::Object { content_type, metadata } = &description.what else { panic!("{description:?}") };
    assert_eq!(content_type.as_ref().unwrap().as_str(), "text/plain; charset=utf-8");
    assert!(metadata.iter().eq([("note", ""), ("owner", "a b")]));
    assert_eq!("tombstone objects a".parse::<Description>().unwrap().what, Described::Tombstone);
}

#[test]
fn whatever_is_written_in_another_way_is_refused() {
    for text in [
        "",
        "object",
        "object objects",
        "object objects ",
        "object objects a ",
        "object  objects a",
        " object objects a",
        "Object objects a",
        "blob objects a",
        "object o a",
        "object objects %61",
        "object objects %c3%a9",
        "object objects é",
        "object objects a%",
        "object objects %FF",
        "object objects %00",
        "object objects a b",
        "object objects a =",
        "object objects a =a =b",
        "object objects a x=1 =text/plain",
        "object objects a b=1 a=2",
        "object objects a a=1 a=1",
        "object objects a A=1",
        "object objects a a=%0A",
        "tombstone objects a =text/plain",
        "object objects a\n",
    ] {
        assert!(text.parse::<Description>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_description_survives_being_written_and_read(description in any_description()) {
        let text = description.to_string();
        let is_header = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && text.trim() == text;
        prop_assert!(is_header, "{text:?}");
        prop_assert_eq!(text.parse(), Ok(description));
    }

    #[test]
    fn what_is_read_is_written_the_same(words in vec("[=a-c%20A]{0,4}", 0..4), tail in ".{0,10}") {
        let words: Vec<_> = words.iter().map(alloc::string::String::as_str).collect();
        for text in [format!("object objects {}", words.join(" ")), format!("object objects a {tail}")] {
            if let Ok(description) = text.parse::<Description>() {
                prop_assert_eq!(description.to_string(), text);
            }
        }
    }
}
