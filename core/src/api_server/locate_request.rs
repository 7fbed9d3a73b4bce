//! Answering a client who asks where an object is.
//!
//! | state    | found         | missing | unanswered |
//! |----------|---------------|---------|------------|
//! | locating | 200, done     | 404     | 503        |

use alloc::collections::BTreeSet;

use super::Context;
use super::locates::Wanted;
use super::messages::ApiResponse;
use crate::id::RequestId;
use crate::locate::{Collect, LocateOutcome};
use crate::name::ObjectName;
use crate::refusal::Refusal;

/// One `GET /locate/<name>` under way.
#[derive(Debug, Clone)]
pub(super) struct LocateRequest {
    request: RequestId,
    collect: Collect,
}

impl LocateRequest {
    /// Asks all data servers.
    pub(super) fn begin(request: RequestId, name: &ObjectName, collect: Collect, context: &mut Context<'_>) -> Self {
        let nobody = BTreeSet::new();
        let wanted = Wanted { name, collect, known_not_to_hold: &nobody, known_to_fail: &nobody };
        context.locate_for(request, &wanted);
        Self { request, collect }
    }

    /// The query has ended.
    pub(super) fn located(&self, outcome: LocateOutcome, context: &mut Context<'_>) {
        match (outcome, self.collect) {
            (LocateOutcome::Found { holders, unanswered }, Collect::All) => {
                context.respond(self.request, ApiResponse::AllLocated { holders, unanswered });
            }
            (LocateOutcome::Found { holders, .. }, Collect::First) => match holders.into_iter().next() {
                Some(holder) => context.respond(self.request, ApiResponse::Located(holder.address)),
                None => context.refuse(self.request, Refusal::NotFound),
            },
            (LocateOutcome::Missing, _) => context.refuse(self.request, Refusal::NotFound),
            (LocateOutcome::Unanswered { silent }, _) => context.refuse_unanswered(self.request, silent),
        }
    }
}
