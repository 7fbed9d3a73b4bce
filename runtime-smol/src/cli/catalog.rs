//! The catalog that was chosen on the command line, and how many copies there are to be.

use std::sync::Arc;

use lode_core::copies::Copies;
use lode_smol::catalog::postgres::PostgresError;
use lode_smol::catalog::sqlite::SqliteCatalog;
use lode_smol::catalog::{Catalog, CatalogUrl, PostgresCatalog};
use smol::future::{or, pending};

use super::failure::Failure;

/// A catalog that is open, or a PostgreSQL that is out of reach and waited for.
pub(super) struct Opened {
    /// The catalog; `None` where there is to be none.
    pub(super) catalog: Option<Arc<dyn Catalog>>,
    awaited: Option<Arc<PostgresCatalog>>,
}

impl Opened {
    /// Serves, and opens meanwhile what could not be reached.
    ///
    /// # Errors
    /// Ends at once, if that is reached at last and no catalog that can be used.
    pub(super) async fn beside(self, serving: impl Future<Output = ()>) -> Result<(), Failure> {
        let serving = async {
            serving.await;
            Ok(())
        };
        let Some(catalog) = self.awaited else { return serving.await };
        let opening = async {
            match catalog.open_when_reached().await {
                Ok(()) => pending().await,
                Err(error) => Err(Failure::Start(error.to_string())),
            }
        };
        or(serving, opening).await
    }
}

/// Opens it. A PostgreSQL that is out of reach is no reason to end.
///
/// # Errors
/// If it cannot be opened, now or ever.
pub(super) fn open_or_await(catalog: &CatalogUrl) -> Result<Opened, Failure> {
    let CatalogUrl::Postgres(url) = catalog else {
        return Ok(Opened { catalog: open(catalog)?, awaited: None });
    };
    let catalog = Arc::new(PostgresCatalog::closed(url));
    let awaited = match smol::block_on(catalog.open()) {
        Ok(()) => None,
        Err(PostgresError::Unreachable { .. }) => Some(Arc::clone(&catalog)),
        Err(error @ (PostgresError::Refused { .. } | PostgresError::Newer { .. } | PostgresError::Foreign { .. })) => {
            return Err(Failure::Start(error.to_string()));
        }
    };
    Ok(Opened { catalog: Some(catalog), awaited })
}

/// Opens it; `None` where there is to be none.
///
/// # Errors
/// If it cannot be opened now.
pub(super) fn open(catalog: &CatalogUrl) -> Result<Option<Arc<dyn Catalog>>, Failure> {
    match catalog {
        CatalogUrl::None => Ok(None),
        CatalogUrl::Sqlite(path) => match SqliteCatalog::open(path) {
            Ok(catalog) => Ok(Some(Arc::new(catalog))),
            Err(error) => Err(Failure::Start(error.to_string())),
        },
        CatalogUrl::Postgres(url) => match smol::block_on(PostgresCatalog::connect(url)) {
            Ok(catalog) => Ok(Some(Arc::new(catalog))),
            Err(error) => Err(Failure::Start(error.to_string())),
        },
    }
}

/// How many copies, if it was said.
///
/// # Errors
/// If there cannot be so many.
pub(super) fn copies(copies: Option<usize>) -> Result<Copies, Failure> {
    match copies {
        None => Ok(Copies::default()),
        Some(copies) => Copies::exactly(copies).map_err(|error| Failure::Usage(error.to_string())),
    }
}
