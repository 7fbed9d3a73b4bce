//! What the checkers look up in a history, sorted once for all of them.

use std::collections::BTreeMap;

use lode_core::time::Instant;

use super::span::Span;
use crate::history::{Asked, Belief, Body, Call, ContentId, History, Holding, NameId, Outcome};
use crate::node::Node;

/// A history, sorted for looking things up.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub(super) history: &'a History,
    names: BTreeMap<NameId, Name<'a>>,
    puts: BTreeMap<ContentId, Put<'a>>,
    beliefs: Vec<&'a Belief>,
}

/// All about one name.
#[derive(Debug, Clone)]
pub(super) struct Name<'a> {
    pub(super) id: NameId,
    /// Whether a node of the seed has been asked to store it, or holds something under it.
    pub(super) tainted: bool,
    /// In the order in which they began.
    pub(super) calls: Vec<&'a Call>,
    /// By node, and for each node in order of time.
    holdings: Vec<&'a Holding>,
}

/// One PUT, which gave the world its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put<'a> {
    pub(super) call: &'a Call,
    pub(super) size_bytes: u64,
    pub(super) sound: bool,
}

/// Whether it is a server of ours: it promises what the seed does not.
pub(super) const fn is_ours(node: Node) -> bool {
    match node {
        Node::Api(_) | Node::Data(_) => true,
        Node::Broker | Node::Catalog | Node::Client(_) | Node::SeedApi(_) | Node::SeedData(_) => false,
    }
}

/// Whether it is a data server of ours.
pub(super) const fn is_our_data_server(node: Node) -> bool {
    match node {
        Node::Data(_) => true,
        Node::Api(_) | Node::Broker | Node::Catalog | Node::Client(_) | Node::SeedApi(_) | Node::SeedData(_) => false,
    }
}

/// Which content the client saw something of, if it was one content.
pub(super) const fn content_seen(outcome: &Outcome) -> Option<ContentId> {
    match outcome {
        Outcome::Body(Body { content, .. }) | Outcome::Described { content, .. } => *content,
        Outcome::Pending
        | Outcome::Unknown
        | Outcome::HungUp
        | Outcome::Stored
        | Outcome::Removed
        | Outcome::CutBody
        | Outcome::Missing
        | Outcome::Unsatisfiable { .. }
        | Outcome::Located { .. }
        | Outcome::Versions(_)
        | Outcome::Listed { .. }
        | Outcome::Refused { .. } => None,
    }
}

impl<'a> Facts<'a> {
    /// The facts of this history.
    #[must_use]
    pub fn of(history: &'a History) -> Self {
        let mut facts = Self { history, names: BTreeMap::new(), puts: BTreeMap::new(), beliefs: Vec::new() };
        facts.sort_calls();
        facts.sort_holdings();
        for name in &history.tainted {
            facts.name_mut(*name).tainted = true;
        }
        facts.beliefs.extend(&history.beliefs);
        facts.beliefs.sort_by_key(|belief| (belief.api, belief.member, belief.from));
        facts
    }

