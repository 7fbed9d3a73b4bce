//! Removing an object: find every copy, remove each, and say so only when none is left.
//!
//! | state    | found       | missing | unanswered | last copy answered                                   |
//! |----------|-------------|---------|------------|------------------------------------------------------|
//! | locating | → removing  | 404     | 503        | -                                                    |
//! | removing | -           | -       | -          | 204; 503 if one may be left; 501 if one cannot go    |

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::Context;
use super::locates::Wanted;
use super::messages::{ApiEffect, ApiResponse};
use crate::address::ServerAddress;
use crate::id::{OperationId, RequestId};
use crate::locate::{Collect, LocateOutcome};
use crate::name::ObjectName;
use crate::refusal::Refusal;
use crate::transfer::RemoveOutcome;

/// One DELETE under way.
#[derive(Debug, Clone)]
pub(super) struct Delete {
    request: RequestId,
    name: ObjectName,
    removing: BTreeMap<OperationId, ServerAddress>,
    left: Vec<ServerAddress>,
    cannot: Option<ServerAddress>,
}

impl Delete {
    pub(super) const fn new(request: RequestId, name: ObjectName) -> Self {
        Self { request, name, removing: BTreeMap::new(), left: Vec::new(), cannot: None }
    }

    /// Looks for every copy.
    pub(super) fn locate(&self, context: &mut Context<'_>) {
        let nobody = BTreeSet::new();
        let wanted =
            Wanted { name: &self.name, collect: Collect::All, known_not_to_hold: &nobody, known_to_fail: &nobody };
        context.locate_for(self.request, &wanted);
    }

    /// The query has ended.
    pub(super) fn located(&mut self, outcome: LocateOutcome, context: &mut Context<'_>) {
        match outcome {
            LocateOutcome::Found { holders, unanswered } => {
                self.left = unanswered;
                for holder in holders {
                    self.remove(holder.address, context);
                }
            }
            LocateOutcome::Missing => context.refuse(self.request, Refusal::NotFound),
            LocateOutcome::Unanswered { silent } => context.refuse_unanswered(self.request, silent),
        }
    }

    /// One copy is removed, or is not.
    pub(super) fn removed(&mut self, removal: OperationId, outcome: RemoveOutcome, context: &mut Context<'_>) {
        let Some(server) = self.removing.remove(&removal) else {
            return;
        };
        match outcome {
            RemoveOutcome::Removed | RemoveOutcome::NotHeld => {}
            RemoveOutcome::CannotDelete => self.cannot = Some(server),
            RemoveOutcome::Failed(_) => {
                context.membership.suspect(context.now, &server);
                self.left.push(server);
            }
        }
        if self.removing.is_empty() {
            self.answer(context);
        }
    }

    fn remove(&mut self, server: ServerAddress, context: &mut Context<'_>) {
        let removal = context.await_for(self.request);
        self.removing.insert(removal, server.clone());
        let (name, patience) = (self.name.clone(), context.config.short_patience);
        context.effects.push(ApiEffect::Remove { removal, server, name, patience });
    }

    fn answer(&mut self, context: &mut Context<'_>) {
        let left = core::mem::take(&mut self.left);
        match self.cannot.take() {
            Some(holder) => context.refuse(self.request, Refusal::CannotDelete { holder }),
            None if left.is_empty() => context.respond(self.request, ApiResponse::Removed),
            None => context.refuse(self.request, Refusal::NotRemoved { left }),
        }
    }
}
