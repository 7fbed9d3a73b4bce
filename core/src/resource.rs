//! What a request is about: its target, taken apart.

pub mod data;
pub mod versions;

use crate::name::{NameError, ObjectName};

/// What the servers serve. Which methods each of these takes is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `/objects/<name>`: an object. Query parameters are ignored.
    Object(ObjectName),
    /// `/locate/<name>`: who has an object.
    Locate {
        /// The object that is looked for.
        name: ObjectName,
        /// Whether every holder is asked for (`?all=1`), and not one.
        all: bool,
    },
    /// `/cluster`: what the server knows of the others.
    Cluster,
    /// `/healthz`: whether the process lives.
    Healthz,
    /// `/readyz`: whether it can serve.
    Readyz,
    /// `/metrics`: figures for Prometheus.
    Metrics,
    /// Nothing that is served here. HTTP: 404.
    Unknown,
}

impl Resource {
    /// The resource that a request target means, with the target as raw as it came: a path with or without a query, or a
    /// whole URL, as a client sends it to a proxy.
    ///
    /// A name ends where the target or its query begins. The seed ends it at the next slash, so that `/objects/a/b` means
    /// `a` there; here it is refused with a hint to write `%2F`, because a client that stores `a/b` and `a/c` must not find
    /// that it has overwritten one with the other.
    ///
    /// # Errors
    /// If the target means an object or a locate, and its name is none. HTTP: 414 for [`NameError::TooLong`], else 400.
    pub fn parse(target: &[u8]) -> Result<Self, NameError> {
        let (path, query) = path_and_query(target);
        if let Some(name) = path.strip_prefix(b"/objects/") {
            return ObjectName::from_segment(name).map(Self::Object);
        }
        if let Some(name) = path.strip_prefix(b"/locate/") {
            let name = ObjectName::from_segment(name)?;
            return Ok(Self::Locate { name, all: asks_for_all(query) });
        }
        Ok(match path {
            b"/cluster" => Self::Cluster,
            b"/healthz" => Self::Healthz,
            b"/readyz" => Self::Readyz,
            b"/metrics" => Self::Metrics,
            _ => Self::Unknown,
        })
    }
}

/// A target's path, from its slash on, and what follows the first `?`.
fn path_and_query(target: &[u8]) -> (&[u8], &[u8]) {
    let target = path_of_url(target).unwrap_or(target);
    let mut halves = target.splitn(2, |&byte| byte == b'?');
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}

/// What follows the host of `http://host/path` (RFC 9112 §3.2.2), from the slash on.
fn path_of_url(target: &[u8]) -> Option<&[u8]> {
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    let rest = schemes.iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let host_bytes = rest.iter().position(|&byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    rest.get(host_bytes..)
}

fn asks_for_all(query: &[u8]) -> bool {
    query.split(|&byte| byte == b'&').any(|parameter| matches!(parameter, b"all=1" | b"all=true" | b"all"))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> ObjectName {
        ObjectName::from_message(text).unwrap()
    }

    #[test]
    fn targets_are_taken_apart() {
        for (target, resource) in [
            ("/objects/test2", Resource::Object(name("test2"))),
            ("/objects/a%2Fb?version=3", Resource::Object(name("a%2Fb"))),
            ("/objects/a?b/c?d", Resource::Object(name("a"))),
            ("/objects/é", Resource::Object(name("%C3%A9"))),
            ("/objects/a#b", Resource::Object(name("a%23b"))),
            ("http://127.29.1.2:22346/objects/a", Resource::Object(name("a"))),
            ("HTTPS://host/objects/a?x", Resource::Object(name("a"))),
            ("/locate/a", Resource::Locate { name: name("a"), all: false }),
            ("/locate/a?all=1", Resource::Locate { name: name("a"), all: true }),
            ("/locate/a?x=y&all=true", Resource::Locate { name: name("a"), all: true }),
            ("/locate/a?all", Resource::Locate { name: name("a"), all: true }),
            ("/locate/a?all=0", Resource::Locate { name: name("a"), all: false }),
            ("/locate/a?fall=1", Resource::Locate { name: name("a"), all: false }),
            ("/cluster", Resource::Cluster),
            ("/cluster?x", Resource::Cluster),
            ("/healthz", Resource::Healthz),
            ("/readyz", Resource::Readyz),
            ("/metrics", Resource::Metrics),
        ] {
            assert_eq!(Resource::parse(target.as_bytes()), Ok(resource), "{target}");
        }
    }

    #[test]
    fn what_is_not_served_is_unknown() {
        for target in [
            "",
            "/",
            "*",
            "/objects",
            "/locate",
            "objects/a",
            "//objects/a",
            "/Objects/a",
            "/%6fbjects/a",
            "/cluster/",
            "/x/../objects/a",
            "http://host",
            "http://host?/objects/a",
            "ftp://host/objects/a",
            "host:80",
            "http:/objects/a",
        ] {
            assert_eq!(Resource::parse(target.as_bytes()), Ok(Resource::Unknown), "{target}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for (target, error) in [
            ("/objects/", NameError::Empty),
            ("/objects/?x", NameError::Empty),
            ("/locate/", NameError::Empty),
            ("/objects/a/b", NameError::Slash { at: 1 }),
            ("/objects/a/", NameError::Slash { at: 1 }),
            ("/objects//a", NameError::Slash { at: 0 }),
            ("/objects/../etc/passwd", NameError::Slash { at: 2 }),
            ("/objects/..", NameError::DotSegment),
            ("/locate/%2e%2e", NameError::DotSegment),
            ("/objects/%zz", NameError::BadEscape { at: 0 }),
            ("/objects/a b", NameError::ForbiddenByte { at: 1 }),
        ] {
            assert_eq!(Resource::parse(target.as_bytes()), Err(error), "{target}");
        }
    }

    proptest! {
        #[test]
        fn no_target_makes_it_panic(target: Vec<u8>, tail: Vec<u8>) {
            let _ = Resource::parse(&target);
            for start in [&b"/objects/"[..], b"/locate/", b"http://"] {
                let _ = Resource::parse(&[start, &tail].concat());
            }
        }
    }
}
