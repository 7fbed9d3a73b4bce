//! Reading a version: the catalog says what it is, a data server that holds a copy sends it, and when that breaks off another
//! goes on where it stopped.
//!
//! | state     | found, and not known before          | found again | no such version, tombstone | catalog fails | sends      | does not send                          | holders answered | relayed | broke off: server             | broke off: client |
//! |-----------|--------------------------------------|-------------|----------------------------|---------------|------------|----------------------------------------|------------------|---------|-------------------------------|-------------------|
//! | reading   | → fetching; the head, if that is all | -           | 404                        | 503           | -          | -                                      | -                | -       | -                             | -                 |
//! | fetching  | -                                    | -           | -                          | -             | → relaying | → fetching elsewhere; when nobody is left, → rereading | - | -      | -                             | -                 |
//! | rereading | → fetching                           | → locating  | 404                        | 503           | -          | -                                      | -                | -       | -                             | -                 |
//! | locating  | -                                    | -           | -                          | -             | -          | -                                      | → fetching, 503  | -       | -                             | -                 |
//! | relaying  | -                                    | -           | -                          | -             | -          | -                                      | -                | done    | → fetching the rest elsewhere | done              |
//!
//! The catalog is read again before everybody is asked, because a version that was overwritten meanwhile has no copies any
//! more: then the new one is sent, unless a part of the old one is out already. When nobody is left who could be asked it is
//! 503, never 404; if a part of the body is out already, the answer is broken off.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::super::Context;
use super::super::locates::Wanted;
use super::super::messages::RelayFailure;
use super::super::messages::versions::{BrokenRelay, VersionEffect, VersionHead, VersionResponse};
use super::refusal_of;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, Found, ObjectPath, State, Version};
use crate::checksum::Checksum;
use crate::copies::{CopyRead, NextRead};
use crate::etag::ETag;
use crate::id::RequestId;
use crate::locate::{Collect, LocateOutcome};
use crate::refusal::Refusal;
use crate::select::{ObjectHead, Selection};
use crate::transfer::FetchOutcome;

/// One GET or HEAD of a version under way.
#[derive(Debug, Clone)]
pub(in super::super) struct GetVersion {
    request: RequestId,
    path: ObjectPath,
    version: Option<Version>,
    selection: Selection,
    /// How many versions were begun with.
    versions_tried: usize,
    state: Progress,
}

#[derive(Debug, Clone)]
enum Progress {
    Reading,
    Sending(Box<Sending>),
    Rereading(Box<Sending>),
}

/// A body on its way.
#[derive(Debug, Clone)]
struct Sending {
    blob: BlobId,
    checksum: Checksum,
    read: CopyRead,
    current: Option<ServerAddress>,
    /// Until it is sent.
    head: Option<VersionHead>,
    first: u64,
    length_bytes: u64,
}

impl GetVersion {
    /// Asks the catalog what it is.
    pub(in super::super) fn begin(
        request: RequestId,
        path: ObjectPath,
        version: Option<Version>,
        selection: Selection,
        context: &mut Context<'_>,
    ) -> Self {
        let get = Self { request, path, version, selection, versions_tried: 0, state: Progress::Reading };
        get.read(context);
        get
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match outcome {
            Ok(CatalogAnswer::Found(Some(found))) => match core::mem::replace(&mut self.state, Progress::Reading) {
                Progress::Rereading(sending) if sending.blob == found.record.blob => {
                    self.locate(&sending, context);
                    self.state = Progress::Sending(sending);
                }
                Progress::Reading | Progress::Rereading(_) | Progress::Sending(_) => self.found(found, context),
            },
            Ok(CatalogAnswer::Found(None)) => context.refuse(self.request, Refusal::NotFound),
            // A read changes nothing: it is as if it had not been asked.
            Err(CatalogFailure::Unavailable { reason } | CatalogFailure::Unknown { reason }) => {
                context.refuse(self.request, refusal_of(CatalogFailure::Unavailable { reason }));
            }
            Ok(_) => unreachable!("the catalog answers what it was asked"),
        }
    }

    /// All who were asked have answered, or have had the time to.
    pub(in super::super) fn located(&mut self, outcome: LocateOutcome, context: &mut Context<'_>) {
        let Progress::Sending(sending) = &mut self.state else { return };
        match outcome {
            LocateOutcome::Found { holders, .. } => {
                sending.read.located(holders.into_iter().map(|holder| holder.address));
            }
            LocateOutcome::Missing | LocateOutcome::Unanswered { .. } => {}
        }
        self.fetch_next(context);
    }

    /// A holder has answered.
    pub(in super::super) fn fetched(&mut self, outcome: FetchOutcome, context: &mut Context<'_>) {
        let Progress::Sending(sending) = &mut self.state else { return };
        match outcome {
            FetchOutcome::Whole { .. } | FetchOutcome::Part { .. } => {
                let relay = context.await_for(self.request);
                let (request, head) = (self.request, sending.head.clone());
                return context.effects.push(VersionEffect::Relay { relay, request, head }.into());
            }
            FetchOutcome::Missing | FetchOutcome::PreconditionFailed | FetchOutcome::Unsatisfiable { .. } => {
                sending.read.missing();
            }
            FetchOutcome::NotModified { .. } => sending.read.failed(0),
            FetchOutcome::Failed(failure) => {
                if let Some(holder) = &sending.current {
                    context.membership.note_failure(context.now, holder, &failure);
                }
                sending.read.failed(0);
            }
        }
        self.fetch_next(context);
    }

