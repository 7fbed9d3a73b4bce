//! The requests that change nothing.

use std::ops::Bound;

use lode_core::address::ServerAddress;
use lode_core::catalog::listing::{ListQuery, Listed, Listing, Page, Scan};
use lode_core::catalog::{BlobId, Bucket, CatalogAnswer, Fate, Found, HeldBlob, ObjectPath, Retention, Version};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::{self, Column, Holders, value};

type Result<T> = std::result::Result<T, rusqlite::Error>;

/// A bucket as it stands in the catalog.
#[derive(Debug, Clone, Copy)]
pub(super) struct BucketRow {
    /// Its number in other tables.
    pub(super) id: i64,
    /// What it keeps.
    pub(super) retention: Retention,
}

pub(super) fn bucket(connection: &Connection, bucket: &Bucket) -> Result<Option<BucketRow>> {
    let mut select = connection.prepare_cached("SELECT id, old_versions FROM buckets WHERE name = ?1")?;
    let found = select
        .query_row([bucket.as_str()], |row| Ok(BucketRow { id: row.get(0)?, retention: row::retention(row.get(1)?) }));
    found.optional()
}

/// What has become of the blob, if it was ever heard of.
pub(super) fn fate(connection: &Connection, blob: BlobId) -> Result<Option<Fate>> {
    let mut kept = connection.prepare_cached("SELECT version FROM versions WHERE blob = ?1")?;
    if let Some(version) = kept.query_row([blob.to_bytes()], |row| value(row, 0)).optional()? {
        return Ok(Some(Fate::Kept(version)));
    }
    let mut garbage = connection.prepare_cached("SELECT was FROM garbage WHERE blob = ?1")?;
    let was = garbage.query_row([blob.to_bytes()], |row| row.get::<_, Option<Column<Version>>>(0)).optional()?;
    Ok(was.map(|was| was.map_or(Fate::Condemned, |Column(version)| Fate::Gone(version))))
}

pub(super) fn found(connection: &Connection, path: &ObjectPath, version: Option<Version>) -> Result<Option<Found>> {
    let (bucket, key) = (path.bucket.as_str(), path.key.as_str());
    let told = |row: &Row<'_>| {
        let holders: Holders = value(row, 7)?;
        Ok(Found { record: row::record(row)?, holders: holders.into_iter().collect() })
    };
    let Some(version) = version else {
        let mut select = connection.prepare_cached(
            "SELECT version, blob, written, size, checksum, content_type, metadata, holders FROM versions
             WHERE bucket = (SELECT id FROM buckets WHERE name = ?1) AND key = ?2 ORDER BY version DESC LIMIT 1",
        )?;
        return select.query_row([bucket, key], told).optional();
    };
    let mut select = connection.prepare_cached(
        "SELECT version, blob, written, size, checksum, content_type, metadata, holders FROM versions
         WHERE bucket = (SELECT id FROM buckets WHERE name = ?1) AND key = ?2 AND version = ?3",
    )?;
    select.query_row(params![bucket, key, row::version(version)?], told).optional()
}

pub(super) fn versions(
    connection: &Connection,
    path: &ObjectPath,
    before: Option<Version>,
    limit: usize,
) -> Result<CatalogAnswer> {
    let mut select = connection.prepare_cached(
        "SELECT version, blob, written, size, checksum, content_type, metadata FROM versions
         WHERE bucket = (SELECT id FROM buckets WHERE name = ?1) AND key = ?2 AND version <= ?3
         ORDER BY version DESC LIMIT ?4",
    )?;
    let last = before.map_or(Ok(i64::MAX), |before| row::version(before).map(|before| before - 1))?;
    let rows =
        select.query_map(params![path.bucket.as_str(), path.key.as_str(), last, row::limit(limit)], row::record)?;
    rows.collect::<Result<_>>().map(CatalogAnswer::Versions)
}

/// All of it in one transaction, so that what is written meanwhile is not seen by one half of the page.
pub(super) fn page(connection: &Connection, query: &ListQuery) -> Result<Option<Page>> {
    let transaction = connection.unchecked_transaction()?;
    let Some(bucket) = bucket(&transaction, &query.bucket)? else { return Ok(None) };
    let mut listing = Listing::new(query);
    while let Some(scan) = listing.scan() {
        let rows = scanned(&transaction, bucket, &scan)?;
        listing.read(&scan, rows);
    }
    Ok(Some(listing.page()))
}

fn scanned(connection: &Connection, bucket: BucketRow, scan: &Scan) -> Result<Vec<Listed>> {
    let mut select = connection.prepare_cached(
        "SELECT listed.key, version, size, checksum, written
         FROM listed CROSS JOIN versions ON versions.bucket = listed.bucket AND versions.key = listed.key
         WHERE listed.bucket = ?1 AND listed.key >= ?2 AND listed.key < ?3 AND version = (
             SELECT max(version) FROM versions WHERE bucket = listed.bucket AND key = listed.key)
         ORDER BY listed.key LIMIT ?4",
    )?;
    let from = match &scan.from {
        Bound::Included(from) => from.clone(),
        // The next text there is.
        Bound::Excluded(from) => format!("{from}\0"),
        Bound::Unbounded => String::new(),
    };
    // Any text comes before any blob.
    let until = scan.until.clone().map_or(Value::Blob(Vec::new()), Value::Text);
    let rows = select.query_map(params![bucket.id, from, until, row::limit(scan.most)], |row| {
        Ok(Listed {
            key: value(row, 0)?,
            version: value(row, 1)?,
            size_bytes: value(row, 2)?,
            checksum: value(row, 3)?,
            written: value(row, 4)?,
        })
    })?;
    rows.collect()
}

pub(super) fn blobs(
    connection: &Connection,
    on: Option<&ServerAddress>,
    after: Option<BlobId>,
    limit: usize,
) -> Result<CatalogAnswer> {
    let (after, limit) = (row::behind(after), row::limit(limit));
    let told = |row: &Row<'_>| {
        let path = ObjectPath { bucket: value(row, 9)?, key: value(row, 10)? };
        let (holders, retired): (Holders, Holders) = (value(row, 7)?, value(row, 8)?);
        let (holders, retired) = (holders.into_iter().collect(), retired.into_iter().collect());
        Ok(HeldBlob { path, record: row::record(row)?, holders, retired })
    };
    let Some(on) = on else {
        let mut select = connection.prepare_cached(
            "SELECT version, blob, written, size, checksum, content_type, metadata, holders, retired, name, key
             FROM versions INDEXED BY versions_by_blob CROSS JOIN buckets ON buckets.id = versions.bucket
             WHERE blob > ?1 ORDER BY blob LIMIT ?2",
        )?;
        return select.query_map(params![after, limit], told)?.collect::<Result<_>>().map(CatalogAnswer::Blobs);
    };
    let mut select = connection.prepare_cached(
        "SELECT version, versions.blob, written, size, checksum, content_type, metadata, holders, retired, name, key
         FROM held CROSS JOIN versions ON versions.blob = held.blob CROSS JOIN buckets ON buckets.id = versions.bucket
         WHERE held.server = ?3 AND held.blob > ?1 ORDER BY held.blob LIMIT ?2",
    )?;
    let rows = select.query_map(params![after, limit, on.as_str()], told)?;
    rows.collect::<Result<_>>().map(CatalogAnswer::Blobs)
}
