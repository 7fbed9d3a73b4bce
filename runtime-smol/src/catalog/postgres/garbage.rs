//! The garbage: told, found to be removed, and forgotten. Each is one statement.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer};

use super::bind;
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

const WITH_COPIES: &str = "
    SELECT blob, holders FROM lode.blobs
    WHERE garbage_since IS NOT NULL AND holders <> '{}' AND blob > $1 ORDER BY blob LIMIT $2";

/// The rows are locked in the order of their ids, so that two that note the same do not wait for each other, and are looked
/// at anew after any wait.
const NOTE_REMOVED: &str = "
    WITH noted AS MATERIALIZED (
        SELECT blob FROM lode.blobs
        WHERE blob = ANY ($2) AND garbage_since IS NOT NULL AND $1 = ANY (holders)
        ORDER BY blob FOR NO KEY UPDATE
    )
    UPDATE lode.blobs l SET holders = array_remove(l.holders, $1) FROM noted WHERE l.blob = noted.blob";

/// What somebody is just at is left for the next time: perhaps they note a copy of it. So nobody is waited for, and of two
/// that forget at once each forgets something else. The time is asked for once, or the index of those without copies would
/// be gone along to its end.
const FORGET: &str = "
    WITH forgettable AS MATERIALIZED (
        SELECT blob FROM lode.blobs
        WHERE garbage_since IS NOT NULL AND holders = '{}' AND garbage_since <= (SELECT lode.now_millis() - $1)
        ORDER BY garbage_since, blob LIMIT $2 FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        DELETE FROM lode.blobs l USING forgettable WHERE l.blob = forgettable.blob RETURNING l.blob
    )
    SELECT count(*) FROM forgotten";

/// A page of that of which copies are noted.
pub(super) async fn page(session: &mut Session, after: Option<BlobId>, limit: usize) -> Result<CatalogAnswer, Trouble> {
    let rows = session.rows(sqlx::query(WITH_COPIES).bind(bind::behind(after)).bind(bind::limit(limit))).await?;
    Ok(CatalogAnswer::Garbage(each(&rows, |row| row.garbage())?))
}

/// Notes that a server has no copy of this garbage any more.
pub(super) async fn note_removed(
    session: &mut Session,
    server: &ServerAddress,
    blobs: &[BlobId],
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(NOTE_REMOVED).bind(server.as_str()).bind(bind::ids(blobs));
    session.write(statement).await.map(|_| CatalogAnswer::Done)
}

/// Forgets garbage that is old enough and of which no copy is noted.
pub(super) async fn forget(
    session: &mut Session,
    garbage_age: Duration,
    limit: usize,
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(FORGET).bind(bind::millis(garbage_age)).bind(bind::limit(limit));
    let rows = session.write(statement).await?;
    let counts = each(&rows, |row| row.count()).map_err(Trouble::behind_the_write)?;
    Ok(CatalogAnswer::Forgotten(counts.into_iter().sum()))
}
