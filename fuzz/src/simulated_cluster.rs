//! A whole cluster in virtual time. The bytes are a plan: who takes part, under which settings, what clients do, what goes
//! wrong. All that the simulator checks of a run must hold, whatever the plan. Fewer bytes mean fewer faults and operations,
//! so that what libFuzzer makes of a failure is the smallest plan that it can find; the plan that is printed as JSON can be
//! looked at with `lode-sim --replay`, and shrunk further with `--shrink`.

use lode_sim::assertion::guarded;
use lode_sim::draw::from_bytes;
use lode_sim::history::Violation;
use lode_sim::plan::Plan;
use lode_sim::plan::validate::validate;
use lode_sim::run::run;
use lode_sim::trace::Keep;

/// See the top of this file.
pub fn simulated_cluster(data: &[u8]) {
    let plan = from_bytes(data);
    if let Err(contradiction) = validate(&plan) {
        panic!("a plan was drawn that cannot be run: {contradiction}\n{}", json(&plan));
    }
    // Also a panic of the simulator itself is worth nothing without the plan.
    let violations = guarded(Keep::Nothing, || run(&plan, Keep::Nothing)).violations;
    assert!(violations.is_empty(), "{}the plan:\n{}", told(&violations), json(&plan));
}

fn told(violations: &[Violation]) -> String {
    let line = |violation: &Violation| {
        let Violation { at, checker, node, text } = violation;
        format!("{checker}: at {at:?} on {node}: {text}\n")
    };
    violations.iter().map(line).collect()
}

fn json(plan: &Plan) -> String {
    serde_json::to_string(plan).expect("a plan is a tree of numbers and names")
}
