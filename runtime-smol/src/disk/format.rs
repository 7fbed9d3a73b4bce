//! The bytes of a blob's file, version 2. All numbers are little-endian.
//!
//! ```text
//! body        the object, from offset 0 on, so that its pages are the file's pages
//! table       for each block of 65,536 bytes of the body (the last may be shorter): its CRC-32C, 4 bytes
//! metadata    entries, one after another, their keys ascending:
//!                 key 2 bytes | length of the value 4 bytes | value
//!                 1  the name, UTF-8
//!                 2  BLAKE3 of the body, 32 bytes
//!                 3  when it was written, milliseconds since 1970-01-01T00:00Z, 8 bytes
//!                 4  what it says of itself (`lode_core::catalog::Description`), if it came with that
//!                 other keys are passed over: later versions of Lode may add some that an earlier one can do without
//! version slot    20 bytes: number of the version 8 | when it was written, milliseconds since 1970 8 |
//!                 CRC-32C of these 16 bytes 4
//! footer      36 bytes:
//!                 length of the body 8 | length of the metadata 4 | CRC-32C of the table 4 |
//!                 CRC-32C of the metadata and the 16 bytes before this 4 |
//!                 format version 4 | CRC-32C of the format version 4 | "LodeBlob" 8
//! ```
//!
//! The last 16 bytes are the same in every version. The version has a checksum of its own so that damage there is told
//! apart from a file of a later version. The table has its own, so that a look-up need not read it.
//!
//! Which version of its key a blob has become is known only once it is committed everywhere. So the version slot is written
//! as zeros at first, and later in its place, in one write. It has a checksum of its own and is part of no other: one that is
//! empty, or was torn by a crash, says nothing, and is no damage.
//!
//! | format version | what it has                                | is     |
//! |----------------|--------------------------------------------|--------|
//! | 1              | all but the key 4 and the version slot     | read   |
//! | 2              | all of it                                  | read, written |

mod metadata;
mod slot;

use lode_core::catalog::{Description, VersionLabel};
use lode_core::checksum::Checksum;

use super::error::Damage;

/// The length of the blocks that have a checksum each.
pub(super) const BLOCK_BYTES: u64 = 65_536;
/// The length of one checksum in the table.
pub(super) const ENTRY_BYTES: u64 = 4;
/// The version that is written; it and all before it are read.
pub(super) const VERSION: u32 = 2;
/// The first version with a version slot.
const FIRST_WITH_SLOT: u32 = 2;

const FOOTER_BYTES: usize = 36;
const MAGIC: &[u8; 8] = b"LodeBlob";
const MAX_METADATA_BYTES: u32 = 1 << 20;

/// What the end of a blob's file says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    /// The name, in its escaped form.
    pub(super) name: String,
    /// The length of the body.
    pub(super) size_bytes: u64,
    /// BLAKE3 of the body.
    pub(super) checksum: Checksum,
    /// When it was written, in milliseconds since 1970.
    pub(super) written_at_ms: u64,
    /// What it was written for, if that was said.
    pub(super) description: Option<Description>,
    /// Which version it has become, if that was noted.
    pub(super) label: Option<VersionLabel>,
    /// Where the version slot is, from the start of the file, if it has one.
    pub(super) slot_at: Option<u64>,
}

/// Why the end of a file could not be read as that of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TailError {
    /// It is not what was written.
    Damaged {
        /// Where, from the start of the file.
        at: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// It is of another format version.
    UnknownVersion(u32),
    /// So many bytes at the end of the file must be given.
    MoreNeeded(usize),
}

/// How many bytes the table of a body takes.
pub(super) const fn table_bytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(BLOCK_BYTES) * ENTRY_BYTES
}

/// What follows the body in the file. `table` is the block table as it is to be written.
pub(super) fn encode_tail(tail: &Tail, table: &[u8]) -> Vec<u8> {
    let metadata = metadata::encode(tail);
    let mut bytes = [table, &metadata, &slot::encode(tail.label)].concat();
    let mut checked = tail.size_bytes.to_le_bytes().to_vec();
    checked.extend_from_slice(&u32::try_from(metadata.len()).unwrap_or(u32::MAX).to_le_bytes());
    checked.extend_from_slice(&crc32c::crc32c(table).to_le_bytes());
    bytes.extend_from_slice(&checked);
    bytes.extend_from_slice(&crc32c::crc32c_append(crc32c::crc32c(&metadata), &checked).to_le_bytes());
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&VERSION.to_le_bytes()).to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    bytes
}

/// What is to be written into a version slot.
pub(super) fn encode_label(label: VersionLabel) -> impl AsRef<[u8]> {
    slot::encode(Some(label))
}

