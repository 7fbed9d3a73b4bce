//! Which request is carried out where, and by what.

use lode_core::catalog::{CatalogAnswer, CatalogRequest};
use lode_core::time::WallTime;
use rusqlite::Connection;

use super::{change, commit, read};

/// By whom a request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By the task that asks: it takes some microseconds.
    AtOnce,
    /// By a thread that may take its time.
    Apart,
    /// By the writer.
    InTurn,
}

/// Pages up to this length are read at once.
const SHORT_PAGE: usize = 100;

pub(super) const fn way_of(request: &CatalogRequest) -> Way {
    match request {
        CatalogRequest::Read { .. } => Way::AtOnce,
        CatalogRequest::Versions { limit, .. }
        | CatalogRequest::Blobs { limit, .. }
        | CatalogRequest::Garbage { limit, .. } => page_of(*limit),
        // Keys that fold are skipped one prefix at a time.
        CatalogRequest::List(query) if query.delimiter.is_some() => Way::Apart,
        CatalogRequest::List(query) => page_of(query.limit),
        CatalogRequest::Buckets => Way::Apart,
        CatalogRequest::Commit(_)
        | CatalogRequest::RemoveVersion { .. }
        | CatalogRequest::Settle { .. }
        | CatalogRequest::NoteHolders { .. }
        | CatalogRequest::NoteRemoved { .. }
        | CatalogRequest::ClaimRepair { .. }
        | CatalogRequest::ReleaseRepair { .. }
        | CatalogRequest::SetBucket { .. } => Way::InTurn,
    }
}

const fn page_of(limit: usize) -> Way {
    if limit <= SHORT_PAGE { Way::AtOnce } else { Way::Apart }
}

/// Carries it out, at this time of the catalog's clock. A write has to be within a transaction.
pub(super) fn carry_out(
    connection: &Connection,
    now: WallTime,
    request: &CatalogRequest,
) -> Result<CatalogAnswer, rusqlite::Error> {
    match request {
        CatalogRequest::Commit(commit) => commit::commit(connection, now, commit),
        CatalogRequest::RemoveVersion { path, version } => commit::remove_version(connection, now, path, *version),
        CatalogRequest::Read { path, version } => read::found(connection, path, *version).map(CatalogAnswer::Found),
        CatalogRequest::Versions { path, before, limit } => read::versions(connection, path, *before, *limit),
        CatalogRequest::List(query) => read::page(connection, query).map(CatalogAnswer::Listed),
        CatalogRequest::Settle { blobs } => change::settle(connection, now, blobs),
        CatalogRequest::NoteHolders { blob, held, gone } => change::note_holders(connection, *blob, held, gone),
        CatalogRequest::Blobs { on, after, limit } => read::blobs(connection, on.as_ref(), *after, *limit),
        CatalogRequest::Garbage { after, limit } => read::garbage(connection, *after, *limit),
        CatalogRequest::NoteRemoved { blob, gone, garbage_age } => {
            change::note_removed(connection, now, *blob, gone, *garbage_age)
        }
        CatalogRequest::ClaimRepair { blob, by, lasting } => change::claim(connection, now, *blob, *by, *lasting),
        CatalogRequest::ReleaseRepair { blob, by } => change::release(connection, *blob, *by),
        CatalogRequest::SetBucket { bucket, retention } => change::set_bucket(connection, bucket, *retention),
        CatalogRequest::Buckets => read::buckets(connection),
    }
}

/// What the clock of the catalog shows.
pub(super) fn now() -> WallTime {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    WallTime::EPOCH + since_epoch
}
