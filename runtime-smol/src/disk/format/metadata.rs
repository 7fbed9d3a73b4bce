//! The entries between a blob's block table and its version slot.

use lode_core::catalog::Description;
use lode_core::checksum::Checksum;

use super::{Tail, take, take_u32};

pub(super) const KEY_NAME: u16 = 1;
pub(super) const KEY_CHECKSUM: u16 = 2;
pub(super) const KEY_WRITTEN_AT: u16 = 3;
pub(super) const KEY_DESCRIPTION: u16 = 4;

/// The entries that this version writes.
pub(super) fn encode(tail: &Tail) -> Vec<u8> {
    let mut metadata = Vec::new();
    push_entry(&mut metadata, KEY_NAME, tail.name.as_bytes());
    push_entry(&mut metadata, KEY_CHECKSUM, tail.checksum.as_bytes());
    push_entry(&mut metadata, KEY_WRITTEN_AT, &tail.written_at_ms.to_le_bytes());
    if let Some(description) = &tail.description {
        push_entry(&mut metadata, KEY_DESCRIPTION, description.to_string().as_bytes());
    }
    metadata
}

/// What the entries say; `None` if they are not as they were written.
pub(super) fn decode(mut metadata: &[u8], size_bytes: u64) -> Option<Tail> {
    let (mut name, mut checksum, mut written_at_ms, mut description) = (None, None, None, None);
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
            KEY_NAME => name = Some(str::from_utf8(value).ok()?.to_owned()),
            KEY_CHECKSUM => checksum = Some(Checksum::new(value.try_into().ok()?)),
            KEY_WRITTEN_AT => written_at_ms = Some(u64::from_le_bytes(value.try_into().ok()?)),
            KEY_DESCRIPTION => description = Some(str::from_utf8(value).ok()?.parse::<Description>().ok()?),
            _ => {}
        }
    }
    Some(Tail {
        name: name?,
        size_bytes,
        checksum: checksum?,
        written_at_ms: written_at_ms?,
        description,
        label: None,
        slot_at: None,
    })
}

pub(super) fn push_entry(metadata: &mut Vec<u8>, key: u16, value: &[u8]) {
    metadata.extend_from_slice(&key.to_le_bytes());
    metadata.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    metadata.extend_from_slice(value);
}