    /// All names that anybody asked for or held.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name<'a>> {
        self.names.values()
    }

    /// What lay on the disks of data servers of ours under this name.
    pub(super) fn holdings_of(&self, name: NameId) -> impl Iterator<Item = &'a Holding> {
        self.names.get(&name).into_iter().flat_map(Name::holdings)
    }

    /// The PUT that this content came with.
    pub(super) fn put(&self, content: ContentId) -> Option<Put<'a>> {
        self.puts.get(&content).copied()
    }

    /// Whether another process had the address of this data server for some time, so that what was asked of the address
    /// may have been answered by either.
    pub(super) fn is_shared(&self, node: Node) -> bool {
        self.history.shared_addresses.contains(&node)
    }

    /// Whether any address was shared: the second process at it holds things that are in nobody's records.
    pub(super) fn is_any_shared(&self) -> bool {
        !self.history.shared_addresses.is_empty()
    }

    /// Whether `server`, when it said during the span what is held and what is not, had to know it of `node`: because
    /// it is that data server, or an API server of ours that all the time believed it to live, and knew it for one of
    /// ours. (A node of the seed says no by silence; one of ours that is taken for such loses its say.)
    pub(super) fn had_to_know(&self, server: Node, node: Node, span: Span) -> bool {
        if !is_our_data_server(node) || self.is_shared(node) {
            return false;
        }
        match server {
            Node::Data(_) => server == node,
            Node::Api(_) => self
                .beliefs_about(server, node)
                .any(|belief| !belief.of_the_seed && span.lies_within(belief.from, belief.until)),
            Node::Broker | Node::Catalog | Node::Client(_) | Node::SeedApi(_) | Node::SeedData(_) => false,
        }
    }

    /// What this API server believed of this member, in order of time.
    pub(super) fn beliefs_about(&self, api: Node, member: Node) -> impl Iterator<Item = &'a Belief> {
        let start = self.beliefs.partition_point(|belief| (belief.api, belief.member) < (api, member));
        let rest = self.beliefs.get(start..).unwrap_or_default().iter().copied();
        rest.take_while(move |belief| (belief.api, belief.member) == (api, member))
    }

    /// What this API server believed of anybody.
    pub(super) fn beliefs_of(&self, api: Node) -> impl Iterator<Item = &'a Belief> {
        let start = self.beliefs.partition_point(|belief| belief.api < api);
        let rest = self.beliefs.get(start..).unwrap_or_default().iter().copied();
        rest.take_while(move |belief| belief.api == api)
    }

    fn sort_calls(&mut self) {
        for call in &self.history.calls {
            let name = self.name_mut(call.name);
            name.calls.push(call);
            if let Asked::Put { content, size_bytes, sound } = call.asked {
                name.tainted |= !is_ours(call.server);
                self.puts.entry(content).or_insert(Put { call, size_bytes, sound });
            }
        }
    }

    fn sort_holdings(&mut self) {
        for holding in &self.history.holdings {
            let name = self.name_mut(holding.name);
            name.holdings.push(holding);
            name.tainted |= !is_ours(holding.node);
        }
        for name in self.names.values_mut() {
            name.holdings.sort_by_key(|holding| (holding.node, holding.from));
        }
    }

    fn name_mut(&mut self, id: NameId) -> &mut Name<'a> {
        let empty = || Name { id, tainted: false, calls: Vec::new(), holdings: Vec::new() };
        self.names.entry(id).or_insert_with(empty)
    }
}

impl<'a> Name<'a> {
    /// What lay on the disks of data servers of ours, a slice for each of them, each in order of time.
    pub(super) fn by_server(&self) -> impl Iterator<Item = &[&'a Holding]> {
        let by_node = self.holdings.chunk_by(|one, other| one.node == other.node);
        by_node.filter(|holdings| holdings.first().is_some_and(|first| is_our_data_server(first.node)))
    }

    /// What lay on the disks of data servers of ours.
    pub(super) fn holdings(&self) -> impl Iterator<Item = &'a Holding> {
        self.holdings.iter().copied().filter(|holding| is_our_data_server(holding.node))
    }

    /// What lay on the disks of data servers of ours at some instant of the span.
    pub(super) fn held_during(&self, span: Span) -> impl Iterator<Item = &'a Holding> {
        self.holdings().filter(move |holding| span.meets(holding.from, holding.until))
    }
}

