//! What a step of a request may use, and what all requests do in the same way.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::ApiCounters;
use super::locates::{Locates, Wanted};
use super::messages::{ApiEffect, ApiResponse};
use super::upkeep::Upkeep;
use super::versions::late_copies::LateCopies;
use crate::address::ServerAddress;
use crate::catalog::BlobId;
use crate::config::ApiConfig;
use crate::id::{OperationId, OperationIds, RequestId};
use crate::inventory::CommittedBlob;
use crate::machine::Effects;
use crate::membership::Membership;
use crate::refusal::Refusal;
use crate::time::Instant;

/// What a step of a request may use.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a ApiConfig,
    pub(super) ids: &'a mut OperationIds,
    pub(super) membership: &'a mut Membership,
    pub(super) locates: &'a mut Locates,
    pub(super) waiting: &'a mut BTreeMap<OperationId, RequestId>,
    pub(super) late_copies: &'a mut LateCopies,
    pub(super) upkeep: Option<&'a mut Upkeep>,
    pub(super) answered: bool,
    pub(super) counters: &'a mut ApiCounters,
    pub(super) effects: &'a mut Effects<ApiEffect>,
}

impl Context<'_> {
    /// An id for an effect whose completion this request waits for.
    pub(super) fn await_for(&mut self, request: RequestId) -> OperationId {
        let id = self.ids.fresh();
        self.waiting.insert(id, request);
        id
    }

    pub(super) fn locate_for(&mut self, request: RequestId, wanted: &Wanted<'_>) {
        let query = self.locates.begin(self.now, wanted, self.membership, self.ids, self.effects);
        self.waiting.insert(query, request);
        self.counters.queries += 1;
    }

    /// Those who hold this blob are to note which version it has become.
    pub(super) fn label(&mut self, blob: CommittedBlob, holders: &[ServerAddress]) {
        if let Some(upkeep) = &mut self.upkeep {
            upkeep.label(self.now, blob, holders);
        }
    }

    /// A copy of this blob may be missing.
    pub(super) fn look_at_blob(&mut self, blob: BlobId) {
        if let Some(upkeep) = &mut self.upkeep {
            upkeep.look_at_blob(blob);
        }
    }

    pub(super) fn respond(&mut self, request: RequestId, response: impl Into<ApiResponse>) {
        let response = response.into();
        assert!(!self.answered, "a request is answered once");
        self.answered = true;
        self.effects.push(ApiEffect::Respond { request, response });
    }

    pub(super) fn refuse(&mut self, request: RequestId, refusal: Refusal) {
        self.respond(request, ApiResponse::Refused(refusal));
    }

    pub(super) fn refuse_unanswered(&mut self, request: RequestId, silent: Vec<ServerAddress>) {
        let nobody_known = self.membership.is_empty() && silent.is_empty();
        self.refuse(request, if nobody_known { Refusal::NoDataServer } else { Refusal::Unanswered { silent } });
    }
}
