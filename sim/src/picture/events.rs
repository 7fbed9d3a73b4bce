//! What is drawn: the records and the violations as one list in order of time, each with its number.

use std::collections::{BTreeMap, BTreeSet};

use lode_core::time::Instant;

use crate::history::Violation;
use crate::node::Node;
use crate::plan::Plan;
use crate::trace::{MarkKind, MessageKind, Record};

use super::spans::{Span, spans};

/// All that is drawn of a run.
pub(super) struct Events<'a> {
    /// Who takes part, in the order of the columns.
    pub(super) nodes: Vec<Node>,
    /// What happened, in order of time.
    pub(super) list: Vec<Event<'a>>,
    /// What lasts: faults, absences, operations.
    pub(super) spans: Vec<Span<'a>>,
    /// When the last thing happened.
    pub(super) end: Instant,
}

/// One thing that happened.
pub(super) struct Event<'a> {
    /// By which number it is called.
    pub(super) number: usize,
    /// What.
    pub(super) what: What<'a>,
    /// The checker that saw it, if it is a violation.
    pub(super) checker: Option<&'a str>,
    /// Whether it is a step that does nothing but send or take heartbeats.
    pub(super) only_heartbeats: bool,
}

/// Where it comes from.
pub(super) enum What<'a> {
    /// A record of the run.
    Record(&'a Record),
    /// A violation that the run has no record of.
    Violation(&'a Violation),
}

impl<'a> Events<'a> {
    pub(super) fn new(plan: &Plan, records: &'a [Record], violations: &'a [Violation]) -> Self {
        let mut list = numbered(records);
        for violation in violations {
            match list.iter_mut().find(|event| event.tells_of(violation)) {
                Some(event) => event.checker = Some(violation.checker),
                None => list.push(Event::of_violation(list.len() + 1, violation)),
            }
        }
        list.sort_by_key(Event::at);
        let ends = list.iter().map(|event| event.at().max(event.arrives().unwrap_or(Instant::START)));
        let end = ends.max().unwrap_or(Instant::START);
        Self { nodes: nodes(plan, &list), spans: spans(&list), end, list }
    }

    /// What must not happen, and did.
    pub(super) fn alarms(&self) -> impl Iterator<Item = &Event<'a>> {
        self.list.iter().filter(|event| event.is_alarm())
    }
}

impl<'a> Event<'a> {
    fn of_violation(number: usize, violation: &'a Violation) -> Self {
        let what = What::Violation(violation);
        Self { number, what, checker: Some(violation.checker), only_heartbeats: false }
    }

    pub(super) fn at(&self) -> Instant {
        match self.what {
            What::Record(record) => record.at(),
            What::Violation(violation) => violation.at,
        }
    }

    pub(super) fn node(&self) -> Node {
        match self.what {
            What::Record(record) => record.node(),
            What::Violation(violation) => violation.node,
        }
    }

    /// What it says; of a step, its input.
    pub(super) fn text(&self) -> &'a str {
        match self.what {
            What::Record(Record::Step { input, .. }) => input,
            What::Record(Record::Message { label, .. }) => label,
            What::Record(Record::Mark { text, .. }) => text,
            What::Violation(violation) => &violation.text,
        }
    }

    /// Which kind of mark it is, if it is one.
    pub(super) fn mark(&self) -> Option<MarkKind> {
        match self.what {
            What::Record(Record::Mark { kind, .. }) => Some(*kind),
            What::Record(Record::Step { .. } | Record::Message { .. }) => None,
            What::Violation(_) => Some(MarkKind::Violation),
        }
    }

    /// By which word the scripts and the legend know its kind.
    pub(super) fn kind(&self) -> &'static str {
        match self.what {
            What::Record(Record::Step { effects, .. }) if effects.is_empty() => "idle",
            What::Record(Record::Step { .. }) => "step",
            What::Record(Record::Message { kind, .. }) => message_kind(*kind),
            What::Record(Record::Mark { kind, .. }) => mark_kind(*kind),
            What::Violation(_) => mark_kind(MarkKind::Violation),
        }
    }

    fn arrives(&self) -> Option<Instant> {
        match self.what {
            What::Record(Record::Message { arrives, .. }) => *arrives,
            What::Record(Record::Step { .. } | Record::Mark { .. }) | What::Violation(_) => None,
        }
    }

    fn is_alarm(&self) -> bool {
        matches!(self.mark(), Some(MarkKind::Violation | MarkKind::ErrorLine))
    }

    /// Whether it is the record of this violation.
    fn tells_of(&self, violation: &Violation) -> bool {
        let same_place = self.at() == violation.at && self.node() == violation.node;
        let same_text = self.text().contains(&violation.text) || violation.text.contains(self.text());
        self.is_alarm() && matches!(self.what, What::Record(_)) && self.checker.is_none() && same_place && same_text
    }
}

