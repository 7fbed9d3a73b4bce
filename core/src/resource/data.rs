//! What only data servers serve: questions of API servers and operators about all that one holds.

use alloc::string::String;
use core::fmt::Write as _;

use super::path_and_query;
use crate::catalog::BlobId;
use crate::decimal;
use crate::id::ParseIdError;
use crate::inventory::MAX_BLOBS_AT_A_TIME;

/// What a data server serves besides what [`Resource`](super::Resource) names. Which methods each of these takes is not
/// decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataResource {
    /// `/blobs/held`: which of the blobs that stand in the body are held.
    Held,
    /// `/blobs/?after=…&limit=…`: an inventory, page by page.
    Inventory(InventoryQuery),
    /// The same with `full=1`: with all that is known of each blob.
    FullInventory(InventoryQuery),
    /// `/scrub`: reading all that lies on the disk.
    Scrub,
    /// `/drain`: whether the server is to be emptied.
    Drain,
}

/// Which page of an inventory is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InventoryQuery {
    /// Behind which blob it begins; at the first one if not given.
    pub after: Option<BlobId>,
    /// How many blobs at the most: from 1 to [`MAX_BLOBS_AT_A_TIME`].
    pub limit: usize,
}

/// A target that cannot be understood. HTTP: 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataResourceError {
    /// Not a blob.
    #[error("the parameter after is no blob: {0}")]
    After(#[from] ParseIdError),
    /// Not a number, or zero.
    #[error("the parameter limit must be a number from 1 on; at most {MAX_BLOBS_AT_A_TIME} are told at a time")]
    Limit,
}

impl DataResource {
    /// What the target means; `None` if it is none of these.
    ///
    /// # Errors
    /// If it is, and cannot be understood.
    pub fn parse(target: &[u8]) -> Result<Option<Self>, DataResourceError> {
        let (path, query) = path_and_query(target);
        Ok(match path {
            b"/blobs/held" => Some(Self::Held),
            b"/blobs" | b"/blobs/" => {
                let inventory = InventoryQuery::parse(query)?;
                let is_full = parameter(query, "full") == Some("1");
                Some(if is_full { Self::FullInventory(inventory) } else { Self::Inventory(inventory) })
            }
            b"/scrub" => Some(Self::Scrub),
            b"/drain" => Some(Self::Drain),
            _ => None,
        })
    }
}

impl InventoryQuery {
    /// The target that means it.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = alloc::format!("/blobs/?limit={}", self.limit);
        if let Some(after) = self.after {
            // Writing to a text cannot fail.
            let _written = write!(target, "&after={after}");
        }
        target
    }

    /// The target that means it, with all that is known of each blob.
    #[must_use]
    pub fn full_target(&self) -> String {
        self.target() + "&full=1"
    }

    fn parse(query: &[u8]) -> Result<Self, DataResourceError> {
        let after = parameter(query, "after").map(str::parse).transpose()?;
        let limit = match parameter(query, "limit") {
            None => MAX_BLOBS_AT_A_TIME,
            Some(limit) => {
                let limit = decimal::read(limit).filter(|limit| *limit > 0).ok_or(DataResourceError::Limit)?;
                usize::try_from(limit).unwrap_or(usize::MAX).min(MAX_BLOBS_AT_A_TIME)
            }
        };
        Ok(Self { after, limit })
    }
}

/// The value of the first parameter of this name. None of ours ever has anything to escape.
fn parameter<'a>(query: &'a [u8], name: &str) -> Option<&'a str> {
    let parameters = query.split(|&byte| byte == b'&');
    let mut named = parameters.filter_map(|parameter| parameter.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    named.next().map(|value| str::from_utf8(value).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        let blob: BlobId = "00000000000000ab-0000000000000007".parse().unwrap();
        let inventory = |after, limit| Ok(Some(DataResource::Inventory(InventoryQuery { after, limit })));
        for (target, resource) in [
            ("/blobs/held", Ok(Some(DataResource::Held))),
            ("/blobs/held?x", Ok(Some(DataResource::Held))),
            ("/blobs", inventory(None, MAX_BLOBS_AT_A_TIME)),
            ("/blobs/?limit=7", inventory(None, 7)),
            ("/blobs/?limit=70000&after=00000000000000ab-0000000000000007", inventory(Some(blob), MAX_BLOBS_AT_A_TIME)),
            (
                "/blobs/?full=1",
                Ok(Some(DataResource::FullInventory(InventoryQuery { after: None, limit: MAX_BLOBS_AT_A_TIME }))),
            ),
            ("/blobs/?full=0", inventory(None, MAX_BLOBS_AT_A_TIME)),
            ("/scrub", Ok(Some(DataResource::Scrub))),
            ("/drain", Ok(Some(DataResource::Drain))),
            ("/blobs/other", Ok(None)),
            ("/objects/held", Ok(None)),
            ("/blobs/?limit=0", Err(DataResourceError::Limit)),
            ("/blobs/?limit=%31", Err(DataResourceError::Limit)),
        ] {
            assert_eq!(DataResource::parse(target.as_bytes()), resource, "{target}");
        }
        assert!(matches!(DataResource::parse(b"/blobs/?after=x"), Err(DataResourceError::After(_))));
        assert!(matches!(DataResource::parse(b"/blobs/?after=\xff"), Err(DataResourceError::After(_))));
    }

    proptest! {
        #[test]
        fn a_query_survives_being_written_as_a_target(after: Option<[u8; 16]>, limit in 1..=MAX_BLOBS_AT_A_TIME) {
            let query = InventoryQuery { after: after.map(BlobId::from_bytes), limit };
            let parsed = DataResource::parse(query.target().as_bytes());
            prop_assert_eq!(parsed, Ok(Some(DataResource::Inventory(query))));
            let parsed = DataResource::parse(query.full_target().as_bytes());
            prop_assert_eq!(parsed, Ok(Some(DataResource::FullInventory(query))));
        }

        #[test]
        fn no_target_is_too_strange(target: alloc::vec::Vec<u8>) {
            let _understood_or_not = DataResource::parse(&[b"/blobs/?", target.as_slice()].concat());
        }
    }
}
