//! What a step of the upkeep may use.

use alloc::vec::Vec;

use super::absence::Absences;
use super::need::Place;
use super::{Waiter, Waiting};
use crate::address::ServerAddress;
use crate::api_server::messages::ApiEffect;
use crate::api_server::messages::upkeep::UpkeepEffect;
use crate::api_server::messages::versions::VersionEffect;
use crate::catalog::{BlobId, CatalogRequest};
use crate::config::{ApiConfig, UpkeepConfig};
use crate::id::{OperationId, OperationIds};
use crate::inventory::CommittedBlob;
use crate::machine::Effects;
use crate::membership::{Member, Membership};
use crate::placement::spread::Spot;
use crate::placement::{Candidate, Weight, rank};
use crate::time::Instant;

/// The clock, the members, the settings, and a place for effects.
pub(super) struct Surroundings<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a ApiConfig,
    pub(super) upkeep: &'a UpkeepConfig,
    pub(super) ids: &'a mut OperationIds,
    pub(super) membership: &'a Membership,
    pub(super) absences: &'a mut Absences,
    pub(super) waiting: &'a mut Waiting,
    pub(super) effects: &'a mut Effects<ApiEffect>,
}

impl<'a> Surroundings<'a> {
    /// Asks the catalog.
    pub(super) fn ask_catalog(&mut self, waiter: Waiter, what: CatalogRequest) -> OperationId {
        let ask = self.await_for(waiter);
        self.effects.push(VersionEffect::AskCatalog { ask, what }.into());
        ask
    }

    /// Tells the catalog something whose answer nobody waits for.
    pub(super) fn tell_catalog(&mut self, what: CatalogRequest) {
        let ask = self.ids.fresh();
        self.effects.push(VersionEffect::AskCatalog { ask, what }.into());
    }

    /// Asks a data server which of these blobs it holds.
    pub(super) fn ask_held(&mut self, waiter: Waiter, server: ServerAddress, blobs: Vec<CommittedBlob>) -> OperationId {
        let (ask, patience) = (self.await_for(waiter), self.config.short_patience);
        self.effects.push(UpkeepEffect::AskHeld { ask, server, blobs, patience }.into());
        ask
    }

    /// Has a data server note which versions these blobs are; nobody waits for the answer.
    pub(super) fn tell_versions(&mut self, server: ServerAddress, blobs: Vec<CommittedBlob>) {
        let (ask, patience) = (self.ids.fresh(), self.config.short_patience);
        self.effects.push(UpkeepEffect::AskHeld { ask, server, blobs, patience }.into());
    }

    /// Asks a data server what it holds.
    pub(super) fn list_blobs(&mut self, waiter: Waiter, server: ServerAddress, after: Option<BlobId>) {
        let (ask, patience, limit) = (self.await_for(waiter), self.config.short_patience, self.upkeep.page);
        self.effects.push(UpkeepEffect::ListBlobs { ask, server, after, limit, patience }.into());
    }

    /// Has a blob copied.
    pub(super) fn copy(&mut self, waiter: Waiter, blob: CommittedBlob, from: ServerAddress, to: ServerAddress) {
        let (copy, patience) = (self.await_for(waiter), self.config.long_patience);
        self.effects.push(UpkeepEffect::Copy { copy, blob, from, to, patience }.into());
    }

    /// Has a copy removed.
    pub(super) fn remove(&mut self, waiter: Waiter, server: ServerAddress, blob: BlobId) -> OperationId {
        let (removal, patience) = (self.await_for(waiter), self.config.short_patience);
        self.effects.push(ApiEffect::Remove { removal, server, name: blob.name(), patience });
        removal
    }

    /// The live servers that understand what is asked here: a node of the seed holds no blob of a version.
    pub(super) fn servers(&self) -> impl Iterator<Item = (&'a ServerAddress, &'a Member)> + use<'a> {
        self.membership.members().filter(|(_, member)| !member.is_of_the_seed())
    }

    pub(super) fn is_live(&self, server: &ServerAddress) -> bool {
        self.membership.member(server).is_some_and(|member| !member.is_of_the_seed())
    }

    /// Whether a server that is not asked, or is silent, is waited for.
    pub(super) fn awaits(&mut self, server: &ServerAddress) -> bool {
        match self.membership.member(server) {
            Some(member) => !is_drained(member),
            None => self.absences.awaits(self.now, server),
        }
    }

    /// Who of those that hold a copy is to send it.
    pub(super) fn best_of(&self, holders: Vec<ServerAddress>) -> Option<ServerAddress> {
        let is_suspected =
            |holder: &ServerAddress| self.membership.member(holder).is_none_or(|member| member.is_suspected(self.now));
        holders.into_iter().min_by_key(is_suspected)
    }

    /// Where a blob of this size could lie, best place first.
    pub(super) fn places(&self, blob: BlobId, size_bytes: u64) -> Vec<Place<'a>> {
        let candidates = self.servers().filter(|(_, member)| !is_drained(member)).map(|(address, member)| {
            let space = member.details().map(|details| details.space);
            Candidate { address, weight: Weight::of(space) }
        });
        let place = |address: &'a ServerAddress| {
            let member = self.membership.member(address)?;
            let has_room = member.details().is_some_and(|details| size_bytes <= details.space.free_bytes);
            Some(Place { spot: Spot { address, zone: member.zone() }, takes_it: has_room && member.accepts_writes() })
        };
        rank(blob.name().as_bytes(), candidates).into_iter().filter_map(place).collect()
    }

    fn await_for(&mut self, waiter: Waiter) -> OperationId {
        let id = self.ids.fresh();
        self.waiting.insert(id, waiter);
        id
    }
}

/// Whether a server is to be emptied: its copies do not count.
pub(super) fn is_drained(member: &Member) -> bool {
    member.is_draining()
}
