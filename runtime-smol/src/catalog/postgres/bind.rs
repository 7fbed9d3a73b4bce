//! What the core has, as what the columns take.

use std::ops::Bound;
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::listing::Scan;
use lode_core::catalog::{BlobId, Metadata, Retention, State, Version};

/// A number that columns hold as signed. Lengths and versions stay below 2^63 (see `Stored` and `Version`).
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn version(version: Version) -> i64 {
    number(version.number())
}

/// A limit; more than can be counted is none.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn texts(addresses: &[ServerAddress]) -> Vec<&str> {
    addresses.iter().map(ServerAddress::as_str).collect()
}

pub(super) fn ids(blobs: &[BlobId]) -> Vec<String> {
    blobs.iter().map(BlobId::to_string).collect()
}

/// What all ids that are wanted come after; all of them come after nothing.
pub(super) fn behind(after: Option<BlobId>) -> String {
    after.map(|blob| blob.to_string()).unwrap_or_default()
}

/// At most half of what a column takes, so that a time may be added or be before it.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 2)
}

/// What the column `retention` holds.
pub(super) fn retention(retention: Retention) -> Option<i64> {
    match retention {
        Retention::Old(old) => Some(i64::from(old)),
        Retention::Unlimited => None,
    }
}

/// The columns of `versions` that a tombstone has not.
#[derive(Default)]
pub(super) struct StateColumns<'a> {
    pub(super) size_bytes: Option<i64>,
    pub(super) checksum: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a str>,
    pub(super) metadata_names: Option<Vec<&'a str>>,
    pub(super) metadata_values: Option<Vec<&'a str>>,
}

impl<'a> From<&'a State> for StateColumns<'a> {
    fn from(state: &'a State) -> Self {
        let State::Object(stored) = state else { return Self::default() };
        let (names, values) = names_and_values(&stored.metadata);
        Self {
            size_bytes: Some(number(stored.size_bytes)),
            checksum: Some(stored.checksum.as_bytes()),
            content_type: stored.content_type.as_ref().map(lode_core::catalog::ContentType::as_str),
            metadata_names: Some(names),
            metadata_values: Some(values),
        }
    }
}

fn names_and_values(metadata: &Metadata) -> (Vec<&str>, Vec<&str>) {
    metadata.iter().unzip()
}

/// A range of keys as the first text that belongs to it and the first behind it that does not. Neither holds the character
/// NUL, which no key holds, PostgreSQL does not take, and a client may well have sent.
pub(super) fn range(scan: &Scan) -> (String, String) {
    let from = match &scan.from {
        Bound::Included(from) => without_nul(from),
        Bound::Excluded(from) if from.contains('\0') => without_nul(from),
        Bound::Excluded(from) => successor(from),
        Bound::Unbounded => String::new(),
    };
    let until = scan.until.as_deref().map_or_else(behind_all_keys, without_nul);
    (from, until)
}

/// The first text without NUL that does not come before this.
fn without_nul(text: &str) -> String {
    match text.split_once('\0') {
        Some((before, _)) => successor(before),
        None => text.to_owned(),
    }
}

/// The first text without NUL that comes after this.
fn successor(text: &str) -> String {
    format!("{text}\u{1}")
}

/// No key has so many characters of this size.
fn behind_all_keys() -> String {
    "\u{10ffff}".repeat(lode_core::catalog::MAX_KEY_BYTES / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_holds_the_same_keys(
            from in "[\0\u{1}ab]{0,4}",
            is_included: bool,
            until in prop::option::of("[\0\u{1}ab]{0,4}"),
            key in "[\u{1}ab]{1,5}",
        ) {
            let is_behind = if is_included { key >= from } else { key > from };
            let belongs = is_behind && until.as_ref().is_none_or(|until| key < *until);
            let from = if is_included { Bound::Included(from) } else { Bound::Excluded(from) };
            let (from, until) = range(&Scan { from, until, most: 1 });
            prop_assert_eq!(from <= key && key < until, belongs);
        }
    }

    #[test]
    fn the_last_key_of_all_belongs_to_a_range_without_end() {
        let last = "\u{10ffff}".repeat(256);
        assert!(last.parse::<lode_core::catalog::Key>().is_ok());
        let (from, until) = range(&Scan { from: Bound::Unbounded, until: None, most: 1 });
        assert!(from <= last && last < until);
    }
}
