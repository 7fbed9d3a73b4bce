//! The blobs that versions have, in the order of their ids. One statement, which sees one state of everything: first the page
//! of blobs, then what is to be told of each.

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer};

use super::bind;
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

/// Where a server holds few of all blobs PostgreSQL finds them by the indexes of holders and of retired copies, and where it
/// holds many it goes along the ids and passes over those of others. It can tell only if it plans for this very server and
/// this length of a page, and so the statement is not kept prepared.
const KEPT: &str = "
    SELECT v.*, k.bucket, k.key, page.holders, page.retired
    FROM (
        SELECT * FROM lode.blobs
        WHERE garbage_since IS NULL AND blob > $1
          AND ($3::text IS NULL OR holders @> ARRAY[$3] OR (retired <> '{}' AND retired @> ARRAY[$3]))
        ORDER BY blob LIMIT $2
    ) page
    JOIN lode.versions v ON v.key_id = page.key_id AND v.version = page.version
    JOIN lode.keys k ON k.id = page.key_id
    ORDER BY page.blob";

/// Those on one server, retired copies among them, or all.
pub(super) async fn kept(
    session: &mut Session,
    on: Option<&ServerAddress>,
    after: Option<BlobId>,
    limit: usize,
) -> Result<CatalogAnswer, Trouble> {
    let on = on.map(ServerAddress::as_str);
    let statement = sqlx::query(KEPT).bind(bind::behind(after)).bind(bind::limit(limit)).bind(on).persistent(false);
    let rows = session.rows(statement).await?;
    Ok(CatalogAnswer::Blobs(each(&rows, |row| row.held_blob())?))
}
