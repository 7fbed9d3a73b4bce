//! What a client of the API server may be answered, seen from outside.

use std::collections::BTreeSet;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::{ApiOperation, ApiResponse, RelayBody};
use lode_core::locate::Collect;
use lode_core::membership::Membership;
use lode_core::name::ObjectName;
use lode_core::refusal::Refusal;
use lode_core::select::{Content, ObjectHead};
use lode_core::time::Instant;
use lode_core::transfer::{FetchOutcome, UploadOutcome};

/// A client that waits for its answer.
pub(super) struct Client {
    pub(super) operation: ApiOperation,
    /// When the last look for its object began, and in which step of the story.
    pub(super) searched: Instant,
    pub(super) searched_in_step: u64,
    /// Who has to say no before that object may be said to be missing.
    pub(super) awaited: BTreeSet<ServerAddress>,
    /// Nodes of the seed among those asked: while the bus is up, their silence is a no.
    pub(super) seeds: BTreeSet<ServerAddress>,
    /// Who has said yes or no since that look began.
    pub(super) yes: BTreeSet<ServerAddress>,
    pub(super) no: BTreeSet<ServerAddress>,
    /// Who has said yes to this very look; of an answer over HTTP it is not said outside which look it is for.
    pub(super) yes_on_bus: BTreeSet<ServerAddress>,
    /// Who turned out not to have it, in this or an earlier look.
    pub(super) missing: BTreeSet<ServerAddress>,
    /// Who holds it, by its own word, and could not send it.
    pub(super) failed: BTreeSet<ServerAddress>,
    pub(super) looks: usize,
    pub(super) tried: Vec<ServerAddress>,
    pub(super) uploaded: Option<UploadOutcome>,
    pub(super) fetched: Option<FetchOutcome>,
    pub(super) is_relaying: bool,
    pub(super) was_refused_as_busy: bool,
}

impl Client {
    pub(super) const fn new(operation: ApiOperation, now: Instant) -> Self {
        Self {
            operation,
            searched: now,
            searched_in_step: 0,
            awaited: BTreeSet::new(),
            seeds: BTreeSet::new(),
            yes: BTreeSet::new(),
            no: BTreeSet::new(),
            yes_on_bus: BTreeSet::new(),
            missing: BTreeSet::new(),
            failed: BTreeSet::new(),
            looks: 0,
            tried: Vec::new(),
            uploaded: None,
            fetched: None,
            is_relaying: false,
            was_refused_as_busy: false,
        }
    }

    pub(super) const fn name(&self) -> &ObjectName {
        match &self.operation {
            ApiOperation::Put { name, .. }
            | ApiOperation::Get { name, .. }
            | ApiOperation::Delete { name }
            | ApiOperation::Locate { name, .. } => name,
            ApiOperation::Version(_) => panic!("this driver asks nothing about versions"),
        }
    }

    pub(super) const fn is_search(&self) -> bool {
        match &self.operation {
            ApiOperation::Put { .. } => false,
            ApiOperation::Get { .. } | ApiOperation::Delete { .. } | ApiOperation::Locate { .. } => true,
            ApiOperation::Version(_) => panic!("this driver asks nothing about versions"),
        }
    }

    /// A look for its object begins: what was said before counts no more, except by holders that turned out to be none.
    pub(super) fn search(&mut self, now: Instant, step: u64, members: &Membership) {
        (self.searched, self.searched_in_step) = (now, step);
        let (seeds, ours): (Vec<_>, Vec<_>) = members.members().partition(|(_, member)| member.is_of_the_seed());
        self.awaited = ours.into_iter().map(|(address, _)| address.clone()).collect();
        self.seeds = seeds.into_iter().map(|(address, _)| address.clone()).collect();
        if !members.is_bus_up() {
            self.bus_is_lost();
        }
        self.yes.clear();
        self.no.clear();
        self.yes_on_bus.clear();
        self.looks += 1;
    }

    /// Whether this server was a member when the last look began.
    pub(super) fn was_asked(&self, server: &ServerAddress) -> bool {
        self.awaited.contains(server) || self.seeds.contains(server)
    }

    /// From now on a node of the seed has to be asked over HTTP, and silence says nothing.
    pub(super) fn bus_is_lost(&mut self) {
        self.awaited.append(&mut self.seeds);
    }

    pub(super) fn note(&mut self, server: &ServerAddress, held: bool) {
        if held { &mut self.yes } else { &mut self.no }.insert(server.clone());
    }

