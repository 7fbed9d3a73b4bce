//! The same plan gives the same run, byte for byte: twice, in another thread, after other runs, read back from JSON, and
//! whatever is kept of it. A seed alone does not make a run reproducible, so it is proved here by comparing whole traces; that
//! debug and release builds agree as well is compared by `compare_builds.sh`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;

use lode_sim::draw::from_seed;
use lode_sim::history::Outcome;
use lode_sim::node::Node;
use lode_sim::plan::{FaultKind, Plan};
use lode_sim::run::{Run, run};
use lode_sim::scenario::Story;
use lode_sim::trace::{Keep, MessageKind, Record};

/// Compared line by line.
const PRINTED: Range<u64> = 20_000..20_050;
/// Compared by the hashes of their traces.
const HASHED: Range<u64> = 30_000..30_300;
/// Run once more, in yet another way.
const ANOTHER_WAY: Range<u64> = 40_000..40_015;

#[test]
fn the_same_seed_prints_the_same_lines() {
    for seed in PRINTED {
        let plan = from_seed(seed);
        let (first, again) = (run(&plan, Keep::Records), run(&from_seed(seed), Keep::Records));
        same_lines(seed, &first, &again);
        assert_eq!(known(&first), known(&again), "seed {seed}");
    }
}

#[test]
fn a_run_does_not_depend_on_what_is_kept_of_it() {
    for seed in ANOTHER_WAY {
        let plan = from_seed(seed);
        let (records, hash) = (run(&plan, Keep::Records), run(&plan, Keep::Hash));
        assert_eq!(records.trace.hash(), hash.trace.hash(), "seed {seed}");
        assert_eq!(known(&records), known(&run(&plan, Keep::Nothing)), "seed {seed}");
    }
}

/// Two threads, one of which goes from the last to the first: no run has the same ones before and beside it.
#[test]
fn a_run_depends_on_no_other_run_and_on_no_thread() {
    let hashes = |seeds: Vec<u64>| -> BTreeMap<u64, (u64, u64)> {
        let hash = |seed| {
            let run = run(&from_seed(seed), Keep::Hash);
            (seed, (run.trace.hash(), run.steps))
        };
        seeds.into_iter().map(hash).collect()
    };
    let backwards = thread::spawn(move || hashes(HASHED.rev().collect()));
    let forwards = hashes(HASHED.collect());
    assert_eq!(forwards, backwards.join().unwrap());
    let mut different: Vec<u64> = forwards.values().map(|(hash, _)| *hash).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), forwards.len(), "each run has a trace of its own");
}

#[test]
fn a_plan_that_was_saved_and_read_gives_the_same_run() {
    for seed in ANOTHER_WAY {
        let plan = from_seed(seed);
        let saved = serde_json::to_string_pretty(&plan).unwrap();
        let read: Plan = serde_json::from_str(&saved).unwrap();
        assert_eq!(plan, read, "seed {seed}");
        assert_eq!(run(&plan, Keep::Hash).trace.hash(), run(&read, Keep::Hash).trace.hash(), "seed {seed}");
    }
}

fn same_lines(seed: u64, one: &Run, other: &Run) {
    let lines = |run: &Run| -> Vec<String> { run.trace.records().iter().map(ToString::to_string).collect() };
    let (one, other) = (lines(one), lines(other));
    let differing = one.iter().zip(&other).position(|(one, other)| one != other);
    let at = differing.unwrap_or(one.len().min(other.len()));
    assert_eq!(one.get(at), other.get(at), "seed {seed}: line {at} is the first that differs");
}

/// All that is known of a run beside its trace.
fn known(run: &Run) -> String {
    format!("{:?} {:?} {:?} {} {:?}", run.violations, run.history, run.coverage, run.steps, run.lasted)
}

/// Three faults of data-3 and one of api-2; what a client wants, it asks api-1, about an object on data-1.
fn plan_with_faults() -> Plan {
    let (data, api) = (Node::Data(3), Node::Api(2));
    let spread = (100, 20_000);
    let story = Story::of(2, 3).at_pace(|pace| (pace.link_us, pace.bus_us, pace.disk_us) = (spread, spread, spread));
    let story =
        story.at(6.0).put(Node::Data(1), 1, 100).every(1.0, 7.0, 24.0, |story, _| story.locate(Node::Api(1), 1));
    let story = story
        .fault(7.0, 13.0, FaultKind::SlowLink { node: data, up_to_us: 50_000 })
        .fault(8.0, 9.0, FaultKind::BusLoss { node: data, permille: 500 })
        .fault(10.0, 12.0, FaultKind::Kill { node: data })
        .fault(11.0, 24.0, FaultKind::Pause { node: api });
    let mut plan = story.plan();
    plan.operations.iter_mut().for_each(|operation| operation.client = Node::Client(1));
    plan
}

/// What lets a plan be shrunk: with one fault less, all else takes as long as it did.
#[test]
fn a_fault_less_leaves_how_long_everything_takes_between_others() {
    let plan = plan_with_faults();
    let whole = run(&plan, Keep::Records);
    assert!(whole.violations.is_empty(), "{:?}", whole.violations);
    let found = whole.history.calls.iter().filter(|call| matches!(call.outcome, Outcome::Located { .. })).count();
    assert_eq!(found, 17);
    for index in 0..plan.faults.len() {
        let mut less = plan.clone();
        less.faults.remove(index);
        let without = run(&less, Keep::Records);
        assert_ne!(whole.trace.hash(), without.trace.hash(), "fault {index} does nothing");
        let (before, after) = (latencies(&whole), latencies(&without));
        assert_eq!(before, after, "without {:?}", plan.faults[index]);
        assert!(before.values().map(Vec::len).sum::<usize>() > 60, "{before:?}");
    }
}

/// How long messages take from and to nodes that no fault is about: client-1, api-1, data-1 and data-2. Heartbeats are left
/// out, as those of data-3 come to api-1 on the same queue.
fn latencies(run: &Run) -> BTreeMap<(Node, Node, MessageKind), Vec<u64>> {
    let ours = [Node::Client(1), Node::Api(1), Node::Data(1), Node::Data(2)];
    let mut latencies: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for record in run.trace.records() {
        if let Record::Message { kind, from, to, sent, arrives: Some(arrives), .. } = record
            && ours.contains(from)
            && ours.contains(to)
            && matches!(kind, MessageKind::Request | MessageKind::Response | MessageKind::Query)
        {
            let took_ns = arrives.as_nanos() - sent.as_nanos();
            latencies.entry((*from, *to, *kind)).or_default().push(took_ns);
        }
    }
    latencies
}
