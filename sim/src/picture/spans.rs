//! What lasts for a while: made of the marks that begin it and the marks that end it.

use lode_core::time::Instant;

use crate::node::Node;
use crate::trace::MarkKind;

use super::events::Event;

/// Something that lasts on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'a> {
    /// What.
    pub(super) kind: SpanKind,
    /// On whose line.
    pub(super) node: Node,
    /// When it begins, and the number of the event that says so; 0 if none does.
    pub(super) from: (Instant, usize),
    /// When it ends, likewise; `None` if it lasts to the end of the run.
    pub(super) until: Option<(Instant, usize)>,
    /// What the mark at its beginning says.
    pub(super) text: &'a str,
    /// Its place beside others of its kind on the same node at the same time.
    pub(super) lane: usize,
}

/// What lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// A fault.
    Fault,
    /// There is no process.
    Down,
    /// A process is without the bus.
    NoBus,
    /// A client waits for an operation of its own.
    Operation,
}

/// Finds them all, in the order in which they begin. The events are in order of time.
pub(super) fn spans<'a>(list: &[Event<'a>]) -> Vec<Span<'a>> {
    let mut spans = Spans { all: Vec::new() };
    let mut started = Vec::new();
    for event in list {
        if let Some(mark) = event.mark() {
            spans.mark(event, mark, &mut started);
        }
    }
    spans.all
}

struct Spans<'a> {
    all: Vec<Span<'a>>,
}

impl<'a> Spans<'a> {
    fn mark(&mut self, event: &Event<'a>, mark: MarkKind, started: &mut Vec<Node>) {
        match mark {
            MarkKind::FaultBegan => self.open(SpanKind::Fault, event),
            MarkKind::FaultEnded => self.close(SpanKind::Fault, event),
            MarkKind::OperationBegan => self.open(SpanKind::Operation, event),
            MarkKind::OperationEnded => self.close(SpanKind::Operation, event),
            MarkKind::BusDown => self.open(SpanKind::NoBus, event),
            MarkKind::BusUp => self.close(SpanKind::NoBus, event),
            MarkKind::Stopped => {
                self.close(SpanKind::NoBus, event);
                self.open(SpanKind::Down, event);
            }
            MarkKind::Started => self.start(event, started),
            MarkKind::Joined
            | MarkKind::Expired
            | MarkKind::Disk
            | MarkKind::Version
            | MarkKind::ErrorLine
            | MarkKind::Violation => {}
        }
    }

    /// A node that starts late was not there before, though no mark says so.
    fn start(&mut self, event: &Event<'a>, started: &mut Vec<Node>) {
        let is_first = !started.contains(&event.node());
        started.push(event.node());
        let was_stopped = self.all.iter().any(|span| span.kind == SpanKind::Down && span.node == event.node());
        if is_first && !was_stopped && event.at() > Instant::START {
            let (from, until) = ((Instant::START, 0), Some((event.at(), event.number)));
            let span = Span { kind: SpanKind::Down, node: event.node(), from, until, text: "not yet started", lane: 0 };
            self.all.push(span);
        }
        self.close(SpanKind::Down, event);
    }

    fn open(&mut self, kind: SpanKind, event: &Event<'a>) {
        let node = event.node();
        let is_taken = |lane: usize| self.open_ones(kind, node).any(|(_, span)| span.lane == lane);
        let lane = (0..).find(|lane| !is_taken(*lane)).unwrap_or(0);
        let from = (event.at(), event.number);
        self.all.push(Span { kind, node, from, until: None, text: event.text(), lane });
    }

    /// Ends the one whose text is most like that of the mark; of several, the one that began first.
    fn close(&mut self, kind: SpanKind, event: &Event<'a>) {
        let likeness = |span: &Span<'_>| common_words(span.text, event.text());
        let best = self.open_ones(kind, event.node()).max_by_key(|(index, span)| (likeness(span), usize::MAX - index));
        let Some(index) = best.map(|(index, _)| index) else { return };
        if let Some(span) = self.all.get_mut(index) {
            span.until = Some((event.at(), event.number));
        }
    }

    fn open_ones(&self, kind: SpanKind, node: Node) -> impl Iterator<Item = (usize, &Span<'a>)> {
        let is_open = move |span: &Span<'_>| span.kind == kind && span.node == node && span.until.is_none();
        self.all.iter().enumerate().filter(move |(_, span)| is_open(span))
    }
}

fn common_words(a: &str, b: &str) -> usize {
    a.split_whitespace().filter(|word| b.split_whitespace().any(|other| other == *word)).count()
}

#[cfg(test)]
mod tests {
    use super::super::events::Events;
    use super::super::sample;
    use super::*;
    use crate::trace::Record;

    fn mark(at_s: u64, kind: MarkKind, text: &str) -> Record {
        Record::Mark { at: Instant::from_nanos(at_s * 1_000_000_000), node: Node::Data(1), kind, text: text.into() }
    }

    fn found(records: &[Record]) -> Vec<(SpanKind, usize, Option<usize>, usize)> {
        let plan = sample::small().plan;
        let events = Events::new(&plan, records, &[]);
        let spans = events.spans.iter();
        spans.map(|span| (span.kind, span.from.1, span.until.map(|until| until.1), span.lane)).collect()
    }

    #[test]
    fn faults_that_overlap_end_each_at_its_own_mark() {
        let records = [
            mark(1, MarkKind::FaultBegan, "bus loss"),
            mark(2, MarkKind::FaultBegan, "slow disk"),
            mark(3, MarkKind::FaultEnded, "slow disk is over"),
            mark(4, MarkKind::FaultBegan, "disk full"),
            mark(5, MarkKind::FaultEnded, "bus loss is over"),
        ];
        let fault = SpanKind::Fault;
        assert_eq!(found(&records), [(fault, 1, Some(5), 0), (fault, 2, Some(3), 1), (fault, 4, None, 1)]);
    }

    #[test]
    fn a_process_is_down_until_it_starts_again() {
        let records = [
            mark(1, MarkKind::Started, "started"),
            mark(2, MarkKind::BusDown, "bus down"),
            mark(3, MarkKind::Stopped, "killed"),
            mark(4, MarkKind::Started, "started"),
            mark(5, MarkKind::Stopped, "killed"),
        ];
        let down = SpanKind::Down;
        let expected =
            [(down, 0, Some(1), 0), (SpanKind::NoBus, 2, Some(3), 0), (down, 3, Some(4), 0), (down, 5, None, 0)];
        assert_eq!(found(&records), expected);
    }
}
