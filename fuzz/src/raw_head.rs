//! A second reading of heads, as plain as can be, to hold ours against: no tolerance, no cleverness, no shared code.

use lode_smol::http::head::{HeadLimits, HeadScanner};

/// The lines of a head, without their line ends.
pub(crate) struct RawHead<'a> {
    pub(crate) first: &'a [u8],
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> RawHead<'a> {
    /// Takes a head apart that was accepted; panics where another reader could take it for something else.
    pub(crate) fn of_accepted(head: &'a [u8]) -> Self {
        let head = head.strip_prefix(b"\r\n").unwrap_or(head);
        let head = head.strip_prefix(b"\r\n").unwrap_or(head);
        let inner = head.strip_suffix(b"\r\n\r\n").expect("a head ends in an empty line");
        let mut lines = Vec::new();
        let mut rest = inner;
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            lines.push(rest.get(..end).unwrap_or_default());
            rest = rest.get(end + 2..).unwrap_or_default();
        }
        lines.push(rest);
        for line in &lines {
            assert!(!line.is_empty(), "an empty line ends the head: {}", head.escape_ascii());
            assert!(!line.iter().any(|&byte| byte < b' ' && byte != b'\t'), "{}", line.escape_ascii());
        }
        let (first, fields) = lines.split_first().expect("a head has a first line");
        Self { first, fields: fields.iter().map(|line| field(line)).collect() }
    }

    /// The trimmed values of all fields of this name, in any case.
    pub(crate) fn values(&self, name: &str) -> Vec<&'a [u8]> {
        let named = self.fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, value)| *value).collect()
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }
}

/// Each split must give what the whole gives.
pub(crate) fn check_scanner(data: &[u8], limits: HeadLimits) {
    let whole = HeadScanner::new(limits).scan(data);
    let mut scanner = HeadScanner::new(limits);
    let mut pieces = (0..=data.len()).map(|end| scanner.scan(data.get(..end).unwrap_or_default()));
    let first = pieces.find(|step| *step != Ok(None)).unwrap_or(Ok(None));
    assert_eq!(first, whole, "byte by byte");
    if let Ok(Some(range)) = whole {
        assert!(range.start <= 4 && range.end <= data.len() && range.end - range.start >= 4);
    }
}

/// A number as RFC 9110 has it.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    text.and_then(|text| text.parse().ok())
}

fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':').expect("a field has a colon");
    let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    assert!(!name.is_empty() && name.iter().all(is_token), "no name of a field: {}", line.escape_ascii());
    (name, value.trim_ascii())
}
