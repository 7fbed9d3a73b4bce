//! The catalog: one model of it, on which all API servers agree, and the ways to it.
//!
//! A request travels to the catalog, is carried out as one transaction at one instant, and its answer travels back. What may
//! go wrong with it:
//!
//! | fault                  | what the API server is told | what becomes of the request                               |
//! |------------------------|-----------------------------|-----------------------------------------------------------|
//! | down                   | unavailable                 | nothing, ever                                             |
//! | breaks off, failover   | unknown                     | it is done before, or after the API server is told, or never |
//! | slow, or out of reach  | unknown, after [`PATIENCE`] | it may be done whenever it arrives                        |
//!
//! What the catalog has answered it keeps, whatever befalls it (`lode_core::catalog`, "the contract").

mod facts;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lode_core::catalog::model::Catalog;
use lode_core::catalog::{BlobId, Bucket, CatalogAnswer, CatalogFailure, CatalogRequest};
use lode_core::id::OperationId;
use lode_core::name::ObjectName;
use lode_core::time::WallTime;

use super::World;
use super::exchange::Party;
use super::window::Window;
use crate::history::NameId;
use crate::plan::{CatalogSetup, Plan};

/// How long an API server waits for the catalog: `REQUEST_LIMIT` of `runtime-smol/src/catalog/postgres/limits.rs`.
pub(crate) const PATIENCE: Duration = Duration::from_secs(6);

/// The longest that a request is done after its API server was told that the catalog has broken off: as long as the catalog
/// works at one statement (`STATEMENT_LIMIT_MS`, there).
const LATEST_US: u64 = 3_000_000;

/// When the clock of the catalog shows its time at the beginning of a run: far from where times end, whatever it is set to.
const BEGINNING: WallTime = WallTime::from_millis(1_764_000_000_000);

/// The catalog of a cluster, and what is under way to it and back.
#[derive(Debug)]
pub(crate) struct CatalogNode {
    model: Catalog,
    setup: CatalogSetup,
    wall_offset_us: i64,
    requests: Window<Request>,
    next_request: u64,
    /// By which numbers the blobs go, and their names.
    blobs: BTreeMap<BlobId, NameId>,
    blob_names: Vec<ObjectName>,
    committed: BTreeSet<BlobId>,
}

/// A request under way.
#[derive(Debug)]
struct Request {
    asker: Party,
    ask: OperationId,
    what: CatalogRequest,
    stage: Stage,
    /// Whether its API server has been told what came of it, or will be.
    told: bool,
    /// What is to become of it when the catalog breaks off, if it will.
    breaks_off: Option<Doing>,
    /// It was broken off: what is answered to it is lost.
    broken: bool,
    /// It will be done, whoever has been told what.
    acts_later: bool,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Travelling,
    Working,
    Done,
}

/// When something is done that has been broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Before,
    After,
    Never,
}

/// How a request goes on.
#[derive(Debug)]
pub(crate) enum CatalogStep {
    /// It reaches the catalog.
    Arrives,
    /// The catalog carries it out.
    Acts,
    /// The catalog carries out what it has broken off.
    ActsLate,
    /// The answer reaches the API server.
    Answers(Box<Result<CatalogAnswer, CatalogFailure>>),
    /// The patience of the API server is over.
    GivenUp,
}

impl CatalogNode {
    pub(crate) fn of(plan: &Plan) -> Option<Self> {
        let setup = plan.cluster.catalog?;
        let mut model = Catalog::new();
        let bucket = CatalogRequest::SetBucket { bucket: Bucket::objects(), retention: setup.retention() };
        model.answer(BEGINNING, &bucket);
        Some(Self {
            model,
            setup,
            wall_offset_us: 0,
            requests: Window::default(),
            next_request: 0,
            blobs: BTreeMap::new(),
            blob_names: Vec::new(),
            committed: BTreeSet::new(),
        })
    }

    pub(crate) const fn setup(&self) -> CatalogSetup {
        self.setup
    }

    /// Whether anything is under way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.requests.is_empty()
    }

    pub(crate) fn set_clock(&mut self, by_us: i64) {
        self.wall_offset_us = self.wall_offset_us.saturating_add(by_us);
    }

    /// The API server to which a request goes back.
    pub(crate) fn asker(&self, request: u64) -> Option<Party> {
        self.requests.get(request).map(|request| request.asker)
    }
}

impl World<'_> {
    pub(crate) fn has_catalog(&self) -> bool {
        self.catalog.is_some()
    }

    /// The number of a blob: a new one, if it has none yet.
    pub(crate) fn blob_id(&mut self, blob: BlobId) -> NameId {
        let Some(catalog) = &mut self.catalog else { return NameId(u32::MAX) };
        let next = u32::try_from(catalog.blob_names.len()).unwrap_or(u32::MAX - NameId::FIRST_BLOB.0);
        *catalog.blobs.entry(blob).or_insert_with(|| {
            catalog.blob_names.push(blob.name());
            NameId(NameId::FIRST_BLOB.0 + next)
        })
    }

    /// The number of the blob of this name, if it has one.
    pub(crate) fn known_blob(&self, name: &ObjectName) -> Option<NameId> {
        let blob = name.as_str().parse().ok()?;
        self.catalog.as_ref()?.blobs.get(&blob).copied()
    }

    pub(crate) fn blob_name(&self, blob: NameId) -> Option<&ObjectName> {
        let index = blob.0.checked_sub(NameId::FIRST_BLOB.0)?;
        self.catalog.as_ref()?.blob_names.get(usize::try_from(index).ok()?)
    }

    /// Carries a request out, at this very instant.
    fn catalog_acts(&mut self, what: &CatalogRequest) -> Option<CatalogAnswer> {
        let since_beginning = i64::try_from(self.now.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let catalog = self.catalog.as_mut()?;
        let millis = i64::try_from(BEGINNING.as_millis()).unwrap_or(i64::MAX) + since_beginning;
        let shown = millis.saturating_add(catalog.wall_offset_us / 1000);
        let answer = catalog.model.answer(WallTime::from_millis(u64::try_from(shown).unwrap_or(0)), what);
        self.note_transaction(what, &answer);
        Some(answer)
    }
}
