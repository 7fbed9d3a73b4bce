//! What must hold after each step of a request about versions.
//!
//! | checker | the rule |
//! |---|---|
//! | `placement` | the copies of an upload go to members that take objects and have room, each to another one |
//! | `commit_is_durable` | what is committed is durable on a write quorum: on each server that is named, and on enough of them |
//! | `answered_once` | a head is sent once, before all of the body, and nothing is sent after the end |

use std::collections::BTreeSet;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::RelayFailure;
use lode_core::api_server::messages::versions::{VersionEffect, VersionInput};
use lode_core::catalog::{CatalogRequest, Commit, State};
use lode_core::id::{OperationId, RequestId};

use super::{ApiWatch, Noticed};
use crate::history::NameId;
use crate::node::Node;
use crate::world::World;

/// What is known of the copies of a request.
#[derive(Debug)]
pub(super) struct Copies {
    blob: NameId,
    /// To how many data servers the body was sent in the beginning.
    begun: usize,
}

/// How far the answer to a request is that is sent in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    NotBegun,
    Begun,
}

impl Noticed {
    pub(super) const fn of_version(input: &VersionInput) -> Self {
        match input {
            VersionInput::Catalogued { .. } => Self::Nothing,
            VersionInput::Relayed { relay, outcome: Ok(()) } => Self::Passed(*relay),
            VersionInput::Relayed { relay, outcome: Err(broken) } => match broken.failure {
                RelayFailure::Client => Self::Passed(*relay),
                RelayFailure::Server(_) => Self::Nothing,
            },
        }
    }
}

impl World<'_> {
    /// All of a body was passed on, or its client is gone: the request is over.
    pub(super) fn watch_passed(watch: &mut ApiWatch, relay: OperationId) {
        if let Some(request) = watch.relays.remove(&relay) {
            watch.open.remove(&request);
        }
    }

    pub(super) fn watch_version_effect(&mut self, node: Node, watch: &mut ApiWatch, effect: &VersionEffect) {
        match effect {
            VersionEffect::AskCatalog { what: CatalogRequest::Commit(commit), .. } => {
                self.watch_commit(node, watch, commit);
            }
            VersionEffect::AskCatalog { .. } | VersionEffect::StoreMarker { .. } => {}
            VersionEffect::UploadCopies { request, copies, blob, .. } => {
                for (_, server) in copies {
                    self.watch_upload(node, watch, *request, server);
                }
                let blob = self.blob_id(*blob);
                if let Some(open) = watch.open.get_mut(request) {
                    open.copies = Some(Copies { blob, begun: copies.len() });
                }
            }
            VersionEffect::Fetch { request, .. } => {
                if !watch.open.contains_key(request) {
                    self.violated("answered_once", node, format!("request {} fetches after its end", request.0));
                }
            }
            VersionEffect::Relay { relay, request, head } => {
                watch.relays.insert(*relay, *request);
                self.watch_relay(node, watch, *request, head.is_some());
            }
            VersionEffect::BreakOff { request } => match watch.open.remove(request) {
                Some(open) if open.sending == Sending::Begun => {}
                Some(_) | None => {
                    let text = format!("request {} is broken off, and was not being answered", request.0);
                    self.violated("answered_once", node, text);
                }
            },
        }
    }

    fn watch_relay(&mut self, node: Node, watch: &mut ApiWatch, request: RequestId, with_head: bool) {
        let wrong = match watch.open.get_mut(&request) {
            None => Some("is relayed after its end"),
            Some(open) if with_head == (open.sending == Sending::Begun) => {
                Some(if with_head { "gets a second head" } else { "gets a body without a head" })
            }
            Some(open) => {
                open.sending = Sending::Begun;
                None
            }
        };
        if let Some(wrong) = wrong {
            self.violated("answered_once", node, format!("request {} {wrong}", request.0));
        }
    }

    fn watch_commit(&mut self, node: Node, watch: &ApiWatch, commit: &Commit) {
        let blob = self.blob_id(commit.blob);
        let begun = watch.open.values().filter_map(|open| open.copies.as_ref());
        let begun = begun.filter(|copies| copies.blob == blob).map(|copies| copies.begun).max().unwrap_or(0);
        let quorum = match self.catalog.as_ref().map(|catalog| catalog.setup()) {
            Some(setup) if setup.exactly => usize::from(setup.copies) / 2 + 1,
            Some(_) | None => begun / 2 + 1,
        };
        let holders: BTreeSet<&ServerAddress> = commit.holders.iter().collect();
        // How many copies of a tombstone were begun is not kept.
        if holders.len() < quorum && commit.state != State::Tombstone {
            let text = format!("a blob is committed with {} copies of a quorum of {quorum}", holders.len());
            self.violated("commit_is_durable", node, text);
        }
        for holder in holders {
            let holder = self.owner_of(holder);
            if !self.has_been_durable(holder, blob) {
                let text = format!("a blob is committed as if {holder} held it, which has never made it durable");
                self.violated("commit_is_durable", node, text);
            }
        }
    }

    fn has_been_durable(&self, holder: Node, blob: NameId) -> bool {
        let mut held = self.history.holdings.iter().rev().filter(|held| (held.node, held.name) == (holder, blob));
        held.any(|held| held.durable.is_some())
    }
}
