//! The catalog in one file, with SQLite.
//!
//! - *Writes* go through one thread, which takes all that are waiting and commits them in one transaction, synced before
//!   any of them is answered. So the more wait, the more share a sync.
//! - *Reads* do not wait for it: each is a transaction of its own on one of a few other connections, and sees all that was
//!   answered before.
//! - *Several processes* of one machine may share the file; a write waits up to five seconds for another process's.
//!   A network file system will not do.
//!
//! Beside the file lie two more of the same name and `-wal` and `-shm` behind it. They belong to it, and are to be copied and
//! moved with it or not at all.

mod bucket;
mod checkpoint;
mod claims;
mod commit;
mod copies;
mod error;
mod failure;
mod garbage;
mod journal;
mod open;
mod read;
mod readers;
mod request;
mod restore;
mod row;
mod uploaders;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::BoxFuture;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use smol::channel::Sender;

pub use self::error::OpenError;

use self::readers::Readers;
use self::request::{Way, way_of};
use self::writer::{MOST_WAITING, Order, Writer};
use super::{Catalog, CatalogUrl};

/// A catalog in a file. The thread that writes ends when it is dropped and all that was asked is done.
pub struct SqliteCatalog {
    path: PathBuf,
    readers: Arc<Readers>,
    orders: Sender<Order>,
}

impl SqliteCatalog {
    /// Opens the catalog at `path`, or makes one if there is nothing. Brings an older schema to the latest. Blocks: for some
    /// milliseconds, and up to five seconds if another process keeps it locked.
    ///
    /// # Errors
    /// If there is no folder for it, if it is something else or of a later version of Lode, if it cannot be written, or if
    /// the file system refuses. Whatever is there is then as it was.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = Writer::new(open::for_writing(path)?, path);
        let readers = std::thread::available_parallelism().map_or(1, usize::from).max(4);
        let readers = Arc::new(Readers::open(path.to_owned(), readers)?);
        let (orders, waiting) = smol::channel::bounded(MOST_WAITING);
        let thread = std::thread::Builder::new().name("catalog".to_owned());
        let started = thread.spawn(move || writer.run(&waiting));
        let other = |error: std::io::Error| OpenError::Other { path: path.to_owned(), reason: error.to_string() };
        started.map_err(other)?;
        Ok(Self { path: path.to_owned(), readers, orders })
    }

    async fn write(&self, request: CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
        let (outcome, told) = oneshot::channel();
        let ended = "its writer has ended".to_owned();
        if self.orders.send(Order { request, outcome }).await.is_err() {
            return Err(CatalogFailure::Unavailable { reason: ended });
        }
        told.await.unwrap_or(Err(CatalogFailure::Unknown { reason: ended }))
    }
}

impl Catalog for SqliteCatalog {
    fn ask(&self, request: CatalogRequest) -> BoxFuture<'_, Result<CatalogAnswer, CatalogFailure>> {
        Box::pin(async move {
            match way_of(&request) {
                Way::AtOnce | Way::Apart => self.readers.ask(request).await,
                Way::InTurn => self.write(request).await,
            }
        })
    }

    fn place(&self) -> String {
        // Whoever asks may be in another folder.
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        CatalogUrl::Sqlite(path).to_string()
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one answer that it expects")]
mod tests;
