//! A version becomes the current one.
//!
//! Two statements, each of them a transaction of its own: one reads all that the decision hangs on, the other writes if
//! nothing of that has changed. It has not if the key is at the same revision still, which each change of it or of its
//! versions raises; if the bucket keeps the same still, which it does as long as we are at it (see
//! [`set_bucket`](super::bucket::set_bucket)); and if the blob is unheard of still, which is a matter of its unique id. The
//! upsert waits for whoever is writing the same key and looks at the revision that they leave behind; so, of any number of
//! writers that have read the same revision, one writes, and the others read again. One that was overtaken takes the lock
//! of the key before it reads, and is not overtaken twice.

use lode_core::catalog::write::{self, Before};
use lode_core::catalog::{CatalogAnswer, Commit, Fate, Retention, State, Version, VersionRecord, Written};

use super::bind::{self, StateColumns};
use super::row::{Reading, each};
use super::session::Session;
use super::trouble::Trouble;

const LOCK: &str = "SELECT id FROM lode.keys WHERE bucket = $1 AND key = $2 FOR UPDATE";

const READ: &str = "
    SELECT b.bucket IS NOT NULL AS has_bucket, b.retention, k.revision, k.last,
           v.version, v.blob, v.written, v.size_bytes, v.checksum, v.content_type, v.metadata_names, v.metadata_values,
           l.version AS of_version,
           CASE WHEN l.blob IS NOT NULL THEN l.garbage_since IS NOT NULL END AS is_garbage
    FROM (SELECT) one
    LEFT JOIN lode.buckets b ON b.bucket = $1
    LEFT JOIN lode.keys k ON k.bucket = $1 AND k.key = $2
    LEFT JOIN LATERAL
        (SELECT * FROM lode.versions v WHERE v.key_id = k.id ORDER BY v.version DESC LIMIT 1) v ON TRUE
    LEFT JOIN lode.blobs l ON l.blob = $3";

/// No row comes back if the key has moved on. What the new version displaces is what `Retention::keeps` does not keep: all
/// but so many of those there were. They are read from the state that the statement began with, which is that of the
/// revision, or the upsert finds another revision.
const WRITE: &str = "
    WITH now AS MATERIALIZED (
        SELECT lode.now_millis() AS millis
    ), key AS (
        INSERT INTO lode.keys AS k (bucket, key, last, revision, listed)
        SELECT $1, $2, $3, 1, $4 FROM lode.buckets WHERE bucket = $1 AND retention IS NOT DISTINCT FROM $5
        ON CONFLICT (bucket, key) DO UPDATE
            SET last = excluded.last, revision = k.revision + 1, listed = excluded.listed
            WHERE k.revision = $6
        RETURNING id
    ), surplus AS (
        DELETE FROM lode.versions v USING (
            SELECT old.key_id, old.version FROM key JOIN lode.versions old ON old.key_id = key.id
            ORDER BY old.version DESC OFFSET $7 LIMIT $8
        ) old
        WHERE v.key_id = old.key_id AND v.version = old.version
        RETURNING v.blob, v.version
    ), garbage AS (
        UPDATE lode.blobs l SET garbage_since = now.millis, claimed_by = NULL, claimed_until = NULL,
                                holders = l.holders || l.retired, retired = '{}'
        FROM surplus, now WHERE l.blob = surplus.blob
        RETURNING l.blob, l.version, l.holders
    ), new_version AS (
        INSERT INTO lode.versions (key_id, version, blob, written,
                                   size_bytes, checksum, content_type, metadata_names, metadata_values)
        SELECT key.id, $3, $9, now.millis, $10, $11, $12, $13, $14 FROM key, now
    ), new_blob AS (
        INSERT INTO lode.blobs (blob, key_id, version, holders) SELECT $9, key.id, $3, $15 FROM key
    )
    SELECT now.millis AS written, garbage.blob, coalesce(garbage.holders, '{}') AS holders
    FROM key CROSS JOIN now LEFT JOIN garbage ON TRUE ORDER BY garbage.version DESC";

/// What the decision hangs on.
struct Found {
    retention: Option<Retention>,
    revision: i64,
    last: Option<Version>,
    current: Option<VersionRecord>,
    blob: Option<Fate>,
}

/// Writes the version, if it may be. With `locked` nobody else can write the key meanwhile.
pub(super) async fn commit(session: &mut Session, commit: &Commit, locked: bool) -> Result<CatalogAnswer, Trouble> {
    if locked {
        session.begin().await?;
        let (bucket, key) = (commit.path.bucket.as_str(), commit.path.key.as_str());
        session.rows(sqlx::query(LOCK).bind(bucket).bind(key)).await?;
    }
    let found = read(session, commit).await?;
    let before =
        Before { bucket: found.retention, last: found.last, current: found.current.as_ref(), blob: found.blob };
    let version = match write::decide(commit, before) {
        Ok(version) => version,
        Err(why) => {
            session.roll_back().await?;
            return Ok(why.into());
        }
    };
    let written = write(session, commit, &found, version).await?;
    session.commit().await?;
    Ok(CatalogAnswer::Written(written))
}

async fn read(session: &mut Session, commit: &Commit) -> Result<Found, Trouble> {
    let blob = commit.blob.to_string();
    let statement = sqlx::query(READ).bind(commit.path.bucket.as_str()).bind(commit.path.key.as_str()).bind(blob);
    let row = session.row(statement).await?;
    let row = Reading(&row);
    let has_current = row.optional_version("version")?.is_some();
    Ok(Found {
        retention: if row.get("has_bucket")? { Some(row.retention()?) } else { None },
        revision: row.get::<Option<i64>>("revision")?.unwrap_or(0),
        last: row.optional_version("last")?,
        current: if has_current { Some(row.record()?) } else { None },
        blob: row.fate()?,
    })
}

async fn write(session: &mut Session, commit: &Commit, found: &Found, version: Version) -> Result<Written, Trouble> {
    let columns = StateColumns::from(&commit.state);
    let retention = found.retention.unwrap_or_default();
    let (kept, most_surplus) = match retention {
        Retention::Old(old) => (i64::from(old), None),
        Retention::Unlimited => (0, Some(0_i64)),
    };
    let statement = sqlx::query(WRITE)
        .bind(commit.path.bucket.as_str())
        .bind(commit.path.key.as_str())
        .bind(bind::version(version))
        .bind(matches!(commit.state, State::Object(_)))
        .bind(bind::retention(retention))
        .bind(found.revision)
        .bind(kept)
        .bind(most_surplus)
        .bind(commit.blob.to_string())
        .bind(columns.size_bytes)
        .bind(columns.checksum)
        .bind(columns.content_type)
        .bind(columns.metadata_names)
        .bind(columns.metadata_values)
        .bind(bind::texts(&commit.holders));
    let rows = session.write(statement).await?;
    let Some(row) = rows.first() else {
        return Err(Trouble::Overtaken(format!("{} is being written by many", commit.path)));
    };
    let written = Reading(row).time("written").map_err(Trouble::behind_the_write)?;
    let garbage = each(&rows, |row| match row.get::<Option<&str>>("blob")? {
        Some(_) => row.garbage().map(Some),
        None => Ok(None),
    });
    let garbage = garbage.map_err(Trouble::behind_the_write)?;
    Ok(Written { version, written: Some(written), garbage: garbage.into_iter().flatten().collect() })
}
