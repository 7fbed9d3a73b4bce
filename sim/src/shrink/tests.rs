use proptest::prelude::*;

use super::*;
use crate::assertion;
use crate::coverage::Coverage;
use crate::history::History;
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, Cluster, Fault, FaultKind, Operation, Pace};
use crate::trace::Trace;

/// A plan with so many faults and operations, all of them different.
fn large(faults: u16, operations: u16) -> Plan {
    Plan {
        seed: 42,
        cluster: Cluster {
            apis: 3,
            datas: 8,
            seed_apis: 1,
            seed_datas: 2,
            heartbeat_period_us: 3_000_000,
            expiry_us: 7_000_000,
            locate_deadline_us: 900_000,
            ask_directly_after_us: 300_000,
            short_patience_us: 1_000_000,
            long_patience_us: 2_000_000,
            held_body_bytes: 1000,
            max_requests: 5,
            max_members: 6,
            max_direct_asks: 3,
            max_direct_asks_beside_bus: 2,
            max_attempts: 3,
            max_lookups: 3,
            disk_bytes: 1_000_000,
            reserve_bytes: 1000,
            catalog: None,
        },
        pace: Pace { link_us: (1, 2), bus_us: (3, 4), disk_us: (5, 6), reconnect_us: (7, 8), bytes_per_ms: 9 },
        operations: (0..operations).map(operation).collect(),
        faults: (0..faults).map(fault).collect(),
        calm_at_us: 60_000_000,
    }
}

fn operation(number: u16) -> Operation {
    let action = match number % 4 {
        0 => Action::Put { size_bytes: 70_000, declared: false, flaw: BodyFlaw::Stalls { for_us: 10 } },
        1 => Action::Get { range: Some((1, 2)), hangs_up: true },
        2 => Action::Locate { all: true },
        _ => Action::Delete,
    };
    Operation {
        at_us: u64::from(number) * 100_000,
        client: Node::Client(number % 5 + 1),
        server: Node::Api(number % 3 + 1),
        name: number % 6,
        action,
        only_if: None,
        version: None,
    }
}

fn fault(number: u16) -> Fault {
    let node = Node::Data(number % 8 + 1);
    let kind = match number % 4 {
        0 => FaultKind::BusLoss { node, permille: 200 },
        1 => FaultKind::Kill { node },
        2 => FaultKind::ClockDrift { node, ppm: -300 },
        _ => FaultKind::Partition { a: node, b: Node::Api(2) },
    };
    let from_us = u64::from(number) * 70_000;
    Fault { from_us, until_us: from_us + 5_000_000, kind }
}

fn shrunk(plan: &Plan, mut fails: impl FnMut(&Plan) -> bool) -> Shrunk {
    shrink(plan, 10_000, &mut fails, &mut |_| {}).unwrap()
}

fn kills(plan: &Plan, node: Node) -> Option<&Fault> {
    plan.faults.iter().find(|fault| fault.kind == FaultKind::Kill { node })
}

#[test]
fn a_kill_and_a_later_put_are_all_that_is_left() {
    let node = Node::Data(2);
    let fails = |plan: &Plan| {
        let put_after = |at_us| {
            let mut operations = plan.operations.iter();
            operations.any(|put| put.at_us > at_us && put.name == 2 && matches!(put.action, Action::Put { .. }))
        };
        plan.cluster.datas >= 2 && kills(plan, node).is_some_and(|kill| put_after(kill.from_us))
    };
    let shrunk = shrunk(&large(60, 120), fails);
    let Plan { faults, operations, cluster, calm_at_us, .. } = &shrunk.plan;
    let [kill] = faults.as_slice() else { panic!("{faults:?}") };
    assert_eq!((&kill.kind, kill.until_us - kill.from_us), (&FaultKind::Kill { node }, 1));
    let [put] = operations.as_slice() else { panic!("{operations:?}") };
    assert_eq!((put.name, put.client, put.server), (2, Node::Client(1), Node::Api(1)));
    assert_eq!(put.action, Action::Put { size_bytes: 0, declared: true, flaw: BodyFlaw::None });
    assert_eq!((cluster.apis, cluster.datas, cluster.seed_apis, cluster.seed_datas), (1, 2, 0, 0));
    assert_eq!(cluster.heartbeat_period_us, 5_000_000);
    assert_eq!(*calm_at_us, kill.until_us.max(put.at_us));
    assert!(!shrunk.exhausted && shrunk.attempts < 300, "{} attempts", shrunk.attempts);
}

