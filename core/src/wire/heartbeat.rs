//! The message by which a data server says that it lives.

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use core::fmt;

use super::header;
use super::{WireError, encode_text, read_text};
use crate::address::ServerAddress;
use crate::bus::BusMessage;
use crate::id::Incarnation;
use crate::placement::spread::Zone;
use crate::space::Space;

/// A sign of life. Who sent it is the address in its body; that is all that a node of the seed says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The data server that lives.
    pub address: ServerAddress,
    /// What a server of ours says beside; `None` for one of the seed.
    pub details: Option<HeartbeatDetails>,
}

/// What a data server of ours says of itself with each heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatDetails {
    /// Which run of the server this is.
    pub incarnation: Incarnation,
    /// The room it has.
    pub space: Space,
    /// Whether it takes new objects. One whose disk is full or broken says no, and still serves reads.
    pub accepts_writes: bool,
    /// Where it stands, if it was told; one of an earlier version does not say.
    pub zone: Option<Zone>,
    /// Whether it is to be emptied: it takes no new objects, and copies on it are to be made elsewhere.
    pub draining: bool,
    /// The software that it runs.
    pub software: SoftwareVersion,
}

impl Heartbeat {
    /// Reads a heartbeat.
    ///
    /// # Errors
    /// If the body is not an address, or our headers are incomplete or malformed.
    pub fn parse(message: &BusMessage) -> Result<Self, WireError> {
        let address = read_text(&message.body)?.parse()?;
        Ok(Self { address, details: HeartbeatDetails::parse(message)? })
    }

    /// The message that says it.
    #[must_use]
    pub fn to_message(&self) -> BusMessage {
        let mut message = BusMessage { body: encode_text(self.address.as_str()), ..BusMessage::default() };
        if let Some(details) = &self.details {
            header::set(&mut message, header::INCARNATION, details.incarnation.to_text());
            header::set(&mut message, header::FREE_BYTES, details.space.free_bytes.to_string());
            header::set(&mut message, header::TOTAL_BYTES, details.space.total_bytes.to_string());
            header::set_yes_or_no(&mut message, header::ACCEPTS_WRITES, details.accepts_writes);
            if let Some(zone) = &details.zone {
                header::set(&mut message, header::ZONE, zone.as_str().to_string());
            }
            if details.draining {
                header::set_yes_or_no(&mut message, header::DRAINING, true);
            }
            header::set(&mut message, header::SOFTWARE, details.software.as_str().to_string());
        }
        message
    }
}

impl HeartbeatDetails {
    const HEADERS: [&str; 5] =
        [header::INCARNATION, header::FREE_BYTES, header::TOTAL_BYTES, header::ACCEPTS_WRITES, header::SOFTWARE];

    fn parse(message: &BusMessage) -> Result<Option<Self>, WireError> {
        if Self::HEADERS.iter().all(|&name| header::text(message, name).is_none()) {
            return Ok(None);
        }
        let incarnation = header::parsed(message, header::INCARNATION, "16 hexadecimal digits")?;
        let free_bytes = header::number(message, header::FREE_BYTES)?;
        let total_bytes = header::number(message, header::TOTAL_BYTES)?;
        let accepts_writes = header::yes_or_no(message, header::ACCEPTS_WRITES)?;
        let zone = header::parsed(message, header::ZONE, "1 to 64 visible ASCII characters")?;
        let draining = header::yes_or_no(message, header::DRAINING)?;
        let software = header::text(message, header::SOFTWARE).map(|text| {
            let expected = "1 to 64 printable ASCII characters";
            SoftwareVersion::new(text).ok_or(WireError::BadHeader { header: header::SOFTWARE, expected })
        });
        Ok(Some(Self {
            incarnation: header::required(incarnation, header::INCARNATION)?,
            space: Space {
                free_bytes: header::required(free_bytes, header::FREE_BYTES)?,
                total_bytes: header::required(total_bytes, header::TOTAL_BYTES)?,
            },
            accepts_writes: header::required(accepts_writes, header::ACCEPTS_WRITES)?,
            zone,
            draining: draining.unwrap_or(false),
            software: header::required(software.transpose()?, header::SOFTWARE)?,
        }))
    }
}

