//! Copying the journal into the file, so that it does not grow without bound.
//!
//! The writer does it when its answers are out. Readers hold it up as long as they read what was there before; that is
//! short, and only a journal that has grown large is worth waiting for them.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::failure::reason;
use super::journal::{Progress, progress};
use super::open::PATIENCE;

/// What the journal's file keeps of its length when it begins anew.
pub(super) const JOURNAL_KEPT_BYTES: u32 = 64 << 20;

/// So many frames are copied together: 16 MiB.
const FRAMES_TOGETHER: u64 = 4096;

/// With so many frames the journal has to begin anew, and who reads is waited for: 64 MiB.
const MOST_FRAMES: u64 = 4 * FRAMES_TOGETHER;

/// For how long.
const WAIT_FOR_READERS: Duration = Duration::from_millis(100);

/// After a failure, how long nothing is tried.
const PAUSE: Duration = Duration::from_secs(1);

/// When to do it.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    not_before: Option<Instant>,
}

impl Checkpoints {
    /// To be called after each commit. Failures are no harm to what is committed; they are told of, and it is tried again.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        if self.not_before.is_some_and(|not_before| Instant::now() < not_before) {
            return;
        }
        let done = progress(connection).and_then(|progress| checkpoint(connection, progress));
        self.not_before = done.err().map(|error| {
            tracing::warn!(reason = reason(&error), "the journal of the catalog could not be copied into its file");
            Instant::now() + PAUSE
        });
    }
}

fn checkpoint(connection: &Connection, progress: Progress) -> Result<(), rusqlite::Error> {
    if progress.frames >= MOST_FRAMES {
        connection.busy_timeout(WAIT_FOR_READERS)?;
        let done = run(connection, "PRAGMA wal_checkpoint(RESTART)");
        connection.busy_timeout(PATIENCE)?;
        return done;
    }
    if progress.frames - progress.copied.min(progress.frames) >= FRAMES_TOGETHER {
        return run(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    }
    Ok(())
}

fn run(connection: &Connection, pragma: &str) -> Result<(), rusqlite::Error> {
    connection.query_row(pragma, (), |_| Ok(()))
}
