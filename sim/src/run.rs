//! One run: a plan in, what came of it out.

use std::time::Duration;

use crate::coverage::Coverage;
use crate::history::{History, Violation};
use crate::plan::Plan;
use crate::trace::{Keep, Trace};
use crate::traffic::Traffic;
use crate::world::World;

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// What does not hold, in the order in which it was seen. Empty is good.
    pub violations: Vec<Violation>,
    /// What happened.
    pub trace: Trace,
    /// What clients asked and were told, and what was true meanwhile.
    pub history: History,
    /// What was touched.
    pub coverage: Coverage,
    /// How often a machine was called.
    pub steps: u64,
    /// How much virtual time has passed.
    pub lasted: Duration,
    /// What went over the wires.
    pub traffic: Traffic,
}

/// Runs the plan from its beginning until everything must have come right. The same plan gives the same run, bit for bit.
/// The plan must be [valid](crate::plan::validate::validate).
///
/// # Panics
/// If a machine fails an assertion of its own.
#[must_use]
pub fn run(plan: &Plan, keep: Keep) -> Run {
    World::new(plan, keep).run()
}
