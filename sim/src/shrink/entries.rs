//! Fewer faults and operations.

use super::Search;
use super::ddmin::ddmin;
use crate::plan::Plan;

/// A fault or an operation of a plan, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Fault(usize),
    Operation(usize),
}

/// Takes out the faults and operations that the failure does not need.
///
/// They are taken together, in order of time: what makes a run fail lies close together more often than not, a fault with
/// the operation that it hits.
pub(super) fn fewer(search: &mut Search<'_>) {
    let whole = search.best.clone();
    ddmin(by_time(&whole), |kept| search.attempt(|plan| keep(plan, &whole, kept)));
}

fn by_time(plan: &Plan) -> Vec<Entry> {
    let faults = plan.faults.iter().enumerate().map(|(index, fault)| (fault.from_us, Entry::Fault(index)));
    let operations = plan.operations.iter().enumerate().map(|(index, call)| (call.at_us, Entry::Operation(index)));
    let mut entries: Vec<(u64, Entry)> = faults.chain(operations).collect();
    entries.sort_by_key(|(at_us, _)| *at_us);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// Both lists in the order that they have in the whole plan.
fn keep(plan: &mut Plan, whole: &Plan, kept: &[Entry]) {
    let faults = whole.faults.iter().enumerate();
    plan.faults =
        faults.filter(|(index, _)| kept.contains(&Entry::Fault(*index))).map(|(_, fault)| fault.clone()).collect();
    let operations = whole.operations.iter().enumerate();
    plan.operations = operations
        .filter(|(index, _)| kept.contains(&Entry::Operation(*index)))
        .map(|(_, operation)| operation.clone())
        .collect();
}
