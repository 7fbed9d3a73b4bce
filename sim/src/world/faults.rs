//! The faults that are in force, and what they do to whom.

use std::time::Duration;

use lode_core::time::Instant;

use crate::node::Node;
use crate::plan::FaultKind;
use crate::plan::kind::{Kind, Subject};

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    index: usize,
    until: Instant,
    kind: Kind,
    subject: Subject,
    strength: i128,
}

impl Faults {
    pub(crate) fn begin(&mut self, index: usize, until: Instant, fault: &FaultKind) {
        let (kind, subject, strength) = (fault.kind(), fault.subject(), fault.strength());
        self.active.push(Active { index, until, kind, subject, strength });
    }

    pub(crate) fn end(&mut self, index: usize) {
        self.active.retain(|active| active.index != index);
    }

    /// When something can pass again from one node to the other, if it cannot now.
    pub(crate) fn blocked_until(&self, from: Node, to: Node) -> Option<Instant> {
        let blocks = |active: &&Active| match (active.kind, active.subject) {
            (Kind::Partition, Subject::Link(a, b)) => (a, b) == (from, to) || (b, a) == (from, to),
            (Kind::OneWay, Subject::Link(source, target)) => (source, target) == (from, to),
            (Kind::Isolated, Subject::Node(node)) => node == from || node == to,
            (Kind::BrokerHangs, _) => from == Node::Broker || to == Node::Broker,
            (_, Subject::Broker | Subject::Node(_) | Subject::Link(..)) => false,
        };
        self.active.iter().filter(blocks).map(|active| active.until).max()
    }

    /// Whether the broker is in this state.
    pub(crate) fn broker(&self, kind: Kind) -> bool {
        self.active.iter().any(|active| active.kind == kind)
    }

    /// Whether a fault of this kind is in force on the node.
    pub(crate) fn on(&self, kind: Kind, node: Node) -> bool {
        self.of(kind, node).next().is_some()
    }

    /// Until when one is, if one is.
    pub(crate) fn until(&self, kind: Kind, node: Node) -> Option<Instant> {
        self.of(kind, node).map(|active| active.until).max()
    }

    /// How strong the strongest is, in the measure of its kind.
    pub(crate) fn strength(&self, kind: Kind, node: Node) -> Option<i128> {
        self.of(kind, node).map(|active| active.strength).max()
    }

    /// The chance in thousandths of the strongest fault of this kind on either of the two; zero where there is none.
    pub(crate) fn permille(&self, kind: Kind, one: Node, other: Node) -> u16 {
        let strongest = self.strength(kind, one).max(self.strength(kind, other)).unwrap_or(0);
        u16::try_from(strongest).unwrap_or(1000)
    }

    /// The longest time that a fault of this kind on either of the two may take.
    pub(crate) fn longest(&self, kind: Kind, one: Node, other: Node) -> Option<Duration> {
        let strongest = self.strength(kind, one).max(self.strength(kind, other))?;
        Some(Duration::from_micros(u64::try_from(strongest).unwrap_or(0)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    fn of(&self, kind: Kind, node: Node) -> impl Iterator<Item = &Active> {
        self.active.iter().filter(move |active| active.kind == kind && active.subject == Subject::Node(node))
    }
}
