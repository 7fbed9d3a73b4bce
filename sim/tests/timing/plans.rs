//! Plans built by hand: a cluster in which everything takes the same time each time, so that all that happens in it can be
//! worked out with a pencil.

use lode_core::time::Instant;
use lode_sim::history::History;
use lode_sim::node::Node;
use lode_sim::plan::validate::validate;
use lode_sim::plan::{Action, BodyFlaw, Cluster, Fault, FaultKind, Operation, Pace, Plan};
use lode_sim::run::{Run, run};
use lode_sim::trace::{Keep, MessageKind, Record};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// How long things take.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) period_us: u64,
    pub(crate) expiry_us: u64,
    pub(crate) deadline_us: u64,
    pub(crate) ask_directly_us: u64,
    pub(crate) link_us: u64,
    pub(crate) bus_us: u64,
    pub(crate) disk_us: u64,
    pub(crate) reconnect_us: u64,
}

/// A run costs some milliseconds in a debug build.
pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

prop_compose! {
    /// Any setting whose expiry is between these hundredths of its heartbeat period.
    pub(crate) fn settings(least_expiry: u64, most_expiry: u64)(
        period_us in 400_000_u64..5_000_000,
        expiry in least_expiry..most_expiry,
        deadline_us in 50_000_u64..2_000_000,
        ask_directly in 100_u64..990,
        link_us in 1_u64..5_000,
        bus_us in 1_u64..10_000,
        disk_us in 1_u64..5_000,
        reconnect_us in 20_000_u64..1_500_000,
    ) -> Setting {
        let (expiry_us, ask_directly_us) = (period_us * expiry / 100, (deadline_us * ask_directly / 1000).max(10_000));
        Setting { period_us, expiry_us, deadline_us, ask_directly_us, link_us, bus_us, disk_us, reconnect_us }
    }
}

impl Setting {
    /// What a user gets.
    pub(crate) const fn usual() -> Self {
        Self {
            period_us: 5_000_000,
            expiry_us: 10_000_000,
            deadline_us: 1_000_000,
            ask_directly_us: 250_000,
            link_us: 300,
            bus_us: 1_000,
            disk_us: 200,
            reconnect_us: 500_000,
        }
    }

    /// When the processes that start at the beginning are on the bus: API servers just before data servers.
    pub(crate) const fn joined_ns(&self) -> u64 {
        self.reconnect_us * 1000 / 10
    }

    /// A plan in which nothing happens.
    pub(crate) fn plan(&self, apis: u16, datas: u16, seed_datas: u16) -> Plan {
        let always = |us: u64| (us, us);
        Plan {
            seed: 1,
            cluster: Cluster {
                apis,
                datas,
                seed_apis: 0,
                seed_datas,
                heartbeat_period_us: self.period_us,
                expiry_us: self.expiry_us,
                locate_deadline_us: self.deadline_us,
                ask_directly_after_us: self.ask_directly_us,
                short_patience_us: 5_000_000,
                long_patience_us: 60_000_000,
                held_body_bytes: 1 << 20,
                max_requests: 100,
                max_members: 100,
                max_direct_asks: 100,
                max_direct_asks_beside_bus: 100,
                max_attempts: 6,
                max_lookups: 100,
                disk_bytes: 1 << 40,
                reserve_bytes: 0,
                catalog: None,
            },
            pace: Pace {
                link_us: always(self.link_us),
                bus_us: always(self.bus_us),
                disk_us: always(self.disk_us),
                reconnect_us: always(self.reconnect_us),
                bytes_per_ms: 1000,
            },
            operations: Vec::new(),
            faults: Vec::new(),
            calm_at_us: 0,
        }
    }
}

/// Adds a fault; the calm begins when the last is over.
pub(crate) fn add(plan: &mut Plan, from_us: u64, until_us: u64, kind: FaultKind) {
    plan.faults.push(Fault { from_us, until_us, kind });
    plan.faults.sort_by_key(|fault| fault.from_us);
    plan.calm_at_us = plan.calm_at_us.max(until_us);
}

/// The clocks of these nodes are off by so many millionths, up to the calm.
pub(crate) fn add_drifts(plan: &mut Plan, nodes: impl Iterator<Item = Node>, ppms: &[i32]) {
    let until_us = plan.calm_at_us;
    for (node, &ppm) in nodes.zip(ppms) {
        add(plan, 0, until_us, FaultKind::ClockDrift { node, ppm });
    }
}

/// A client asks this of a server.
pub(crate) fn ask(plan: &mut Plan, at_us: u64, server: Node, action: Action) {
    plan.operations.push(Operation {
        at_us,
        client: Node::Client(1),
        server,
        name: 1,
        action,
        only_if: None,
        version: None,
    });
    plan.operations.sort_by_key(|operation| operation.at_us);
    plan.calm_at_us = plan.calm_at_us.max(at_us);
}

/// A small PUT.
pub(crate) const fn small_put() -> Action {
    Action::Put { size_bytes: 10, declared: true, flaw: BodyFlaw::None }
}

/// Runs the plan, in which all must hold that always does.
pub(crate) fn run_of(plan: &Plan) -> Run {
    assert_eq!(validate(plan), Ok(()));
    let run = run(plan, Keep::Records);
    assert!(run.violations.is_empty(), "{:?}\n{}", run.violations, serde_json::to_string(plan).expect("JSON"));
    run
}

/// From when until when an API server believed that a data server lives, in nanoseconds. One who is forgotten and learned of
/// in the same instant was believed in all along.
pub(crate) fn beliefs(history: &History, api: Node, member: Node) -> Vec<(u64, Option<u64>)> {
    joined(each_belief(history, api, member))
}

/// Also those that end at the instant at which the next begins.
pub(crate) fn each_belief(history: &History, api: Node, member: Node) -> Vec<(u64, Option<u64>)> {
    let of_them = history.beliefs.iter().filter(|belief| belief.api == api && belief.member == member);
    of_them.map(|belief| (belief.from.as_nanos(), belief.until.map(Instant::as_nanos))).collect()
}

/// When a data server's heartbeats leave for an API server, before `end_ns`.
pub(crate) fn heartbeats(run: &Run, data: Node, api: Node, end_ns: u64) -> Vec<u64> {
    let sent = run.trace.records().iter().filter_map(|record| match record {
        Record::Message { kind: MessageKind::Heartbeat, from, to, sent, .. } if (*from, *to) == (data, api) => {
            Some(sent.as_nanos())
        }
        _ => None,
    });
    sent.filter(|sent_ns| *sent_ns < end_ns).collect()
}

/// Spans without those gaps that last no time.
pub(crate) fn joined(spans: Vec<(u64, Option<u64>)>) -> Vec<(u64, Option<u64>)> {
    let mut joined: Vec<(u64, Option<u64>)> = Vec::new();
    for (from, until) in spans {
        match joined.last_mut() {
            Some(last) if last.1 == Some(from) => last.1 = until,
            Some(_) | None => joined.push((from, until)),
        }
    }
    joined
}

/// Servers of one kind.
pub(crate) fn numbered(kind: fn(u16) -> Node, count: u16) -> impl Iterator<Item = Node> {
    (1..=count).map(kind)
}
