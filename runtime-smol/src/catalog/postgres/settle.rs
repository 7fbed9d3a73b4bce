//! What has become of blobs; and what was never heard of becomes garbage.

use std::collections::BTreeMap;

use lode_core::catalog::{BlobId, CatalogAnswer, Fate};

use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

const LOOK: &str = "
    SELECT blob, version AS of_version, garbage_since IS NOT NULL AS is_garbage FROM lode.blobs WHERE blob = ANY ($1)";

/// A commit that is under way with one of them is waited for, as is another that settles them: their ids are unique. In
/// the order of the ids, so that two that settle the same do not wait for each other.
const CONDEMN: &str = "
    INSERT INTO lode.blobs (blob, garbage_since)
    SELECT blob, lode.now_millis() FROM unnest($1::text[]) blob ORDER BY blob COLLATE \"C\"
    ON CONFLICT (blob) DO NOTHING";

/// Keeps them as they are until the transaction ends, so that all the fates are those of one moment. Whoever holds them in
/// another order meets us in a deadlock: the server ends one of us, who then tries again.
const HOLD: &str = "
    SELECT blob, version AS of_version, garbage_since IS NOT NULL AS is_garbage
    FROM lode.blobs WHERE blob = ANY ($1) ORDER BY blob FOR SHARE";

/// The fate of each. Where all of them are known already, as they mostly are, nothing is written.
pub(super) async fn settle(session: &mut Session, blobs: &[BlobId]) -> Result<CatalogAnswer, Trouble> {
    let ids: Vec<String> = blobs.iter().map(BlobId::to_string).collect();
    let mut fates = fates(session, LOOK, &ids).await?;
    let unknown: Vec<&str> =
        blobs.iter().zip(&ids).filter(|(blob, _)| !fates.contains_key(blob)).map(|(_, id)| id.as_str()).collect();
    if !unknown.is_empty() {
        session.begin().await?;
        session.rows(sqlx::query(CONDEMN).bind(unknown)).await?;
        fates = self::fates(session, HOLD, &ids).await?;
        session.commit().await?;
    }
    let fate = |blob: &BlobId| Some((*blob, *fates.get(blob)?));
    let settled: Option<Vec<(BlobId, Fate)>> = blobs.iter().map(fate).collect();
    settled.map(CatalogAnswer::Settled).ok_or_else(|| Trouble::Overtaken("a blob was forgotten meanwhile".to_owned()))
}

async fn fates(
    session: &mut Session,
    statement: &'static str,
    ids: &[String],
) -> Result<BTreeMap<BlobId, Fate>, Trouble> {
    let rows = session.rows(sqlx::query(statement).bind(ids)).await?;
    let fates = each(&rows, |row| Ok((row.blob()?, row.fate()?)))?;
    Ok(fates.into_iter().filter_map(|(blob, fate)| Some((blob, fate?))).collect())
}
