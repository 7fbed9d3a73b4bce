//! Buckets.

use lode_core::catalog::{Bucket, CatalogAnswer, Retention};

use super::bind;
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

/// Waits for all commits that are under way, and lets others wait. They begin with the lock of a writer on this table, so
/// what they see of the buckets is either from before this transaction, which then has waited for them, or from after it.
/// Readers are not kept waiting.
const WAIT_FOR_COMMITS: &str = "LOCK TABLE lode.keys IN SHARE MODE";

const SET: &str = "
    INSERT INTO lode.buckets (bucket, retention) VALUES ($1, $2)
    ON CONFLICT (bucket) DO UPDATE SET retention = excluded.retention";

const ALL: &str = "SELECT bucket, retention FROM lode.buckets ORDER BY bucket";

/// Creates a bucket, or changes what one keeps.
pub(super) async fn set_bucket(
    session: &mut Session,
    bucket: &Bucket,
    retention: Retention,
) -> Result<CatalogAnswer, Trouble> {
    session.begin().await?;
    session.rows(sqlx::query(WAIT_FOR_COMMITS).persistent(false)).await?;
    let set = sqlx::query(SET).bind(bucket.as_str()).bind(bind::retention(retention));
    session.rows(set).await?;
    session.commit().await?;
    Ok(CatalogAnswer::Done)
}

/// All of them.
pub(super) async fn buckets(session: &mut Session) -> Result<CatalogAnswer, Trouble> {
    let rows = session.rows(sqlx::query(ALL)).await?;
    Ok(CatalogAnswer::Buckets(each(&rows, |row| Ok((row.text("bucket")?, row.retention()?)))?))
}
