//! Who repairs what. Each is one UPDATE of one row: it waits for whoever changes the same, and looks at what they leave
//! behind.

use std::time::Duration;

use lode_core::catalog::{BlobId, CatalogAnswer};
use lode_core::id::Incarnation;

use super::bind;
use super::session::Session;
use super::trouble::Trouble;

const CLAIM: &str = "
    UPDATE lode.blobs SET claimed_by = $2, claimed_until = lode.now_millis() + $3
    WHERE blob = $1 AND garbage_since IS NULL
      AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until <= lode.now_millis())
    RETURNING blob";

const RELEASE: &str = "
    UPDATE lode.blobs SET claimed_by = NULL, claimed_until = NULL WHERE blob = $1 AND claimed_by = $2";

/// Lets nobody else repair the blob for a while, unless another has it.
pub(super) async fn claim(
    session: &mut Session,
    blob: BlobId,
    by: Incarnation,
    lasting: Duration,
) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(CLAIM).bind(blob.to_string()).bind(signed(by)).bind(bind::millis(lasting));
    let rows = session.write(statement).await?;
    Ok(CatalogAnswer::Claimed(!rows.is_empty()))
}

/// Lets others repair it.
pub(super) async fn release(session: &mut Session, blob: BlobId, by: Incarnation) -> Result<CatalogAnswer, Trouble> {
    let statement = sqlx::query(RELEASE).bind(blob.to_string()).bind(signed(by));
    session.write(statement).await.map(|_| CatalogAnswer::Done)
}

const fn signed(incarnation: Incarnation) -> i64 {
    incarnation.number().cast_signed()
}
