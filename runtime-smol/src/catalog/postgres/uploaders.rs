//! Whose blobs belong to this catalog.

use lode_core::catalog::CatalogAnswer;
use lode_core::id::Incarnation;

use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

/// A row that was there already is not seen by the second part, nor is the one that is inserted: each is told once.
const REGISTER: &str = "
    WITH new AS (INSERT INTO lode.uploaders (uploader) VALUES ($1) ON CONFLICT DO NOTHING RETURNING uploader)
    SELECT uploader FROM lode.uploaders UNION SELECT uploader FROM new UNION SELECT $1";

/// Notes this one, and tells all.
pub(super) async fn register(session: &mut Session, uploader: Incarnation) -> Result<CatalogAnswer, Trouble> {
    let rows = session.rows(sqlx::query(REGISTER).bind(uploader.number().cast_signed())).await?;
    let mut uploaders = each(&rows, |row| Ok(Incarnation::new(row.get::<i64>("uploader")?.cast_unsigned())))?;
    // As unsigned numbers.
    uploaders.sort_unstable();
    Ok(CatalogAnswer::Uploaders(uploaders))
}
