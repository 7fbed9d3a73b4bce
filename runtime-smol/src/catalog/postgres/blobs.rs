//! Where copies of blobs are, which blobs are garbage, and who repairs them. Each is one statement that changes at most
//! one row: it waits for whoever changes the same, and looks at what they leave behind.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer};
use lode_core::id::Incarnation;

use super::bind;
use super::row::each;
use super::session::{Session, Statement};
use super::trouble::Trouble;

const NOTE_HOLDERS: &str = "
    UPDATE lode.blobs SET holders = ARRAY(
        SELECT DISTINCT holder COLLATE \"C\" FROM unnest(holders || $2::text[]) holder WHERE holder <> ALL ($3))
    WHERE blob = $1 AND NOT (holders @> $2 AND NOT holders && $3)";

const NOTE_REMOVED: &str = "
    WITH forgotten AS (
        DELETE FROM lode.blobs
        WHERE blob = $1 AND garbage_since + $3 <= lode.now_millis() AND holders <@ $2
        RETURNING blob
    )
    UPDATE lode.blobs SET holders = ARRAY(SELECT holder FROM unnest(holders) holder WHERE holder <> ALL ($2))
    WHERE blob = $1 AND garbage_since IS NOT NULL AND NOT EXISTS (SELECT FROM forgotten)";

/// Where a server holds few of all blobs PostgreSQL finds them by the index of holders, and where it holds many it goes
/// along the ids and passes over those of others. It can tell only if it plans for this very server, and so the statement is
/// not kept prepared.
const KEPT_ON: &str = "
    SELECT l.blob, k.bucket, k.key, l.version, l.holders
    FROM lode.blobs l JOIN lode.keys k ON k.id = l.key_id
    WHERE l.garbage_since IS NULL AND l.blob > $1 AND l.holders @> ARRAY[$3] ORDER BY l.blob LIMIT $2";

const KEPT: &str = "
    SELECT l.blob, k.bucket, k.key, l.version, l.holders
    FROM lode.blobs l JOIN lode.keys k ON k.id = l.key_id
    WHERE l.garbage_since IS NULL AND l.blob > $1 ORDER BY l.blob LIMIT $2";

const GARBAGE: &str = "
    SELECT blob, holders FROM lode.blobs WHERE garbage_since IS NOT NULL AND blob > $1 ORDER BY blob LIMIT $2";

const CLAIM: &str = "
    UPDATE lode.blobs SET claimed_by = $2, claimed_until = lode.now_millis() + $3
    WHERE blob = $1 AND garbage_since IS NULL
      AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until <= lode.now_millis())
    RETURNING blob";

const RELEASE: &str = "
    UPDATE lode.blobs SET claimed_by = NULL, claimed_until = NULL WHERE blob = $1 AND claimed_by = $2";

/// Notes where copies are and where they are no longer.
pub(super) async fn note_holders(
    session: &mut Session,
    blob: BlobId,
    held: &[ServerAddress],
    gone: &[ServerAddress],
) -> Result<CatalogAnswer, Trouble> {
    done(session, sqlx::query(NOTE_HOLDERS).bind(blob.to_string()).bind(bind::texts(held)).bind(bind::texts(gone)))
        .await
}

/// Notes where copies of garbage are no longer, and forgets it if it is old enough and none is left.
pub(super) async fn note_removed(
    session: &mut Session,
    blob: BlobId,
    gone: &[ServerAddress],
    garbage_age: Duration,
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(NOTE_REMOVED).bind(blob.to_string()).bind(bind::texts(gone)).bind(millis(garbage_age));
    done(session, statement).await
}

/// The blobs that versions have, those on one server or all.
pub(super) async fn kept(
    session: &mut Session,
    on: Option<&ServerAddress>,
    after: Option<BlobId>,
    limit: usize,
) -> Result<CatalogAnswer, Trouble> {
    let (after, limit) = (behind(after), bind::limit(limit));
    let statement = match on {
        Some(on) => sqlx::query(KEPT_ON).bind(after).bind(limit).bind(on.as_str().to_owned()).persistent(false),
        None => sqlx::query(KEPT).bind(after).bind(limit),
    };
    let rows = session.rows(statement).await?;
    Ok(CatalogAnswer::Blobs(each(&rows, |row| row.held_blob())?))
}

/// The garbage.
pub(super) async fn garbage(
    session: &mut Session,
    after: Option<BlobId>,
    limit: usize,
) -> Result<CatalogAnswer, Trouble> {
    let rows = session.rows(sqlx::query(GARBAGE).bind(behind(after)).bind(bind::limit(limit))).await?;
    Ok(CatalogAnswer::Garbage(each(&rows, |row| row.garbage())?))
}

/// Lets nobody else repair the blob for a while, unless another has it.
pub(super) async fn claim(
    session: &mut Session,
    blob: BlobId,
    by: Incarnation,
    lasting: Duration,
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(CLAIM).bind(blob.to_string()).bind(signed(by)).bind(millis(lasting));
    let rows = session.write(statement).await?;
    Ok(CatalogAnswer::Claimed(!rows.is_empty()))
}

/// Lets others repair it.
pub(super) async fn release(session: &mut Session, blob: BlobId, by: Incarnation) -> Result<CatalogAnswer, Trouble> {
    done(session, sqlx::query(RELEASE).bind(blob.to_string()).bind(signed(by))).await
}

async fn done(session: &mut Session, statement: Statement<'_>) -> Result<CatalogAnswer, Trouble> {
    session.write(statement).await.map(|_| CatalogAnswer::Done)
}

/// What all ids that are wanted come after; all of them come after nothing.
fn behind(after: Option<BlobId>) -> String {
    after.map(|blob| blob.to_string()).unwrap_or_default()
}

const fn signed(incarnation: Incarnation) -> i64 {
    incarnation.number().cast_signed()
}

/// At most half of what a column takes, so that a time may be added.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 2)
}
