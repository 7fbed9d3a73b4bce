//! Names of objects and request targets.

use lode_core::name::{MAX_NAME_BYTES, ObjectName};
use lode_core::resource::Resource;
use lode_core::wire::{decode_text, encode_text};

/// Whatever is taken for a name is one, in every place where it is read again: path, message, target.
pub fn name(data: &[u8]) {
    let named = ObjectName::from_segment(data);
    if let Ok(name) = &named {
        check_name(name);
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(name) = ObjectName::from_message(&text) {
        check_name(&name);
        assert_eq!(name.as_str(), text, "a name in a message is taken as it is or not at all");
        assert_eq!(ObjectName::from_segment(text.as_bytes()), Ok(name), "the same bytes mean the same in a path");
    }
    let _ = Resource::parse(data).map(|resource| check_resource(&resource));
    let has_query = data.contains(&b'?');
    for prefix in [&b"/objects/"[..], b"/locate/", b"http://host/objects/"] {
        let resource = Resource::parse(&[prefix, data].concat());
        if !has_query {
            let found = resource.clone().map(|resource| name_of(&resource).cloned());
            assert_eq!(found, named.clone().map(Some), "behind {}", prefix.escape_ascii());
        }
        let _ = resource.map(|resource| check_resource(&resource));
    }
}

/// A name is harmless wherever it goes: a path, a message, a file, a log.
pub(crate) fn check_name(name: &ObjectName) {
    let text = name.as_str();
    assert!(!text.is_empty() && text.len() <= MAX_NAME_BYTES, "{text:?}");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"/\\\"<>?#^`{|}".contains(&byte)), "{text:?}");
    let plain = unescaped(text.as_bytes());
    assert!(plain != b"." && plain != b"..", "{text:?} is a dot segment");
    assert_eq!(ObjectName::from_segment(text.as_bytes()).as_ref(), Ok(name));
    assert_eq!(ObjectName::from_message(text).as_ref(), Ok(name));
    assert_eq!(decode_text(&encode_text(text)).as_deref(), Ok(text));
    let path = format!("/objects/{text}");
    assert_eq!(Resource::parse(path.as_bytes()), Ok(Resource::Object(name.clone())));
}

fn check_resource(resource: &Resource) {
    if let Some(name) = name_of(resource) {
        check_name(name);
    }
}

const fn name_of(resource: &Resource) -> Option<&ObjectName> {
    match resource {
        Resource::Object(name) | Resource::Locate { name, .. } => Some(name),
        Resource::Cluster | Resource::Healthz | Resource::Readyz | Resource::Metrics | Resource::Unknown => None,
    }
}

/// Undoes escapes the plainest way, as a proxy would.
fn unescaped(escaped: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::new(), escaped);
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(value.unwrap_or(byte));
        rest = behind.get(if value.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    plain
}
