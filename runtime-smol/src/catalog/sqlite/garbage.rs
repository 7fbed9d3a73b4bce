//! Which blobs are garbage, and since when. Each function is a part of a transaction.

use std::slice;
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer, Fate, Garbage, Version};
use lode_core::time::WallTime;
use rusqlite::{Connection, params};

use super::row::{self, Holders};
use super::{copies, read};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn settle(
    connection: &Connection,
    now: WallTime,
    blobs: &[BlobId],
    held_on: Option<&ServerAddress>,
) -> Result<CatalogAnswer> {
    let settled = blobs.iter().map(|blob| Ok((*blob, settle_one(connection, now, *blob, held_on)?)));
    settled.collect::<Result<_>>().map(CatalogAnswer::Settled)
}

fn settle_one(connection: &Connection, now: WallTime, blob: BlobId, held_on: Option<&ServerAddress>) -> Result<Fate> {
    let Some(fate) = read::fate(connection, blob)? else {
        insert(connection, now, blob, None, &held_on.into_iter().cloned().collect())?;
        return Ok(Fate::Condemned);
    };
    if let Some(server) = held_on {
        copies::note_holders(connection, blob, slice::from_ref(server), &[])?;
    }
    Ok(fate)
}

/// A blob that was this version's, or nobody's, is garbage from now on.
pub(super) fn insert(
    connection: &Connection,
    now: WallTime,
    blob: BlobId,
    was: Option<Version>,
    holders: &Holders,
) -> Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO garbage (blob, was, since, holders) VALUES (?1, ?2, ?3, ?4)")?;
    let was = was.map(row::version).transpose()?;
    insert.execute(params![blob.to_bytes(), was, row::time(now)?, row::holders(holders)]).map(drop)
}

pub(super) fn forget(
    connection: &Connection,
    now: WallTime,
    garbage_age: Duration,
    limit: usize,
) -> Result<CatalogAnswer> {
    let age_millis = u64::try_from(garbage_age.as_millis()).unwrap_or(u64::MAX);
    let Some(until) = now.as_millis().checked_sub(age_millis) else { return Ok(CatalogAnswer::Forgotten(0)) };
    let mut delete = connection.prepare_cached(
        "DELETE FROM garbage WHERE blob IN (
             SELECT blob FROM garbage INDEXED BY garbage_without_copies
             WHERE holders = '' AND since <= ?1 ORDER BY since, blob LIMIT ?2)",
    )?;
    let forgotten = delete.execute(params![row::number(until)?, row::limit(limit)])?;
    Ok(CatalogAnswer::Forgotten(forgotten))
}

/// A page of that of which copies are noted.
pub(super) fn page(connection: &Connection, after: Option<BlobId>, limit: usize) -> Result<CatalogAnswer> {
    let mut select = connection.prepare_cached(
        "SELECT blob, holders FROM garbage INDEXED BY garbage_with_copies
         WHERE holders <> '' AND blob > ?1 ORDER BY blob LIMIT ?2",
    )?;
    let rows = select.query_map(params![row::behind(after), row::limit(limit)], |row| {
        let holders: Holders = row::value(row, 1)?;
        Ok(Garbage { blob: row::value(row, 0)?, holders: holders.into_iter().collect() })
    })?;
    rows.collect::<Result<_>>().map(CatalogAnswer::Garbage)
}
