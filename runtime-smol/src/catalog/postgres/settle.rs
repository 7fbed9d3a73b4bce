//! What has become of blobs; and what was never heard of becomes garbage. The server that holds them is noted with it.

use std::collections::BTreeMap;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer, Fate};

use super::bind;
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

/// Those that are known, and whether there is nothing to note of them.
const LOOK: &str = "
    SELECT blob, version AS of_version, garbage_since IS NOT NULL AS is_garbage,
           $2::text IS NULL OR $2 = ANY (holders) OR $2 = ANY (retired) AS is_noted
    FROM lode.blobs WHERE blob = ANY ($1)";

/// A commit that is under way with one of them is waited for, as is another that settles them: their ids are unique. In
/// the order of the ids, so that two that settle the same do not wait for each other.
const CONDEMN: &str = "
    INSERT INTO lode.blobs (blob, garbage_since, holders)
    SELECT blob, lode.now_millis(), $2::text[] FROM unnest($1::text[]) blob ORDER BY blob COLLATE \"C\"
    ON CONFLICT (blob) DO NOTHING";

/// Keeps them as they are until the transaction ends, so that all the fates are those of one moment. Whoever holds them in
/// another order meets us in a deadlock: the server ends one of us, who then tries again.
const HOLD: &str = "
    SELECT blob, version AS of_version, garbage_since IS NOT NULL AS is_garbage,
           $2::text IS NULL OR $2 = ANY (holders) OR $2 = ANY (retired) AS is_noted
    FROM lode.blobs WHERE blob = ANY ($1) ORDER BY blob FOR NO KEY UPDATE";

/// Of those that are held so.
const NOTE: &str = "UPDATE lode.blobs SET holders = array_append(holders, $2) WHERE blob = ANY ($1)";

/// What is known of a blob.
struct Known {
    fate: Fate,
    is_noted: bool,
}

/// The fate of each. Where all of them are known and noted already, as they mostly are, nothing is written.
pub(super) async fn settle(
    session: &mut Session,
    blobs: &[BlobId],
    held_on: Option<&ServerAddress>,
) -> Result<CatalogAnswer, Trouble> {
    let ids = bind::ids(blobs);
    let mut known = known(session, LOOK, &ids, held_on).await?;
    let unknown: Vec<BlobId> = blobs.iter().filter(|blob| !known.contains_key(blob)).copied().collect();
    let is_written = !unknown.is_empty() || known.values().any(|known| !known.is_noted);
    if is_written {
        session.begin().await?;
        let holders: Vec<&str> = held_on.map(ServerAddress::as_str).into_iter().collect();
        session.rows(sqlx::query(CONDEMN).bind(bind::ids(&unknown)).bind(holders)).await?;
        known = self::known(session, HOLD, &ids, held_on).await?;
        if let Some(server) = held_on {
            let not_noted = known.iter().filter(|(_, known)| !known.is_noted);
            let not_noted: Vec<BlobId> = not_noted.map(|(blob, _)| *blob).collect();
            session.rows(sqlx::query(NOTE).bind(bind::ids(&not_noted)).bind(server.as_str())).await?;
        }
    }
    let fate = |blob: &BlobId| Some((*blob, known.get(blob)?.fate));
    let settled: Option<Vec<(BlobId, Fate)>> = blobs.iter().map(fate).collect();
    let settled = settled.ok_or_else(|| Trouble::Overtaken("a blob was forgotten meanwhile".to_owned()))?;
    session.commit().await?;
    Ok(CatalogAnswer::Settled(settled))
}

async fn known(
    session: &mut Session,
    statement: &'static str,
    ids: &[String],
    held_on: Option<&ServerAddress>,
) -> Result<BTreeMap<BlobId, Known>, Trouble> {
    let rows = session.rows(sqlx::query(statement).bind(ids).bind(held_on.map(ServerAddress::as_str))).await?;
    let known = each(&rows, |row| Ok((row.blob()?, row.fate()?, row.get("is_noted")?)))?;
    let known = known.into_iter().filter_map(|(blob, fate, is_noted)| Some((blob, Known { fate: fate?, is_noted })));
    Ok(known.collect())
}
