//! What becomes of a write, decided within the transaction that carries it out.

use alloc::vec::Vec;

use super::{CatalogAnswer, Commit, Fate, Retention, State, Version, VersionRecord, Written};
use crate::conditions::{Access, Current, Evaluated};

/// What the transaction has found before it writes.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// What the bucket keeps; `None` if there is none of this name.
    pub bucket: Option<Retention>,
    /// The last version number that the key has given out, if it was ever written.
    pub last: Option<Version>,
    /// Its current version, if it has any.
    pub current: Option<&'a VersionRecord>,
    /// What has become of the blob, if it was ever heard of.
    pub blob: Option<Fate>,
}

/// Why nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// There is no such bucket.
    NoSuchBucket,
    /// The blob was committed before, as this version.
    WrittenBefore(Version),
    /// The blob is garbage.
    Condemned,
    /// A condition does not hold.
    PreconditionFailed,
    /// A tombstone, and there is no object.
    NothingToDelete,
}

impl From<NotWritten> for CatalogAnswer {
    /// A blob that was committed before is answered with its version; the rest somebody was told of.
    fn from(why: NotWritten) -> Self {
        match why {
            NotWritten::NoSuchBucket => Self::NoSuchBucket,
            NotWritten::WrittenBefore(version) => {
                Self::Written(Written { version, written: None, garbage: Vec::new() })
            }
            NotWritten::Condemned => Self::Condemned,
            NotWritten::PreconditionFailed => Self::PreconditionFailed,
            NotWritten::NothingToDelete => Self::NothingToDelete,
        }
    }
}

/// Which version the write is to become.
///
/// # Errors
/// If nothing is to be written.
pub fn decide(commit: &Commit, before: Before<'_>) -> Result<Version, NotWritten> {
    if before.bucket.is_none() {
        return Err(NotWritten::NoSuchBucket);
    }
    match before.blob {
        None => {}
        Some(Fate::Kept(version) | Fate::Gone(version)) => return Err(NotWritten::WrittenBefore(version)),
        Some(Fate::Condemned) => return Err(NotWritten::Condemned),
    }
    let current = before.current.map_or(Current::Absent, |record| record.state.as_current());
    match commit.conditions.evaluate(Access::Write, current) {
        Evaluated::Proceed => {}
        Evaluated::PreconditionFailed | Evaluated::NotModified => return Err(NotWritten::PreconditionFailed),
    }
    if commit.state == State::Tombstone && current == Current::Absent {
        return Err(NotWritten::NothingToDelete);
    }
    Ok(Version::after(before.last))
}