/// Reads the end of a file that is `file_bytes` long, of which `held` are the last bytes. Also gives the block table,
/// checked, if `held` has all of it.
pub(super) fn decode_tail(held: &[u8], file_bytes: u64) -> Result<(Tail, Option<&[u8]>), TailError> {
    let (before_footer, footer) = Footer::split_from(held, file_bytes)?;
    let table_at = footer.size_bytes;
    // Nothing here can overflow: `split_from` has compared the sum with the length of the file.
    let metadata_at = table_at + table_bytes(footer.size_bytes);
    let slot_at = metadata_at + u64::from(footer.metadata_bytes);
    let slot_bytes = slot_bytes(footer.version);
    let metadata_bytes = usize::try_from(footer.metadata_bytes).unwrap_or(usize::MAX);
    let behind_table = metadata_bytes.saturating_add(slot_bytes);
    let Some(split) = before_footer.len().checked_sub(behind_table) else {
        return Err(TailError::MoreNeeded(behind_table.saturating_add(FOOTER_BYTES)));
    };
    let (before_metadata, behind_table) = before_footer.split_at(split);
    let (metadata, slot) = behind_table.split_at(metadata_bytes);
    let in_metadata = TailError::Damaged { at: metadata_at, damage: Damage::Metadata };
    if crc32c::crc32c_append(crc32c::crc32c(metadata), &footer.checked) != footer.metadata_crc {
        return Err(in_metadata);
    }
    let mut tail = metadata::decode(metadata, footer.size_bytes).ok_or(in_metadata)?;
    tail.label = slot::decode(slot);
    tail.slot_at = (slot_bytes > 0).then_some(slot_at);
    let table = usize::try_from(table_bytes(footer.size_bytes))
        .ok()
        .and_then(|bytes| before_metadata.len().checked_sub(bytes))
        .and_then(|from| before_metadata.get(from..));
    match table {
        Some(table) if crc32c::crc32c(table) != footer.table_crc => {
            Err(TailError::Damaged { at: table_at, damage: Damage::Table })
        }
        Some(_) | None => Ok((tail, table)),
    }
}

struct Footer {
    version: u32,
    size_bytes: u64,
    metadata_bytes: u32,
    table_crc: u32,
    metadata_crc: u32,
    checked: [u8; 16],
}

impl Footer {
    fn split_from(held: &[u8], file_bytes: u64) -> Result<(&[u8], Self), TailError> {
        let footer_at = file_bytes.saturating_sub(FOOTER_BYTES as u64);
        let no_footer = TailError::Damaged { at: footer_at, damage: Damage::NoFooter };
        let Some((before, footer)) = held.split_last_chunk::<FOOTER_BYTES>() else { return Err(no_footer) };
        let mut rest = footer.as_slice();
        let checked = take::<16>(&mut rest).ok_or(no_footer)?;
        let metadata_crc = take_u32(&mut rest).ok_or(no_footer)?;
        let version = take_u32(&mut rest).ok_or(no_footer)?;
        let version_crc = take_u32(&mut rest).ok_or(no_footer)?;
        if rest != MAGIC || crc32c::crc32c(&version.to_le_bytes()) != version_crc {
            return Err(no_footer);
        }
        if !(1..=VERSION).contains(&version) {
            return Err(TailError::UnknownVersion(version));
        }
        let mut fields = checked.as_slice();
        let size_bytes = u64::from_le_bytes(take(&mut fields).ok_or(no_footer)?);
        let metadata_bytes = take_u32(&mut fields).ok_or(no_footer)?;
        let table_crc = take_u32(&mut fields).ok_or(no_footer)?;
        let parts_bytes = u128::from(size_bytes)
            + u128::from(size_bytes.div_ceil(BLOCK_BYTES)) * u128::from(ENTRY_BYTES)
            + u128::from(metadata_bytes)
            + slot_bytes(version) as u128
            + FOOTER_BYTES as u128;
        if parts_bytes != u128::from(file_bytes) || metadata_bytes > MAX_METADATA_BYTES {
            return Err(TailError::Damaged { at: footer_at, damage: Damage::Length });
        }
        Ok((before, Self { version, size_bytes, metadata_bytes, table_crc, metadata_crc, checked }))
    }
}

