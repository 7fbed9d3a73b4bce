//! What the command line drives; tests put a simulator of their own in its place.

use lode_sim::history::Violation;
use lode_sim::plan::Plan;
use lode_sim::run::Run;
use lode_sim::scenario::{self, Scenario};
use lode_sim::trace::{Keep, Record};

/// What the command line drives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Simulator {
    /// The plan of a seed.
    pub(super) draw: fn(u64) -> Plan,
    /// Whether a plan can be run, and if not, why not.
    pub(super) validate: fn(&Plan) -> Result<(), String>,
    /// A run of a plan.
    pub(super) run: fn(&Plan, Keep) -> Run,
    /// A page with a picture of a run, under a title.
    pub(super) html: fn(&str, &Plan, &[Record], &[Violation]) -> String,
    /// The named plans, with their stories.
    pub(super) scenarios: fn() -> Vec<Scenario>,
}

/// The real one.
pub(super) const REAL: Simulator = Simulator {
    draw: lode_sim::draw::from_seed,
    validate: |plan| lode_sim::plan::validate::validate(plan).map_err(|error| error.to_string()),
    run: lode_sim::run::run,
    html: lode_sim::picture::html,
    scenarios: || scenario::ALL.to_vec(),
};
