//! Searching data servers for blobs that no version has: what was uploaded and never committed, and what was to be removed
//! while its server was away.
//!
//! | state       | its time has come            | registered | page with old blobs | other page | server fails           | settled   | catalog fails |
//! |-------------|------------------------------|------------|---------------------|------------|------------------------|-----------|---------------|
//! | resting     | → listing; first registering | -          | -                   | -          | -                      | -         | -             |
//! | registering | -                            | → resting  | -                   | -          | -                      | -         | → resting     |
//! | listing     | -                            | -          | → settling          | → resting  | → resting, next server | -         | -             |
//! | settling    | -                            | -          | -                   | -          | -                      | → resting | → resting     |
//!
//! Only blobs are settled that belong to this catalog: whose uploader is registered in it, as this server is before each sweep.
//! What nobody has is garbage then, noted with its holder, and the next collection removes it. A young blob is left alone:
//! its upload may be about to be committed. Nothing depends on its age being right, since what is settled can be committed no
//! more.

use alloc::collections::BTreeSet;

use super::Waiter;
use super::surroundings::Surroundings;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest};
use crate::id::Incarnation;
use crate::inventory::InventoryPage;
use crate::time::Instant;
use crate::transfer::TransferFailure;

/// The sweep under way, and those to come.
#[derive(Debug, Clone)]
pub(super) struct Sweep {
    step: Step,
    /// Whose blobs belong to this catalog, if that is known.
    uploaders: Option<BTreeSet<Incarnation>>,
    /// The server that is being swept, and behind which blob to go on.
    at: Option<(ServerAddress, Option<BlobId>)>,
    servers: BTreeSet<ServerAddress>,
    /// When all servers are to be swept.
    all_at: Instant,
}

#[derive(Debug, Clone)]
enum Step {
    Resting { until: Instant },
    Registering,
    Listing,
    Settling,
}

impl Sweep {
    /// The first sweep begins at this instant.
    pub(super) const fn new(first_at: Instant) -> Self {
        let step = Step::Resting { until: first_at };
        Self { step, uploaders: None, at: None, servers: BTreeSet::new(), all_at: first_at }
    }

    /// This server is to be swept: it has come back, with whatever it held.
    pub(super) fn look_at(&mut self, server: ServerAddress) {
        self.servers.insert(server);
    }

    /// When it is to be woken next.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let Step::Resting { until } = self.step else { return None };
        let is_asked_for = self.at.is_some() || !self.servers.is_empty();
        Some(if is_asked_for { until } else { until.max(self.all_at) })
    }

    /// Goes on if it is time.
    pub(super) fn wake(&mut self, around: &mut Surroundings<'_>) {
        if self.next_deadline().is_none_or(|at| at > around.now) {
            return;
        }
        if self.all_at <= around.now {
            self.servers.extend(around.servers().map(|(server, _)| server.clone()));
            self.all_at = around.now + around.upkeep.garbage_age;
            self.uploaders = None;
        }
        if self.uploaders.is_none() {
            let uploader = around.ids.incarnation();
            around.ask_catalog(Waiter::Sweep, CatalogRequest::Register { uploader });
            self.step = Step::Registering;
            return;
        }
        let at = self.at.take().or_else(|| Some((self.servers.pop_first()?, None)));
        match at {
            Some((server, after)) if around.is_live(&server) => {
                around.list_blobs(Waiter::Sweep, server.clone(), after);
                self.at = Some((server, after));
                self.step = Step::Listing;
            }
            Some(_) | None => self.rest(around),
        }
    }

    /// The data server has told of a page.
    pub(super) fn listed(&mut self, outcome: Result<InventoryPage, TransferFailure>, around: &mut Surroundings<'_>) {
        let Some((server, _)) = self.at.take() else { return self.rest(around) };
        let Ok(page) = outcome else { return self.rest(around) };
        let old = page.blobs.iter().filter(|entry| entry.age >= around.upkeep.garbage_age);
        let belongs = |blob: &BlobId| self.uploaders.as_ref().is_some_and(|known| known.contains(&blob.uploader()));
        let blobs: BTreeSet<_> = old.map(|entry| entry.blob).filter(belongs).collect();
        if let Some(next) = page.next {
            self.at = Some((server.clone(), Some(next)));
        }
        if blobs.is_empty() {
            return self.rest(around);
        }
        let what = CatalogRequest::Settle { blobs: blobs.into_iter().collect(), held_on: Some(server) };
        around.ask_catalog(Waiter::Sweep, what);
        self.step = Step::Settling;
    }

    /// The catalog has registered this server, or judged the blobs of a page.
    pub(super) fn catalogued(&mut self, outcome: Result<CatalogAnswer, CatalogFailure>, around: &Surroundings<'_>) {
        if let Ok(CatalogAnswer::Uploaders(uploaders)) = outcome {
            self.uploaders = Some(uploaders.into_iter().collect());
        }
        self.rest(around);
    }

    fn rest(&mut self, around: &Surroundings<'_>) {
        self.step = Step::Resting { until: around.now + around.upkeep.page_pause };
    }
}
