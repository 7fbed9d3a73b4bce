//! Deleting: a tombstone becomes the current version, or one version is removed for good.
//!
//! | state    | tombstone: written | tombstone: refused | version: removed | no such version | unavailable | unknown                                      |
//! |----------|--------------------|--------------------|------------------|-----------------|-------------|----------------------------------------------|
//! | asking   | 204                | 404, 412           | 204              | 404             | 503         | tombstone: → settling; version: → asking anew |
//! | settling | kept, gone: 204    | condemned: 503     | -                | -               | 503         | 503                                          |
//!
//! To remove a version that is gone already is to have removed it, where nobody knows whether it was this request.

use super::super::Context;
use super::super::messages::versions::VersionResponse;
use super::refusal_of;
use crate::catalog::Garbage;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, Commit, Fate, ObjectPath, State, Version};
use crate::conditions::Conditions;
use crate::id::RequestId;
use crate::refusal::Refusal;

/// One DELETE of an object or a version under way.
#[derive(Debug, Clone)]
pub(in super::super) struct DeleteVersion {
    request: RequestId,
    what: What,
    /// Whether it was asked for before, with an outcome that is not known.
    again: bool,
}

#[derive(Debug, Clone)]
enum What {
    Object { marker: BlobId },
    Version { path: ObjectPath, version: Version },
}

impl DeleteVersion {
    /// Writes a tombstone.
    pub(in super::super) fn object(
        request: RequestId,
        path: ObjectPath,
        conditions: Conditions,
        context: &mut Context<'_>,
    ) -> Self {
        let marker = BlobId::of_upload(context.ids.fresh());
        let holders = alloc::vec::Vec::new();
        let commit = Commit { path, blob: marker, state: State::Tombstone, holders, conditions };
        context.ask_catalog(request, CatalogRequest::Commit(commit));
        Self { request, what: What::Object { marker }, again: false }
    }

    /// Removes one version.
    pub(in super::super) fn version(
        request: RequestId,
        path: ObjectPath,
        version: Version,
        context: &mut Context<'_>,
    ) -> Self {
        context.ask_catalog(request, CatalogRequest::RemoveVersion { path: path.clone(), version });
        Self { request, what: What::Version { path, version }, again: false }
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match outcome {
            Ok(CatalogAnswer::Written(written)) => {
                remove_all(written.garbage, context);
                context.respond(self.request, VersionResponse::Deleted { version: written.version });
            }
            Ok(CatalogAnswer::Removed(Some(garbage))) => {
                remove_all([garbage], context);
                context.respond(self.request, VersionResponse::Removed);
            }
            Ok(CatalogAnswer::Removed(None)) if self.again => {
                context.respond(self.request, VersionResponse::Removed);
            }
            Ok(CatalogAnswer::NothingToDelete | CatalogAnswer::Removed(None)) => {
                context.refuse(self.request, Refusal::NotFound);
            }
            Ok(CatalogAnswer::PreconditionFailed) => context.refuse(self.request, Refusal::PreconditionFailed),
            Ok(CatalogAnswer::NoSuchBucket) => context.refuse(self.request, Refusal::NoSuchBucket),
            Ok(CatalogAnswer::Settled(fates)) => match fates.first() {
                Some((_, Fate::Kept(version) | Fate::Gone(version))) => {
                    context.respond(self.request, VersionResponse::Deleted { version: *version });
                }
                Some((_, Fate::Condemned)) | None => {
                    let reason = "it broke off while the object was deleted".into();
                    context.refuse(self.request, Refusal::CatalogUnavailable { reason });
                }
            },
            Err(CatalogFailure::Unknown { .. }) if !self.again => self.ask_again(context),
            Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason }) if self.again => {
                context.refuse(self.request, Refusal::OutcomeUnknown { reason });
            }
            Err(failure) => context.refuse(self.request, refusal_of(failure)),
            Ok(
                CatalogAnswer::Condemned
                | CatalogAnswer::Found(_)
                | CatalogAnswer::Versions(_)
                | CatalogAnswer::Listed(_)
                | CatalogAnswer::Blobs(_)
                | CatalogAnswer::Garbage(_)
                | CatalogAnswer::Forgotten(_)
                | CatalogAnswer::Retired(_)
                | CatalogAnswer::Claimed(_)
                | CatalogAnswer::Buckets(_)
                | CatalogAnswer::Done,
            ) => unreachable!("the catalog answers what it was asked"),
        }
    }

    fn ask_again(&mut self, context: &mut Context<'_>) {
        self.again = true;
        let what = match &self.what {
            What::Object { marker } => CatalogRequest::Settle { blobs: alloc::vec![*marker], held_on: None },
            What::Version { path, version } => CatalogRequest::RemoveVersion { path: path.clone(), version: *version },
        };
        context.ask_catalog(self.request, what);
    }
}

fn remove_all(garbage: impl IntoIterator<Item = Garbage>, context: &mut Context<'_>) {
    for Garbage { blob, holders } in garbage {
        holders.into_iter().for_each(|server| context.remove_copy(blob, server));
    }
}
