//! A page of a listing. It may take several statements, which see one state of everything: that of the first.

use lode_core::catalog::CatalogAnswer;
use lode_core::catalog::listing::{ListQuery, Listing};

use super::bind;
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

const BUCKET: &str = "SELECT FROM lode.buckets WHERE bucket = $1";

const SCAN: &str = "
    SELECT k.key, v.version, v.size_bytes, v.checksum, v.written
    FROM lode.keys k CROSS JOIN LATERAL
        (SELECT * FROM lode.versions v WHERE v.key_id = k.id ORDER BY v.version DESC LIMIT 1) v
    WHERE k.bucket = $1 AND k.listed AND k.key >= $2 AND k.key < $3 ORDER BY k.key LIMIT $4";

/// The page.
pub(super) async fn list(session: &mut Session, query: &ListQuery) -> Result<CatalogAnswer, Trouble> {
    session.begin_reading().await?;
    let bucket = query.bucket.as_str();
    if session.rows(sqlx::query(BUCKET).bind(bucket)).await?.is_empty() {
        session.roll_back().await?;
        return Ok(CatalogAnswer::Listed(None));
    }
    let mut listing = Listing::new(query);
    while let Some(scan) = listing.scan() {
        let (from, until) = bind::range(&scan);
        let statement = sqlx::query(SCAN).bind(bucket).bind(from).bind(until).bind(bind::limit(scan.most));
        let rows = session.rows(statement).await?;
        listing.read(&scan, each(&rows, |row| row.listed())?);
    }
    session.roll_back().await?;
    Ok(CatalogAnswer::Listed(Some(listing.page())))
}
