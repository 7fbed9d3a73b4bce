//! Versions are read: one statement each, which sees one state of everything.

use lode_core::catalog::{CatalogAnswer, Found, ObjectPath, Version};

use super::bind;
use super::row::{Reading, each};
use super::session::Session;
use super::trouble::Trouble;

const CURRENT: &str = "
    SELECT v.*, l.holders
    FROM lode.keys k JOIN lode.versions v ON v.key_id = k.id JOIN lode.blobs l ON l.blob = v.blob
    WHERE k.bucket = $1 AND k.key = $2 ORDER BY v.version DESC LIMIT 1";

const THIS_ONE: &str = "
    SELECT v.*, l.holders
    FROM lode.keys k JOIN lode.versions v ON v.key_id = k.id JOIN lode.blobs l ON l.blob = v.blob
    WHERE k.bucket = $1 AND k.key = $2 AND v.version = $3";

const ALL: &str = "
    SELECT v.* FROM lode.keys k JOIN lode.versions v ON v.key_id = k.id
    WHERE k.bucket = $1 AND k.key = $2 AND v.version < $3 ORDER BY v.version DESC LIMIT $4";

/// The current version, or this one.
pub(super) async fn read(
    session: &mut Session,
    path: &ObjectPath,
    version: Option<Version>,
) -> Result<CatalogAnswer, Trouble> {
    let (bucket, key) = (path.bucket.as_str(), path.key.as_str());
    let statement = match version {
        None => sqlx::query(CURRENT).bind(bucket).bind(key),
        Some(version) => sqlx::query(THIS_ONE).bind(bucket).bind(key).bind(bind::version(version)),
    };
    let rows = session.rows(statement).await?;
    let found = |row: &Reading<'_>| Ok(Found { record: row.record()?, holders: row.holders()? });
    Ok(CatalogAnswer::Found(each(&rows, found)?.pop()))
}

/// The versions of a key, the latest first.
pub(super) async fn versions(
    session: &mut Session,
    path: &ObjectPath,
    before: Option<Version>,
    limit: usize,
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(ALL)
        .bind(path.bucket.as_str())
        .bind(path.key.as_str())
        // No version has the highest number that a column takes: after it none could be written.
        .bind(before.map_or(i64::MAX, bind::version))
        .bind(bind::limit(limit));
    let rows = session.rows(statement).await?;
    Ok(CatalogAnswer::Versions(each(&rows, |row| row.record())?))
}
