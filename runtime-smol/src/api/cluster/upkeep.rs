//! How many copies there are of what is stored, as this API server has counted them.

use lode_core::api_server::upkeep::report::{Audited, UpkeepReport};
use lode_core::time::Instant;
use serde::Serialize;

use super::{millis, since_ms};

#[derive(Debug, Serialize)]
pub(super) struct Upkeep {
    /// How many there are to be of each.
    wanted: usize,
    /// What the last count of all has found; nothing before the first one has ended.
    counted: Option<Counted>,
    /// How many blobs the count under way has looked at, if one is.
    counting: Option<u64>,
    repair: Repair,
}

#[derive(Debug, Serialize)]
struct Counted {
    ago_ms: u64,
    took_ms: u64,
    blobs: u64,
    /// How many of them had too few copies, and none, on servers that live.
    short: u64,
    without_copy: u64,
    by_copies: Vec<AtCopies>,
}

#[derive(Debug, Serialize)]
struct AtCopies {
    copies: usize,
    blobs: u64,
}

#[derive(Debug, Serialize)]
struct Repair {
    under_way: usize,
    waiting: usize,
    bytes_to_copy: u64,
    time_left_ms: u64,
    /// Since the start of this server, as all that follows.
    copies_made: u64,
    bytes_copied: u64,
    copies_failed: u64,
    surplus_removed: u64,
    garbage_removed: u64,
}

impl Upkeep {
    /// The report at this instant.
    pub(super) fn of(report: &UpkeepReport, now: Instant) -> Self {
        let counters = report.counters;
        Self {
            wanted: report.copies,
            counted: report.audited.as_ref().map(|audited| Counted::of(audited, now)),
            counting: report.auditing,
            repair: Repair {
                under_way: report.under_repair,
                waiting: report.waiting,
                bytes_to_copy: report.bytes_to_copy,
                time_left_ms: millis(report.time_left),
                copies_made: counters.copies_made,
                bytes_copied: counters.bytes_copied,
                copies_failed: counters.copies_failed,
                surplus_removed: counters.copies_retired,
                garbage_removed: counters.garbage_removed,
            },
        }
    }
}

impl Counted {
    fn of(audited: &Audited, now: Instant) -> Self {
        let Audited { at, took, tally } = audited;
        let by_copies = tally.by_copies.iter().rev().map(|(copies, blobs)| AtCopies { copies: *copies, blobs: *blobs });
        Self {
            ago_ms: since_ms(now, *at),
            took_ms: millis(*took),
            blobs: tally.blobs,
            short: tally.short,
            without_copy: tally.without_copy,
            by_copies: by_copies.collect(),
        }
    }
}
