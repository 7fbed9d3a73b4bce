//! Making a version current, and taking versions away. Each function is a part of a transaction.

use lode_core::address::ServerAddress;
use lode_core::catalog::write::{self, Before, NotWritten};
use lode_core::catalog::{
    BlobId, CatalogAnswer, Commit, Garbage, ObjectPath, Retention, State, Version, VersionRecord, Written,
};
use lode_core::time::WallTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::read::{self, BucketRow};
use super::row::{self, Holders, value};
use super::{copies, garbage};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn commit(connection: &Connection, now: WallTime, commit: &Commit) -> Result<CatalogAnswer> {
    let Some(bucket) = read::bucket(connection, &commit.path.bucket)? else {
        return Ok(NotWritten::NoSuchBucket.into());
    };
    let current = read::found(connection, &commit.path, None)?.map(|found| found.record);
    let before = Before {
        bucket: Some(bucket.retention),
        last: last_removed(connection, bucket, &commit.path)?.max(current.as_ref().map(|record| record.version)),
        current: current.as_ref(),
        blob: read::fate(connection, commit.blob)?,
    };
    let version = match write::decide(commit, before) {
        Ok(version) => version,
        Err(why) => return Ok(why.into()),
    };
    // A clock that was set back does not turn the order of the versions around.
    let written = current.as_ref().map_or(now, |current| now.max(current.written));
    let record = VersionRecord { version, blob: commit.blob, state: commit.state.clone(), written };
    insert(connection, bucket, &commit.path, &record, &commit.holders)?;
    list(connection, bucket, &commit.path, current.as_ref(), Some(&record))?;
    let garbage = fall_to(connection, now, bucket, &commit.path)?;
    Ok(CatalogAnswer::Written(Written { version, written: Some(written), garbage }))
}

pub(super) fn remove_version(
    connection: &Connection,
    now: WallTime,
    path: &ObjectPath,
    version: Version,
) -> Result<CatalogAnswer> {
    let Some(bucket) = read::bucket(connection, &path.bucket)? else { return Ok(CatalogAnswer::Removed(None)) };
    let current = || read::found(connection, path, None).map(|found| found.map(|found| found.record));
    let before = current()?;
    let garbage = becomes_garbage(connection, now, bucket, path, version)?;
    if garbage.is_some() {
        let mut insert = connection.prepare_cached(
            "INSERT INTO removed (bucket, key, version) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET version = max(version, excluded.version)",
        )?;
        insert.execute(params![bucket.id, path.key.as_str(), row::version(version)?])?;
        list(connection, bucket, path, before.as_ref(), current()?.as_ref())?;
    }
    Ok(CatalogAnswer::Removed(garbage))
}

/// The last version of the key that was removed for good.
fn last_removed(connection: &Connection, bucket: BucketRow, path: &ObjectPath) -> Result<Option<Version>> {
    let mut select = connection.prepare_cached("SELECT version FROM removed WHERE bucket = ?1 AND key = ?2")?;
    select.query_row(params![bucket.id, path.key.as_str()], |row| value(row, 0)).optional()
}

/// Enters the version, with copies of its blob on these servers.
pub(super) fn insert(
    connection: &Connection,
    bucket: BucketRow,
    path: &ObjectPath,
    record: &VersionRecord,
    holders: &[ServerAddress],
) -> Result<()> {
    let (key, version) = (path.key.as_str(), row::version(record.version)?);
    let stored = match &record.state {
        State::Object(stored) => Some(stored),
        State::Tombstone => None,
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO versions
         (bucket, key, version, blob, written, size, checksum, content_type, metadata, holders)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let holders: Holders = holders.iter().cloned().collect();
    insert.execute(params![
        bucket.id,
        key,
        version,
        record.blob.to_bytes(),
        row::time(record.written)?,
        stored.map(|stored| row::number(stored.size_bytes)).transpose()?,
        stored.map(|stored| stored.checksum.as_bytes()),
        stored.and_then(|stored| stored.content_type.as_ref()).map(|content_type| content_type.as_str()),
        stored.and_then(|stored| row::metadata(&stored.metadata)),
        row::holders(&holders),
    ])?;
    copies::hold(connection, record.blob, &holders)
}

/// Enters the key where objects are listed, or takes it out there, if the current version was none or is none any more.
pub(super) fn list(
    connection: &Connection,
    bucket: BucketRow,
    path: &ObjectPath,
    before: Option<&VersionRecord>,
    after: Option<&VersionRecord>,
) -> Result<()> {
    let is_object = |record: &VersionRecord| matches!(record.state, State::Object(_));
    let statement = match (before.is_some_and(is_object), after.is_some_and(is_object)) {
        (false, true) => "INSERT INTO listed (bucket, key) VALUES (?1, ?2)",
        (true, false) => "DELETE FROM listed WHERE bucket = ?1 AND key = ?2",
        (true, true) | (false, false) => return Ok(()),
    };
    connection.prepare_cached(statement)?.execute(params![bucket.id, path.key.as_str()]).map(drop)
}

/// Takes away what is not kept any more, the latest first.
fn fall_to(connection: &Connection, now: WallTime, bucket: BucketRow, path: &ObjectPath) -> Result<Vec<Garbage>> {
    let Retention::Old(old) = bucket.retention else { return Ok(Vec::new()) };
    let mut select = connection.prepare_cached(
        "SELECT version FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY version DESC LIMIT -1 OFFSET ?3",
    )?;
    let kept = i64::from(old) + 1;
    let surplus = select.query_map(params![bucket.id, path.key.as_str(), kept], |row| value(row, 0))?;
    let surplus: Vec<Version> = surplus.collect::<Result<_>>()?;
    let garbage = surplus.into_iter().map(|version| becomes_garbage(connection, now, bucket, path, version));
    garbage.filter_map(Result::transpose).collect()
}

fn becomes_garbage(
    connection: &Connection,
    now: WallTime,
    bucket: BucketRow,
    path: &ObjectPath,
    version: Version,
) -> Result<Option<Garbage>> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM versions WHERE bucket = ?1 AND key = ?2 AND version = ?3 RETURNING blob, holders, retired",
    )?;
    let deleted = delete.query_row(params![bucket.id, path.key.as_str(), row::version(version)?], |row| {
        let (mut holders, mut retired): (Holders, Holders) = (value(row, 1)?, value(row, 2)?);
        holders.append(&mut retired);
        Ok((value::<BlobId>(row, 0)?, holders))
    });
    let Some((blob, holders)) = deleted.optional()? else { return Ok(None) };
    connection.prepare_cached("DELETE FROM claims WHERE blob = ?1")?.execute([blob.to_bytes()])?;
    garbage::insert(connection, now, blob, Some(version), &holders)?;
    Ok(Some(Garbage { blob, holders: holders.into_iter().collect() }))
}
