use super::*;
use crate::draw;
use crate::plan::Condition;

/// Two API servers, three data servers, one operation and no fault; calm at 10 s.
fn plan() -> Plan {
    let mut plan = draw::from_bytes(&[]);
    plan.cluster.apis = 2;
    plan.cluster.datas = 3;
    plan.calm_at_us = 10_000_000;
    plan.operations = vec![operation()];
    plan
}

fn operation() -> Operation {
    Operation {
        at_us: 5,
        client: Node::Client(1),
        server: Node::Api(1),
        name: 1,
        action: Action::Head,
        only_if: None,
        version: None,
    }
}

const fn fault(from_us: u64, until_us: u64, kind: FaultKind) -> Fault {
    Fault { from_us, until_us, kind }
}

fn refused(change: impl FnOnce(&mut Plan), word: &str) {
    let mut plan = plan();
    assert_eq!(validate(&plan), Ok(()));
    change(&mut plan);
    let error = validate(&plan).unwrap_err().to_string();
    assert!(error.contains(word), "{error}");
}

fn faults_refused(faults: &[Fault], word: &str) {
    refused(|plan| plan.faults = faults.to_vec(), word);
}

fn operation_refused(change: impl FnOnce(&mut Operation), word: &str) {
    refused(|plan| change(&mut plan.operations[0]), word);
}

#[test]
fn settings_are_refused_where_the_machines_refuse_them() {
    refused(|plan| plan.cluster.expiry_us = plan.cluster.heartbeat_period_us, "not above the heartbeat period");
    refused(|plan| plan.cluster.locate_deadline_us = 1, "too short");
    refused(|plan| plan.cluster.max_attempts = 0, "attempts is zero");
    refused(|plan| plan.cluster.max_lookups = 0, "lookups at a time is zero");
    refused(|plan| plan.cluster.reserve_bytes = u64::MAX, "never take an object");
    refused(|plan| plan.pace.bus_us = (2, 1), "bus_us goes from 2 to 1");
    refused(|plan| plan.pace.bytes_per_ms = 0, "no body ever arrives");
    refused(|plan| plan.calm_at_us = u64::MAX, "a calm_at_us of");
    refused(|plan| plan.cluster.expiry_us = u64::MAX, "expiry_us of");
    refused(|plan| plan.pace.link_us = (0, u64::MAX), "link_us of");
}

#[test]
fn operations_are_of_clients_at_servers_in_order_before_the_calm() {
    operation_refused(|operation| operation.at_us = 10_000_001, "after the calm begins");
    operation_refused(|operation| operation.client = Node::Api(1), "api-1 is no client");
    operation_refused(|operation| operation.client = Node::Client(0), "is no client");
    operation_refused(|operation| operation.server = Node::Broker, "broker is no server");
    operation_refused(|operation| operation.server = Node::Api(3), "there is no api-3");
    operation_refused(|operation| operation.server = Node::SeedData(1), "there is no seed-data-1");
    let reversed = Action::Get { range: Some((3, 2)), hangs_up: false };
    operation_refused(|operation| operation.action = reversed, "ends before it begins");
    let locate = Operation { server: Node::Data(1), action: Action::Locate { all: true }, ..operation() };
    operation_refused(|operation| *operation = locate, "only API servers answer a locate");
    refused(|plan| plan.operations.push(Operation { at_us: 4, ..operation() }), "operation 1: at_us is 4");
}

#[test]
fn faults_have_their_time_and_place() {
    let kill = FaultKind::Kill { node: Node::Data(1) };
    faults_refused(&[fault(9, 9, kill.clone())], "fault 0 (kill): it is from 9 until 9");
    faults_refused(&[fault(9, 10_000_001, kill.clone())], "after the calm begins");
    faults_refused(&[fault(9, 10, kill.clone()), fault(1, 2, kill)], "fault 1 (kill): from_us is 1");
    faults_refused(&[fault(0, 1, FaultKind::Kill { node: Node::Data(4) })], "there is no data-4");
    faults_refused(&[fault(0, 1, FaultKind::Kill { node: Node::Client(1) })], "cannot happen to client-1");
    faults_refused(&[fault(0, 1, FaultKind::DiskFull { node: Node::Api(1) })], "name a data server of ours");
    let siblings = FaultKind::Partition { a: Node::Data(1), b: Node::Data(2) };
    faults_refused(&[fault(0, 1, siblings)], "cannot happen to data-1/data-2");
    faults_refused(&[fault(1, 2, FaultKind::StartsLate { node: Node::Data(1) })], "servers start at 0");
}

