//! What clients do not see: what lies on the disks, what API servers believe, and what the trace has of everybody.

use std::collections::BTreeSet;

use lode_core::time::Instant;

use super::{Seen, ensure, second};
use crate::coverage::Point;
use crate::history::{Belief, Holding, NameId};
use crate::node::Node;
use crate::trace::{MarkKind, MessageKind, Record};

impl<'a> Seen<'a> {
    /// What has lain on the disks under this name at any time, in the order in which it became visible.
    pub fn holdings(self, name: impl Into<u32>) -> impl Iterator<Item = &'a Holding> {
        let name = NameId(name.into());
        self.run.history.holdings.iter().filter(move |holding| holding.name == name)
    }

    /// The data servers on whose disks the content of the PUT of this second has lain.
    ///
    /// # Errors
    /// If there was no such PUT.
    pub fn holders(self, put_at: f64) -> Result<Vec<Node>, String> {
        // No two PUTs have the same content, and where there is a catalog it lies under the name of a blob.
        let content = self.content(put_at)?;
        let holdings = self.run.history.holdings.iter().filter(|holding| holding.content == content);
        let nodes: BTreeSet<Node> = holdings.map(|holding| holding.node).collect();
        Ok(nodes.into_iter().collect())
    }

    /// What was sent by the PUT of this second has lain on the disks of exactly these data servers.
    ///
    /// # Errors
    /// If it has not.
    pub fn held_by(self, put_at: f64, expected: &[Node]) -> Result<(), String> {
        let holders = self.holders(put_at)?;
        ensure(holders == expected, || {
            format!("what was put at {put_at} s has lain on {}, and not on {}", list(&holders), list(expected))
        })
    }

    /// The PUT of this second was answered with 200, and what it sent has lain on this data server alone.
    ///
    /// # Errors
    /// If not.
    pub fn stored_on(self, put_at: f64, only: Node) -> Result<(), String> {
        self.stored(put_at)?;
        self.held_by(put_at, &[only])
    }

    /// Nothing has ever been visible under this name on any disk.
    ///
    /// # Errors
    /// If something has.
    pub fn nowhere(self, name: u16) -> Result<(), String> {
        let holders: Vec<Node> = self.holdings(name).map(|holding| holding.node).collect();
        ensure(holders.is_empty(), || format!("o{name} has lain on {}", list(&holders)))
    }

    /// What an API server has believed about a data server, in order of time.
    pub fn beliefs(self, api: Node, member: Node) -> impl Iterator<Item = &'a Belief> {
        self.run.history.beliefs.iter().filter(move |belief| (belief.api, belief.member) == (api, member))
    }

    /// No API server has forgotten a data server, ever.
    ///
    /// # Errors
    /// If one has.
    pub fn nobody_forgotten(self) -> Result<(), String> {
        self.nobody_forgotten_before(f64::INFINITY)
    }

    /// No API server has forgotten a data server before this second.
    ///
    /// # Errors
    /// If one has.
    pub fn nobody_forgotten_before(self, until: f64) -> Result<(), String> {
        match self.marks(MarkKind::Expired).find(|(_, at, _)| *at < second(until)) {
            Some((api, at, text)) => Err(format!("at {at:?} {api} {text}")),
            None => Ok(()),
        }
    }

    /// No process has ended, of its own or otherwise.
    ///
    /// # Errors
    /// If one has.
    pub fn nobody_ended(self) -> Result<(), String> {
        match self.marks(MarkKind::Stopped).next() {
            Some((node, at, text)) => Err(format!("at {at:?} {node} was {text}")),
            None => Ok(()),
        }
    }

    /// The marks of this kind: on whose line, when, and what they say.
    pub fn marks(self, wanted: MarkKind) -> impl Iterator<Item = (Node, Instant, &'a str)> {
        self.records().iter().filter_map(move |record| match record {
            Record::Mark { at, node, kind, text } if *kind == wanted => Some((*node, *at, text.as_str())),
            Record::Mark { .. } | Record::Step { .. } | Record::Message { .. } => None,
        })
    }

    /// The first mark of this kind on a node's line, from this second on.
    ///
    /// # Errors
    /// If there is none.
    pub fn first_mark(self, node: Node, kind: MarkKind, from: f64) -> Result<Instant, String> {
        let mut marks = self.marks(kind).filter(|(on, at, _)| *on == node && *at >= second(from));
        let first = marks.next().map(|(_, at, _)| at);
        first.ok_or_else(|| format!("there is no mark {kind:?} of {node} from {from} s on"))
    }

    /// When messages of this kind from one node to another left and arrived; those that were lost are not among them.
    pub fn messages(self, wanted: MessageKind, from: Node, to: Node) -> impl Iterator<Item = (Instant, Instant)> {
        self.records().iter().filter_map(move |record| match record {
            Record::Message { kind, from: source, to: target, sent, arrives: Some(arrives), .. }
                if (*kind, *source, *target) == (wanted, from, to) =>
            {
                Some((*sent, *arrives))
            }
            Record::Message { .. } | Record::Mark { .. } | Record::Step { .. } => None,
        })
    }

    /// An API server has heard a data server say that it lives, from one second on and before another.
    ///
    /// # Errors
    /// If it has not.
    pub fn heard(self, api: Node, data: Node, from: f64, until: f64) -> Result<(), String> {
        let mut heard = self.messages(MessageKind::Heartbeat, data, api);
        ensure(heard.any(|(_, at)| second(from) <= at && at < second(until)), || {
            format!("{api} has not heard {data} between {from} s and {until} s")
        })
    }

    /// The inputs and effects of a node's machine, in order.
    pub fn steps(self, of: Node) -> impl Iterator<Item = (Instant, &'a str, &'a [String])> {
        self.records().iter().filter_map(move |record| match record {
            Record::Step { at, node, input, effects } if *node == of => Some((*at, input.as_str(), effects.as_slice())),
            Record::Step { .. } | Record::Mark { .. } | Record::Message { .. } => None,
        })
    }

    /// Nothing was asked over the bus by this API server, from one second on and before another.
    ///
    /// # Errors
    /// If something was.
    pub fn asked_nobody(self, api: Node, from: f64, until: f64) -> Result<(), String> {
        let asked = self.records().iter().find(|record| {
            let is_query = matches!(record, Record::Message { kind: MessageKind::Query, .. });
            is_query && record.node() == api && second(from) <= record.at() && record.at() < second(until)
        });
        ensure(asked.is_none(), || format!("{api} has asked all data servers: {asked:?}"))
    }

    /// It has come about at all: without it there is no story.
    ///
    /// # Errors
    /// If it has not.
    pub fn touched(self, point: Point) -> Result<(), String> {
        ensure(self.run.coverage.hits(point) > 0, || format!("this never happened: {}", point.name()))
    }

    /// All that happened.
    #[must_use]
    pub fn records(self) -> &'a [Record] {
        self.run.trace.records()
    }
}

fn list(nodes: &[Node]) -> String {
    let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
