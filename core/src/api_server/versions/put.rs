//! Storing a new version, an object or a tombstone: its copies are made durable on a write quorum of data servers, then the
//! catalog makes it current.
//!
//! | state      | may be written | may not be | quorum stored | no quorum can come about | client's fault | written  | refused  | unavailable | unknown    | settled: kept, gone | settled: condemned |
//! |------------|----------------|------------|---------------|--------------------------|----------------|----------|----------|-------------|------------|---------------------|--------------------|
//! | judging    | → sending      | 412, 404   | -             | -                        | -              | -        | -        | 503         | 503        | -                   | -                  |
//! | sending    | -              | -          | → committing  | 503, 507                 | 400            | -        | -        | -           | -          | -                   | -                  |
//! | committing | -              | -          | -             | -                        | -              | 200, 204 | 412, 404 | 503         | → settling | -                   | -                  |
//! | settling   | -              | -          | -             | -                        | -              | -        | -        | 503         | 503        | 200, 204            | 503                |
//!
//! A PUT that has conditions and a DELETE begin with judging, so that nothing is sent in vain; a PUT that has none begins with
//! sending. What is judged then promises nothing: the commit judges it again, and it alone counts.
//!
//! A tombstone is a blob without content. It lies on data servers as objects do, so that a catalog that is rebuilt from them
//! does not bring back what was deleted.
//!
//! Copies that do not count are removed, but where it is not known whether the version was written: then they are left for
//! the collection of garbage, which asks the catalog again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::super::Context;
use super::super::messages::versions::{NewVersion, VersionEffect, VersionResponse};
use super::super::messages::{ApiEffect, UploadTerms};
use super::late_copies::Content;
use super::refusal_of;
use crate::address::ServerAddress;
use crate::catalog::{
    BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, Commit, Described, Description, Fate, Found, ObjectPath,
    State, Stored, Version, Written,
};
use crate::conditions::{Access, Conditions, Current, Evaluated};
use crate::copies::{Durable, NextWrite, QuorumWrite};
use crate::id::{OperationId, RequestId};
use crate::inventory::CommittedBlob;
use crate::membership::Member;
use crate::placement::spread::{self, Spot};
use crate::placement::{Candidate, Weight, rank};
use crate::refusal::Refusal;
use crate::transfer::{BodyFault, TransferFailure, UploadOutcome};

/// One PUT, or DELETE, of an object under way.
#[derive(Debug, Clone)]
pub(in super::super) struct PutVersion {
    request: RequestId,
    description: Description,
    conditions: Conditions,
    /// How long the content is, if that was said.
    declared_bytes: Option<u64>,
    blob: BlobId,
    write: QuorumWrite,
    uploads: BTreeMap<OperationId, ServerAddress>,
    /// Whether all of the body that has come is still held.
    resendable: bool,
    state: Progress,
}

#[derive(Debug, Clone)]
enum Progress {
    Judging,
    Sending,
    Committing(Durable),
    Settling(Durable),
}

impl PutVersion {
    /// Stores the body of the request: asks the catalog whether it may be written, if that depends on something; else begins to
    /// send.
    pub(in super::super) fn object(request: RequestId, new: NewVersion, context: &mut Context<'_>) -> Self {
        let NewVersion { path, declared_bytes, conditions, content_type, metadata } = new;
        let description = Description { path, what: Described::Object { content_type, metadata } };
        let is_restricted = conditions.restrict_writes();
        let mut put = Self::new(request, description, conditions, declared_bytes, context);
        if is_restricted {
            put.read(context);
        } else {
            put.send(context);
        }
        put
    }

    /// Deletes the object, if there is one.
    pub(in super::super) fn tombstone(
        request: RequestId,
        path: ObjectPath,
        conditions: Conditions,
        context: &mut Context<'_>,
    ) -> Self {
        let description = Description { path, what: Described::Tombstone };
        let put = Self::new(request, description, conditions, Some(0), context);
        put.read(context);
        put
    }

    fn new(
        request: RequestId,
        description: Description,
        conditions: Conditions,
        declared_bytes: Option<u64>,
        context: &mut Context<'_>,
    ) -> Self {
        let blob = BlobId::of_upload(context.ids.fresh());
        let usable = usable(context, &description.what, declared_bytes).count();
        let write = QuorumWrite::new(context.config.copies.among(usable));
        let (uploads, resendable, state) = (BTreeMap::new(), true, Progress::Judging);
        Self { request, description, conditions, declared_bytes, blob, write, uploads, resendable, state }
    }

