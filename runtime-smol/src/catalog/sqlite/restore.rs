//! Putting back versions that a catalog has lost. A part of a transaction.

use lode_core::catalog::{CatalogAnswer, HeldBlob};
use rusqlite::Connection;

use super::{commit, read};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn restore(connection: &Connection, versions: &[HeldBlob]) -> Result<CatalogAnswer> {
    versions.iter().try_for_each(|held| restore_one(connection, held))?;
    Ok(CatalogAnswer::Done)
}

/// The last number that the key has given out needs no note of its own: it is that of its current version, or of one that
/// was removed, whichever is higher.
fn restore_one(connection: &Connection, HeldBlob { path, record, holders, .. }: &HeldBlob) -> Result<()> {
    let Some(bucket) = read::bucket(connection, &path.bucket)? else { return Ok(()) };
    let is_known = read::found(connection, path, Some(record.version))?.is_some();
    if is_known || read::fate(connection, record.blob)?.is_some() {
        return Ok(());
    }
    let current = read::found(connection, path, None)?.map(|found| found.record);
    commit::insert(connection, bucket, path, record, holders)?;
    if current.as_ref().is_none_or(|current| current.version < record.version) {
        commit::list(connection, bucket, path, current.as_ref(), Some(record))?;
    }
    Ok(())
}
