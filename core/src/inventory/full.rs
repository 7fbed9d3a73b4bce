//! An inventory with all that a data server knows of each blob: what a lost catalog is rebuilt from.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::text::{InventoryTextError, page_from_text, page_to_text};
use crate::catalog::{BlobId, Description, VersionLabel};
use crate::checksum::Checksum;
use crate::decimal;
use crate::time::WallTime;

/// A part of what a data server holds, in an order of its own, with all that it knows of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FullPage {
    /// Whole blobs, sound as far as is known.
    pub blobs: Vec<FullEntry>,
    /// Behind which one the next page begins; `None` if this is the last.
    pub next: Option<BlobId>,
}

/// A blob that a data server holds, and all that it knows of it. Written as `BLOB SIZE CHECKSUM STORED LABEL DESCRIPTION`,
/// where the label is `-` if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullEntry {
    /// Which.
    pub blob: BlobId,
    /// How long its content is.
    pub size_bytes: u64,
    /// The checksum of its content.
    pub checksum: Checksum,
    /// When it was stored, by the clock of the data server.
    pub stored: WallTime,
    /// Which version it has become, if that was noted.
    pub label: Option<VersionLabel>,
    /// What it was written for.
    pub description: Description,
}

impl FullPage {
    /// The page as a text: a line for each entry, and a last one as in [`text`](super::text).
    #[must_use]
    pub fn to_text(&self) -> String {
        page_to_text(self.blobs.iter(), self.next)
    }

    /// The page that a text tells.
    ///
    /// # Errors
    /// If it is not as [`to_text`](Self::to_text) writes it.
    pub fn from_text(text: &[u8]) -> Result<Self, InventoryTextError> {
        let expected = "a blob, its size, checksum and age, its label and its description";
        let (blobs, next) = page_from_text(text, expected, |line| line.parse().ok())?;
        Ok(Self { blobs, next })
    }
}

impl fmt::Display for FullEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blob, size_bytes, checksum, stored, label, description } = self;
        write!(f, "{blob} {size_bytes} {checksum} {} ", stored.as_millis())?;
        match label {
            Some(label) => write!(f, "{label} ")?,
            None => f.write_str("- ")?,
        }
        write!(f, "{description}")
    }
}

/// A text that is not an entry of a full inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of a full inventory is a blob, its size, checksum, time, label and description")]
pub struct ParseFullEntryError;

impl FromStr for FullEntry {
    type Err = ParseFullEntryError;

    fn from_str(line: &str) -> Result<Self, ParseFullEntryError> {
        entry(line).ok_or(ParseFullEntryError)
    }
}

fn entry(line: &str) -> Option<FullEntry> {
    let (blob, rest) = line.split_once(' ')?;
    let (size_bytes, rest) = rest.split_once(' ')?;
    let (checksum, rest) = rest.split_once(' ')?;
    let (stored, rest) = rest.split_once(' ')?;
    let millis = decimal::read(stored)?;
    let stored = WallTime::from_millis(millis);
    let (label, description) = match rest.strip_prefix("- ") {
        Some(description) => (None, description),
        None => {
            let (behind_number, _) = rest.split_once(' ').map(|(number, rest)| (number.len() + 1, rest))?;
            let end = behind_number + rest.get(behind_number..)?.find(' ')?;
            (Some(rest.get(..end)?.parse().ok()?), rest.get(end + 1..)?)
        }
    };
    let entry = FullEntry {
        blob: blob.parse().ok()?,
        size_bytes: decimal::read(size_bytes)?,
        checksum: checksum.parse().ok()?,
        stored,
        label,
        description: description.parse().ok()?,
    };
    (stored.as_millis() == millis).then_some(entry)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Version;
    use crate::catalog::description_tests::any_description;

    const BLOB: &str = "00000000000000ab-0000000000000007";

    fn line(rest: &str) -> String {
        alloc::format!("{BLOB} 5 {} 1790 {rest}\nend\n", Checksum::new([7; 32]))
    }

    #[test]
    fn an_entry_has_all_that_is_known() {
        let page = FullPage::from_text(line("3 1000 object objects a =text/plain").as_bytes()).unwrap();
        let entry = &page.blobs[0];
        assert_eq!((entry.size_bytes, entry.stored.as_millis()), (5, 1790));
        assert_eq!(entry.label, "3 1000".parse().ok());
        assert_eq!(entry.description, "object objects a =text/plain".parse().unwrap());
        assert_eq!(FullPage::from_text(line("- tombstone objects a").as_bytes()).unwrap().blobs[0].label, None);
        for rest in [
            "",
            "-",
            "- ",
            "3 1000",
            "3 1000 ",
            "3 - tombstone objects a",
            "tombstone objects a",
            "0 1 tombstone objects a",
        ] {
            assert!(FullPage::from_text(line(rest).as_bytes()).is_err(), "{rest:?}");
        }
    }

    proptest! {
        #[test]
        fn a_full_page_survives_being_sent(
            descriptions in vec((any_description(), prop::option::of(1_u64..9), any::<u32>()), 0..4),
            next: bool,
        ) {
            let blobs = descriptions.into_iter().map(|(description, version, number)| FullEntry {
                blob: BlobId::from_bytes([7; 16]),
                size_bytes: number.into(),
                checksum: Checksum::new([3; 32]),
                stored: WallTime::from_millis(number.into()),
                label: version.and_then(Version::new).map(|version| VersionLabel { version, written: WallTime::EPOCH }),
                description,
            });
            let page = FullPage { blobs: blobs.collect(), next: next.then(|| BlobId::from_bytes([9; 16])) };
            prop_assert_eq!(FullPage::from_text(page.to_text().as_bytes()), Ok(page));
        }
    }
}
