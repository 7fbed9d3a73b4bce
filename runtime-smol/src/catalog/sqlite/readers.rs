//! The connections that read.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use rusqlite::{Connection, ErrorCode};
use smol::lock::Semaphore;

use super::OpenError;
use super::failure::unavailable;
use super::open::{self, PATIENCE};
use super::request::{Way, carry_out, now, way_of};

/// A few connections to one file, each used by one request at a time.
pub(super) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    /// The one used last is used next: its cache is warm.
    free: Mutex<Vec<Connection>>,
}

impl Readers {
    /// So many. Blocks.
    pub(super) fn open(path: PathBuf, count: usize) -> Result<Self, OpenError> {
        let free = (0..count).map(|_| open::for_reading(&path)).collect::<Result<_, _>>()?;
        Ok(Self { path, permits: Arc::new(Semaphore::new(count)), free: Mutex::new(free) })
    }

    /// Answers what changes nothing.
    pub(super) async fn ask(self: &Arc<Self>, request: CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
        let permit = self.permits.acquire_arc().await;
        if way_of(&request) == Way::AtOnce {
            match self.read(&request, Duration::ZERO) {
                // It may take its time until the other process is done.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
                told => return told.map_err(|error| unavailable(&error)),
            }
        }
        let readers = Arc::clone(self);
        smol::unblock(move || {
            let _permit = permit;
            readers.read(&request, PATIENCE).map_err(|error| unavailable(&error))
        })
        .await
    }

    fn read(&self, request: &CatalogRequest, patience: Duration) -> Result<CatalogAnswer, rusqlite::Error> {
        let connection = match self.free().pop() {
            Some(connection) => connection,
            // Whoever had it has broken off.
            None => {
                open::for_reading(&self.path).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?
            }
        };
        let answer = with_patience(&connection, patience, |connection| carry_out(connection, now(), request));
        self.free().push(connection);
        answer
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections have no patience, unless something else is wanted.
fn with_patience<T>(
    connection: &Connection,
    patience: Duration,
    work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    if patience.is_zero() {
        return work(connection);
    }
    connection.busy_timeout(patience)?;
    let done = work(connection);
    connection.busy_timeout(Duration::ZERO)?;
    done
}
