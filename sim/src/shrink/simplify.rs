//! A simpler plan of the same entries: one that a person reads sooner.

use super::{Search, settings};
use crate::plan::kind::{ALWAYS, Measure};
use crate::plan::{Action, BodyFlaw, Fault, Operation, Plan};

/// How often the distance between what fails and what does not is halved. More would only be more exact.
const HALVINGS: u32 = 6;

/// Makes everything simpler that the failure does not need as it is.
pub(super) fn all(search: &mut Search<'_>) {
    for index in 0..search.best.operations.len() {
        simpler_operation(search, index);
    }
    for index in 0..search.best.faults.len() {
        shorter(search, index);
        weaker(search, index);
    }
    settings::usual(search);
    earlier_calm(search);
}

fn simpler_operation(search: &mut Search<'_>, index: usize) {
    let size_bytes = |operation: &Operation| match operation.action {
        Action::Put { size_bytes, .. } => size_bytes,
        Action::Get { .. }
        | Action::Head
        | Action::Delete
        | Action::Locate { .. }
        | Action::Versions
        | Action::List { .. } => 0,
    };
    approach(
        search,
        |plan| plan.operations.get(index).map(|operation| (size_bytes(operation), 0)),
        |plan, value| {
            if let Some(Action::Put { size_bytes, .. }) = action(plan, index) {
                *size_bytes = value;
            }
        },
    );
    for simplify in SIMPLER_OPERATION {
        search.attempt(|plan| {
            if let Some(operation) = plan.operations.get_mut(index) {
                simplify(operation);
            }
        });
    }
    for simplify in SIMPLER {
        search.attempt(|plan| {
            if let Some(action) = action(plan, index) {
                simplify(action);
            }
        });
    }
}

fn action(plan: &mut Plan, index: usize) -> Option<&mut Action> {
    plan.operations.get_mut(index).map(|operation| &mut operation.action)
}

/// What may make an operation simpler, whatever its action is.
const SIMPLER_OPERATION: [fn(&mut Operation); 2] =
    [|operation| operation.only_if = None, |operation| operation.version = None];

/// What may make an action simpler.
const SIMPLER: [fn(&mut Action); 5] = [
    |action| {
        if let Action::Put { flaw, .. } = action {
            *flaw = BodyFlaw::None;
        }
    },
    |action| {
        if let Action::Put { declared, .. } = action {
            *declared = true;
        }
    },
    |action| {
        if let Action::Get { hangs_up, .. } = action {
            *hangs_up = false;
        }
    },
    |action| {
        if let Action::Get { range, .. } = action {
            *range = None;
        }
    },
    |action| {
        if let Action::Locate { all } = action {
            *all = false;
        }
    },
];

/// A shorter fault: it ends earlier, then it begins later, though not after the one that begins next.
fn shorter(search: &mut Search<'_>, index: usize) {
    let end = |plan: &Plan| {
        let fault = plan.faults.get(index)?;
        Some((fault.until_us, fault.until_us.min(fault.from_us.saturating_add(1))))
    };
    approach(search, end, |plan, until_us| change(plan, index, |fault| fault.until_us = until_us));
    let begin = |plan: &Plan| {
        let fault = plan.faults.get(index)?;
        let next = plan.faults.get(index + 1).map_or(u64::MAX, |next| next.from_us);
        Some((fault.from_us, fault.until_us.saturating_sub(1).min(next).max(fault.from_us)))
    };
    approach(search, begin, |plan, from_us| change(plan, index, |fault| fault.from_us = from_us));
}

/// A fault that strikes always, or else as rarely as will do; one as weak as will do.
fn weaker(search: &mut Search<'_>, index: usize) {
    if let Some(Fault { kind, .. }) = search.best.faults.get(index)
        && kind.kind().measure() == Some(Measure::Permille)
        && (kind.strength() == ALWAYS
            || search.attempt(|plan| change(plan, index, |fault| fault.kind.set_strength(ALWAYS))))
    {
        return;
    }
    let size = |plan: &Plan| {
        let fault = plan.faults.get(index)?;
        Some((u64::try_from(fault.kind.strength().unsigned_abs()).ok()?, 0))
    };
    approach(search, size, |plan, size| change(plan, index, |fault| set_size(fault, size)));
}

/// Its strength stays above or below zero.
fn set_size(fault: &mut Fault, size: u64) {
    fault.kind.set_strength(fault.kind.strength().signum() * i128::from(size));
}

fn change(plan: &mut Plan, index: usize, change: impl FnOnce(&mut Fault)) {
    if let Some(fault) = plan.faults.get_mut(index) {
        change(fault);
    }
}

/// The calm begins once the last fault is over and the last operation begun, not later.
fn earlier_calm(search: &mut Search<'_>) {
    let faults = search.best.faults.iter().map(|fault| fault.until_us);
    let ends = faults.chain(search.best.operations.iter().map(|operation| operation.at_us));
    let earliest_us = ends.max().unwrap_or(0);
    approach(
        search,
        |plan| Some((plan.calm_at_us, earliest_us.min(plan.calm_at_us))),
        |plan, calm_at_us| plan.calm_at_us = calm_at_us,
    );
}

/// Brings a number from where it is to where it is wanted, or as near as it still fails. `read` tells both.
fn approach(search: &mut Search<'_>, read: impl Fn(&Plan) -> Option<(u64, u64)>, write: impl Fn(&mut Plan, u64)) {
    let Some((mut fails, mut passes)) = read(&search.best) else { return };
    if fails == passes || search.attempt(|plan| write(plan, passes)) {
        return;
    }
    for _ in 0..HALVINGS {
        let between = fails.midpoint(passes);
        if between == fails || between == passes {
            return;
        }
        if search.attempt(|plan| write(plan, between)) {
            fails = between;
        } else {
            passes = between;
        }
    }
}
