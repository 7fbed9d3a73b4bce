//! Removing one version for good.
//!
//! | state        | there is such a version | there is none | removed | no such version | unavailable | unknown        |
//! |--------------|-------------------------|---------------|---------|-----------------|-------------|----------------|
//! | reading      | → asking                | 404           | -       | -               | 503         | 503            |
//! | asking       | -                       | -             | 204     | 404             | 503         | → asking again |
//! | asking again | -                       | -             | 204     | 204             | 503         | 503            |
//!
//! To remove a version that is gone already is to have removed it, where nobody knows whether it was this request. It is read
//! first because a removal may come about long after its answer was lost: of a number that was given out already, it
//! removes that version or nothing, and of one that was not, whatever gets the number later.

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
    state: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Reading,
    Asking,
    /// It was asked for before, with an outcome that is not known.
    AskingAgain,
}

impl RemoveVersion {
    /// Asks the catalog whether there is such a version.
    pub(in super::super) fn begin(
        request: RequestId,
        path: ObjectPath,
        version: Version,
        context: &mut Context<'_>,
    ) -> Self {
        context.ask_catalog(request, CatalogRequest::Read { path: path.clone(), version: Some(version) });
        Self { request, path, version, state: Progress::Reading }
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match (self.state, outcome) {
            (Progress::Reading, Ok(CatalogAnswer::Found(Some(_)))) => self.ask(Progress::Asking, context),
            (Progress::Reading, Ok(CatalogAnswer::Found(None)))
            | (Progress::Asking, Ok(CatalogAnswer::Removed(None))) => context.refuse(self.request, Refusal::NotFound),
            (Progress::Asking | Progress::AskingAgain, Ok(CatalogAnswer::Removed(Some(garbage)))) => {
                garbage.holders.into_iter().for_each(|server| context.remove_copy(garbage.blob, server));
                context.respond(self.request, VersionResponse::Removed);
            }
            (Progress::AskingAgain, Ok(CatalogAnswer::Removed(None))) => {
                context.respond(self.request, VersionResponse::Removed);
            }
            (Progress::Asking, Err(CatalogFailure::Unknown { .. })) => self.ask(Progress::AskingAgain, context),
            (
                Progress::AskingAgain,
                Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason }),
            ) => {
                context.refuse(self.request, Refusal::OutcomeUnknown { reason });
            }
            // A read changes nothing: it is as if it had not been asked.
            (Progress::Reading, Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason })) => {
                context.refuse(self.request, Refusal::CatalogUnavailable { reason });
            }
            (Progress::Asking, Err(failure @ CatalogFailure::Unavailable { .. })) => {
                context.refuse(self.request, refusal_of(failure));
            }
            (Progress::Reading | Progress::Asking | Progress::AskingAgain, Ok(_)) => {
                unreachable!("the catalog answers what it was asked")
            }
        }
    }

    fn ask(&mut self, state: Progress, context: &mut Context<'_>) {
        self.state = state;
        let (path, version) = (self.path.clone(), self.version);
        context.ask_catalog(self.request, CatalogRequest::RemoveVersion { path, version });
    }
}
