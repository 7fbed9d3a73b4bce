//! Where a server listens for HTTP, which is also who it is: the seed knows no other identity.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

/// The longest address that is taken, in bytes: a DNS name of 253 bytes, a colon, five digits, and room for brackets.
pub const MAX_ADDRESS_BYTES: usize = 264;

/// The address that a server advertises, `host:port`: an IPv4 address, a bracketed IPv6 address or a DNS name, and a port
/// that is not zero. It is compared as written, and cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// How the text begins, compared before the text is: most addresses differ there, and it is at hand.
    beginning: u128,
    text: Arc<str>,
    host_bytes: usize,
    port: u16,
}

impl ServerAddress {
    /// The address as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host part, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.text.get(..self.host_bytes).unwrap_or("");
        host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, never zero.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Ord for ServerAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_beginning = self.beginning.cmp(&other.beginning);
        if self.text.len().max(other.text.len()) <= size_of_val(&self.beginning) {
            return by_beginning;
        }
        by_beginning.then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for ServerAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({})", self.text)
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_ADDRESS_BYTES {
            return Err(AddressError::TooLong { bytes: text.len() });
        }
        let colon = text.bytes().rposition(|byte| byte == b':');
        let split = colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let (host, port) = split.ok_or_else(|| AddressError::NoPort { text: text.to_string() })?;
        let port = port_of(port).ok_or_else(|| AddressError::BadPort { text: text.to_string() })?;
        if !is_host(host) {
            return Err(AddressError::BadHost { text: text.to_string() });
        }
        Ok(Self { beginning: beginning_of(text), text: Arc::from(text), host_bytes: host.len(), port })
    }
}

/// Why a text is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than [`MAX_ADDRESS_BYTES`].
    #[error("an address of {bytes} bytes is too long: at most {MAX_ADDRESS_BYTES} are taken")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// There is no colon in it.
    #[error("{text:?} has no port: write host:port, for example 127.0.0.1:7401")]
    NoPort {
        /// The text.
        text: String,
    },
    /// What stands behind the last colon is not a port.
    #[error("{text:?} does not end in a port: write a number from 1 to 65535 behind the colon")]
    BadPort {
        /// The text.
        text: String,
    },
    /// What stands before the last colon is not a host.
    #[error("{text:?} does not begin with a host: write an IPv4 address, an IPv6 address in brackets, or a DNS name")]
    BadHost {
        /// The text.
        text: String,
    },
}

/// Orders as the text itself does, as far as it reaches: no address holds a zero byte.
fn beginning_of(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let reaches = bytes.len().min(text.len());
    if let (Some(bytes), Some(text)) = (bytes.get_mut(..reaches), text.as_bytes().get(..reaches)) {
        bytes.copy_from_slice(text);
    }
    u128::from_be_bytes(bytes)
}

fn port_of(digits: &str) -> Option<u16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let port = digits.bytes().try_fold(0_u16, |port, byte| port.checked_mul(10)?.checked_add(digit(byte)?));
    port.filter(|port| *port != 0)
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or("");
        return inner.parse::<core::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty() && host.bytes().all(|byte| MAY_BE_IN_LABEL[usize::from(byte)]) && !host.starts_with(['.', '-'])
}

/// Looked up, because an address is read with each message of a data server.
const MAY_BE_IN_LABEL: [bool; 256] = {
    let mut may = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        may[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        byte += 1;
    }
    may
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, host, port) in [
            ("127.29.1.1:22345", "127.29.1.1", 22345),
            ("[::1]:80", "::1", 80),
            ("data-1.example:7501", "data-1.example", 7501),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!((address.as_str(), address.host(), address.port()), (text, host, port));
        }
    }

    #[test]
    fn addresses_are_in_the_order_of_their_texts() {
        let mut texts =
            ["a:1", "a:10", "a-1:1", "a.b:1", "data-1:22345", "data-10:22345", "127.29.1.1:22345", "127.29.1.1:22346"];
        let mut addresses = texts.map(|text| text.parse::<ServerAddress>().unwrap());
        texts.sort_unstable();
        addresses.sort_unstable();
        assert_eq!(addresses.each_ref().map(ServerAddress::as_str), texts);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "host",
            "host:",
            ":80",
            "host:0",
            "host:65536",
            "host:+80",
            "a b:80",
            "::1:80",
            "[::g]:80",
            "h/x:80",
            "h\r:80",
        ] {
            assert!(text.parse::<ServerAddress>().is_err(), "{text}");
        }
        assert!(alloc::format!("{}:80", "a".repeat(300)).parse::<ServerAddress>().is_err());
    }
}