    /// Whether this answer may be given now.
    pub(super) fn check_response(&self, response: &ApiResponse) {
        assert!(!self.is_relaying, "the head of the answer was sent already");
        match (response, &self.operation) {
            (ApiResponse::Stored { size_bytes, checksum }, ApiOperation::Put { .. }) => {
                let stored = UploadOutcome::Stored { size_bytes: *size_bytes, checksum: *checksum };
                assert_eq!(self.uploaded, Some(stored), "stored is what a data server has stored");
            }
            (ApiResponse::Removed, ApiOperation::Delete { .. }) => {}
            (ApiResponse::Located(holder), ApiOperation::Locate { collect: Collect::First, .. }) => {
                assert!(self.yes.contains(holder), "{holder} has not said that it holds the object");
            }
            (ApiResponse::AllLocated { holders, unanswered }, ApiOperation::Locate { collect: Collect::All, .. }) => {
                assert!(!holders.is_empty());
                assert!(holders.iter().all(|holder| self.yes.contains(&holder.address)), "{holders:?}");
                assert!(!holders.iter().any(|holder| unanswered.contains(&holder.address)));
                assert!(!unanswered.iter().any(|server| self.yes_on_bus.contains(server)), "{unanswered:?} said yes");
            }
            (ApiResponse::Refused(refusal), _) => self.check_refusal(refusal),
            other => panic!("no answer to this: {other:?}"),
        }
    }

    pub(super) fn check_relay(&self, head: &ObjectHead, body: RelayBody) {
        let ApiOperation::Get { selection, .. } = &self.operation else { panic!("only a GET is relayed") };
        assert!(!self.is_relaying, "one head");
        let fetched = self.fetched.as_ref().expect("only what was fetched is relayed");
        match (body, fetched) {
            (RelayBody::None, _) => assert!(selection.head_only || head.content.body().is_none()),
            (RelayBody::All, FetchOutcome::Whole { size_bytes, .. }) => {
                assert_eq!(head.content, Content::Whole { size_bytes: *size_bytes });
            }
            (RelayBody::All, FetchOutcome::Part { first, last, size_bytes, .. }) => {
                assert_eq!(head.content, Content::Part { first: *first, last: *last, size_bytes: *size_bytes });
            }
            (RelayBody::Cut { skip_bytes, length_bytes }, FetchOutcome::Whole { size_bytes: Some(size_bytes), .. }) => {
                assert_eq!(head.content.body(), Some((skip_bytes, length_bytes)));
                assert!(skip_bytes.checked_add(length_bytes).is_some_and(|end| end <= *size_bytes));
            }
            other => panic!("no body for this: {other:?}"),
        }
    }

    fn check_refusal(&self, refusal: &Refusal) {
        match refusal {
            Refusal::NotFound => {
                assert!(self.is_search(), "a PUT finds nothing missing");
                let silent =
                    self.awaited.iter().find(|server| !self.no.contains(server) && !self.missing.contains(server));
                assert_eq!(silent, None, "404 is said only when everybody has said no");
                let failed = self.failed.difference(&self.missing).next();
                assert_eq!(failed, None, "404 is not said while a holder cannot be read");
            }
            Refusal::Busy => assert!(self.was_refused_as_busy, "there was room for this request"),
            Refusal::Unanswered { .. } | Refusal::NoDataServer => {}
            Refusal::NotStored { attempts } => {
                let tried: Vec<_> = attempts.iter().map(|(server, _)| server.clone()).collect();
                assert_eq!(tried, self.tried);
            }
            Refusal::NoSpace | Refusal::BrokenBody { .. } | Refusal::DigestMismatch(_) => assert!(!self.is_search()),
            Refusal::NotRemoved { .. } | Refusal::CannotDelete { .. } => {
                assert!(matches!(self.operation, ApiOperation::Delete { .. }));
            }
            Refusal::LengthMismatch { .. }
            | Refusal::DiskFailed { .. }
            | Refusal::Draining
            | Refusal::Corrupt { .. } => {
                panic!("that is for a data server to say: {refusal:?}")
            }
            Refusal::NoSuchBucket
            | Refusal::TooFewDataServers { .. }
            | Refusal::PreconditionFailed
            | Refusal::CatalogUnavailable { .. }
            | Refusal::OutcomeUnknown { .. }
            | Refusal::NoCopy { .. }
            | Refusal::UploadTooOld => panic!("there is no catalog here: {refusal:?}"),
        }
    }
}