/// Name and version of a server's software, for people to read: 1 to [`SoftwareVersion::MAX_BYTES`] printable ASCII
/// characters. Nothing is decided by it.
#[derive(Clone, PartialEq, Eq)]
pub struct SoftwareVersion(Cow<'static, str>);

const OF_THIS_CRATE: &str = concat!("lode/", env!("CARGO_PKG_VERSION"));

impl SoftwareVersion {
    /// The longest one, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// A version that reads like this; `None` if it is empty, too long, or not printable ASCII.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text == OF_THIS_CRATE {
            // Most of a cluster says the same with each heartbeat: it is not copied.
            return Some(Self::of_this_crate());
        }
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (printable && !text.is_empty() && text.len() <= Self::MAX_BYTES).then(|| Self(String::from(text).into()))
    }

    /// What servers built from this crate say.
    #[must_use]
    pub fn of_this_crate() -> Self {
        Self(OF_THIS_CRATE.into())
    }

    /// It as a text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SoftwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SoftwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareVersion({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned as _;
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    fn ours() -> Heartbeat {
        Heartbeat {
            address: "127.29.1.1:22345".parse().unwrap(),
            details: Some(HeartbeatDetails {
                incarnation: Incarnation::new(7),
                space: Space { free_bytes: 10, total_bytes: 20 },
                accepts_writes: true,
                zone: Some("rack-7".parse().unwrap()),
                draining: true,
                software: SoftwareVersion::new("lode 0.1.0").unwrap(),
            }),
        }
    }

    #[test]
    fn a_heartbeat_of_the_seed_is_read() {
        let message = BusMessage { body: br#""127.29.1.1:22345""#.to_vec(), ..BusMessage::default() };
        let heartbeat = Heartbeat::parse(&message).unwrap();
        assert_eq!(heartbeat, Heartbeat { details: None, ..ours() });
        assert_eq!(heartbeat.to_message(), message);
    }

    #[test]
    fn the_body_of_ours_is_the_body_of_the_seed() {
        assert_eq!(ours().to_message().body, br#""127.29.1.1:22345""#);
    }

    #[test]
    fn headers_of_a_newer_version_are_ignored() {
        let mut message = ours().to_message();
        message.headers.insert("lode-shelf".to_owned(), "b".to_owned());
        assert_eq!(Heartbeat::parse(&message), Ok(ours()));
    }

    #[test]
    fn an_earlier_version_says_neither_where_it_stands_nor_that_it_is_drained() {
        let mut message = ours().to_message();
        for (header, bad_values) in [("lode-zone", ["", "a b", "é"]), ("lode-draining", ["", "true", "Yes"])] {
            for value in bad_values {
                let good = message.headers.insert(header.to_owned(), value.to_owned()).unwrap();
                assert!(matches!(Heartbeat::parse(&message), Err(WireError::BadHeader { .. })), "{header}: {value}");
                message.headers.insert(header.to_owned(), good);
            }
            message.headers.remove(header).unwrap();
        }
        let details = Heartbeat::parse(&message).unwrap().details.unwrap();
        assert_eq!((details.zone, details.draining), (None, false));
    }

    #[test]
    fn each_header_of_ours_must_be_there_and_sound() {
        for (header, bad_values) in [
            (header::INCARNATION, ["", "7", "000000000000000g"]),
            (header::FREE_BYTES, ["", "+1", "18446744073709551616"]),
            (header::TOTAL_BYTES, ["-1", "1.5", " 1"]),
            (header::ACCEPTS_WRITES, ["", "true", "Yes"]),
            (header::SOFTWARE, ["", "a\nb", "é"]),
        ] {
            let mut message = ours().to_message();
            message.headers.remove(header).unwrap();
            assert_eq!(Heartbeat::parse(&message), Err(WireError::MissingHeader { header }));
            for value in bad_values {
                message.headers.insert(header.to_owned(), value.to_owned());
                let refused = Heartbeat::parse(&message);
                assert!(
                    matches!(refused, Err(WireError::BadHeader { header: bad, .. }) if bad == header),
                    "{header}: {value}"
                );
            }
        }
        assert_eq!(SoftwareVersion::new(&"v".repeat(65)), None);
    }

    #[test]
    fn a_body_that_is_no_address_is_refused() {
        for body in ["", "127.29.1.1:22345", "\"\"", "\"nonsense\"", "\"h:0\"", "null", "\"127.0.0.1:80\\u000a\""] {
            let message = BusMessage { body: body.into(), ..ours().to_message() };
            assert!(Heartbeat::parse(&message).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn a_heartbeat_survives_being_sent(
            port in 1_u16..,
            number: u64,
            free_bytes: u64,
            total_bytes: u64,
            accepts_writes: bool,
            zone in prop::option::of("[!-~]{1,64}"),
            draining: bool,
            version in "[ -~]{1,64}",
        ) {
            let heartbeat = Heartbeat {
                address: format!("[::1]:{port}").parse().unwrap(),
                details: Some(HeartbeatDetails {
                    incarnation: Incarnation::new(number),
                    space: Space { free_bytes, total_bytes },
                    accepts_writes,
                    zone: zone.map(|zone| zone.parse().unwrap()),
                    draining,
                    software: SoftwareVersion::new(&version).unwrap(),
                }),
            };
            prop_assert_eq!(Heartbeat::parse(&heartbeat.to_message()), Ok(heartbeat));
        }
    }
}
