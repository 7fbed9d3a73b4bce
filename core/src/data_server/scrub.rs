//! Scrub: all that lies on the disk is read now and then, block by block, so that rot is found while there are other copies.
//!
//! | state   | due, or told to    | files found            | none found, or disk failed | pause over          | part read: more | last part, gone, damaged, unreadable |
//! |---------|--------------------|------------------------|----------------------------|---------------------|-----------------|--------------------------------------|
//! | resting | → finding, **find** | -                     | -                          | -                   | -               | -                                    |
//! | finding | → finding anew     | → pausing, **keep**    | → resting, **keep**        | -                   | -               | -                                    |
//! | pausing | → finding anew     | -                      | -                          | → reading, **read** | -               | -                                    |
//! | reading | → finding anew     | -                      | -                          | -                   | → pausing       | → pausing; behind the last: → finding, **find** |
//!
//! It goes through the files in one order, a list of them at a time, and keeps how far it has come, so that a restart goes on
//! there. The pause after a part is as long as the part takes at the rate given; one that was told to begin makes none.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use super::messages::{DataEffect, DiskFailure};
use crate::catalog::BlobId;
use crate::id::{OperationId, OperationIds};
use crate::machine::Effects;
use crate::time::Instant;

/// How many folders there are; a place in the last of them is nearly the end.
pub const SCRUB_FOLDERS: u16 = 512;

/// How many files are found at a time, at the most.
pub const SCRUB_PAGE: usize = 1000;

/// How many of those that are damaged are told of by name.
const MOST_TOLD: usize = 100;

/// What the smallest part counts for, in bytes: it takes a disk as long to come to it as to read so much.
const LEAST_BYTES: u64 = 64 * 1024;

/// Where a file lies, in the order in which files are scrubbed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScrubPlace {
    /// In which folder, below [`SCRUB_FOLDERS`].
    pub folder: u16,
    /// The name of the file there. That of a blob is its id.
    pub file: String,
}

/// A part of a file that was read, and was sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubPart {
    /// How long it was.
    pub bytes: u64,
    /// Whether there is more of the file behind it.
    pub more: bool,
}

/// What is kept of a scrub over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScrubRecord {
    /// One is under way, and has read all up to this place.
    UnderWay {
        /// The last one that was read; none if it has just begun.
        after: Option<ScrubPlace>,
    },
    /// The last one has ended.
    Ended {
        /// How long ago; nothing when it is kept.
        ago: Duration,
    },
}

impl Default for ScrubRecord {
    /// As of a server that is new: there is nothing to be scrubbed yet.
    fn default() -> Self {
        Self::Ended { ago: Duration::ZERO }
    }
}

/// What is known of the scrub that is under way, or was the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// Whether it is under way.
    pub running: bool,
    /// When it began, in this run of the server; nothing if there was none.
    pub began: Option<Instant>,
    /// When it ended.
    pub ended: Option<Instant>,
    /// In which folder it is, of [`SCRUB_FOLDERS`].
    pub folder: u16,
    /// How many files were read to their ends, or until they were found damaged.
    pub files: u64,
    /// How many bytes of them.
    pub bytes: u64,
    /// How many of them are damaged.
    pub damaged: u64,
    /// How many could not be read, or not all of a folder, for another reason.
    pub unreadable: u64,
    /// What is wrong with the first of both.
    pub found: Vec<String>,
}

/// Says what is to be read when. Usable alone.
#[derive(Debug, Clone)]
pub struct Scrubber {
    every: Option<Duration>,
    rate_bytes: u64,
    state: State,
    /// When the next one begins.
    due: Option<Instant>,
    /// Whether the rate is kept.
    is_paced: bool,
    files: VecDeque<ScrubPlace>,
    /// Behind which place the next list begins.
    after: Option<ScrubPlace>,
    report: ScrubReport,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Resting,
    Finding(OperationId),
    Pausing { until: Instant, from: u64 },
    Reading { read: OperationId, from: u64 },
}

impl Scrubber {
    /// One that begins `every` so often, never if not given, and reads so many bytes in a second; `record` is what an earlier
    /// run has kept.
    #[must_use]
    pub fn new(every: Option<Duration>, rate_bytes: u64, record: ScrubRecord) -> Self {
        let (due, after) = match (every, record) {
            (None, _) => (None, None),
            (Some(_), ScrubRecord::UnderWay { after }) => (Some(Instant::START), after),
            (Some(every), ScrubRecord::Ended { ago }) => (Some(Instant::START + every.saturating_sub(ago)), None),
        };
        Self {
            every,
            rate_bytes,
            state: State::Resting,
            due,
            is_paced: true,
            files: VecDeque::new(),
            after,
            report: ScrubReport::default(),
        }
    }

    /// Begins anew, now, and makes no pauses.
    pub fn begin(&mut self, now: Instant, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        self.after = None;
        self.start(now, false, ids, effects);
    }

