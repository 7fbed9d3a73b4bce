//! Storing an object: on the data server that placement names, and on the next one when it fails.
//!
//! | state     | stored             | client's fault     | server failed, body held    | server failed, body not held |
//! |-----------|--------------------|--------------------|-----------------------------|------------------------------|
//! | uploading | → done, 200        | → done, 400        | → uploading to the next one | → done, 503                  |

use alloc::vec::Vec;

use super::Context;
use super::messages::{ApiEffect, ApiResponse, UploadTerms};
use crate::address::ServerAddress;
use crate::id::RequestId;
use crate::membership::Member;
use crate::name::ObjectName;
use crate::placement::{Candidate, Weight, rank};
use crate::refusal::Refusal;
use crate::transfer::{BodyFault, TransferFailure, UploadOutcome};

/// One PUT under way.
#[derive(Debug, Clone)]
pub(super) struct Put {
    request: RequestId,
    name: ObjectName,
    declared_bytes: Option<u64>,
    target: Option<ServerAddress>,
    attempts: Vec<(ServerAddress, TransferFailure)>,
}

impl Put {
    pub(super) const fn new(request: RequestId, name: ObjectName, declared_bytes: Option<u64>) -> Self {
        Self { request, name, declared_bytes, target: None, attempts: Vec::new() }
    }

    /// Begins an upload to the best server that was not tried yet, or ends the request if there is none.
    pub(super) fn upload(&mut self, context: &mut Context<'_>) {
        let may_try = self.attempts.len() < context.config.max_attempts;
        let Some(server) = self.best_target(context).filter(|_| may_try) else {
            return context.refuse(self.request, self.refusal(context));
        };
        let upload = context.await_for(self.request);
        self.target = Some(server.clone());
        let terms = UploadTerms::of(self.declared_bytes, context.config);
        let name = self.name.clone();
        context.effects.push(ApiEffect::Upload { upload, request: self.request, server, name, terms });
    }

    /// The upload has ended; the next one begins, or the request is answered.
    pub(super) fn uploaded(&mut self, outcome: UploadOutcome, context: &mut Context<'_>) {
        match outcome {
            UploadOutcome::Stored { size_bytes, checksum } => {
                context.respond(self.request, ApiResponse::Stored { size_bytes, checksum });
            }
            UploadOutcome::BodyFault(BodyFault::Broken { reason }) => {
                context.refuse(self.request, Refusal::BrokenBody { reason });
            }
            UploadOutcome::BodyFault(BodyFault::DigestMismatch(mismatch)) => {
                context.refuse(self.request, Refusal::DigestMismatch(mismatch));
            }
            UploadOutcome::Failed { failure, resendable } => {
                self.note_failure(failure, context);
                if resendable {
                    self.upload(context);
                } else {
                    context.refuse(self.request, self.refusal(context));
                }
            }
        }
    }

    fn note_failure(&mut self, failure: TransferFailure, context: &mut Context<'_>) {
        let Some(server) = self.target.take() else {
            return;
        };
        context.membership.note_failure(context.now, &server, &failure);
        self.attempts.push((server, failure));
    }

    /// The best ranked server that takes objects and was not tried yet; those that failed somebody lately come last.
    fn best_target(&self, context: &Context<'_>) -> Option<ServerAddress> {
        let usable = |address: &ServerAddress, member: &Member| {
            member.accepts_writes() && self.fits(member) && !self.attempts.iter().any(|(tried, _)| tried == address)
        };
        let candidates = |suspected: bool| {
            let members = context.membership.members();
            let wanted = members.filter(move |(address, member)| {
                usable(address, member) && member.is_suspected(context.now) == suspected
            });
            wanted.map(|(address, member)| {
                let space = member.details().map(|details| details.space);
                Candidate { address, weight: Weight::of(space) }
            })
        };
        let best = |suspected| rank(self.name.as_bytes(), candidates(suspected)).into_iter().next().cloned();
        best(false).or_else(|| best(true))
    }

    /// Whether the body fits on the server, as far as both have said how large they are.
    fn fits(&self, member: &Member) -> bool {
        match (self.declared_bytes, member.details()) {
            (Some(bytes), Some(details)) => bytes <= details.space.free_bytes,
            (None, _) | (_, None) => true,
        }
    }

    fn refusal(&self, context: &Context<'_>) -> Refusal {
        let all_full = self.attempts.iter().all(|(_, failure)| *failure == TransferFailure::Full);
        if context.membership.is_empty() && self.attempts.is_empty() {
            Refusal::NoDataServer
        } else if all_full {
            Refusal::NoSpace
        } else {
            Refusal::NotStored { attempts: self.attempts.clone() }
        }
    }
}
