//! The target of a request, in the bytes that the client sent: nothing is decoded, normalised or resolved.

use std::fmt;

use http_types::Method;

/// A path with or without a query, byte for byte as it was sent, or `*` for `OPTIONS`. A whole URL is reduced to its path
/// and query (RFC 9112 §3.2.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target(Vec<u8>);

impl Target {
    /// Path and query.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What stands before the first `?`.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        self.halves().0
    }

    /// What stands behind the first `?`.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        self.halves().1
    }

    fn halves(&self) -> (&[u8], Option<&[u8]>) {
        let mut halves = self.0.splitn(2, |&byte| byte == b'?');
        (halves.next().unwrap_or_default(), halves.next())
    }

    /// The target that stands in a request line; `None` if it is in no form that `method` takes.
    pub(super) fn parse(method: Method, sent: &[u8]) -> Option<Self> {
        match sent {
            [b'/', ..] => Some(Self(sent.to_vec())),
            b"*" => (method == Method::Options).then(|| Self(sent.to_vec())),
            _ => path_of_url(sent).map(Self),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.0.escape_ascii())
    }
}

impl fmt::Display for Target {
    /// As sent, with bytes that are not printable ASCII escaped: safe in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

fn path_of_url(sent: &[u8]) -> Option<Vec<u8>> {
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    let rest = schemes.iter().find_map(|scheme| {
        let (start, rest) = sent.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let host_bytes = rest.iter().position(|&byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(host_bytes)?;
    match path {
        _ if host.is_empty() => None,
        [b'/', ..] => Some(path.to_vec()),
        _ => Some([b"/", path].concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(sent: &[u8]) -> Option<Vec<u8>> {
        Target::parse(Method::Get, sent).map(|target| target.as_bytes().to_vec())
    }

    #[test]
    fn a_target_stays_as_it_was_sent() {
        for sent in
            [&b"/"[..], b"/a/../b/%2e%2E/./c\\d", b"//x", b"/a%2Fb%zz?q=1&r=/..?", b"/\xc3\xa9\"<>^`|{}", b"/a#b"]
        {
            assert_eq!(parse(sent).as_deref(), Some(sent));
        }
    }

    #[test]
    fn a_url_is_reduced_to_its_path_and_query() {
        for (sent, target) in [
            (&b"http://h/a/../b"[..], &b"/a/../b"[..]),
            (b"HTTPS://h:1", b"/"),
            (b"http://h?q", b"/?q"),
            (b"http://h//x?y/z", b"//x?y/z"),
        ] {
            assert_eq!(parse(sent).as_deref(), Some(target));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for sent in [&b"*"[..], b"", b"a", b"h:80", b"ftp://h/", b"http:///a", b"http:/a", b"?q"] {
            assert_eq!(parse(sent), None, "{}", sent.escape_ascii());
        }
        assert!(Target::parse(Method::Options, b"*").is_some());
    }

    #[test]
    fn path_and_query_are_told_apart() {
        let target = Target::parse(Method::Get, b"/a?b?c").unwrap();
        assert_eq!((target.path(), target.query()), (&b"/a"[..], Some(&b"b?c"[..])));
        let target = Target::parse(Method::Get, b"/a").unwrap();
        assert_eq!((target.path(), target.query()), (&b"/a"[..], None));
    }
}
