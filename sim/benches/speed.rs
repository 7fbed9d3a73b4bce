//! How fast the simulator is, on one thread.
//!
//!     cargo bench -p lode-sim
//!
//! Each figure is the median of several rounds, in which the workloads take turns, so that what else the machine does falls on
//! all of them alike. Rates are given twice: by the clock on the wall, and by the time that this thread had a core, which says
//! what a core of its own would give. A number behind `--` is the number of rounds.

use std::hint::black_box;
use std::time::Instant;

use lode_sim::draw;
use lode_sim::plan::{CatalogSetup, Plan};
use lode_sim::run::run;
use lode_sim::steady::Steady;
use lode_sim::trace::Keep;

/// What is measured.
struct Workload {
    name: &'static str,
    plans: Vec<Plan>,
    /// How many rounds it is left out of, for each that it takes part in.
    seldom: usize,
    measured: Vec<Measured>,
}

/// One round.
struct Measured {
    steps: u64,
    simulated_s: f64,
    wall_s: f64,
    core_s: f64,
}

fn main() {
    let rounds = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(7_usize);
    let mut workloads = workloads();
    for round in 0..rounds {
        for workload in workloads.iter_mut().filter(|workload| round % (workload.seldom + 1) == 0) {
            let measured = measure(&workload.plans);
            workload.measured.push(measured);
        }
    }
    println!("{:<58} {:>6} {:>13} {:>12} {:>13} {:>12} {:>8}", "", "", "wall clock", "", "core time", "", "");
    println!(
        "{:<58} {:>6} {:>13} {:>12} {:>13} {:>12} {:>8}",
        "median", "rounds", "steps/s", "x real time", "steps/s", "x real time", "wall s"
    );
    for workload in &workloads {
        report(workload);
    }
}

fn workloads() -> Vec<Workload> {
    let hour_us = 3_600_000_000;
    let (names, period_us, catalog, lasting_us) = (300, 50_000, None, hour_us);
    let small = Steady { seed: 1, apis: 2, datas: 10, names, period_us, catalog, lasting_us };
    let versioned = Steady { catalog: Some(CatalogSetup::usual()), ..small };
    // One operation each 10 s: each asks all thousand, and each name is read through each API server in the end.
    let (apis, datas, names, period_us) = (100, 1000, 4, 10_000_000);
    let large = Steady { apis, datas, names, period_us, ..small };
    let workload = |name, plans, seldom| Workload { name, plans, seldom, measured: Vec::new() };
    vec![
        workload("2 API + 10 data servers, 20 operations/s, one hour", vec![small.plan()], 0),
        workload("the same with a catalog and 3 copies", vec![versioned.plan()], 0),
        workload("1,000 seeds of the swarm, faults and all", (1..=1000).map(draw::from_seed).collect(), 0),
        workload("100 API + 1,000 data servers, one hour", vec![large.plan()], 6),
    ]
}

fn measure(plans: &[Plan]) -> Measured {
    let (wall, core_s) = (Instant::now(), core_seconds());
    let (mut steps, mut simulated_s) = (0, 0.0);
    for plan in plans {
        let run = black_box(run(plan, Keep::Nothing));
        assert!(run.violations.is_empty(), "{:?}", run.violations);
        steps += run.steps;
        simulated_s += run.lasted.as_secs_f64();
    }
    Measured { steps, simulated_s, wall_s: wall.elapsed().as_secs_f64(), core_s: core_seconds() - core_s }
}

/// How long this thread had a core so far; the time on the wall where the system does not say.
fn core_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_ref().and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |nanos| nanos / 1e9)
}

thread_local! {
    static START: Instant = Instant::now();
}

fn report(Workload { name, measured, .. }: &Workload) {
    let rate = |of: fn(&Measured) -> f64| median(measured.iter().map(of).collect());
    #[allow(clippy::cast_precision_loss, reason = "no run has 2^53 steps")]
    let (per_wall, per_core) = (rate(|m| m.steps as f64 / m.wall_s), rate(|m| m.steps as f64 / m.core_s));
    let (wall, core) = (rate(|m| m.simulated_s / m.wall_s), rate(|m| m.simulated_s / m.core_s));
    println!(
        "{name:<58} {:>6} {per_wall:>13.0} {wall:>12.0} {per_core:>13.0} {core:>12.0} {:>8.2}",
        measured.len(),
        rate(|m| m.wall_s)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
