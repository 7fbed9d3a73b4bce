//! The catalog, kept in a real database: what [`lode_core::catalog`] asks for, carried out.
//!
//! Both keepers decide nothing of their own: what may be written is decided by [`lode_core::catalog::write`], what a page
//! shows by [`lode_core::catalog::listing`], and both are held against [`lode_core::catalog::model::Catalog`].

mod memory;
pub mod postgres;
pub mod sqlite;
mod url;

use futures::future::BoxFuture;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};

pub use self::memory::MemoryCatalog;
pub use self::postgres::PostgresCatalog;
pub use self::url::{CatalogUrl, CatalogUrlError};

/// Somebody who keeps a catalog. To be shared by all tasks of a process.
pub trait Catalog: Send + Sync + 'static {
    /// Does what is asked, in one transaction of its own. What is answered is durable.
    ///
    /// A future that is dropped before it has answered leaves an outcome that is not known.
    fn ask(&self, request: CatalogRequest) -> BoxFuture<'_, Result<CatalogAnswer, CatalogFailure>>;

    /// Of which kind it is and where, for people, as [`CatalogUrl`] shows it: without a password.
    fn place(&self) -> String;
}
