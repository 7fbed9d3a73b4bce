//! The journal (SQLite's write-ahead log), where a transaction stands before it is in the file itself.

use std::path::Path;

use rusqlite::Connection;

/// The bytes of its head, and of the head of each frame.
const HEAD_BYTES: u64 = 32;
const FRAME_HEAD_BYTES: u64 = 24;

/// How far the journal has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// How many frames of committed transactions there are, each a page.
    pub(super) frames: u64,
    /// How many of them are in the file itself as well.
    pub(super) copied: u64,
}

/// How far it has come; costs next to nothing.
pub(super) fn progress(connection: &Connection) -> Result<Progress, rusqlite::Error> {
    let mut pragma = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
    pragma.query_row((), |row| {
        let count = |column| row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Progress { frames: count(1)?, copied: count(2)? })
    })
}

/// Whether a transaction whose commit has just failed is surely gone. It may have come into the journal as a whole, without
/// being synced, and would then be found to be committed after a crash.
pub(super) fn has_surely_forgotten(connection: &Connection, path: &Path) -> bool {
    if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
        return false;
    }
    is_overwritten(connection) || is_too_short(connection, path).unwrap_or(false)
}

/// The next transaction is written to where it was.
fn is_overwritten(connection: &Connection) -> bool {
    let counted = connection.prepare_cached("UPDATE certainty SET times = times + 1");
    counted.and_then(|mut update| update.execute(())).is_ok()
}

/// The journal has no room for a frame more than is committed.
fn is_too_short(connection: &Connection, path: &Path) -> Option<bool> {
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).ok()?;
    let frame_bytes = FRAME_HEAD_BYTES + u64::from(page_bytes);
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    let bytes = std::fs::metadata(journal).ok()?.len();
    Some(bytes < HEAD_BYTES + (progress(connection).ok()?.frames + 1) * frame_bytes)
}
