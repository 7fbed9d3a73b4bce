//! Writing the versions that were found into a new catalog.

use std::collections::BTreeSet;

use lode_core::catalog::{Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, HeldBlob, Retention};

use crate::catalog::Catalog;

/// How many versions are put back in one transaction.
const PAGE: usize = 500;

/// Whether all that there is was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All data servers have told what they hold: whatever else lies there is garbage, and may be cleared away.
    Whole,
    /// Some have not: what lies there and is not known may be all that is left of a version, and stays.
    Part,
}

/// Why a catalog is not rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum PutBackError {
    /// There is something in it.
    #[error(
        "the catalog {place} is not empty, and a lost one is rebuilt into a new one: give another place. If it is what a \
         rebuild has left behind that was cut short, remove it (its file, or with PostgreSQL: DROP SCHEMA lode CASCADE) and \
         rebuild it anew"
    )]
    NotNew {
        /// Which catalog.
        place: String,
    },
    /// It did not do what it was asked for.
    #[error(
        "{0}; a catalog that is not rebuilt to the end is not to be used: remove it, and rebuild it anew. Nothing was \
         changed on the data servers"
    )]
    Failed(#[from] CatalogFailure),
    /// It answered something else than what it was asked for: a mistake of whoever keeps it.
    #[error("the catalog has answered {0} to what has another answer")]
    Nonsense(String),
}

/// Sees that there is no version in a catalog, nor anything of one.
///
/// # Errors
/// If there is, or the catalog does not tell.
pub async fn assert_new(catalog: &dyn Catalog) -> Result<(), PutBackError> {
    let blobs = CatalogRequest::Blobs { on: None, after: None, limit: 1 };
    let garbage = CatalogRequest::Garbage { after: None, limit: 1 };
    let is_new = match (catalog.ask(blobs).await?, catalog.ask(garbage).await?) {
        (CatalogAnswer::Blobs(blobs), CatalogAnswer::Garbage(garbage)) => blobs.is_empty() && garbage.is_empty(),
        other => return Err(PutBackError::Nonsense(format!("{other:?}"))),
    };
    if is_new { Ok(()) } else { Err(PutBackError::NotNew { place: catalog.place() }) }
}

/// Puts the versions into a new catalog, whose buckets keep so much from then on. How many there are so far is told after
/// each page.
///
/// # Errors
/// If the catalog is not new, or fails. In that case it is not to be used.
pub async fn put_back(
    catalog: &dyn Catalog,
    retention: Retention,
    versions: &[HeldBlob],
    scope: Scope,
    mut told: impl FnMut(usize),
) -> Result<(), PutBackError> {
    assert_new(catalog).await?;
    let of_versions = versions.iter().map(|held| held.path.bucket.clone());
    let buckets: BTreeSet<Bucket> = of_versions.chain([Bucket::objects()]).collect();
    for bucket in buckets {
        do_it(catalog, CatalogRequest::SetBucket { bucket, retention }).await?;
    }
    for (page, number) in versions.chunks(PAGE).zip(1..) {
        do_it(catalog, CatalogRequest::Restore { versions: page.to_vec() }).await?;
        told(versions.len().min(number * PAGE));
    }
    match scope {
        Scope::Whole => register_uploaders(catalog, versions).await,
        Scope::Part => Ok(()),
    }
}

async fn register_uploaders(catalog: &dyn Catalog, versions: &[HeldBlob]) -> Result<(), PutBackError> {
    let uploaders: BTreeSet<_> = versions.iter().map(|held| held.record.blob.uploader()).collect();
    for uploader in uploaders {
        catalog.ask(CatalogRequest::Register { uploader }).await?;
    }
    Ok(())
}

async fn do_it(catalog: &dyn Catalog, request: CatalogRequest) -> Result<(), PutBackError> {
    let answer = catalog.ask(request).await?;
    if answer == CatalogAnswer::Done { Ok(()) } else { Err(PutBackError::Nonsense(format!("{answer:?}"))) }
}
