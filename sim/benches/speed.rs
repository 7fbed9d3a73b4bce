//! The speed of the simulator.
fn main() {
    use lode_sim::{run::run, steady::Steady, trace::Keep};
    if std::env::args().nth(1).as_deref() == Some("hash") {
        let text = std::fs::read_to_string("/tmp/scale/base-1500.txt").unwrap();
        let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
        let mut bad = 0;
        for (seed, line) in (1..).zip(text.lines().filter(|l| l.starts_with("seed"))).take(n) {
            let run = run(&lode_sim::draw::from_seed(seed), Keep::Hash);
            let steps: String = line.split("; ").nth(1).unwrap().split(' ').next().unwrap().replace(',', "");
            if !line.ends_with(&format!("{:016x}", run.trace.hash())) || steps != run.steps.to_string() {
                bad += 1;
                if bad < 8 {
                    println!("seed {seed} differs: {line}: {} {:016x}", run.steps, run.trace.hash());
                }
            }
        }
        println!("{n} compared, {bad} differ");
        return;
    }
    let a: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let steady = Steady {
        seed: 1,
        apis: a[0] as u16,
        datas: a[1] as u16,
        names: a[2] as u16,
        period_us: a[3],
        lasting_us: a[4] * 1_000_000,
    };
    let plan = steady.plan();
    let cpu = || {
        std::fs::read_to_string("/proc/thread-self/schedstat")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    for _ in 0..a.get(5).copied().unwrap_or(1) {
        let (c, t) = (cpu(), std::time::Instant::now());
        let run = run(&plan, Keep::Nothing);
        let (c, t) = ((cpu() - c) as f64 / 1e9, t.elapsed());
        if std::env::var("COV").is_ok() {
            println!("{}", run.coverage);
        }
        println!(
            "{} violations, {} steps, {:?}; cpu {c:.3} wall {t:.3?}; {:.0} steps/s cpu; {:.0}x real time",
            run.violations.len(),
            run.steps,
            run.lasted,
            run.steps as f64 / c,
            run.lasted.as_secs_f64() / c
        );
    }
}