const fn slot_bytes(version: u32) -> usize {
    if version >= FIRST_WITH_SLOT { slot::BYTES } else { 0 }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tail(size_bytes: u64) -> Tail {
        Tail {
            name: "a%2Fb".into(),
            size_bytes,
            checksum: Checksum::new([7; 32]),
            written_at_ms: 42,
            description: None,
            label: None,
            slot_at: None,
        }
    }

    fn file_bytes(size_bytes: u64, bytes: &[u8]) -> u64 {
        size_bytes + bytes.len() as u64
    }

    /// The end of a file with other metadata than this version writes, and right checksums.
    fn end_with(metadata: &[u8], version: u32) -> Vec<u8> {
        let mut footer = 0_u64.to_le_bytes().to_vec();
        footer.extend_from_slice(&u32::try_from(metadata.len()).unwrap().to_le_bytes());
        footer.extend_from_slice(&crc32c::crc32c(&[]).to_le_bytes());
        footer.extend_from_slice(&crc32c::crc32c(&[metadata, &footer].concat()).to_le_bytes());
        footer.extend_from_slice(&version.to_le_bytes());
        footer.extend_from_slice(&crc32c::crc32c(&version.to_le_bytes()).to_le_bytes());
        footer.extend_from_slice(MAGIC);
        [metadata, &vec![0; slot_bytes(version)], &footer].concat()
    }

    fn entries(keys: &[u16]) -> Vec<u8> {
        let mut metadata = Vec::new();
        for &key in keys {
            let value: &[u8] = match key {
                metadata::KEY_NAME => b"a%2Fb",
                metadata::KEY_CHECKSUM => &[7; 32],
                metadata::KEY_WRITTEN_AT => &42_u64.to_le_bytes(),
                metadata::KEY_DESCRIPTION => b"tombstone objects a/b",
                _ => b"of a later version",
            };
            metadata::push_entry(&mut metadata, key, value);
        }
        metadata
    }

    #[test]
    fn what_was_encoded_is_decoded_with_and_without_the_table() {
        let table = [1, 2, 3, 4, 5, 6, 7, 8];
        let size_bytes = BLOCK_BYTES + 1;
        let label = "7 1000".parse().ok();
        let description = "object objects a/b =text/plain note=x".parse().ok();
        let written = Tail { description, label, ..tail(size_bytes) };
        let bytes = encode_tail(&written, &table);
        let file_bytes = file_bytes(size_bytes, &bytes);
        let read = Tail { slot_at: Some(file_bytes - 56), ..written };
        assert_eq!(decode_tail(&bytes, file_bytes), Ok((read.clone(), Some(table.as_slice()))));
        assert_eq!(decode_tail(&bytes[1..], file_bytes), Ok((read, None)));
        let behind_table = bytes.len() - table.len();
        let too_little = decode_tail(&bytes[table.len() + 1..], file_bytes);
        assert_eq!(too_little, Err(TailError::MoreNeeded(behind_table)));
    }

    #[test]
    fn what_is_in_the_version_slot_is_never_damage() {
        let mut bytes = encode_tail(&tail(0), &[]);
        let file_bytes = file_bytes(0, &bytes);
        let slot_at = usize::try_from(decode_tail(&bytes, file_bytes).unwrap().0.slot_at.unwrap()).unwrap();
        for at in slot_at..slot_at + slot::BYTES {
            bytes[at] ^= 0xff;
            assert_eq!(decode_tail(&bytes, file_bytes).unwrap().0.label, None);
        }
        let label: VersionLabel = "3 5".parse().unwrap();
        bytes[slot_at..slot_at + slot::BYTES].copy_from_slice(encode_label(label).as_ref());
        assert_eq!(decode_tail(&bytes, file_bytes).unwrap().0.label, Some(label));
    }

    #[test]
    fn files_of_version_1_are_read() {
        let bytes = end_with(&entries(&[1, 2, 3]), 1);
        assert_eq!(decode_tail(&bytes, file_bytes(0, &bytes)), Ok((tail(0), Some([].as_slice()))));
    }

    #[test]
    fn keys_of_later_versions_are_passed_over_and_disorder_is_damage() {
        let decode = |keys: &[u16]| {
            let bytes = end_with(&entries(keys), VERSION);
            decode_tail(&bytes, file_bytes(0, &bytes)).map(|(tail, _)| Tail { slot_at: None, ..tail })
        };
        assert_eq!(decode(&[1, 2, 3, 0x7000, u16::MAX]), Ok(tail(0)));
        let described = Tail { description: "tombstone objects a/b".parse().ok(), ..tail(0) };
        assert_eq!(decode(&[1, 2, 3, 4, 5]), Ok(described));
        let damaged = Err(TailError::Damaged { at: 0, damage: Damage::Metadata });
        for keys in [[1, 2].as_slice(), &[1, 2, 3, 3], &[2, 1, 3], &[1, 1, 2, 3], &[]] {
            assert_eq!(decode(keys), damaged, "{keys:?}");
        }
    }

    #[test]
    fn another_version_is_told_apart_from_damage() {
        let mut bytes = encode_tail(&tail(0), &[]);
        let version_at = bytes.len() - 16;
        for other in [0_u32, 3] {
            bytes[version_at..version_at + 4].copy_from_slice(&other.to_le_bytes());
            assert!(matches!(decode_tail(&bytes, file_bytes(0, &bytes)), Err(TailError::Damaged { .. })));
            let crc = crc32c::crc32c(&other.to_le_bytes());
            bytes[version_at + 4..version_at + 8].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(decode_tail(&bytes, file_bytes(0, &bytes)), Err(TailError::UnknownVersion(other)));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut held: Vec<u8>, lengths: [u8; 12], version in 1..=VERSION, file_bytes: u64) {
            let _ = decode_tail(&held, file_bytes);
            held.extend_from_slice(&lengths);
            held.extend_from_slice(&[0; 8]);
            held.extend_from_slice(&version.to_le_bytes());
            held.extend_from_slice(&crc32c::crc32c(&version.to_le_bytes()).to_le_bytes());
            held.extend_from_slice(MAGIC);
            prop_assert!(decode_tail(&held, file_bytes).is_err());
            prop_assert!(decode_tail(&held, held.len() as u64).is_err());
        }
    }
}
