//! The headers of a message: a handful of short texts.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Texts by their names, in the order of the names. Cheap to clone, since one message goes to many; and names and values
/// that never change are not copied.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// There are so few that looking through all of them is the fastest way to one. `None` stands for none.
    entries: Option<Arc<Vec<Entry>>>,
}

type Entry = (Cow<'static, str>, Cow<'static, str>);

impl Headers {
    /// The value of a header, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries().iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// Adds a header; if there is one of this name, it gets another value, and its old one comes back.
    pub fn insert(&mut self, name: String, value: String) -> Option<String> {
        self.set(name.into(), value.into()).map(Cow::into_owned)
    }

    /// Takes a header away, and gives its value back.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.entries().iter().position(|(known, _)| known == name)?;
        let (_, value) = Arc::make_mut(self.entries.as_mut()?).remove(at);
        self.entries.take_if(|entries| entries.is_empty());
        Some(value.into_owned())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Their names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_none()
    }

    pub(crate) fn set(&mut self, name: Cow<'static, str>, value: Cow<'static, str>) -> Option<Cow<'static, str>> {
        let entries = Arc::make_mut(self.entries.get_or_insert_with(|| Arc::new(Vec::with_capacity(USUAL))));
        let before = entries.iter().rposition(|(known, _)| *known <= name);
        match before.and_then(|before| entries.get_mut(before)) {
            Some((known, old)) if *known == name => Some(core::mem::replace(old, value)),
            Some(_) | None => {
                entries.insert(before.map_or(0, |before| before + 1), (name, value));
                None
            }
        }
    }

    fn entries(&self) -> &[Entry] {
        self.entries.as_ref().map_or(&[], |entries| entries.as_slice())
    }
}

/// As many as most messages have at the most.
const USUAL: usize = 5;

impl<const N: usize> From<[(String, String); N]> for Headers {
    fn from(headers: [(String, String); N]) -> Self {
        headers.into_iter().collect()
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(headers: I) -> Self {
        let mut collected = Self::default();
        for (name, value) in headers {
            collected.insert(name, value);
        }
        collected
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::ToString as _;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_what_a_map_would_be(steps: Vec<(bool, u8, String)>) {
            let (mut headers, mut map) = (Headers::default(), BTreeMap::new());
            for (adds, name, value) in steps {
                let name = format!("h{}", name % 6);
                let before = headers.clone();
                if adds {
                    prop_assert_eq!(headers.insert(name.clone(), value.clone()), map.insert(name.clone(), value));
                } else {
                    prop_assert_eq!(headers.remove(&name), map.remove(&name));
                }
                prop_assert!(headers.iter().eq(map.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
                prop_assert_eq!(headers.get(&name), map.get(&name).map(String::as_str));
                prop_assert_eq!(headers.is_empty(), map.is_empty());
                prop_assert_eq!(before == headers, before.iter().eq(headers.iter()));
            }
        }
    }

    #[test]
    fn they_are_in_the_order_of_their_names() {
        let headers = Headers::from([("b", "2"), ("a", "1"), ("b", "3")].map(|(a, b)| (a.to_string(), b.to_string())));
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(format!("{headers:?}"), r#"{"a": "1", "b": "3"}"#);
    }
}
