//! The bytes of a blob's file, version 1. All numbers are little-endian.
//!
//! ```text
//! body        the object, from offset 0 on, so that its pages are the file's pages
//! table       for each block of 65,536 bytes of the body (the last may be shorter): its CRC-32C, 4 bytes
//! metadata    entries, one after another, their keys ascending:
//!                 key 2 bytes | length of the value 4 bytes | value
//!                 1  the name, UTF-8
//!                 2  BLAKE3 of the body, 32 bytes
//!                 3  when it was written, milliseconds since 1970-01-01T00:00Z, 8 bytes
//!                 other keys are passed over: later versions of Lode may add some that an earlier one can do without
//! footer      36 bytes:
//!                 length of the body 8 | length of the metadata 4 | CRC-32C of the table 4 |
//!                 CRC-32C of the metadata and the 16 bytes before this 4 |
//!                 format version 4 | CRC-32C of the format version 4 | "LodeBlob" 8
//! ```
//!
//! The last 16 bytes are the same in every version. The version has a checksum of its own so that damage there is told
//! apart from a file of a later version. The table has its own, so that a look-up need not read it.

use lode_core::checksum::Checksum;

use super::error::Damage;

/// The length of the blocks that have a checksum each.
pub(super) const BLOCK_BYTES: u64 = 65_536;
/// The length of one checksum in the table.
pub(super) const ENTRY_BYTES: u64 = 4;
/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

const FOOTER_BYTES: usize = 36;
const MAGIC: &[u8; 8] = b"LodeBlob";
const MAX_METADATA_BYTES: u32 = 1 << 20;
const KEY_NAME: u16 = 1;
const KEY_CHECKSUM: u16 = 2;
const KEY_WRITTEN_AT: u16 = 3;

/// What the end of a blob's file says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// The name, in its escaped form.
    pub(super) name: String,
    /// The length of the body.
    pub(super) size_bytes: u64,
    /// BLAKE3 of the body.
    pub(super) checksum: Checksum,
    /// When it was written, in milliseconds since 1970.
    pub(super) written_at_ms: u64,
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
pub(super) fn encode_tail(description: &Description, table: &[u8]) -> Vec<u8> {
    let mut tail = table.to_vec();
    push_entry(&mut tail, KEY_NAME, description.name.as_bytes());
    push_entry(&mut tail, KEY_CHECKSUM, description.checksum.as_bytes());
    push_entry(&mut tail, KEY_WRITTEN_AT, &description.written_at_ms.to_le_bytes());
    let metadata_bytes = u32::try_from(tail.len() - table.len()).unwrap_or(u32::MAX);
    tail.extend_from_slice(&description.size_bytes.to_le_bytes());
    tail.extend_from_slice(&metadata_bytes.to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(table).to_le_bytes());
    let checked = tail.get(table.len()..).unwrap_or_default();
    tail.extend_from_slice(&crc32c::crc32c(checked).to_le_bytes());
    tail.extend_from_slice(&VERSION.to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(&VERSION.to_le_bytes()).to_le_bytes());
    tail.extend_from_slice(MAGIC);
    tail
}

/// Reads the end of a file that is `file_bytes` long, of which `held` are the last bytes. Also gives the block table,
/// checked, if `held` has all of it.
pub(super) fn decode_tail(held: &[u8], file_bytes: u64) -> Result<(Description, Option<&[u8]>), TailError> {
    let (before_footer, footer) = Footer::split_from(held, file_bytes)?;
    let table_at = footer.size_bytes;
    // Nothing here can overflow: `split_from` has compared the sum with the length of the file.
    let metadata_at = table_at + table_bytes(footer.size_bytes);
    let metadata_bytes = usize::try_from(footer.metadata_bytes).unwrap_or(usize::MAX);
    let Some(split) = before_footer.len().checked_sub(metadata_bytes) else {
        return Err(TailError::MoreNeeded(metadata_bytes.saturating_add(FOOTER_BYTES)));
    };
    let (before_metadata, metadata) = before_footer.split_at(split);
    let in_metadata = TailError::Damaged { at: metadata_at, damage: Damage::Metadata };
    if crc32c::crc32c_append(crc32c::crc32c(metadata), &footer.checked) != footer.metadata_crc {
        return Err(in_metadata);
    }
    let description = decode_metadata(metadata, footer.size_bytes).ok_or(in_metadata)?;
    let table = usize::try_from(table_bytes(footer.size_bytes))
        .ok()
        .and_then(|bytes| before_metadata.len().checked_sub(bytes))
        .and_then(|from| before_metadata.get(from..));
    match table {
        Some(table) if crc32c::crc32c(table) != footer.table_crc => {
            Err(TailError::Damaged { at: table_at, damage: Damage::Table })
        }
        Some(_) | None => Ok((description, table)),
    }
}

struct Footer {
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
        if version != VERSION {
            return Err(TailError::UnknownVersion(version));
        }
        let mut fields = checked.as_slice();
        let size_bytes = u64::from_le_bytes(take(&mut fields).ok_or(no_footer)?);
        let metadata_bytes = take_u32(&mut fields).ok_or(no_footer)?;
        let table_crc = take_u32(&mut fields).ok_or(no_footer)?;
        let parts_bytes = u128::from(size_bytes)
            + u128::from(size_bytes.div_ceil(BLOCK_BYTES)) * u128::from(ENTRY_BYTES)
            + u128::from(metadata_bytes)
            + FOOTER_BYTES as u128;
        if parts_bytes != u128::from(file_bytes) || metadata_bytes > MAX_METADATA_BYTES {
            return Err(TailError::Damaged { at: footer_at, damage: Damage::Length });
        }
        Ok((before, Self { size_bytes, metadata_bytes, table_crc, metadata_crc, checked }))
    }
}

