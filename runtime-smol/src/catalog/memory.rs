//! A catalog that is gone with the process.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lode_core::catalog::model;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use lode_core::time::WallTime;

use super::Catalog;

/// A catalog in memory, for tests and for trying things out: nothing that it answers is durable.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    catalog: Mutex<model::Catalog>,
}

impl MemoryCatalog {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Catalog for MemoryCatalog {
    fn ask(&self, request: CatalogRequest) -> BoxFuture<'_, Result<CatalogAnswer, CatalogFailure>> {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut catalog = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = catalog.answer(WallTime::EPOCH + since_epoch, &request);
        futures::future::ready(Ok(answer)).boxed()
    }

    fn place(&self) -> String {
        "in memory".to_owned()
    }
}
