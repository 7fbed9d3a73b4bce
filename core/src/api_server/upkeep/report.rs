//! What the upkeep has found and done: counted by asking, not assumed.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::time::Instant;

/// How the blobs of all versions were found to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many blobs there were.
    pub blobs: u64,
    /// How many of them had so many copies, on live servers that have said that they hold them.
    pub by_copies: BTreeMap<usize, u64>,
    /// How many had fewer copies than they should, on live servers.
    pub short: u64,
    /// How many had no copy on a live server.
    pub without_copy: u64,
}

/// The last audit of all blobs that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When it ended.
    pub at: Instant,
    /// How long it took.
    pub took: Duration,
    /// What it found.
    pub tally: Tally,
}

/// How the upkeep stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepReport {
    /// How many copies each blob is to have, if there are servers enough.
    pub copies: usize,
    /// What the last audit of all blobs has found; `None` before the first one has ended.
    pub audited: Option<Audited>,
    /// How many blobs the audit under way has looked at, if one is.
    pub auditing: Option<u64>,
    /// Blobs being repaired now.
    pub under_repair: usize,
    /// Blobs that wait for their repair.
    pub waiting: usize,
    /// How many bytes repair has still to copy, as far as is known.
    pub bytes_to_copy: u64,
    /// How long that takes at the pace that is set.
    pub time_left: Duration,
    /// What was done since the start.
    pub counters: UpkeepCounters,
}

/// What the upkeep has counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpkeepCounters {
    /// Copies made anew.
    pub copies_made: u64,
    /// Bytes of them.
    pub bytes_copied: u64,
    /// Copies that could not be made.
    pub copies_failed: u64,
    /// Superfluous copies removed.
    pub copies_retired: u64,
    /// Copies of garbage removed.
    pub garbage_removed: u64,
}

impl Tally {
    /// What another page has shown.
    pub(super) fn add(&mut self, other: Self) {
        self.blobs += other.blobs;
        self.short += other.short;
        self.without_copy += other.without_copy;
        for (copies, blobs) in other.by_copies {
            *self.by_copies.entry(copies).or_default() += blobs;
        }
    }

    /// A blob has so many copies on live servers, of as many as it should have.
    pub(super) fn count(&mut self, copies: usize, wanted: usize) {
        self.blobs += 1;
        *self.by_copies.entry(copies).or_default() += 1;
        self.short += u64::from(copies < wanted);
        self.without_copy += u64::from(copies == 0);
    }
}
