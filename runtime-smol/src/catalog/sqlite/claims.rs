//! Who repairs what. Each function is a part of a transaction.

use std::time::Duration;

use lode_core::catalog::{BlobId, CatalogAnswer, Fate};
use lode_core::id::Incarnation;
use lode_core::time::WallTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::read;
use super::row::{self, value};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn claim(
    connection: &Connection,
    now: WallTime,
    blob: BlobId,
    by: Incarnation,
    lasting: Duration,
) -> Result<CatalogAnswer> {
    let is_kept = matches!(read::fate(connection, blob)?, Some(Fate::Kept(_)));
    let mut select = connection.prepare_cached("SELECT by, until FROM claims WHERE blob = ?1")?;
    let held = select.query_row([blob.to_bytes()], |row| Ok((row.get::<_, i64>(0)?, value::<WallTime>(row, 1)?)));
    let by = by.number().cast_signed();
    let is_granted = is_kept && held.optional()?.is_none_or(|(holder, until)| holder == by || until <= now);
    if is_granted {
        let mut insert =
            connection.prepare_cached("INSERT OR REPLACE INTO claims (blob, by, until) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![blob.to_bytes(), by, row::time(now + lasting)?])?;
    }
    Ok(CatalogAnswer::Claimed(is_granted))
}

pub(super) fn release(connection: &Connection, blob: BlobId, by: Incarnation) -> Result<CatalogAnswer> {
    let mut delete = connection.prepare_cached("DELETE FROM claims WHERE blob = ?1 AND by = ?2")?;
    delete.execute(params![blob.to_bytes(), by.number().cast_signed()])?;
    Ok(CatalogAnswer::Done)
}