    fn read(&self, context: &mut Context<'_>) {
        context.ask_catalog(self.request, CatalogRequest::Read { path: self.description.path.clone(), version: None });
    }

    fn judge(&mut self, found: Option<Found>, context: &mut Context<'_>) {
        let current = found.map_or(Current::Absent, |found| found.record.state.as_current());
        match self.conditions.evaluate(Access::Write, current) {
            Evaluated::Proceed if current == Current::Absent && self.is_tombstone() => {
                context.refuse(self.request, Refusal::NotFound);
            }
            Evaluated::Proceed => self.send(context),
            Evaluated::PreconditionFailed | Evaluated::NotModified => {
                context.refuse(self.request, Refusal::PreconditionFailed);
            }
        }
    }

    /// Begins to send the body to as many servers as there are to be copies.
    fn send(&mut self, context: &mut Context<'_>) {
        self.state = Progress::Sending;
        let mut begun = Vec::new();
        while self.write.next_step(true) == NextWrite::Send
            && let Some(server) = self.next_target(context)
        {
            begun.push((self.sends_to(server.clone(), context), server));
        }
        if !begun.is_empty() {
            self.store(begun, context);
        }
        self.go_on(context);
    }

    /// One upload has ended.
    pub(in super::super) fn uploaded(
        &mut self,
        upload: OperationId,
        outcome: UploadOutcome,
        context: &mut Context<'_>,
    ) {
        let Some(server) = self.uploads.remove(&upload) else { return };
        match outcome {
            UploadOutcome::Stored { size_bytes, checksum: Some(checksum) } => {
                self.write.stored(&server, size_bytes, checksum);
            }
            UploadOutcome::Stored { checksum: None, .. } => {
                let reason = "it did not say what it has stored".into();
                self.fails(server, TransferFailure::BrokenOff { reason }, context);
            }
            UploadOutcome::Failed { failure, resendable } => {
                self.resendable &= resendable;
                self.fails(server, failure, context);
            }
            UploadOutcome::BodyFault(fault) => {
                self.fails(server, TransferFailure::BrokenOff { reason: "the client's body broke".into() }, context);
                return self.body_fault(fault, context);
            }
        }
        self.go_on(context);
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match (&self.state, outcome) {
            (Progress::Judging, Ok(CatalogAnswer::Found(found))) => self.judge(found, context),
            // A read changes nothing: it is as if it had not been asked.
            (Progress::Judging, Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason })) => {
                context.refuse(self.request, Refusal::CatalogUnavailable { reason });
            }
            (Progress::Committing(durable), Ok(CatalogAnswer::Written(written))) => {
                let durable = durable.clone();
                self.written(&durable, written, context);
            }
            (Progress::Committing(_), Ok(CatalogAnswer::PreconditionFailed)) => {
                self.not_written(Refusal::PreconditionFailed, context);
            }
            (Progress::Committing(_), Ok(CatalogAnswer::NoSuchBucket)) => {
                self.not_written(Refusal::NoSuchBucket, context);
            }
            (Progress::Committing(_), Ok(CatalogAnswer::NothingToDelete)) => {
                self.not_written(Refusal::NotFound, context);
            }
            (Progress::Committing(_), Ok(CatalogAnswer::Condemned)) => self.not_written(Refusal::UploadTooOld, context),
            (Progress::Committing(_), Err(failure @ CatalogFailure::Unavailable { .. })) => {
                self.not_written(refusal_of(failure), context);
            }
            (Progress::Committing(durable), Err(CatalogFailure::Unknown { .. })) => {
                self.state = Progress::Settling(durable.clone());
                context
                    .ask_catalog(self.request, CatalogRequest::Settle { blobs: alloc::vec![self.blob], held_on: None });
            }
            (Progress::Settling(durable), Ok(CatalogAnswer::Settled(fates))) => {
                let durable = durable.clone();
                match fates.first() {
                    Some((_, Fate::Kept(version) | Fate::Gone(version))) => {
                        let written = Written { version: *version, written: None, garbage: Vec::new() };
                        self.written(&durable, written, context);
                    }
                    Some((_, Fate::Condemned)) | None => {
                        let reason = "it broke off while the new version was written".into();
                        self.not_written(Refusal::CatalogUnavailable { reason }, context);
                    }
                }
            }
            (Progress::Settling(_), Err(failure)) => {
                let (CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason }) = failure;
                context.refuse(self.request, Refusal::OutcomeUnknown { reason });
            }
            (Progress::Judging | Progress::Sending | Progress::Committing(_) | Progress::Settling(_), Ok(_))
            | (Progress::Sending, Err(_)) => {
                unreachable!("the catalog answers what it was asked")
            }
        }
    }

    fn go_on(&mut self, context: &mut Context<'_>) {
        match self.state {
            Progress::Sending => {}
            Progress::Judging | Progress::Committing(_) | Progress::Settling(_) => return,
        }
        loop {
            let target = self.next_target(context).filter(|_| self.may_send_again(context));
            match (self.write.next_step(target.is_some()), target) {
                (NextWrite::Send, Some(server)) => self.send_again(server, context),
                (NextWrite::Send | NextWrite::Wait, _) => return,
                (NextWrite::Commit(durable), _) => return self.commit(durable, context),
                (NextWrite::GiveUp, _) => return self.not_written(self.refusal(context), context),
            }
        }
    }

    fn commit(&mut self, durable: Durable, context: &mut Context<'_>) {
        let Description { path, what } = self.description.clone();
        let state = match what {
            Described::Object { content_type, metadata } => {
                let Durable { size_bytes, checksum, .. } = durable;
                State::Object(Stored { size_bytes, checksum, content_type, metadata })
            }
            Described::Tombstone => State::Tombstone,
        };
        let (holders, conditions) = (durable.holders.clone(), self.conditions.clone());
        let commit = Commit { path, blob: self.blob, state, holders, conditions };
        self.state = Progress::Committing(durable);
        context.ask_catalog(self.request, CatalogRequest::Commit(commit));
    }

    fn written(&mut self, durable: &Durable, written: Written, context: &mut Context<'_>) {
        let Durable { size_bytes, checksum, .. } = *durable;
        let (blob, version): (BlobId, Version) = (self.blob, written.version);
        if let Some(written) = written.written {
            context.label(CommittedBlob { blob, version, written }, &durable.holders);
        }
        let late: Vec<_> =
            self.write.holders().into_iter().filter(|server| !durable.holders.contains(server)).collect();
        if !late.is_empty() {
            context.tell_catalog(CatalogRequest::NoteHolders { blob, held: late, gone: Vec::new() });
        }
        for server in self.write.strays() {
            context.remove_copy(blob, server);
        }
        for garbage in written.garbage {
            garbage.holders.into_iter().for_each(|server| context.remove_copy(garbage.blob, server));
        }
        if self.write.is_short() {
            context.look_at_blob(blob);
        }
        self.leave_uploads(Some(Content { size_bytes, checksum }), context);
        let response = if self.is_tombstone() {
            VersionResponse::Deleted { version }
        } else {
            VersionResponse::Written { version, size_bytes, checksum }
        };
        context.respond(self.request, response);
    }

    /// Nobody can have written the version, nor will.
    fn not_written(&mut self, refusal: Refusal, context: &mut Context<'_>) {
        for server in self.write.holders().into_iter().chain(self.write.strays()) {
            context.remove_copy(self.blob, server);
        }
        self.leave_uploads(None, context);
        context.refuse(self.request, refusal);
    }

    fn body_fault(&mut self, fault: BodyFault, context: &mut Context<'_>) {
        let refusal = match fault {
            BodyFault::Broken { reason } => Refusal::BrokenBody { reason },
            BodyFault::DigestMismatch(mismatch) => Refusal::DigestMismatch(mismatch),
        };
        self.not_written(refusal, context);
    }

    /// What is still being sent goes on without the request.
    fn leave_uploads(&mut self, committed: Option<Content>, context: &mut Context<'_>) {
        for (upload, server) in core::mem::take(&mut self.uploads) {
            context.waiting.remove(&upload);
            context.late_copies.add(upload, self.blob, server, committed);
        }
    }

    fn send_again(&mut self, server: ServerAddress, context: &mut Context<'_>) {
        let upload = self.sends_to(server.clone(), context);
        if self.is_tombstone() {
            return self.store(alloc::vec![(upload, server)], context);
        }
        let (request, name, terms) = (self.request, self.blob.name(), self.terms(context));
        context.effects.push(ApiEffect::Upload { upload, request, server, name, terms });
    }

    /// Has copies made, of the body of the request or of nothing.
    fn store(&self, copies: Vec<(OperationId, ServerAddress)>, context: &mut Context<'_>) {
        let (request, blob, description) = (self.request, self.blob, self.description.clone());
        let effect = if self.is_tombstone() {
            let patience = context.config.short_patience;
            VersionEffect::StoreMarker { copies, blob, description, patience }
        } else {
            let (quorum, terms) = (self.write.quorum(), self.terms(context));
            VersionEffect::UploadCopies { request, copies, blob, description, quorum, terms }
        };
        context.effects.push(effect.into());
    }

    fn is_tombstone(&self) -> bool {
        self.description.what == Described::Tombstone
    }

    fn sends_to(&mut self, server: ServerAddress, context: &mut Context<'_>) -> OperationId {
        let upload = context.await_for(self.request);
        self.uploads.insert(upload, server.clone());
        self.write.send(server);
        upload
    }

    fn fails(&mut self, server: ServerAddress, failure: TransferFailure, context: &mut Context<'_>) {
        context.membership.note_failure(context.now, &server, &failure);
        self.write.failed(&server, failure);
    }

    fn next_target(&self, context: &Context<'_>) -> Option<ServerAddress> {
        let pick = |suspected: bool, accepting: bool| {
            let usable = usable(context, &self.description.what, self.declared_bytes);
            let candidates = usable.filter(|(address, member)| {
                !self.write.was_tried(address)
                    && member.is_suspected(context.now) == suspected
                    && member.accepts_writes() == accepting
            });
            let candidates = candidates.map(|(address, member)| {
                let space = member.details().map(|details| details.space);
                Candidate { address, weight: Weight::of(space) }
            });
            let ranked = rank(self.blob.name().as_bytes(), candidates);
            let spot = |address| Spot { address, zone: context.membership.member(address).and_then(Member::zone) };
            let taken: Vec<_> = self.write.taken().map(spot).collect();
            let spots = ranked.into_iter().map(spot);
            spread::next(spots, &taken).map(|spot| spot.address.clone())
        };
        let accepting = pick(false, true).or_else(|| pick(true, true));
        accepting.or_else(|| pick(false, false)).or_else(|| pick(true, false))
    }

    fn may_send_again(&self, context: &Context<'_>) -> bool {
        self.resendable && self.write.failures().count() < context.config.max_attempts
    }

    fn terms(&self, context: &Context<'_>) -> UploadTerms {
        UploadTerms::of(self.declared_bytes, context.config)
    }

    fn refusal(&self, context: &Context<'_>) -> Refusal {
        let attempts: Vec<_> =
            self.write.failures().map(|(server, failure)| (server.clone(), failure.clone())).collect();
        let known = context.membership.members().filter(|(_, member)| !member.is_of_the_seed()).count();
        let needed = self.write.quorum();
        if context.membership.is_empty() && attempts.is_empty() {
            Refusal::NoDataServer
        } else if attempts.iter().any(|(_, failure)| *failure != TransferFailure::Full) {
            Refusal::NotStored { attempts }
        } else if known < needed {
            Refusal::TooFewDataServers { known, needed }
        } else {
            Refusal::NoSpace
        }
    }
}

/// The servers that take objects, and have room for this one as far as both have said. Nodes of the seed keep neither what
/// a blob is nor its checksum. A tombstone goes on a full disk, too: how else would there be room again?
fn usable<'a>(
    context: &'a Context<'_>,
    what: &Described,
    declared_bytes: Option<u64>,
) -> impl Iterator<Item = (&'a ServerAddress, &'a Member)> {
    let declared_bytes = declared_bytes.unwrap_or(0);
    let is_tombstone = *what == Described::Tombstone;
    let has_room = move |member: &Member| match member.details() {
        Some(details) if is_tombstone => !details.draining,
        Some(details) => details.accepts_writes && declared_bytes <= details.space.free_bytes,
        None => false,
    };
    context.membership.members().filter(move |(_, member)| has_room(member))
}
