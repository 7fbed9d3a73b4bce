//! The version slot: written in place, and so with a checksum of its own.

use lode_core::catalog::{Version, VersionLabel};
use lode_core::time::WallTime;

use super::{take, take_u32};

/// How long it is.
pub(super) const BYTES: usize = 20;

/// What stands in it; zeros if there is nothing to be said yet.
pub(super) fn encode(label: Option<VersionLabel>) -> [u8; BYTES] {
    let mut slot = [0; BYTES];
    if let Some(VersionLabel { version, written }) = label {
        let (checked, crc) = slot.split_at_mut(16);
        let (number, millis) = checked.split_at_mut(8);
        number.copy_from_slice(&version.number().to_le_bytes());
        millis.copy_from_slice(&written.as_millis().to_le_bytes());
        crc.copy_from_slice(&crc32c::crc32c(checked).to_le_bytes());
    }
    slot
}

/// What a slot says; nothing if it was never written, or not wholly.
pub(super) fn decode(mut slot: &[u8]) -> Option<VersionLabel> {
    let crc = crc32c::crc32c(slot.get(..16)?);
    let version = Version::new(u64::from_le_bytes(take(&mut slot)?))?;
    let written = WallTime::from_millis(u64::from_le_bytes(take(&mut slot)?));
    (take_u32(&mut slot)? == crc && slot.is_empty()).then_some(VersionLabel { version, written })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(version: u64, millis: u64) -> VersionLabel {
        VersionLabel { version: Version::new(version).unwrap(), written: WallTime::from_millis(millis) }
    }

    #[test]
    fn an_empty_slot_says_nothing() {
        assert_eq!(decode(&encode(None)), None);
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&encode(Some(label(1, 0)))[..19]), None);
    }

    proptest! {
        #[test]
        fn a_label_survives_being_noted(version in 1..=i64::MAX.cast_unsigned(), millis: u64) {
            let label = label(version, millis);
            prop_assert_eq!(decode(&encode(Some(label))), Some(label));
        }

        #[test]
        fn one_that_was_torn_says_nothing(version in 1..=i64::MAX.cast_unsigned(), millis: u64, whole in 0..BYTES) {
            let slot = encode(Some(label(version, millis)));
            let mut torn = [0; BYTES];
            torn[..whole].copy_from_slice(&slot[..whole]);
            prop_assume!(torn != slot);
            prop_assert_eq!(decode(&torn), None);
        }

        #[test]
        fn a_bit_that_turns_makes_it_say_nothing(version in 1..=i64::MAX.cast_unsigned(), bit in 0..BYTES * 8) {
            let mut slot = encode(Some(label(version, 1_000_000)));
            slot[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(decode(&slot), None);
        }
    }
}
