//! Faults as the plan has them, for the marks that say that they begin and end: a mark speaks to who knows the code.

use crate::node::Node;
use crate::plan::{Fault, FaultKind, Plan};
use crate::trace::MarkKind;

use super::events::Event;
use super::words::{fault, fault_name};

/// What a mark means, in plain words.
pub(super) struct Plain {
    /// The name of the fault.
    pub(super) name: String,
    /// What it does, or that it is over.
    pub(super) sentence: String,
}

/// What the mark means, if it is the beginning or the end of a fault of the plan.
pub(super) fn plain(plan: &Plan, event: &Event<'_>) -> Option<Plain> {
    let mark = event.mark()?;
    let is_beginning = mark == MarkKind::FaultBegan;
    if !is_beginning && mark != MarkKind::FaultEnded {
        return None;
    }
    let time_us = |fault: &Fault| if is_beginning { fault.from_us } else { fault.until_us };
    let at_us = event.at().as_nanos() / 1000;
    let then = plan.faults.iter().filter(|fault| time_us(fault) == at_us && concerns(&fault.kind, event.node()));
    // Two faults of one node may begin at one instant: then it is the one that the mark quotes, if it quotes one.
    let found = then.max_by_key(|fault| event.text().contains(&format!("{:?}", fault.kind)))?;
    let name = fault_name(&found.kind);
    let sentence = if is_beginning { fault(&found.kind) } else { format!("{name} is over") };
    Some(Plain { name, sentence })
}

/// Whether the fault is of this node, or of the broker where it names none.
fn concerns(kind: &FaultKind, node: Node) -> bool {
    let (a, b) = kind.subject().ends();
    node == a || node == b
}

#[cfg(test)]
mod tests {
    use super::super::events::Events;
    use super::super::sample;
    use super::*;
    use crate::trace::Record;
    use lode_core::time::Instant;

    #[test]
    fn each_mark_is_explained_by_the_fault_that_it_quotes() {
        let mut plan = sample::quiet().plan;
        let node = Node::Data(1);
        let kinds = [FaultKind::DiskFull { node }, FaultKind::Pause { node }, FaultKind::Pause { node: Node::Data(2) }];
        plan.faults = kinds.clone().map(|kind| Fault { from_us: 5, until_us: 9, kind }).to_vec();
        let mark = |at_us: u64, kind, fault: &FaultKind| Record::Mark {
            at: Instant::from_nanos(at_us * 1000),
            node,
            kind,
            text: format!("fault: {fault:?}"),
        };
        let records = [
            mark(5, MarkKind::FaultBegan, &kinds[0]),
            mark(5, MarkKind::FaultBegan, &kinds[1]),
            mark(9, MarkKind::FaultEnded, &kinds[0]),
            mark(6, MarkKind::FaultBegan, &kinds[0]),
        ];
        let events = Events::new(&plan, &records, &[]);
        let names: Vec<_> = events.list.iter().map(|event| plain(&plan, event).map(|plain| plain.name)).collect();
        let names: Vec<_> = names.iter().map(Option::as_deref).collect();
        assert_eq!(names, [Some("disk full"), Some("pause"), None, Some("disk full")]);
    }
}
