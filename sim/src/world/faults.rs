//! The faults that are in force, and what they do to whom.

use std::time::Duration;

use lode_core::time::Instant;

use crate::node::Node;
use crate::plan::FaultKind;

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    index: usize,
    until: Instant,
    kind: FaultKind,
}

impl Faults {
    pub(crate) fn begin(&mut self, index: usize, until: Instant, kind: FaultKind) {
        self.active.push(Active { index, until, kind });
    }

    pub(crate) fn end(&mut self, index: usize) {
        self.active.retain(|active| active.index != index);
    }

    /// When something can pass again from one node to the other, if it cannot now.
    pub(crate) fn blocked_until(&self, from: Node, to: Node) -> Option<Instant> {
        let blocks = |kind: &FaultKind| match *kind {
            FaultKind::Partition { a, b } => (a, b) == (from, to) || (b, a) == (from, to),
            FaultKind::OneWay { from: source, to: target } => (source, target) == (from, to),
            FaultKind::Isolated { node } => node == from || node == to,
            FaultKind::BrokerHangs => from == Node::Broker || to == Node::Broker,
            _ => false,
        };
        self.active.iter().filter(|active| blocks(&active.kind)).map(|active| active.until).max()
    }

    /// Until when a fault that `matches` is in force, if one is.
    pub(crate) fn until(&self, matches: impl Fn(&FaultKind) -> bool) -> Option<Instant> {
        self.active.iter().filter(|active| matches(&active.kind)).map(|active| active.until).max()
    }

    /// Whether a fault that `matches` is in force.
    pub(crate) fn any(&self, matches: impl Fn(&FaultKind) -> bool) -> bool {
        self.active.iter().any(|active| matches(&active.kind))
    }

    /// The greatest of what `value` finds in the faults in force.
    pub(crate) fn greatest<T: Ord>(&self, value: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        self.active.iter().filter_map(|active| value(&active.kind)).max()
    }

    /// By how much at the most everything over the network between the two is slower.
    pub(crate) fn slow_link(&self, a: Node, b: Node) -> Duration {
        let slower = self.greatest(|kind| match *kind {
            FaultKind::SlowLink { node, up_to_us } if node == a || node == b => Some(up_to_us),
            _ => None,
        });
        Duration::from_micros(slower.unwrap_or(0))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }
}
