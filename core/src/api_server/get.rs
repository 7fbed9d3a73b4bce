//! Reading an object: find a holder, fetch from it, pass it on; when the holder turns out not to have it, or fails
//! before the first byte, look for another.
//!
//! | state    | found               | missing | unanswered | object follows | holder: missing         | holder: failed                   | relayed |
//! |----------|---------------------|---------|------------|----------------|-------------------------|----------------------------------|---------|
//! | locating | → fetching          | 404     | 503        | -              | -                       | -                                | -       |
//! | fetching | -                   | -       | -          | → relaying     | → locating, without it  | → locating, without it, suspected | -      |
//! | relaying | -                   | -       | -          | -              | -                       | -                                | done    |

use alloc::collections::BTreeSet;

use super::Context;
use super::locates::Wanted;
use super::messages::{ApiEffect, RelayBody, RelayFailure};
use crate::address::ServerAddress;
use crate::etag::ETag;
use crate::id::RequestId;
use crate::locate::{Collect, LocateOutcome};
use crate::name::ObjectName;
use crate::refusal::Refusal;
use crate::select::{Content, ObjectHead, Selection};
use crate::transfer::FetchOutcome;

/// One GET or HEAD under way.
#[derive(Debug, Clone)]
pub(super) struct Get {
    request: RequestId,
    name: ObjectName,
    selection: Selection,
    holder: Option<ServerAddress>,
    attempts: usize,
    not_holding: BTreeSet<ServerAddress>,
    failing: BTreeSet<ServerAddress>,
}

impl Get {
    pub(super) const fn new(request: RequestId, name: ObjectName, selection: Selection) -> Self {
        Self {
            request,
            name,
            selection,
            holder: None,
            attempts: 0,
            not_holding: BTreeSet::new(),
            failing: BTreeSet::new(),
        }
    }

    /// Looks for a holder among those that have not failed this request yet.
    pub(super) fn locate(&mut self, context: &mut Context<'_>) {
        if self.attempts >= context.config.max_attempts {
            return context
                .refuse(self.request, Refusal::Unanswered { silent: self.failing.iter().cloned().collect() });
        }
        self.attempts += 1;
        let wanted = Wanted {
            name: &self.name,
            collect: Collect::First,
            known_not_to_hold: &self.not_holding,
            known_to_fail: &self.failing,
        };
        context.locate_for(self.request, &wanted);
    }

    /// The query has ended.
    pub(super) fn located(&mut self, outcome: LocateOutcome, context: &mut Context<'_>) {
        match outcome {
            LocateOutcome::Found { holders, .. } => {
                let Some(holder) = holders.into_iter().next() else {
                    return context.refuse(self.request, Refusal::NotFound);
                };
                self.fetch(holder.address, context);
            }
            LocateOutcome::Missing => context.refuse(self.request, Refusal::NotFound),
            LocateOutcome::Unanswered { silent } => context.refuse_unanswered(self.request, silent),
        }
    }

    /// The holder has answered; its answer is passed on, or another holder is looked for.
    pub(super) fn fetched(&mut self, outcome: FetchOutcome, context: &mut Context<'_>) {
        match outcome {
            FetchOutcome::Whole { size_bytes, etag } => self.relay_whole(size_bytes, etag, context),
            FetchOutcome::Part { first, last, size_bytes, etag } => {
                self.relay(Content::Part { first, last, size_bytes }, etag, RelayBody::All, context);
            }
            FetchOutcome::NotModified { etag } => self.relay(Content::NotModified, etag, RelayBody::None, context),
            FetchOutcome::PreconditionFailed => {
                self.relay(Content::PreconditionFailed, None, RelayBody::None, context);
            }
            FetchOutcome::Unsatisfiable { size_bytes } => {
                self.relay(Content::Unsatisfiable { size_bytes }, None, RelayBody::None, context);
            }
            FetchOutcome::Missing => {
                self.not_holding.extend(self.holder.take());
                self.locate(context);
            }
            FetchOutcome::Failed(_) => {
                if let Some(holder) = self.holder.take() {
                    context.membership.suspect(context.now, &holder);
                    self.failing.insert(holder);
                }
                self.locate(context);
            }
        }
    }

    /// The body was passed on, or broke off; either way the request is over.
    pub(super) fn relayed(&self, outcome: Result<(), RelayFailure>, context: &mut Context<'_>) {
        if let (Err(RelayFailure::Server(_)), Some(holder)) = (outcome, &self.holder) {
            context.membership.suspect(context.now, holder);
        }
    }

    fn fetch(&mut self, server: ServerAddress, context: &mut Context<'_>) {
        let fetch = context.await_for(self.request);
        // A node of the seed knows no HEAD: it is asked with GET, and broken off after the head of its answer.
        let knows_head = context.membership.member(&server).is_none_or(|member| !member.is_of_the_seed());
        self.holder = Some(server.clone());
        context.effects.push(ApiEffect::Fetch {
            fetch,
            request: self.request,
            server,
            name: self.name.clone(),
            head_only: self.selection.head_only && knows_head,
            patience: context.config.short_patience,
        });
    }

    /// The whole object follows: because it was asked for, or because the holder is a node of the seed, which knows
    /// neither conditions nor ranges, so that they are applied here.
    fn relay_whole(&mut self, size_bytes: Option<u64>, etag: Option<ETag>, context: &mut Context<'_>) {
        let content = match size_bytes {
            Some(size_bytes) => self.selection.of(size_bytes, etag),
            // Without a size no range can be resolved; a server may always answer with the whole (RFC 9110 §14.2).
            None => Content::Whole { size_bytes: None },
        };
        let body = match &content {
            Content::Whole { .. } => RelayBody::All,
            Content::Part { first, last, .. } => {
                RelayBody::Cut { skip_bytes: *first, length_bytes: *last - *first + 1 }
            }
            Content::NotModified | Content::PreconditionFailed | Content::Unsatisfiable { .. } => RelayBody::None,
        };
        self.relay(content, etag, body, context);
    }

    fn relay(&mut self, content: Content, etag: Option<ETag>, body: RelayBody, context: &mut Context<'_>) {
        let relay = context.await_for(self.request);
        let body = if self.selection.head_only { RelayBody::None } else { body };
        let head = ObjectHead { content, etag };
        context.effects.push(ApiEffect::Relay { relay, request: self.request, head, body });
    }
}
