//! Stands in for what is not there yet.

use lode_sim::node::Node;
use lode_sim::plan::{Action, BodyFlaw, Cluster, Operation, Pace, Plan};

use super::Scenario;

/// One server of each kind, and nothing that happens, whatever the seed.
pub(super) const fn from_seed(seed: u64) -> Plan {
    Plan {
        seed,
        cluster: Cluster {
            apis: 1,
            datas: 1,
            seed_apis: 0,
            seed_datas: 0,
            heartbeat_period_us: 5_000_000,
            expiry_us: 10_000_000,
            locate_deadline_us: 1_000_000,
            ask_directly_after_us: 500_000,
            short_patience_us: 5_000_000,
            long_patience_us: 60_000_000,
            held_body_bytes: 1 << 20,
            max_requests: 4096,
            max_members: 10_000,
            max_direct_asks: 4096,
            max_direct_asks_beside_bus: 64,
            max_attempts: 6,
            max_lookups: 4096,
            disk_bytes: 1 << 30,
            reserve_bytes: 1 << 20,
        },
        pace: Pace {
            link_us: (100, 500),
            bus_us: (200, 1000),
            disk_us: (50, 500),
            reconnect_us: (100_000, 1_000_000),
            bytes_per_ms: 100_000,
        },
        operations: Vec::new(),
        faults: Vec::new(),
        calm_at_us: 6_000_000,
    }
}

/// One that shows the form.
pub(super) fn scenarios() -> Vec<Scenario> {
    let plan = || {
        let action = Action::Put { size_bytes: 100, declared: true, flaw: BodyFlaw::None };
        let put = Operation { at_us: 6_000_000, client: Node::Client(1), server: Node::Api(1), name: 0, action };
        Plan { operations: vec![put], ..from_seed(1) }
    };
    vec![Scenario { name: "one-put", story: "A client stores an object, and nothing goes wrong.", plan }]
}