#[test]
fn what_the_failure_needs_stays_as_it_is() {
    let plan = large(12, 8);
    let fails = |candidate: &Plan| {
        let lost = candidate.faults.iter().any(|fault| {
            let FaultKind::BusLoss { node: Node::Data(5), permille } = fault.kind else { return false };
            permille < 300 && fault.until_us > 4_000_000
        });
        lost && candidate.cluster.max_members == 6
            && candidate.pace.link_us == (1, 2)
            && candidate.calm_at_us > 50_000_000
    };
    let found = shrunk(&plan, fails).plan;
    assert!(fails(&found));
    assert_eq!((found.faults.len(), found.operations.len()), (1, 0));
    assert!((4_000_001..4_200_000).contains(&found.faults[0].until_us), "{found:?}");
    assert!((50_000_001..51_500_000).contains(&found.calm_at_us), "{found:?}");
    assert_eq!((found.cluster.datas, found.cluster.max_requests), (5, 4096));
}

#[test]
fn servers_are_numbered_anew() {
    let asked = |plan: &Plan| plan.operations.iter().map(|operation| operation.server).collect::<BTreeSet<_>>();
    let mut plan = large(0, 3);
    plan.operations.remove(1);
    assert_eq!(asked(&plan), BTreeSet::from([Node::Api(1), Node::Api(3)]));
    let found = shrunk(&plan, |plan| asked(plan).len() == 2).plan;
    assert_eq!(asked(&found), BTreeSet::from([Node::Api(1), Node::Api(2)]));
    assert_eq!((found.cluster.apis, found.cluster.datas), (2, 1));
}

#[test]
fn a_plan_that_passes_is_refused() {
    assert_eq!(shrink(&large(5, 5), 100, &mut |_| false, &mut |_| {}), Err(DoesNotFail));
}

#[test]
fn no_more_is_tried_than_allowed_and_each_plan_once() {
    let (mut tried, mut told) = (Vec::new(), Vec::new());
    let mut fails = |plan: &Plan| {
        assert!(!tried.contains(plan), "tried twice");
        tried.push(plan.clone());
        plan.faults.len() >= 7
    };
    let shrunk = shrink(&large(40, 40), 25, &mut fails, &mut |progress| told.push(*progress)).unwrap();
    assert!(shrunk.exhausted && shrunk.plan.faults.len() >= 7);
    assert_eq!((shrunk.attempts, tried.len(), told.len()), (25, 26, 25));
    assert_eq!(told.last().map(|progress| progress.faults), Some(shrunk.plan.faults.len()));
}

#[test]
fn the_same_failure_is_that_of_the_same_checker() {
    let violating = |plan: &Plan| {
        let checker = if kills(plan, Node::Data(2)).is_some() { "exact-bytes" } else { "liveness" };
        if plan.operations.is_empty() {
            assert!(plan.faults.is_empty(), "faults and no operations");
        }
        let violation = assertion::Assertion { message: "m".into(), place: "p".into() };
        let violation = Violation { checker, ..violation.violation(lode_core::time::Instant::START, Node::Broker) };
        Run {
            violations: vec![violation],
            trace: Trace::new(Keep::Nothing),
            history: History::default(),
            coverage: Coverage::default(),
            steps: 0,
            lasted: std::time::Duration::ZERO,
            traffic: crate::traffic::Traffic::default(),
        }
    };
    let plan = large(12, 12);
    let found = violating(&plan).violations.remove(0);
    let shrunk = shrunk(&plan, fails_like(&found, &violating));
    assert_eq!((shrunk.plan.faults.len(), shrunk.plan.operations.len()), (1, 1));
    assert!(kills(&shrunk.plan, Node::Data(2)).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A failure that needs these entries and no others.
    #[test]
    fn exactly_the_needed_entries_are_left(
        faults in prop::collection::btree_set(0_u16..30, 0..5),
        operations in prop::collection::btree_set(0_u16..50, 0..5),
    ) {
        let fails = |plan: &Plan| {
            let has_fault = |number: &u16| plan.faults.iter().any(|other| other.kind == fault(*number).kind);
            let at_us = |number: &u16| plan.operations.iter().any(|other| other.at_us == operation(*number).at_us);
            faults.iter().all(has_fault) && operations.iter().all(at_us)
        };
        let kinds: BTreeSet<String> = faults.iter().map(|number| format!("{:?}", fault(*number).kind)).collect();
        let found = shrunk(&large(30, 50), fails).plan;
        prop_assert!(fails(&found));
        prop_assert_eq!(found.faults.len(), kinds.len());
        prop_assert_eq!(found.operations.len(), operations.len());
    }

    /// Failures that come and go without any reason: still, what is given back fails, and twice the same.
    #[test]
    fn never_a_plan_that_passes(salt in any::<u64>(), one_in in 1_u64..20, attempts in 0_u32..400) {
        let whole = large(10, 20);
        let mut fails = |plan: &Plan| *plan == whole || (hash(plan) ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 >= (1 << 32) / one_in;
        let once = shrink(&whole, attempts, &mut fails, &mut |_| {}).unwrap();
        prop_assert!(fails(&once.plan));
        prop_assert!(once.attempts <= attempts);
        let again = shrink(&whole, attempts, &mut fails, &mut |_| {});
        prop_assert_eq!(again, Ok(once));
    }
}
