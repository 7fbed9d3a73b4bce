//! Identities: of a run of a process, of the things it does, of the requests it serves.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use crate::hex;

/// One run of one process. A process that restarts is a new incarnation, so an answer to the old one cannot be taken for
/// an answer to the new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(u64);

impl Incarnation {
    /// An incarnation with this number. The driver draws it at random, or from the wall clock, once per start.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// As it is written.
    pub(crate) fn to_text(self) -> String {
        hex::number_text(self.0)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write_number(f, self.0)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({self})")
    }
}

impl FromStr for Incarnation {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        hex::read_number(text).map(Self).ok_or_else(|| ParseIdError { text: text.to_string() })
    }
}

/// One thing that a process has under way: an effect that waits for its completion, or a locate query. Unique over all
/// processes and all their runs, because it pairs the incarnation with a counter. Written `incarnation-counter`, both as
/// 16 hexadecimal digits; that is also the `correlation_id` of a query on the bus.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    incarnation: Incarnation,
    counter: u64,
}

impl OperationId {
    /// The run of the process that made this id.
    #[must_use]
    pub const fn incarnation(self) -> Incarnation {
        self.incarnation
    }

    /// The id in its shortest form: 16 bytes, in the same order as the ids themselves.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        ((self.incarnation.0 as u128) << 64 | self.counter as u128).to_be_bytes()
    }

    /// The id whose shortest form this is.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, counter @ ..] = bytes;
        let incarnation = Incarnation(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        Self { incarnation, counter: u64::from_be_bytes(counter) }
    }

    /// As it is written.
    pub(crate) fn to_text(self) -> Arc<str> {
        let mut text = String::with_capacity(33);
        text.push_str(&self.incarnation.to_text());
        text.push('-');
        text.push_str(&hex::number_text(self.counter));
        text.into()
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write_number(f, self.incarnation.0)?;
        f.write_str("-")?;
        hex::write_number(f, self.counter)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationId({self})")
    }
}

impl FromStr for OperationId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parsed = || {
            let (incarnation, counter) = (text.get(..16)?, text.get(16..)?.strip_prefix('-')?);
            Some(Self { incarnation: Incarnation(hex::read_number(incarnation)?), counter: hex::read_number(counter)? })
        };
        parsed().ok_or_else(|| ParseIdError { text: text.to_string() })
    }
}

/// Makes the [`OperationId`]s of one run of one process.
#[derive(Debug, Clone)]
pub struct OperationIds {
    incarnation: Incarnation,
    next: u64,
}

impl OperationIds {
    /// Ids that belong to `incarnation`, counted from zero.
    #[must_use]
    pub const fn new(incarnation: Incarnation) -> Self {
        Self { incarnation, next: 0 }
    }

    /// An id that was never given out before.
    pub const fn fresh(&mut self) -> OperationId {
        let id = OperationId { incarnation: self.incarnation, counter: self.next };
        self.next += 1;
        id
    }

    /// The run of the process that the ids belong to.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }
}

/// One request of a client, numbered by the driver; a number is never used twice in one run of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A text that is not an id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id: expected 16 hexadecimal digits, or two such groups with a hyphen between them")]
pub struct ParseIdError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_being_written_and_read(incarnation: u64, counter: u64) {
            let id = OperationId { incarnation: Incarnation(incarnation), counter };
            prop_assert_eq!(id.to_string().parse::<OperationId>(), Ok(id));
            prop_assert_eq!(OperationId::from_bytes(id.to_bytes()), id);
            prop_assert_eq!(Incarnation(incarnation).to_string().parse::<Incarnation>(), Ok(Incarnation(incarnation)));
        }
    }

    #[test]
    fn bytes_stand_in_the_order_of_the_ids() {
        let bytes = OperationId { incarnation: Incarnation(0x0102), counter: 0x0304 }.to_bytes();
        assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 3, 4]);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "-", "12", "+000000000000001", "00000000000000GG", "0000000000000000-0", "é"] {
            assert!(text.parse::<OperationId>().is_err(), "{text}");
            assert!(text.parse::<Incarnation>().is_err(), "{text}");
        }
    }
}
