//! Which request is carried out where, and by what.

use lode_core::catalog::{CatalogAnswer, CatalogRequest};
use lode_core::time::WallTime;
use rusqlite::Connection;

use super::{bucket, claims, commit, copies, garbage, read, restore, uploaders};

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
        | CatalogRequest::Blobs { on: None, limit, .. }
        | CatalogRequest::Garbage { limit, .. } => page_of(*limit),
        // Garbage that lies there is passed over.
        CatalogRequest::Blobs { on: Some(_), .. } => Way::Apart,
        // Keys that fold are skipped one prefix at a time.
        CatalogRequest::List(query) if query.delimiter.is_some() => Way::Apart,
        CatalogRequest::List(query) => page_of(query.limit),
        CatalogRequest::Buckets => Way::Apart,
        CatalogRequest::Commit(_)
        | CatalogRequest::RemoveVersion { .. }
        | CatalogRequest::Settle { .. }
        | CatalogRequest::Register { .. }
        | CatalogRequest::NoteHolders { .. }
        | CatalogRequest::Retire { .. }
        | CatalogRequest::NoteRemoved { .. }
        | CatalogRequest::ForgetGarbage { .. }
        | CatalogRequest::ClaimRepair { .. }
        | CatalogRequest::ReleaseRepair { .. }
        | CatalogRequest::Restore { .. }
        | CatalogRequest::SetBucket { .. } => Way::InTurn,
    }
}

/// How many rows a write may touch, as a measure of how long it keeps those waiting that come after it.
pub(super) fn rows_of(write: &CatalogRequest) -> usize {
    match write {
        CatalogRequest::Settle { blobs, .. } | CatalogRequest::NoteRemoved { blobs, .. } => blobs.len().max(1),
        CatalogRequest::Restore { versions } => versions.len().max(1),
        CatalogRequest::ForgetGarbage { limit, .. } => (*limit).max(1),
        CatalogRequest::Commit(_)
        | CatalogRequest::RemoveVersion { .. }
        | CatalogRequest::Register { .. }
        | CatalogRequest::NoteHolders { .. }
        | CatalogRequest::Retire { .. }
        | CatalogRequest::ClaimRepair { .. }
        | CatalogRequest::ReleaseRepair { .. }
        | CatalogRequest::SetBucket { .. }
        | CatalogRequest::Read { .. }
        | CatalogRequest::Versions { .. }
        | CatalogRequest::List(_)
        | CatalogRequest::Blobs { .. }
        | CatalogRequest::Garbage { .. }
        | CatalogRequest::Buckets => 1,
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
        CatalogRequest::Settle { blobs, held_on } => garbage::settle(connection, now, blobs, held_on.as_ref()),
        CatalogRequest::Register { uploader } => uploaders::register(connection, *uploader),
        CatalogRequest::NoteHolders { blob, held, gone } => copies::note_holders(connection, *blob, held, gone),
        CatalogRequest::Blobs { on, after, limit } => read::blobs(connection, on.as_ref(), *after, *limit),
        CatalogRequest::Retire { blob, server, keep } => copies::retire(connection, *blob, server, keep),
        CatalogRequest::Garbage { after, limit } => garbage::page(connection, *after, *limit),
        CatalogRequest::NoteRemoved { server, blobs } => copies::note_removed(connection, server, blobs),
        CatalogRequest::ForgetGarbage { garbage_age, limit } => garbage::forget(connection, now, *garbage_age, *limit),
        CatalogRequest::ClaimRepair { blob, by, lasting } => claims::claim(connection, now, *blob, *by, *lasting),
        CatalogRequest::ReleaseRepair { blob, by } => claims::release(connection, *blob, *by),
        CatalogRequest::Restore { versions } => restore::restore(connection, versions),
        CatalogRequest::SetBucket { bucket, retention } => bucket::set_bucket(connection, bucket, *retention),
        CatalogRequest::Buckets => bucket::buckets(connection),
    }
}

/// What the clock of the catalog shows.
pub(super) fn now() -> WallTime {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    WallTime::EPOCH + since_epoch
}
