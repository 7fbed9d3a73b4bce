//! Rebuilding a catalog that is lost from what the data servers hold.
//!
//! Blobs describe themselves, and beside each is noted which version of its key the catalog had made of it, as soon as it was
//! committed and again at each audit. So nearly all versions are known as they were. A blob without a note was uploaded
//! shortly before the catalog or its API server broke, and may have been acknowledged:
//!
//! | a blob without a note is                                  | it becomes                                            |
//! |-----------------------------------------------------------|-------------------------------------------------------|
//! | older than what is believed                               | nothing: it was never committed, or was to be removed |
//! | followed, [`LATE`] later, by a version of its key         | the old version that is missing there, if one is      |
//! | neither                                                   | the latest version of its key                         |
//!
//! Two blobs with one number are found where a catalog was rebuilt without some data server, and was written to: the later one,
//! and whatever has followed it, moves up.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use super::VersionRecord;
use super::{BlobId, Described, Description, HeldBlob, ObjectPath, Retention, State, Stored, Version, VersionLabel};
use crate::address::ServerAddress;
use crate::checksum::Checksum;
use crate::time::WallTime;

/// For how long after it was stored a blob may be on its way into the catalog, while later ones overtake it; and how far clocks
/// are apart.
pub const LATE: Duration = Duration::from_secs(30);

/// No key is written so often: a note that says so is none. There are numbers left above it for those without a note.
const MOST_WRITES: u64 = 1 << 62;

/// A copy that a data server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCopy {
    /// On which server.
    pub on: ServerAddress,
    /// Of which blob.
    pub blob: BlobId,
    /// How long its content is.
    pub size_bytes: u64,
    /// The checksum of its content.
    pub checksum: Checksum,
    /// What it was written for.
    pub description: Description,
    /// Which version it has become, if that is noted.
    pub label: Option<VersionLabel>,
    /// When it was stored, by the clock of the data server.
    pub stored: WallTime,
}

/// All that was found so far.
#[derive(Debug, Clone, Default)]
pub struct Rebuild {
    blobs: BTreeMap<BlobId, FoundBlob>,
    newest: Option<WallTime>,
}

/// What comes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// The versions, in the order of the keys, each key's oldest first.
    pub versions: Vec<HeldBlob>,
    /// How many of them have a number that was not noted.
    pub assumed: usize,
    /// Blobs that are no version: those without a note that cannot be one, and versions that the bucket does not keep.
    pub left_out: Vec<BlobId>,
}

#[derive(Debug, Clone)]
struct FoundBlob {
    description: Description,
    label: Option<VersionLabel>,
    stored: WallTime,
    /// Who holds which content. They differ only if something is wrong; then the one that most hold is believed.
    contents: BTreeMap<(u64, Checksum), BTreeSet<ServerAddress>>,
}

/// A blob that is this version of its key.
struct Numbered {
    version: Version,
    blob: BlobId,
    found: FoundBlob,
}

impl Rebuild {
    /// Another copy was found.
    pub fn add(&mut self, copy: FoundCopy) {
        let FoundCopy { on, blob, size_bytes, checksum, description, label, stored } = copy;
        let label = label.filter(|label| label.version.number() <= MOST_WRITES);
        let noted_at = label.map_or(stored, |label| label.written);
        self.newest = self.newest.max(Some(noted_at));
        let new = || FoundBlob { description, label, stored, contents: BTreeMap::new() };
        let found = self.blobs.entry(blob).or_insert_with(new);
        found.label = found.label.or(label);
        found.stored = found.stored.min(stored);
        found.contents.entry((size_bytes, checksum)).or_default().insert(on);
    }

    /// How many blobs were found.
    #[must_use]
    pub fn blobs(&self) -> usize {
        self.blobs.len()
    }

    /// The versions that were, if buckets keep so much, and a blob without a note is believed that was stored at most
    /// `believed_for` before the newest thing that is known.
    #[must_use]
    pub fn finish(self, retention: Retention, believed_for: Duration) -> Rebuilt {
        let Some(newest) = self.newest else { return Rebuilt::default() };
        let mut rebuilt = Rebuilt::default();
        let mut keys: BTreeMap<ObjectPath, Vec<(BlobId, FoundBlob)>> = BTreeMap::new();
        for (blob, found) in self.blobs {
            if found.label.is_some() || found.stored + believed_for >= newest {
                keys.entry(found.description.path.clone()).or_default().push((blob, found));
            } else {
                rebuilt.left_out.push(blob);
            }
        }
        for (path, blobs) in keys {
            rebuilt.add_key(&path, blobs, retention);
        }
        rebuilt
    }
}

impl Rebuilt {
    fn add_key(&mut self, path: &ObjectPath, blobs: Vec<(BlobId, FoundBlob)>, retention: Retention) {
        let latest_first = self.numbered(blobs).into_iter().rev().enumerate();
        let mut kept = Vec::new();
        for (later, Numbered { version, blob, found }) in latest_first {
            if retention.keeps(later) {
                self.assumed += usize::from(found.label.is_none_or(|label| label.version != version));
                kept.push(found.into_version(blob, version, path));
            } else {
                self.left_out.push(blob);
            }
        }
        self.versions.extend(kept.into_iter().rev());
    }

    /// Which version of their key the blobs are, the oldest first.
    fn numbered(&mut self, blobs: Vec<(BlobId, FoundBlob)>) -> Vec<Numbered> {
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for (blob, found) in blobs {
            match found.label {
                Some(label) => labelled.push((label, blob, found)),
                None => others.push((blob, found)),
            }
        }
        labelled.sort_by_key(|(label, blob, _)| (label.version, label.written, *blob));
        others.sort_by_key(|(blob, found)| (found.stored, *blob));
        let newest = labelled.iter().map(|(label, _, _)| label.written).max();
        let is_overtaken = |found: &FoundBlob| newest.is_some_and(|newest| found.stored + LATE < newest);
        let mut others = others.into_iter().peekable();
        let mut numbered = Vec::new();
        let mut last = None;
        for (label, blob, found) in labelled {
            let comes_before = |found: &FoundBlob| is_overtaken(found) && found.stored < label.written;
            while let Some((blob, found)) = others.next_if(|(_, found)| comes_before(found)) {
                let version = Version::after(last);
                if version < label.version {
                    numbered.push(Numbered { version, blob, found });
                    last = Some(version);
                } else {
                    self.left_out.push(blob);
                }
            }
            let version = label.version.max(Version::after(last));
            numbered.push(Numbered { version, blob, found });
            last = Some(version);
        }
        for (blob, found) in others {
            let version = Version::after(last);
            numbered.push(Numbered { version, blob, found });
            last = Some(version);
        }
        numbered
    }
}

impl FoundBlob {
    fn into_version(self, blob: BlobId, version: Version, path: &ObjectPath) -> HeldBlob {
        let most_held = self.contents.into_iter().max_by_key(|(_, holders)| holders.len());
        let Some(((size_bytes, checksum), holders)) = most_held else {
            unreachable!("a blob is known by a copy that was found")
        };
        let state = match self.description.what {
            Described::Object { content_type, metadata } => {
                State::Object(Stored { size_bytes, checksum, content_type, metadata })
            }
            Described::Tombstone => State::Tombstone,
        };
        let written = self.label.map_or(self.stored, |label| label.written);
        let record = VersionRecord { version, blob, state, written };
        HeldBlob { path: path.clone(), record, holders: holders.into_iter().collect(), retired: Vec::new() }
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one answer that it expects")]
mod tests;
