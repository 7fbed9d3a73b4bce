//! The simulator's command line.
use lode_sim::{draw, run, trace};
fn main() {
    let args: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (first, count) = (args[0], args.get(1).copied().unwrap_or(1));
    let started = std::time::Instant::now();
    let (mut steps, mut bad) = (0, 0);
    let mut virt = 0.0;
    let mut cov = lode_sim::coverage::Coverage::default();
    for seed in first..first + count {
        let plan = draw::from_seed(seed);
        let run = run::run(&plan, if count == 1 { trace::Keep::Records } else { trace::Keep::Nothing });
        steps += run.steps;
        virt += run.lasted.as_secs_f64();
        cov.add(&run.coverage);
        if count == 1 {
            println!("{plan:#?}");
            for r in run.trace.records() { println!("{r}"); }
        }
        if !run.violations.is_empty() { bad += 1; if bad < 40 { println!("seed {seed}: {} {} {}", run.violations[0].checker, run.violations[0].node, run.violations[0].text); } }
    }
    let t = started.elapsed().as_secs_f64();
    if count > 1 { println!("{cov}"); }
    println!("{count} runs {bad} bad {steps} steps {t:.2}s {:.0} steps/s, virtual {:.0}x", steps as f64 / t, virt / t);
}
