//! Where copies of a blob are noted. Each is one UPDATE of one row: it waits for whoever changes the same, and looks at its
//! condition anew in what they leave behind.

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer};

use super::bind;
use super::session::Session;
use super::trouble::Trouble;

/// A copy that is retired is not held again before it is gone. Nothing is written where nothing changes.
const NOTE_HOLDERS: &str = "
    UPDATE lode.blobs SET
        holders = ARRAY(
            SELECT DISTINCT holder COLLATE \"C\" FROM unnest(holders || $2::text[]) holder
            WHERE holder <> ALL ($3) AND holder <> ALL (retired)),
        retired = ARRAY(SELECT server FROM unnest(retired) server WHERE server <> ALL ($3))
    WHERE blob = $1 AND NOT ((holders || retired) @> $2 AND NOT (holders || retired) && $3)";

/// Of two that retire a copy each and keep that of the other, the second finds that the one it keeps does not count any
/// more.
const RETIRE: &str = "
    UPDATE lode.blobs SET
        holders = array_remove(holders, $2),
        retired = CASE WHEN $2 = ANY (retired) THEN retired ELSE array_append(retired, $2) END
    WHERE blob = $1 AND garbage_since IS NULL
      AND ($2 = ANY (retired) OR ($2 = ANY (holders) AND holders @> $3 AND $2 <> ALL ($3)))
    RETURNING blob";

/// Notes where copies are and where they are no longer.
pub(super) async fn note_holders(
    session: &mut Session,
    blob: BlobId,
    held: &[ServerAddress],
    gone: &[ServerAddress],
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(NOTE_HOLDERS).bind(blob.to_string()).bind(bind::texts(held)).bind(bind::texts(gone));
    session.write(statement).await.map(|_| CatalogAnswer::Done)
}

/// Lets a copy count no longer, if those that are kept count.
pub(super) async fn retire(
    session: &mut Session,
    blob: BlobId,
    server: &ServerAddress,
    keep: &[ServerAddress],
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(RETIRE).bind(blob.to_string()).bind(server.as_str()).bind(bind::texts(keep));
    let rows = session.write(statement).await?;
    Ok(CatalogAnswer::Retired(!rows.is_empty()))
}
