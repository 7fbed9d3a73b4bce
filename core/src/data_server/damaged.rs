//! The blobs that have been found damaged, and so are not held any more as far as others are told, until they are replaced or
//! removed. A list in memory: after a restart they are found anew, by whoever reads them and by the next scrub.
//!
//! | state   | found damaged | stored anew | removed   |
//! |---------|---------------|-------------|-----------|
//! | sound   | → damaged     | sound       | -         |
//! | damaged | damaged       | → sound     | → (gone)  |
//!
//! Only blobs are noted, since only of them there are other copies that whoever hears of the damage can make a new one from.
//! A blob that is read while it is stored anew may be noted although the new one is sound: it is stored anew once more then.

use alloc::collections::BTreeSet;

use crate::catalog::BlobId;

/// The blobs that are known to be damaged. Usable alone.
#[derive(Debug, Clone)]
pub struct Damaged {
    blobs: BTreeSet<BlobId>,
    most: usize,
}

impl Damaged {
    /// None is known yet. At most so many are noted; of what is found beyond, nothing is known until it is found again.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { blobs: BTreeSet::new(), most }
    }

    /// This one is damaged.
    pub fn found(&mut self, blob: BlobId) {
        if self.blobs.len() < self.most {
            self.blobs.insert(blob);
        }
    }

    /// What lies there now is another file, or nothing.
    pub fn gone(&mut self, blob: BlobId) {
        self.blobs.remove(&blob);
    }

    /// Whether it is known to be damaged.
    #[must_use]
    pub fn holds(&self, blob: BlobId) -> bool {
        self.blobs.contains(&blob)
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blobs.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }
}
