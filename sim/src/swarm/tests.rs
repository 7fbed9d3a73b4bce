use std::sync::atomic::{AtomicU64, Ordering};

use lode_core::time::Instant as CoreInstant;

use super::*;
use crate::assertion::CHECKER;
use crate::coverage::Point;
use crate::history::History;
use crate::node::Node;
use crate::trace::Trace;

fn swarm(threads: usize, collect: bool) -> Swarm {
    Swarm { first_seed: 100, runs: 500, threads: NonZeroUsize::new(threads).unwrap(), collect }
}

fn run_of(seed: u64, checkers: &[&'static str]) -> Run {
    let violations = checkers.iter().map(|checker| Violation {
        at: CoreInstant::from_nanos(seed),
        checker,
        node: Node::Api(1),
        text: format!("seed {seed}"),
    });
    let mut coverage = Coverage::default();
    coverage.hit(Point::ALL[0]);
    Run {
        violations: violations.collect(),
        trace: Trace::new(Keep::Nothing),
        history: History::default(),
        coverage,
        steps: seed,
        lasted: Duration::from_millis(seed),
        traffic: crate::traffic::Traffic::default(),
    }
}

/// Some fail, some panic, and who is done first is left to chance.
fn uneven(seed: u64) -> Run {
    thread::sleep(Duration::from_micros(seed.wrapping_mul(0x9e37_79b9) % 300));
    match seed {
        250 | 251 | 400 => run_of(seed, &["exact-bytes", "liveness", "liveness"]),
        333 => panic!("seed 333 believes nothing"),
        _ => run_of(seed, &[]),
    }
}

fn quietly(swarm: Swarm, run: &(dyn Fn(u64) -> Run + Sync)) -> Report {
    swarm.run(run, &mut |_| {})
}

/// All of a report that is not real time.
fn told(report: &Report) -> String {
    let mut report = report.clone();
    report.totals.wall = Duration::ZERO;
    format!("{report:?}")
}

#[test]
fn the_lowest_failing_seed_is_found_whoever_is_first() {
    let one = quietly(swarm(1, false), &uneven);
    assert_eq!(one.totals.runs, 151);
    assert_eq!(one.totals.failed_runs, 1);
    assert_eq!(one.totals.steps, (100..=250).sum::<u64>());
    assert_eq!(one.totals.simulated, Duration::from_millis((100..=250).sum()));
    assert_eq!(one.coverage.hits(Point::ALL[0]), 151);
    assert_eq!(one.failures.iter().map(|failure| failure.seed).collect::<Vec<_>>(), [250]);
    for threads in [2, 3, 16] {
        assert_eq!(told(&quietly(swarm(threads, false), &uneven)), told(&one), "{threads} threads");
    }
}

#[test]
fn failures_are_collected_by_seed_and_by_checker() {
    let one = quietly(swarm(1, true), &uneven);
    assert_eq!((one.totals.runs, one.totals.failed_runs), (500, 4));
    assert_eq!(one.failures.iter().map(|failure| failure.seed).collect::<Vec<_>>(), [250, 251, 333, 400]);
    let tally = |checker| one.checkers.get(checker).copied();
    assert_eq!(tally("liveness"), Some(Tally { runs: 3, first_seed: 250 }));
    assert_eq!(tally(CHECKER), Some(Tally { runs: 1, first_seed: 333 }));
    for threads in [2, 7] {
        assert_eq!(told(&quietly(swarm(threads, true), &uneven)), told(&one), "{threads} threads");
    }
}

#[test]
fn a_panic_is_told_with_its_message() {
    let report = quietly(Swarm { first_seed: 333, runs: 1, ..swarm(2, false) }, &uneven);
    let violation = &report.failures[0].violations[0];
    assert_eq!(violation.checker, CHECKER);
    assert!(violation.text.starts_with("seed 333 believes nothing, at "), "{}", violation.text);
    assert!(violation.text.contains("tests.rs:"), "{}", violation.text);
}

#[test]
fn no_seed_is_run_twice_nor_one_after_the_end() {
    let ran = AtomicU64::new(0);
    let report = quietly(Swarm { first_seed: u64::MAX, runs: 3, ..swarm(8, false) }, &|seed| {
        ran.fetch_add(1, Ordering::Relaxed);
        run_of(seed % 10, &[])
    });
    assert_eq!((report.totals.runs, ran.into_inner()), (3, 3));
    assert_eq!(report.totals.steps, u64::MAX % 10 + 1);
    assert_eq!(quietly(Swarm { runs: 0, ..swarm(8, false) }, &uneven).totals.runs, 0);
}

#[test]
fn no_more_failures_are_kept_than_said() {
    let many = Swarm { runs: 1500, ..swarm(2, true) };
    let report = quietly(many, &|seed| run_of(seed, &["liveness"]));
    assert_eq!((report.totals.failed_runs, report.failures.len()), (1500, FAILURES_KEPT));
    assert_eq!(report.failures[FAILURES_KEPT - 1].seed, 100 + 999);
}

#[test]
fn progress_names_the_seed_that_takes_longest() {
    let slow = Swarm { runs: 20, ..swarm(2, false) };
    let mut seen = Vec::new();
    slow.run(
        &|seed| {
            if seed == 103 {
                thread::sleep(PROGRESS_EVERY * 4);
            }
            run_of(seed, &[])
        },
        &mut |progress| seen.push(*progress),
    );
    let waiting = seen.iter().find(|progress| progress.longest.is_some_and(|(seed, _)| seed == 103)).unwrap();
    assert_eq!((waiting.totals.runs, waiting.totals.failed_runs), (3, 0));
}
