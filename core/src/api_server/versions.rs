//! Requests about versions: what an API server does that has a catalog.
//!
//! The catalog says what there is and in which order it was written; the data servers keep the bytes, under ids that are
//! never used again. So a new version is first made durable and then committed, and a read knows from the catalog what it is
//! to get and only has to find a server that sends it.

pub(super) mod ask;

pub(super) mod get;
pub(super) mod late_copies;
pub(super) mod locate;
pub(super) mod put;
pub(super) mod remove;

use alloc::boxed::Box;

use self::ask::AskCatalog;
use self::get::GetVersion;
use self::locate::LocateVersion;
use self::put::PutVersion;
use self::remove::RemoveVersion;
use super::messages::versions::{VersionEffect, VersionOperation};
use super::{Context, Work};
use crate::catalog::{CatalogFailure, CatalogRequest};
use crate::id::RequestId;
use crate::refusal::Refusal;

/// Begins what a client asks.
pub(super) fn begin(request: RequestId, operation: VersionOperation, context: &mut Context<'_>) -> Work {
    match operation {
        VersionOperation::Put(new) => Work::PutVersion(Box::new(PutVersion::object(request, new, context))),
        VersionOperation::Get { path, version, selection } => {
            Work::GetVersion(Box::new(GetVersion::begin(request, path, version, selection, context)))
        }
        VersionOperation::Locate { path, collect } => {
            Work::LocateVersion(LocateVersion::begin(request, path, collect, context))
        }
        VersionOperation::Delete { path, conditions } => {
            Work::PutVersion(Box::new(PutVersion::tombstone(request, path, conditions, context)))
        }
        VersionOperation::Remove { path, version } => {
            Work::RemoveVersion(RemoveVersion::begin(request, path, version, context))
        }
        VersionOperation::SetBucket { bucket, retention } => {
            Work::AskCatalog(AskCatalog::set_bucket(request, bucket, retention, context))
        }
        VersionOperation::AskCatalog(what) => Work::AskCatalog(AskCatalog::begin(request, what, context)),
    }
}

/// How a failure of the catalog is told to a client.
fn refusal_of(failure: CatalogFailure) -> Refusal {
    match failure {
        CatalogFailure::Unavailable { reason } => Refusal::CatalogUnavailable { reason },
        CatalogFailure::Unknown { reason } => Refusal::OutcomeUnknown { reason },
    }
}

impl Context<'_> {
    /// Asks the catalog for a request that waits for the answer.
    fn ask_catalog(&mut self, request: RequestId, what: CatalogRequest) {
        let ask = self.await_for(request);
        self.effects.push(VersionEffect::AskCatalog { ask, what }.into());
    }

    /// Tells the catalog something whose answer nobody waits for.
    fn tell_catalog(&mut self, what: CatalogRequest) {
        let ask = self.ids.fresh();
        self.effects.push(VersionEffect::AskCatalog { ask, what }.into());
    }
}
