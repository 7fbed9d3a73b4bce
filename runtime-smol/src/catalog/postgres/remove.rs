//! A version is removed for good. Read, then written at the same revision, as a commit is.

use lode_core::catalog::{CatalogAnswer, ObjectPath, Version};

use super::bind;
use super::row::{Reading, each};
use super::session::Session;
use super::trouble::Trouble;

const LOCK: &str = "SELECT id FROM lode.keys WHERE bucket = $1 AND key = $2 FOR UPDATE";

/// Whether the latest of the others is an object is whether the key is listed from then on.
const READ: &str = "
    SELECT k.id, k.revision, coalesce(left_over.size_bytes IS NOT NULL, false) AS listed
    FROM lode.keys k
    JOIN lode.versions v ON v.key_id = k.id AND v.version = $3
    LEFT JOIN LATERAL (
        SELECT o.size_bytes FROM lode.versions o WHERE o.key_id = k.id AND o.version <> $3
        ORDER BY o.version DESC LIMIT 1
    ) left_over ON TRUE
    WHERE k.bucket = $1 AND k.key = $2";

const WRITE: &str = "
    WITH now AS MATERIALIZED (
        SELECT lode.now_millis() AS millis
    ), key AS (
        UPDATE lode.keys SET revision = revision + 1, listed = $1 WHERE id = $2 AND revision = $3 RETURNING id
    ), removed AS (
        DELETE FROM lode.versions v USING key WHERE v.key_id = key.id AND v.version = $4 RETURNING v.blob
    )
    UPDATE lode.blobs l SET garbage_since = now.millis, claimed_by = NULL, claimed_until = NULL,
                            holders = l.holders || l.retired, retired = '{}'
    FROM removed, now WHERE l.blob = removed.blob
    RETURNING l.blob, l.holders";

/// Removes the version, if there is one. With `locked` nobody else can write the key meanwhile.
pub(super) async fn remove_version(
    session: &mut Session,
    path: &ObjectPath,
    version: Version,
    locked: bool,
) -> Result<CatalogAnswer, Trouble> {
    let (bucket, key, number) = (path.bucket.as_str(), path.key.as_str(), bind::version(version));
    if locked {
        session.begin().await?;
        session.rows(sqlx::query(LOCK).bind(bucket).bind(key)).await?;
    }
    let found = session.rows(sqlx::query(READ).bind(bucket).bind(key).bind(number)).await?;
    let Some(row) = found.first() else {
        session.roll_back().await?;
        return Ok(CatalogAnswer::Removed(None));
    };
    let row = Reading(row);
    let (listed, id, revision): (bool, i64, i64) = (row.get("listed")?, row.get("id")?, row.get("revision")?);
    let write = sqlx::query(WRITE).bind(listed).bind(id).bind(revision).bind(number);
    let rows = session.write(write).await?;
    let garbage = each(&rows, |row| row.garbage()).map_err(Trouble::behind_the_write)?.pop();
    if garbage.is_none() {
        return Err(Trouble::Overtaken(format!("{path} is being written by many")));
    }
    session.commit().await?;
    Ok(CatalogAnswer::Removed(garbage))
}
