//! Answering a client who asks where an object is: the catalog says which blob its current version has, the data servers say
//! who holds it.
//!
//! | state    | found, and not looked for before | found again | no such object, tombstone | catalog fails | a copy is found | copies of something else | nobody has one | not all answered |
//! |----------|----------------------------------|-------------|---------------------------|---------------|-----------------|--------------------------|----------------|------------------|
//! | reading  | → locating                       | 503         | 404                       | 503           | -               | -                        | -              | -                |
//! | locating | -                                | -           | -                         | -             | 200             | → locating without them  | → reading      | → reading        |
//!
//! The catalog is read again when nobody has a copy, because a version that was overwritten meanwhile has none any more. A
//! version that is still the current one and of which no copy is found is 503, never 404.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::super::Context;
use super::super::locates::Wanted;
use super::super::messages::ApiResponse;
use super::refusal_of;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, Found, ObjectPath, State};
use crate::checksum::Checksum;
use crate::id::RequestId;
use crate::locate::{Collect, Holder, LocateOutcome};
use crate::refusal::Refusal;

/// One `GET /locate/<key>` under way.
#[derive(Debug, Clone)]
pub(in super::super) struct LocateVersion {
    request: RequestId,
    path: ObjectPath,
    collect: Collect,
    /// How many versions were looked for.
    versions_tried: usize,
    state: Progress,
}

#[derive(Debug, Clone)]
enum Progress {
    /// Of what no copy was found, if anything was looked for, and who may hold one and did not answer.
    Reading(Option<(BlobId, Vec<ServerAddress>)>),
    Locating(Sought),
}

/// What is looked for.
#[derive(Debug, Clone)]
struct Sought {
    blob: BlobId,
    checksum: Checksum,
    /// Who holds something else under its name.
    mistaken: BTreeSet<ServerAddress>,
}

impl LocateVersion {
    /// Asks the catalog what it is.
    pub(in super::super) fn begin(
        request: RequestId,
        path: ObjectPath,
        collect: Collect,
        context: &mut Context<'_>,
    ) -> Self {
        let locate = Self { request, path, collect, versions_tried: 0, state: Progress::Reading(None) };
        locate.read(context);
        locate
    }

    /// The catalog has answered.
    pub(in super::super) fn catalogued(
        &mut self,
        outcome: Result<CatalogAnswer, CatalogFailure>,
        context: &mut Context<'_>,
    ) {
        match outcome {
            Ok(CatalogAnswer::Found(Some(found))) => self.found(found, context),
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
        let Progress::Locating(sought) = &mut self.state else { return };
        match outcome {
            LocateOutcome::Found { holders, unanswered } => {
                let (copies, others): (Vec<_>, Vec<_>) =
                    holders.into_iter().partition(|held| sought.is_copied_by(held));
                if !copies.is_empty() {
                    return self.answer(copies, unanswered, context);
                }
                sought.mistaken.extend(others.into_iter().map(|other| other.address));
                self.locate(context);
            }
            LocateOutcome::Missing => self.read_again(Vec::new(), context),
            LocateOutcome::Unanswered { silent } => self.read_again(silent, context),
        }
    }

    fn read(&self, context: &mut Context<'_>) {
        context.ask_catalog(self.request, CatalogRequest::Read { path: self.path.clone(), version: None });
    }

    fn read_again(&mut self, silent: Vec<ServerAddress>, context: &mut Context<'_>) {
        if let Progress::Locating(sought) = &self.state {
            self.state = Progress::Reading(Some((sought.blob, silent)));
        }
        self.read(context);
    }

    fn found(&mut self, Found { record, .. }: Found, context: &mut Context<'_>) {
        let stored = match record.state {
            State::Object(stored) => stored,
            State::Tombstone => return context.refuse(self.request, Refusal::NotFound),
        };
        if let Progress::Reading(Some((missed, silent))) = &mut self.state
            && (*missed == record.blob || self.versions_tried >= context.config.max_attempts)
        {
            let failing = core::mem::take(silent);
            return context.refuse(self.request, Refusal::NoCopy { failing });
        }
        self.versions_tried += 1;
        let (blob, checksum) = (record.blob, stored.checksum);
        self.state = Progress::Locating(Sought { blob, checksum, mistaken: BTreeSet::new() });
        self.locate(context);
    }

    fn locate(&self, context: &mut Context<'_>) {
        let Progress::Locating(sought) = &self.state else { return };
        let wanted = Wanted {
            name: &sought.blob.name(),
            collect: self.collect,
            known_not_to_hold: &sought.mistaken,
            known_to_fail: &BTreeSet::new(),
        };
        context.locate_for(self.request, &wanted);
    }

    fn answer(&self, holders: Vec<Holder>, unanswered: Vec<ServerAddress>, context: &mut Context<'_>) {
        match (self.collect, holders.first()) {
            (Collect::First, Some(holder)) => {
                context.respond(self.request, ApiResponse::Located(holder.address.clone()));
            }
            (Collect::First | Collect::All, _) => {
                context.respond(self.request, ApiResponse::AllLocated { holders, unanswered });
            }
        }
    }
}

impl Sought {
    /// Whether what is held there is what was written, as far as the holder has said what it is.
    fn is_copied_by(&self, held: &Holder) -> bool {
        held.checksum.is_none_or(|checksum| checksum == self.checksum)
    }
}
