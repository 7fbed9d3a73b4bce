//! What is noted of blobs and buckets. Each function is a part of a transaction.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, Bucket, CatalogAnswer, Fate, Retention};
use lode_core::id::Incarnation;
use lode_core::time::WallTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::commit::{hold, hold_no_more};
use super::read;
use super::row::{self, Holders, value};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn settle(connection: &Connection, now: WallTime, blobs: &[BlobId]) -> Result<CatalogAnswer> {
    let settled = blobs.iter().map(|blob| Ok((*blob, settle_one(connection, now, *blob)?)));
    settled.collect::<Result<_>>().map(CatalogAnswer::Settled)
}

fn settle_one(connection: &Connection, now: WallTime, blob: BlobId) -> Result<Fate> {
    if let Some(fate) = read::fate(connection, blob)? {
        return Ok(fate);
    }
    let mut insert =
        connection.prepare_cached("INSERT INTO garbage (blob, was, since, holders) VALUES (?1, NULL, ?2, '')")?;
    insert.execute(params![blob.to_bytes(), row::time(now)?])?;
    Ok(Fate::Condemned)
}

pub(super) fn note_holders(
    connection: &Connection,
    blob: BlobId,
    held: &[ServerAddress],
    gone: &[ServerAddress],
) -> Result<CatalogAnswer> {
    let after = |before: &Holders| -> Holders {
        before.iter().chain(held).filter(|holder| !gone.contains(holder)).cloned().collect()
    };
    let mut select = connection.prepare_cached("SELECT holders FROM versions WHERE blob = ?1")?;
    if let Some(before) = select.query_row([blob.to_bytes()], |row| value::<Holders>(row, 0)).optional()? {
        let after = after(&before);
        let mut update = connection.prepare_cached("UPDATE versions SET holders = ?2 WHERE blob = ?1")?;
        update.execute(params![blob.to_bytes(), row::holders(&after)])?;
        hold(connection, blob, after.difference(&before))?;
        hold_no_more(connection, blob, before.difference(&after))?;
    } else if let Some((_, before)) = garbage(connection, blob)? {
        let after = after(&before);
        note_garbage(connection, blob, &after)?;
        hold_no_more(connection, blob, before.difference(&after))?;
    }
    Ok(CatalogAnswer::Done)
}

pub(super) fn note_removed(
    connection: &Connection,
    now: WallTime,
    blob: BlobId,
    gone: &[ServerAddress],
    garbage_age: Duration,
) -> Result<CatalogAnswer> {
    let Some((since, mut holders)) = garbage(connection, blob)? else { return Ok(CatalogAnswer::Done) };
    holders.retain(|holder| !gone.contains(holder));
    hold_no_more(connection, blob, gone)?;
    if holders.is_empty() && since + garbage_age <= now {
        connection.prepare_cached("DELETE FROM garbage WHERE blob = ?1")?.execute([blob.to_bytes()])?;
    } else {
        note_garbage(connection, blob, &holders)?;
    }
    Ok(CatalogAnswer::Done)
}

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

pub(super) fn set_bucket(connection: &Connection, bucket: &Bucket, retention: Retention) -> Result<CatalogAnswer> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO buckets (name, old_versions) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET old_versions = excluded.old_versions",
    )?;
    insert.execute(params![bucket.as_str(), row::old_versions(retention)])?;
    Ok(CatalogAnswer::Done)
}

/// Since when the blob has been garbage, and who is noted as its holder.
fn garbage(connection: &Connection, blob: BlobId) -> Result<Option<(WallTime, Holders)>> {
    let mut select = connection.prepare_cached("SELECT since, holders FROM garbage WHERE blob = ?1")?;
    select.query_row([blob.to_bytes()], |row| Ok((value(row, 0)?, value(row, 1)?))).optional()
}

fn note_garbage(connection: &Connection, blob: BlobId, holders: &Holders) -> Result<()> {
    let mut update = connection.prepare_cached("UPDATE garbage SET holders = ?2 WHERE blob = ?1")?;
    update.execute(params![blob.to_bytes(), row::holders(holders)]).map(drop)
}