    /// What was fetched is passed on, or broke off. Whether the request is over.
    pub(in super::super) fn relayed(&mut self, outcome: Result<(), BrokenRelay>, context: &mut Context<'_>) -> bool {
        let Progress::Sending(sending) = &mut self.state else { return true };
        match outcome {
            Ok(()) => {
                note_corrections(sending, context);
                true
            }
            Err(BrokenRelay { failure: RelayFailure::Client, .. }) => true,
            Err(BrokenRelay { failure: RelayFailure::Server(failure), passed_on_bytes }) => {
                if let Some(holder) = &sending.current {
                    context.membership.note_failure(context.now, holder, &failure);
                }
                sending.head = None;
                sending.read.failed(passed_on_bytes);
                self.fetch_next(context);
                false
            }
        }
    }

    fn read(&self, context: &mut Context<'_>) {
        let (path, version) = (self.path.clone(), self.version);
        context.ask_catalog(self.request, CatalogRequest::Read { path, version });
    }

    fn found(&mut self, Found { record, holders }: Found, context: &mut Context<'_>) {
        let stored = match record.state {
            State::Object(stored) => stored,
            State::Tombstone => return context.refuse(self.request, Refusal::NotFound),
        };
        let etag = ETag::new(stored.checksum);
        let content = self.selection.of(stored.size_bytes, Some(etag));
        let body = content.body().filter(|(_, length_bytes)| *length_bytes > 0 && !self.selection.head_only);
        let head = VersionHead {
            object: ObjectHead { content, etag: Some(etag) },
            version: record.version,
            written: record.written,
            content_type: stored.content_type,
            metadata: stored.metadata,
        };
        let Some((first, length_bytes)) = body else {
            return context.respond(self.request, VersionResponse::Head(head));
        };
        if self.versions_tried >= context.config.max_attempts {
            return context.refuse(self.request, Refusal::NoCopy { failing: Vec::new() });
        }
        self.versions_tried += 1;
        let read = CopyRead::new(best_first(holders, context));
        let (blob, checksum) = (record.blob, stored.checksum);
        let sending = Sending { blob, checksum, read, current: None, head: Some(head), first, length_bytes };
        self.state = Progress::Sending(Box::new(sending));
        self.fetch_next(context);
    }

    fn fetch_next(&mut self, context: &mut Context<'_>) {
        let Progress::Sending(sending) = &mut self.state else { return };
        let request = self.request;
        match sending.read.next_step() {
            NextRead::Fetch(server) => {
                let fetch = context.await_for(request);
                sending.current = Some(server.clone());
                let passed_on_bytes = sending.read.passed_on_bytes();
                context.effects.push(
                    VersionEffect::Fetch {
                        fetch,
                        request,
                        server,
                        blob: sending.blob,
                        first: sending.first + passed_on_bytes,
                        length_bytes: sending.length_bytes - passed_on_bytes,
                        checksum: sending.checksum,
                        patience: context.config.short_patience,
                    }
                    .into(),
                );
            }
            NextRead::Locate if sending.head.is_some() => {
                if let Progress::Sending(sending) = core::mem::replace(&mut self.state, Progress::Reading) {
                    self.state = Progress::Rereading(sending);
                }
                self.read(context);
            }
            NextRead::Locate => {
                if let Progress::Sending(sending) = &self.state {
                    self.locate(sending, context);
                }
            }
            NextRead::GiveUp if sending.head.is_some() => {
                let failing = sending.read.failing().iter().cloned().collect();
                context.refuse(request, Refusal::NoCopy { failing });
            }
            NextRead::GiveUp => {
                context.answered = true;
                context.effects.push(VersionEffect::BreakOff { request }.into());
            }
        }
    }

    fn locate(&self, sending: &Sending, context: &mut Context<'_>) {
        let name = sending.blob.name();
        let wanted = Wanted {
            name: &name,
            collect: Collect::All,
            known_not_to_hold: sending.read.not_holding(),
            known_to_fail: sending.read.failing(),
        };
        context.locate_for(self.request, &wanted);
    }
}

/// Those that were heard of lately and have not failed come first, those that nobody has heard of last.
fn best_first(mut holders: Vec<ServerAddress>, context: &Context<'_>) -> Vec<ServerAddress> {
    let rank = |holder: &ServerAddress| match context.membership.member(holder) {
        Some(member) if member.is_suspected(context.now) => 1,
        Some(_) => 0,
        None => 2,
    };
    holders.sort_by_key(rank);
    holders
}

fn note_corrections(sending: &Sending, context: &mut Context<'_>) {
    let (held, gone) = sending.read.corrections();
    if !held.is_empty() || !gone.is_empty() {
        if !gone.is_empty() {
            context.look_at_blob(sending.blob);
        }
        context.tell_catalog(CatalogRequest::NoteHolders { blob: sending.blob, held, gone });
    }
}
