//! What the command line drives. Each field of [`REAL`] is one line to be changed when what it stands for is there; tests
//! put a simulator of their own in its place.

mod stand_in;

use lode_sim::history::Violation;
use lode_sim::plan::Plan;
use lode_sim::run::Run;
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
    /// The named plans.
    pub(super) scenarios: fn() -> Vec<Scenario>,
}

/// A plan with a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// Its name.
    pub(super) name: &'static str,
    /// What happens in it, and what it is to show.
    pub(super) story: &'static str,
    /// The plan.
    pub(super) plan: fn() -> Plan,
}

/// The real one.
pub(super) const REAL: Simulator = Simulator {
    draw: lode_sim::draw::from_seed,
    validate: |plan| lode_sim::plan::validate::validate(plan).map_err(|error| error.to_string()),
    run: lode_sim::run::run,
    html: lode_sim::picture::html,
    scenarios: stand_in::scenarios, // || lode_sim::scenario::ALL.iter().map(|s| Scenario { name: s.name, story: s.story, plan: s.plan }).collect()
};
