//! Removing one version for good.
//!
//! | state        | removed | no such version | unavailable | unknown        |
//! |--------------|---------|-----------------|-------------|----------------|
//! | asking       | 204     | 404             | 503         | → asking again |
//! | asking again | 204     | 204             | 503         | 503            |
//!
//! To remove a version that is gone already is to have removed it, where nobody knows whether it was this request.

use super::super::Context;
use super::super::messages::versions::VersionResponse;
use super::refusal_of;
use crate::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest, ObjectPath, Version};
use crate::id::RequestId;
use crate::refusal::Refusal;

/// One DELETE of a version under way.
#[derive(Debug, Clone)]
pub(in super::super) struct RemoveVersion {
    request: RequestId,
    path: ObjectPath,
    version: Version,
    /// Whether it was asked for before, with an outcome that is not known.
    again: bool,
}

impl RemoveVersion {
    /// Asks the catalog to forget it.
    pub(in super::super) fn begin(
        request: RequestId,
        path: ObjectPath,
        version: Version,
        context: &mut Context<'_>,
    ) -> Self {
        let remove = Self { request, path, version, again: false };
        remove.ask(context);
        remove
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match outcome {
            Ok(CatalogAnswer::Removed(Some(garbage))) => {
                garbage.holders.into_iter().for_each(|server| context.remove_copy(garbage.blob, server));
                context.respond(self.request, VersionResponse::Removed);
            }
            Ok(CatalogAnswer::Removed(None)) if self.again => context.respond(self.request, VersionResponse::Removed),
            Ok(CatalogAnswer::Removed(None)) => context.refuse(self.request, Refusal::NotFound),
            Ok(_) => unreachable!("the catalog answers what it was asked"),
            Err(CatalogFailure::Unknown { .. }) if !self.again => {
                self.again = true;
                self.ask(context);
            }
            Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason }) if self.again => {
                context.refuse(self.request, Refusal::OutcomeUnknown { reason });
            }
            Err(failure) => context.refuse(self.request, refusal_of(failure)),
        }
    }

    fn ask(&self, context: &mut Context<'_>) {
        let (path, version) = (self.path.clone(), self.version);
        context.ask_catalog(self.request, CatalogRequest::RemoveVersion { path, version });
    }
}