fn numbered(records: &[Record]) -> Vec<Event<'_>> {
    let places = places_of_heartbeats(records);
    let event = |(index, record): (usize, _)| Event {
        number: index + 1,
        what: What::Record(record),
        checker: None,
        only_heartbeats: matches!(record, Record::Step { at, node, .. } if places.contains(&(*node, *at))),
    };
    records.iter().enumerate().map(event).collect()
}

/// Where and when heartbeats leave or arrive, and nothing else happens but steps.
fn places_of_heartbeats(records: &[Record]) -> BTreeSet<(Node, Instant)> {
    let mut only_heartbeats = BTreeMap::new();
    let mut note = |node: Node, at: Instant, is_heartbeat: bool| {
        let entry = only_heartbeats.entry((node, at)).or_insert(true);
        *entry = *entry && is_heartbeat;
    };
    for record in records {
        match record {
            Record::Message { kind, from, to, sent, arrives, .. } => {
                let is_heartbeat = *kind == MessageKind::Heartbeat;
                note(*from, *sent, is_heartbeat);
                if let Some(arrives) = arrives {
                    note(*to, *arrives, is_heartbeat);
                }
            }
            Record::Mark { at, node, .. } => note(*node, *at, false),
            Record::Step { .. } => {}
        }
    }
    only_heartbeats.into_iter().filter(|(_, only)| *only).map(|(place, _)| place).collect()
}

/// All who are in the plan or are heard of, in the order in which their columns are easiest to follow: the way of a
/// request from left to right.
fn nodes(plan: &Plan, list: &[Event<'_>]) -> Vec<Node> {
    let cluster = &plan.cluster;
    let mut nodes = BTreeSet::from([Node::Broker]);
    nodes.extend(cluster.catalog.map(|_| Node::Catalog));
    nodes.extend((1..=cluster.apis).map(Node::Api));
    nodes.extend((1..=cluster.datas).map(Node::Data));
    nodes.extend((1..=cluster.seed_apis).map(Node::SeedApi));
    nodes.extend((1..=cluster.seed_datas).map(Node::SeedData));
    nodes.extend(plan.operations.iter().flat_map(|operation| [operation.client, operation.server]));
    for event in list {
        nodes.insert(event.node());
        if let What::Record(Record::Message { to, .. }) = event.what {
            nodes.insert(*to);
        }
    }
    let mut nodes: Vec<Node> = nodes.into_iter().collect();
    nodes.sort_by_key(|node| column_group(*node));
    nodes
}

fn column_group(node: Node) -> u8 {
    match node {
        Node::Client(_) => 0,
        Node::Api(_) => 1,
        Node::SeedApi(_) => 2,
        Node::Catalog => 3,
        Node::Broker => 4,
        Node::Data(_) => 5,
        Node::SeedData(_) => 6,
    }
}

const fn message_kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Heartbeat => "heartbeat",
        MessageKind::Query => "query",
        MessageKind::Answer => "answer",
        MessageKind::Request => "request",
        MessageKind::Response => "response",
    }
}

const fn mark_kind(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Started => "started",
        MarkKind::Stopped => "stopped",
        MarkKind::FaultBegan => "fault-began",
        MarkKind::FaultEnded => "fault-ended",
        MarkKind::Joined => "joined",
        MarkKind::Expired => "expired",
        MarkKind::BusUp => "bus-up",
        MarkKind::BusDown => "bus-down",
        MarkKind::Disk => "disk",
        MarkKind::Version => "version",
        MarkKind::OperationBegan => "operation-began",
        MarkKind::OperationEnded => "operation-ended",
        MarkKind::ErrorLine => "error-line",
        MarkKind::Violation => "violation",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_violation_that_has_a_record_is_drawn_once() {
        let mut run = sample::small();
        let violation = run.violations[0].clone();
        let before = Events::new(&run.plan, &run.records, &run.violations).list.len();
        run.records.push(Record::Mark {
            at: violation.at,
            node: violation.node,
            kind: MarkKind::Violation,
            text: format!("durability: {}", violation.text),
        });
        let events = Events::new(&run.plan, &run.records, &run.violations);
        assert_eq!(events.list.len(), before);
        assert_eq!(events.alarms().map(|event| event.checker).collect::<Vec<_>>(), [Some(violation.checker)]);
    }

    #[test]
    fn a_step_with_more_than_heartbeats_is_told_from_one_with_nothing_else() {
        let at = Instant::from_nanos(5);
        let step = |node| Record::Step { at, node, input: "due".into(), effects: Vec::new() };
        let send = |kind, from| Record::Message {
            kind,
            from,
            to: Node::Broker,
            sent: at,
            arrives: None,
            label: String::new(),
        };
        let records = [
            step(Node::Data(1)),
            send(MessageKind::Heartbeat, Node::Data(1)),
            step(Node::Data(2)),
            send(MessageKind::Heartbeat, Node::Data(2)),
            send(MessageKind::Answer, Node::Data(2)),
            step(Node::Data(3)),
        ];
        let list = numbered(&records);
        let only: Vec<usize> = list.iter().filter(|event| event.only_heartbeats).map(|event| event.number).collect();
        assert_eq!(only, [1]);
    }
}
