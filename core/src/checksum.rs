//! The checksum that tells whether two bodies are the same, and whether a stored one is still what was written.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::hex;

/// The BLAKE3 hash of a body. Written as 64 lower-case hexadecimal digits, and read from nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum whose hash is this.
    #[must_use]
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Self, ParseChecksumError> {
        hex::read(text).map(Self).ok_or_else(|| ParseChecksumError { text: text.chars().take(80).collect() })
    }
}

/// A text that is not a checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a checksum: expected 64 lower-case hexadecimal digits")]
pub struct ParseChecksumError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_checksum_survives_being_written_and_read(hash: [u8; 32]) {
            let checksum = Checksum::new(hash);
            prop_assert_eq!(checksum.to_string().parse::<Checksum>(), Ok(checksum));
        }
    }

    #[test]
    fn digits_stand_in_the_order_of_the_bytes() {
        let mut hash = [0; 32];
        hash[0] = 0x0a;
        hash[31] = 0xf1;
        let text = Checksum::new(hash).to_string();
        assert_eq!((text.len(), &text[..4], &text[60..]), (64, "0a00", "00f1"));
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let good = "0".repeat(64);
        for text in ["", &good[1..], &good.replace('0', "A"), &good.replace('0', "é"), &alloc::format!("{good}0"), "é"]
        {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
        assert!(alloc::format!("+{}", &good[1..]).parse::<Checksum>().is_err());
    }
}
