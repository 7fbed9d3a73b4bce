//! Asking the catalog, as it is.

use super::super::Context;
use super::super::messages::versions::VersionResponse;
use super::refusal_of;
use crate::catalog::{Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, Retention};
use crate::id::RequestId;
use crate::refusal::Refusal;

/// A request that is one question to the catalog.
#[derive(Debug, Clone)]
pub(in super::super) struct AskCatalog {
    request: RequestId,
}

impl AskCatalog {
    pub(in super::super) fn begin(request: RequestId, what: CatalogRequest, context: &mut Context<'_>) -> Self {
        context.ask_catalog(request, what);
        Self { request }
    }

    /// Sets what a bucket keeps. Only that of the objects: nothing leads to what would be in another.
    pub(in super::super) fn set_bucket(
        request: RequestId,
        bucket: Bucket,
        retention: Retention,
        context: &mut Context<'_>,
    ) -> Self {
        if bucket == Bucket::objects() {
            return Self::begin(request, CatalogRequest::SetBucket { bucket, retention }, context);
        }
        context.refuse(request, Refusal::NoSuchBucket);
        Self { request }
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match outcome {
            Ok(answer) => context.respond(self.request, VersionResponse::Catalog(answer)),
            Err(failure) => context.refuse(self.request, refusal_of(failure)),
        }
    }
}
