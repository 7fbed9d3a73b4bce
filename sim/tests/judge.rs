//! The simulator as a judge over changed sources: every scenario, and the first so many seeds, until something does not hold.
//!
//! `LODE_JUDGE_SEEDS` says how many seeds; `sim/mutants.md` says who sets it.

use std::num::NonZeroUsize;

use lode_sim::draw;
use lode_sim::history::Violation;
use lode_sim::run;
use lode_sim::scenario::{self, Scenario, play};
use lode_sim::swarm::Swarm;
use lode_sim::trace::Keep;

/// How many seeds are run when nothing is said: enough to see that the judge itself is well.
const SEEDS: u64 = 300;

#[test]
fn every_scenario_and_every_seed_holds() {
    for scenario in scenario::ALL {
        let Scenario { name, .. } = scenario;
        let violations = play(scenario, Keep::Nothing).violations;
        assert!(violations.is_empty(), "scenario {name}:\n{}", told(&violations));
    }
    let runs = std::env::var("LODE_JUDGE_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let swarm = Swarm { first_seed: 0, runs, threads, collect: false };
    let report = swarm.run(&|seed| run::run(&draw::from_seed(seed), Keep::Nothing), &mut |_| {});
    let failed = report.failures.iter().map(|failure| format!("seed {}:\n{}", failure.seed, told(&failure.violations)));
    let failed: Vec<_> = failed.collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(report.totals.runs, runs);
}

fn told(violations: &[Violation]) -> String {
    let told = |Violation { at, checker, node, text }: &Violation| format!("{checker}: at {at:?} on {node}: {text}");
    violations.iter().map(told).collect::<Vec<_>>().join("\n")
}