fn push_entry(tail: &mut Vec<u8>, key: u16, value: &[u8]) {
    tail.extend_from_slice(&key.to_le_bytes());
    tail.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    tail.extend_from_slice(value);
}

fn decode_metadata(mut metadata: &[u8], size_bytes: u64) -> Option<Description> {
    let (mut name, mut checksum, mut written_at_ms) = (None, None, None);
    let mut keys_below = 0;
    while !metadata.is_empty() {
        let key = u16::from_le_bytes(take(&mut metadata)?);
        let length = usize::try_from(take_u32(&mut metadata)?).ok()?;
        let (value, rest) = metadata.split_at_checked(length)?;
        metadata = rest;
        if u32::from(key) < keys_below {
            return None;
        }
        keys_below = u32::from(key) + 1;
        match key {
            KEY_NAME => name = Some(String::from_utf8(value.to_vec()).ok()?),
            KEY_CHECKSUM => checksum = Some(Checksum::new(value.try_into().ok()?)),
            KEY_WRITTEN_AT => written_at_ms = Some(u64::from_le_bytes(value.try_into().ok()?)),
            _ => {}
        }
    }
    Some(Description { name: name?, size_bytes, checksum: checksum?, written_at_ms: written_at_ms? })
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

    fn description(size_bytes: u64) -> Description {
        Description { name: "a%2Fb".into(), size_bytes, checksum: Checksum::new([7; 32]), written_at_ms: 42 }
    }

    fn file_bytes(size_bytes: u64, tail: &[u8]) -> u64 {
        size_bytes + tail.len() as u64
    }

    /// A tail with other metadata than this version writes, and right checksums.
    fn tail_with(metadata: &[u8]) -> Vec<u8> {
        let mut tail = metadata.to_vec();
        tail.extend_from_slice(&0_u64.to_le_bytes());
        tail.extend_from_slice(&u32::try_from(metadata.len()).unwrap().to_le_bytes());
        tail.extend_from_slice(&crc32c::crc32c(&[]).to_le_bytes());
        tail.extend_from_slice(&crc32c::crc32c(&tail.clone()).to_le_bytes());
        tail.extend_from_slice(&VERSION.to_le_bytes());
        tail.extend_from_slice(&crc32c::crc32c(&VERSION.to_le_bytes()).to_le_bytes());
        tail.extend_from_slice(MAGIC);
        tail
    }

    fn entries(keys: &[u16]) -> Vec<u8> {
        let mut metadata = Vec::new();
        for &key in keys {
            let value: &[u8] = match key {
                KEY_NAME => b"a%2Fb",
                KEY_CHECKSUM => &[7; 32],
                KEY_WRITTEN_AT => &42_u64.to_le_bytes(),
                _ => b"of a later version",
            };
            push_entry(&mut metadata, key, value);
        }
        metadata
    }

    #[test]
    fn what_was_encoded_is_decoded_with_and_without_the_table() {
        let table = [1, 2, 3, 4, 5, 6, 7, 8];
        let size_bytes = BLOCK_BYTES + 1;
        let tail = encode_tail(&description(size_bytes), &table);
        let whole = decode_tail(&tail, file_bytes(size_bytes, &tail));
        assert_eq!(whole, Ok((description(size_bytes), Some(table.as_slice()))));
        let without = decode_tail(&tail[1..], file_bytes(size_bytes, &tail));
        assert_eq!(without, Ok((description(size_bytes), None)));
        let metadata_and_footer = tail.len() - table.len();
        let too_little = decode_tail(&tail[table.len() + 1..], file_bytes(size_bytes, &tail));
        assert_eq!(too_little, Err(TailError::MoreNeeded(metadata_and_footer)));
    }

    #[test]
    fn keys_of_later_versions_are_passed_over_and_disorder_is_damage() {
        let decode = |keys: &[u16]| {
            let tail = tail_with(&entries(keys));
            decode_tail(&tail, file_bytes(0, &tail)).map(|(description, _)| description)
        };
        assert_eq!(decode(&[1, 2, 3, 4, 0x7000, u16::MAX]), Ok(description(0)));
        let damaged = Err(TailError::Damaged { at: 0, damage: Damage::Metadata });
        for keys in [[1, 2].as_slice(), &[1, 2, 3, 3], &[2, 1, 3], &[1, 1, 2, 3], &[]] {
            assert_eq!(decode(keys), damaged, "{keys:?}");
        }
    }

    #[test]
    fn another_version_is_told_apart_from_damage() {
        let mut tail = encode_tail(&description(0), &[]);
        let version_at = tail.len() - 16;
        tail[version_at] = 2;
        assert!(matches!(decode_tail(&tail, file_bytes(0, &tail)), Err(TailError::Damaged { .. })));
        let crc = crc32c::crc32c(&2_u32.to_le_bytes());
        tail[version_at + 4..version_at + 8].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(decode_tail(&tail, file_bytes(0, &tail)), Err(TailError::UnknownVersion(2)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut held: Vec<u8>, lengths: [u8; 12], file_bytes: u64) {
            let _ = decode_tail(&held, file_bytes);
            held.extend_from_slice(&lengths);
            held.extend_from_slice(&[0; 8]);
            held.extend_from_slice(&VERSION.to_le_bytes());
            held.extend_from_slice(&crc32c::crc32c(&VERSION.to_le_bytes()).to_le_bytes());
            held.extend_from_slice(MAGIC);
            prop_assert!(decode_tail(&held, file_bytes).is_err());
            prop_assert!(decode_tail(&held, held.len() as u64).is_err());
        }
    }
}
