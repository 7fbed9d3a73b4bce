//! What the values of flags mean.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use bytesize::ByteSize;
use lode_core::address::{AddressError, ServerAddress};

/// Where a server is to listen, as typed: `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct ListenAddress {
    text: String,
    number: Option<SocketAddr>,
}

impl ListenAddress {
    /// The socket address; a name is looked up, and the first of its addresses taken.
    ///
    /// # Errors
    /// If the name leads to none.
    pub(in crate::cli) fn resolve(&self) -> io::Result<SocketAddr> {
        match self.number {
            Some(number) => Ok(number),
            None => self.text.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the name has no address")),
        }
    }

    /// What others reach it at, if that can be told from what was typed: not from an address that means every interface.
    pub(in crate::cli) fn advertised(&self) -> Option<ServerAddress> {
        let everywhere = self.number.is_some_and(|number| number.ip().is_unspecified());
        if everywhere { None } else { self.text.parse().ok() }
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        if text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()) {
            return Err(ListenAddressError::NoHost { port: text.to_owned() });
        }
        let number = text.parse::<SocketAddr>().ok();
        if number.is_none() {
            text.parse::<ServerAddress>()?;
        }
        Ok(Self { text: text.to_owned(), number })
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// A number of bytes, as typed: with a unit, or without.
///
/// # Errors
/// If it is none, with a sentence that says how to write one.
pub(super) fn bytes(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_: String| "write a number of bytes, or one with a unit: 4096, 64KiB, 1MiB, 10GB")
}

/// Why a text is no place to listen at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum ListenAddressError {
    /// There is a port alone.
    #[error("{port:?} has no host: write 127.0.0.1{port} for this machine only, or 0.0.0.0{port} for every interface")]
    NoHost {
        /// The port, with its colon.
        port: String,
    },
    /// It is no address.
    #[error("{0}")]
    Address(#[from] AddressError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ListenAddress, ListenAddressError> {
        text.parse()
    }

    #[test]
    fn addresses_and_names_are_taken() {
        for (text, resolved) in
            [("127.0.0.1:7401", "127.0.0.1:7401"), ("[::1]:80", "[::1]:80"), ("0.0.0.0:0", "0.0.0.0:0")]
        {
            assert_eq!(parse(text).unwrap().resolve().unwrap(), resolved.parse().unwrap());
        }
        assert!(parse("localhost:7401").unwrap().resolve().unwrap().ip().is_loopback());
    }

    #[test]
    fn what_is_advertised_is_what_was_typed_unless_that_means_everywhere() {
        let advertised = |text: &str| parse(text).unwrap().advertised().map(|address| address.to_string());
        assert_eq!(advertised("127.29.1.1:22345").as_deref(), Some("127.29.1.1:22345"));
        assert_eq!(advertised("data-1:7501").as_deref(), Some("data-1:7501"));
        for text in ["0.0.0.0:7501", "[::]:7501", "127.0.0.1:0"] {
            assert_eq!(advertised(text), None, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_explained() {
        let told = parse(":7401").unwrap_err().to_string();
        assert!(told.contains("127.0.0.1:7401") && told.contains("0.0.0.0:7401"), "{told}");
        for text in ["", "7401", "127.0.0.1", "host:", "::1:80", "a b:80", "host:99999"] {
            assert!(matches!(parse(text), Err(ListenAddressError::Address(_))), "{text}");
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        let duration = |text: &str| text.parse::<humantime::Duration>().map(|duration| duration.as_millis()).ok();
        assert_eq!(duration("5s"), Some(5000));
        assert_eq!(duration("250ms"), Some(250));
        assert_eq!(duration("1m 30s"), Some(90_000));
        for text in ["", "5", "s", "-5s", "5 parsecs"] {
            assert_eq!(duration(text), None, "{text}");
        }
        let size = |text: &str| bytes(text).map(|size| size.as_u64()).ok();
        assert_eq!(size("1MiB"), Some(1 << 20));
        assert_eq!(size("1MB"), Some(1_000_000));
        assert_eq!(size("1.5 GiB"), Some(3 << 29));
        assert_eq!(size("4096"), Some(4096));
        for text in ["", "MiB", "-1", "1 parsec"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