#[test]
fn faults_are_of_a_possible_size() {
    let node = Node::Data(1);
    faults_refused(&[fault(0, 1, FaultKind::BusLoss { node, permille: 1001 })], "more than always");
    faults_refused(&[fault(0, 1, FaultKind::ClockDrift { node, ppm: -1_000_000 })], "hardly a clock");
    faults_refused(&[fault(0, 1, FaultKind::SlowDisk { node, up_to_us: u64::MAX })], "never comes");
}

#[test]
fn one_thing_happens_to_a_process_at_a_time() {
    let node = Node::Data(1);
    let late = fault(0, 100, FaultKind::StartsLate { node });
    let kill = |from_us, until_us| fault(from_us, until_us, FaultKind::Kill { node });
    let pause = fault(150, 160, FaultKind::Pause { node });
    faults_refused(&[late.clone(), kill(99, 200)], "faults 0 and 1 overlap, and both act on the process of data-1");
    faults_refused(&[late.clone(), kill(100, 200), pause.clone()], "faults 1 and 2 overlap");
    faults_refused(
        &[fault(0, 9, FaultKind::BrokerDown), fault(8, 9, FaultKind::BrokerHangs)],
        "both act on the broker",
    );
    let other = fault(120, 130, FaultKind::Kill { node: Node::Data(2) });
    let apart = Plan { faults: vec![late, kill(100, 150), other, pause], ..plan() };
    assert_eq!(validate(&apart), Ok(()));
}

#[test]
fn what_needs_a_catalog_has_one_and_what_does_not_know_it_has_none() {
    operation_refused(|operation| operation.version = Some(1), "it needs a catalog");
    operation_refused(|operation| operation.action = Action::Versions, "it needs a catalog");
    operation_refused(|operation| operation.only_if = Some(Condition::Absent), "only_if belongs to a PUT");
    faults_refused(&[fault(0, 1, FaultKind::CatalogDown { node: Node::Catalog })], "there is no catalog");
    let with_catalog = |change: &dyn Fn(&mut Plan), word: &str| {
        refused(
            |plan| {
                plan.cluster.catalog = Some(CatalogSetup::usual());
                assert_eq!(validate(plan), Ok(()));
                change(plan);
            },
            word,
        );
    };
    with_catalog(&|plan| plan.operations[0].version = Some(0), "a version belongs to");
    with_catalog(&|plan| plan.operations[0].only_if = Some(Condition::Absent), "only_if belongs to a PUT");
    with_catalog(
        &|plan| plan.operations[0].action = Action::Locate { all: true },
        "a locate knows nothing of versions",
    );
    with_catalog(&|plan| plan.operations[0].server = Node::Data(1), "only API servers know objects");
    with_catalog(&|plan| plan.cluster.seed_datas = 1, "a catalog beside nodes of the seed");
    let none = CatalogSetup { copies: 0, ..CatalogSetup::usual() };
    with_catalog(&|plan| plan.cluster.catalog = Some(none), "0 copies of each object cannot be");
    let down = fault(0, 1, FaultKind::CatalogDown { node: Node::Api(1) });
    with_catalog(&|plan| plan.faults = vec![down.clone()], "name the catalog");
    let twice = [
        fault(0, 2, FaultKind::CatalogDown { node: Node::Catalog }),
        fault(1, 3, FaultKind::CatalogFailover { node: Node::Catalog }),
    ];
    with_catalog(&|plan| plan.faults = twice.to_vec(), "both act on the catalog");
}
