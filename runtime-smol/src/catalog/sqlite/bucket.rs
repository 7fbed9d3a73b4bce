//! Buckets. Each function is a part of a transaction.

use lode_core::catalog::{Bucket, CatalogAnswer, Retention};
use rusqlite::{Connection, params};

use super::row::{self, value};

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn set_bucket(connection: &Connection, bucket: &Bucket, retention: Retention) -> Result<CatalogAnswer> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO buckets (name, old_versions) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET old_versions = excluded.old_versions",
    )?;
    insert.execute(params![bucket.as_str(), row::old_versions(retention)])?;
    Ok(CatalogAnswer::Done)
}

pub(super) fn buckets(connection: &Connection) -> Result<CatalogAnswer> {
    let mut select = connection.prepare_cached("SELECT name, old_versions FROM buckets ORDER BY name")?;
    let rows = select.query_map((), |row| Ok((value(row, 0)?, row::retention(row.get(1)?))))?;
    rows.collect::<Result<_>>().map(CatalogAnswer::Buckets)
}