/// Whether something lay there at every instant of the span. `holdings` are those of one name on one server, in order
/// of time; an overwrite leaves no gap between two of them.
pub(super) fn held_throughout(holdings: &[&Holding], span: Span) -> bool {
    let mut stretch: Option<(Instant, Option<Instant>)> = None;
    holdings.iter().any(|holding| {
        let (from, until) = match stretch {
            Some((from, until)) if until.is_none_or(|until| holding.from <= until) => {
                (from, until.zip(holding.until).map(|(one, other)| one.max(other)))
            }
            Some(_) | None => (holding.from, holding.until),
        };
        stretch = Some((from, until));
        span.lies_within(from, until)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample, at};
    use crate::history::HoldingEnd;

    fn span(began: u64, ended: u64) -> Span {
        Span { began: at(began), ended: at(ended) }
    }

    fn throughout(sample: &Sample, began: u64, ended: u64) -> bool {
        let facts = Facts::of(&sample.history);
        let mut servers = facts.names().flat_map(Name::by_server);
        servers.any(|holdings| held_throughout(holdings, span(began, ended)))
    }

    #[test]
    fn an_overwrite_leaves_no_gap_and_a_removal_does() {
        let overwritten = Sample::new()
            .held(DATA, 1, (0, 5), HoldingEnd::Overwritten)
            .held(DATA, 2, (5, 9), HoldingEnd::Removed)
            .holds(DATA, 3, 10);
        assert!(throughout(&overwritten, 1, 8));
        assert!(throughout(&overwritten, 11, 12));
        for (began, ended) in [(0, 8), (1, 9), (1, 11), (9, 10), (10, 11)] {
            assert!(!throughout(&overwritten, began, ended), "{began} {ended}");
        }
    }

    #[test]
    fn two_servers_do_not_fill_the_gaps_of_each_other() {
        let moved = Sample::new().held(DATA, 1, (0, 5), HoldingEnd::Removed).holds(Node::Data(2), 2, 4);
        assert!(!throughout(&moved, 2, 7));
    }

    #[test]
    fn whom_a_server_had_to_know() {
        let mut sample = Sample::new().believes_until(API, DATA, (1, 9)).believes(API, Node::SeedData(1));
        sample.history.beliefs[0].until = Some(at(9));
        let facts = Facts::of(&sample.history);
        assert!(facts.had_to_know(API, DATA, span(2, 8)));
        assert!(!facts.had_to_know(API, DATA, span(1, 8)) && !facts.had_to_know(API, DATA, span(2, 9)));
        assert!(!facts.had_to_know(Node::Api(2), DATA, span(2, 8)));
        assert!(!facts.had_to_know(Node::SeedApi(1), DATA, span(2, 8)));
        assert!(!facts.had_to_know(API, Node::SeedData(1), span(2, 8)));
        assert!(facts.had_to_know(DATA, DATA, span(0, 1)) && !facts.had_to_know(DATA, Node::Data(2), span(0, 1)));

        let mut taken_for_the_seed = sample.clone();
        taken_for_the_seed.history.beliefs[0].of_the_seed = true;
        assert!(!Facts::of(&taken_for_the_seed.history).had_to_know(API, DATA, span(2, 8)));
        sample.history.shared_addresses.push(DATA);
        assert!(!Facts::of(&sample.history).had_to_know(API, DATA, span(2, 8)));
    }

    #[test]
    fn what_the_seed_was_asked_to_store_is_tainted() {
        let through = |server| Sample::new().put_through(server, 1, (0, 1), Outcome::Stored);
        let tainted = |sample: &Sample| Facts::of(&sample.history).names().any(|name| name.tainted);
        assert!(!tainted(&through(API)) && !tainted(&through(DATA)));
        assert!(tainted(&through(Node::SeedApi(1))) && tainted(&through(Node::SeedData(1))));
        assert!(tainted(&Sample::new().holds(Node::SeedData(1), 1, 0)));
        assert!(tainted(&Sample::new().tainted()));
        assert!(tainted(&through(Node::SeedApi(1)).put(2, (2, 3), Outcome::Stored).holds(DATA, 2, 3)));
        assert!(tainted(&Sample::new().holds(Node::SeedData(1), 1, 0).holds(DATA, 1, 0)));
    }
}
