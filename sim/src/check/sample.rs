//! Small histories for the tests of the checkers, written in whole seconds. Where nothing else is said, all is about
//! one name.

use std::time::Duration;

use lode_core::time::Instant;

use super::ALL;
use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::{
    Asked, Belief, Body, Call, Catalogued, Committed, ContentId, Gone, History, Holding, HoldingEnd, NameId, Outcome,
    Required,
};
use crate::node::Node;
use crate::plan::CatalogSetup;

pub(super) const NAME: NameId = NameId(1);
pub(super) const API: Node = Node::Api(1);
pub(super) const DATA: Node = Node::Data(1);

/// When the faults of every sample are over.
pub(super) const CALM: u64 = 1000;

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) history: History,
}

pub(super) fn at(seconds: u64) -> Instant {
    Instant::START + Duration::from_secs(seconds)
}

/// The length of each content: no two are alike.
pub(super) fn size_of(content: u32) -> u64 {
    100 + u64::from(content)
}

/// A content read whole.
pub(super) fn body(content: u32) -> Outcome {
    part(content, 0, size_of(content))
}

pub(super) fn part(content: u32, first: u64, length_bytes: u64) -> Outcome {
    let size_bytes = Some(size_of(content));
    Outcome::Body(Body { content: Some(ContentId(content)), first, length_bytes, size_bytes })
}

pub(super) fn described(content: u32) -> Outcome {
    Outcome::Described { size_bytes: Some(size_of(content)), content: Some(ContentId(content)) }
}

pub(super) fn located(holders: &[Node]) -> Outcome {
    Outcome::Located { holders: holders.to_vec(), unanswered: Vec::new() }
}

pub(super) const fn refused(code: &'static str) -> Outcome {
    Outcome::Refused { status: 503, code }
}

pub(super) const fn put(content: u32) -> Asked {
    Asked::Put { content: ContentId(content), size_bytes: 100 + content as u64, sound: true }
}

pub(super) const fn unsound(content: u32) -> Asked {
    Asked::Put { content: ContentId(content), size_bytes: 100 + content as u64, sound: false }
}

/// The blob of a version.
fn blob(version: u32) -> NameId {
    NameId(NameId::FIRST_BLOB.0 + version)
}

pub(super) const GET: Asked = Asked::Get { range: None };

impl Sample {
    pub(super) fn new() -> Self {
        Self { history: History { calm: at(CALM), end: at(2 * CALM), ..History::default() } }
    }

    pub(super) fn call(mut self, server: Node, asked: Asked, (began, ended): (u64, u64), outcome: Outcome) -> Self {
        self.history.calls.push(Call {
            operation: Some(self.history.calls.len()),
            client: Node::Client(1),
            server,
            name: NAME,
            asked,
            only_if: None,
            version: None,
            began: at(began),
            ended: (outcome != Outcome::Pending).then_some(at(ended)),
            outcome,
            told_version: None,
        });
        self
    }

    pub(super) fn put(self, content: u32, times: (u64, u64), outcome: Outcome) -> Self {
        self.put_through(API, content, times, outcome)
    }

    pub(super) fn put_through(self, server: Node, content: u32, times: (u64, u64), outcome: Outcome) -> Self {
        self.call(server, put(content), times, outcome)
    }

    pub(super) fn get(self, times: (u64, u64), outcome: Outcome) -> Self {
        self.call(API, GET, times, outcome)
    }

    pub(super) fn delete(self, times: (u64, u64), outcome: Outcome) -> Self {
        self.call(API, Asked::Delete, times, outcome)
    }

    /// Visible and durable from `from` on, to the end.
    pub(super) fn holds(mut self, node: Node, content: u32, from: u64) -> Self {
        self.history.holdings.push(Holding {
            node,
            name: NAME,
            content: ContentId(content),
            from: at(from),
            durable: Some(at(from)),
            until: None,
            ended_by: None,
            rotten: None,
        });
        self
    }

    pub(super) fn held(self, node: Node, content: u32, (from, until): (u64, u64), by: HoldingEnd) -> Self {
        let mut sample = self.holds(node, content, from);
        let holding = sample.last_holding();
        holding.until = Some(at(until));
        holding.ended_by = Some(by);
        sample
    }

    pub(super) fn not_durable(mut self) -> Self {
        self.last_holding().durable = None;
        self
    }

    pub(super) fn rotten_since(mut self, since: u64) -> Self {
        self.last_holding().rotten = Some(at(since));
        self
    }