    /// What is known of the one that is under way, or was the last.
    #[must_use]
    pub const fn report(&self) -> &ScrubReport {
        &self.report
    }

    /// When it wants to be woken.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Resting => self.due,
            State::Pausing { until, .. } => Some(until),
            State::Finding(_) | State::Reading { .. } => None,
        }
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        match self.state {
            State::Resting if self.due.is_some_and(|due| due <= now) => self.start(now, true, ids, effects),
            State::Pausing { until, from } if until <= now => self.read(from, ids, effects),
            State::Resting | State::Pausing { .. } | State::Finding(_) | State::Reading { .. } => {}
        }
    }

    /// Files were found, in their order; none behind the last one.
    pub fn found(
        &mut self,
        now: Instant,
        find: OperationId,
        outcome: Result<Vec<ScrubPlace>, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        if self.state != State::Finding(find) {
            return;
        }
        match outcome {
            Ok(files) if files.is_empty() => self.end(now, effects),
            Ok(files) => {
                self.files = files.into();
                effects.push(DataEffect::KeepScrub { record: ScrubRecord::UnderWay { after: self.after.clone() } });
                self.state = State::Pausing { until: now, from: 0 };
            }
            Err(failure) => {
                self.report.unreadable += 1;
                self.tell(&failure);
                self.end(now, effects);
            }
        }
    }

    /// A part was read; `None` if the file is not there any more. Says which blob is damaged, if this has shown that one is.
    pub fn part_read(
        &mut self,
        now: Instant,
        read: OperationId,
        outcome: Result<Option<ScrubPart>, DiskFailure>,
        ids: &mut OperationIds,
        effects: &mut Effects<DataEffect>,
    ) -> Option<Damage> {
        let State::Reading { read: expected, from } = self.state else { return None };
        if expected != read {
            return None;
        }
        let (bytes, next, damage) = match outcome {
            Ok(Some(ScrubPart { bytes, more })) => (bytes, more.then_some(from + bytes), None),
            Ok(None) => (0, None, None),
            Err(failure) => (0, None, self.failed(&failure)),
        };
        self.report.bytes += bytes;
        let until = if self.is_paced { now + self.pause(bytes) } else { now };
        match next {
            Some(from) => self.state = State::Pausing { until, from },
            None => self.next_file(until, ids, effects),
        }
        damage
    }

    fn start(&mut self, now: Instant, is_paced: bool, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        self.is_paced = is_paced;
        self.files.clear();
        self.report = ScrubReport { running: true, began: Some(now), ..ScrubReport::default() };
        self.find(ids, effects);
    }

    fn find(&mut self, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        let find = ids.fresh();
        self.state = State::Finding(find);
        effects.push(DataEffect::FindFiles { find, after: self.after.clone() });
    }

    fn read(&mut self, from: u64, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        let Some(place) = self.files.front() else { return self.find(ids, effects) };
        let read = ids.fresh();
        effects.push(DataEffect::ReadPart { read, place: place.clone(), from });
        self.report.folder = place.folder;
        self.state = State::Reading { read, from };
    }

    fn next_file(&mut self, until: Instant, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) {
        self.report.files += 1;
        self.after = self.files.pop_front();
        if self.files.is_empty() {
            self.find(ids, effects);
        } else {
            self.state = State::Pausing { until, from: 0 };
        }
    }

    fn failed(&mut self, failure: &DiskFailure) -> Option<Damage> {
        let place = self.files.front();
        let blob = place.and_then(|place| place.file.parse().ok());
        let damage = match failure {
            DiskFailure::Corrupt { .. } => {
                self.report.damaged += 1;
                Some(Damage { blob })
            }
            DiskFailure::Full | DiskFailure::Write { .. } | DiskFailure::Read { .. } => {
                self.report.unreadable += 1;
                None
            }
        };
        self.tell(failure);
        damage
    }

    fn tell(&mut self, failure: &DiskFailure) {
        if self.report.found.len() < MOST_TOLD {
            self.report.found.push(match failure {
                // Why is a whole sentence.
                DiskFailure::Corrupt { reason } | DiskFailure::Write { reason } | DiskFailure::Read { reason } => {
                    reason.clone()
                }
                DiskFailure::Full => failure.to_string(),
            });
        }
    }

    fn end(&mut self, now: Instant, effects: &mut Effects<DataEffect>) {
        self.state = State::Resting;
        self.after = None;
        self.due = self.every.map(|every| now + every);
        self.report.running = false;
        self.report.ended = Some(now);
        effects.push(DataEffect::KeepScrub { record: ScrubRecord::Ended { ago: Duration::ZERO } });
    }

    fn pause(&self, bytes: u64) -> Duration {
        if self.rate_bytes == 0 {
            return Duration::ZERO;
        }
        let nanos = u128::from(bytes.max(LEAST_BYTES)) * 1_000_000_000 / u128::from(self.rate_bytes);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Something that a scrub has found damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Which blob it is, if it is one.
    pub blob: Option<BlobId>,
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the variants that it expects")]
mod tests;
