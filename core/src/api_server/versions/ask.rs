//! Asking the catalog, as it is.

use super::super::Context;
use super::super::messages::versions::VersionResponse;
use super::refusal_of;
use crate::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use crate::id::RequestId;

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