    /// Believed from the beginning to the end. Give times from 1 on to what relies on it.
    pub(super) fn believes(mut self, api: Node, member: Node) -> Self {
        let of_the_seed = matches!(member, Node::SeedData(_));
        self.history.beliefs.push(Belief { api, member, from: at(0), until: None, of_the_seed });
        self
    }

    pub(super) fn believes_until(self, api: Node, member: Node, (from, until): (u64, u64)) -> Self {
        let mut sample = self.believes(api, member);
        if let Some(belief) = sample.history.beliefs.last_mut() {
            belief.from = at(from);
            belief.until = Some(at(until));
        }
        sample
    }

    /// Of a cluster with a catalog that keeps one old version.
    pub(super) fn versioned() -> Self {
        let mut sample = Self::new();
        let setup = CatalogSetup { old_versions: Some(1), ..CatalogSetup::usual() };
        sample.history.catalog = Some(Catalogued::of(setup));
        sample
    }

    /// The last call was told of this version.
    pub(super) fn told(mut self, version: u64) -> Self {
        self.last_call().told_version = Some(version);
        self
    }

    /// The last call was about this version.
    pub(super) fn of(mut self, version: u64) -> Self {
        self.last_call().version = Some(version);
        self
    }

    /// The last call required this.
    pub(super) fn only_if(mut self, required: Required) -> Self {
        self.last_call().only_if = Some(required);
        self
    }

    /// One of the reads that belong to no plan.
    pub(super) fn last_read(self, times: (u64, u64), outcome: Outcome) -> Self {
        let mut sample = self.get(times, outcome);
        sample.last_call().operation = None;
        sample
    }

    /// The version has the blob of its number.
    pub(super) fn committed(mut self, since: u64, version: u32, content: Option<u32>, holders: &[Node]) -> Self {
        let content = content.map(ContentId);
        let blob = blob(version);
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.blobs.extend(content.map(|content| (blob, content)));
            let (at, holders) = (at(since), holders.to_vec());
            catalogued.commits.push(Committed { at, name: NAME, version: version.into(), blob, content, holders });
        }
        self
    }

    pub(super) fn gone(mut self, since: u64, version: u32) -> Self {
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.gone.push(Gone { at: at(since), blob: blob(version) });
        }
        self
    }

    /// A copy of the blob of this version.
    pub(super) fn copy(
        self,
        node: Node,
        version: u32,
        content: u32,
        (from, end): (u64, Option<(u64, HoldingEnd)>),
    ) -> Self {
        let mut sample = self.holds(node, content, from);
        let holding = sample.last_holding();
        holding.name = blob(version);
        holding.until = end.map(|(until, _)| at(until));
        holding.ended_by = end.map(|(_, by)| by);
        sample
    }

    pub(super) fn tainted(mut self) -> Self {
        self.history.tainted.push(NAME);
        self
    }

    pub(super) fn shared(mut self, node: Node) -> Self {
        self.history.shared_addresses.push(node);
        self
    }

    /// The checker has judged something of it, and finds no fault.
    #[track_caller]
    pub(super) fn passes(&self, check: fn(&Facts<'_>) -> Verdict) {
        let verdict = check(&Facts::of(&self.history));
        assert_eq!(verdict.violations, []);
        assert!(verdict.judged > 0, "nothing was judged");
    }

    /// The checker has nothing to say about it.
    #[track_caller]
    pub(super) fn is_passed_over(&self, check: fn(&Facts<'_>) -> Verdict) {
        let verdict = check(&Facts::of(&self.history));
        assert_eq!(verdict.violations, []);
        assert_eq!(verdict.judged, 0, "something was judged");
    }

    /// The checker finds one fault, and says this of it.
    #[track_caller]
    pub(super) fn is_caught(&self, check: fn(&Facts<'_>) -> Verdict, text: &str) {
        let violations = check(&Facts::of(&self.history)).violations;
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert!(violations[0].text.contains(text), "{violations:?}");
    }

    /// The checker finds faults, and says this of one of them.
    #[track_caller]
    pub(super) fn is_caught_among(&self, check: fn(&Facts<'_>) -> Verdict, text: &str) {
        let violations = check(&Facts::of(&self.history)).violations;
        assert!(violations.iter().any(|violation| violation.text.contains(text)), "{violations:?}");
    }

    /// No checker finds a fault.
    #[track_caller]
    pub(super) fn is_good(&self) {
        for check in ALL {
            assert_eq!(check(&Facts::of(&self.history)).violations, []);
        }
    }

    fn last_call(&mut self) -> &mut Call {
        self.history.calls.last_mut().expect("a call was given before")
    }

    fn last_holding(&mut self) -> &mut Holding {
        self.history.holdings.last_mut().expect("a holding was given before")
    }
}
