//! The runs in which the study measures.

use super::Size;
use crate::chance;
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, Cluster, Fault, FaultKind, Operation, Pace, Plan};
use crate::steady::SETTLED_US;

/// How long the shorter quiet run lasts: so long that each heartbeat has its place within the period.
pub const QUIET_SHORT_US: u64 = 30_000_000;
/// How long the longer one lasts: longer by a whole number of heartbeat periods.
pub const QUIET_LONG_US: u64 = 90_000_000;

/// How many data servers are killed in a run.
const KILLS: u16 = 240;
/// How long a killed one is gone: longer than it can take to be noticed.
const GONE_US: u64 = 20_000_000;
/// Within how long the first of them are killed.
const FIRST_KILLS_US: u64 = 60_000_000;

const PRESENT: u16 = 10;
const MISSING: u16 = 5;
const ROUNDS: u16 = 200;
const BETWEEN_READS_US: u64 = 10_000;
const BODY_BYTES: u64 = 1_000;

/// Nothing happens.
#[must_use]
pub fn quiet(size: Size, lasting_us: u64) -> Plan {
    Plan {
        seed: 1,
        cluster: Cluster { apis: size.apis, datas: size.datas, ..Cluster::usual() },
        pace: Pace::usual(),
        operations: Vec::new(),
        faults: Vec::new(),
        calm_at_us: lasting_us,
    }
}

/// Data servers are killed, each at a time of its own, and start again after a while.
#[must_use]
pub fn killing(size: Size) -> Plan {
    let mut chance = chance::stream(1, "scale/kills");
    let mut faults = Vec::new();
    for data in 1..=size.datas.min(KILLS) {
        let mut from_us = SETTLED_US + chance.u64(0..FIRST_KILLS_US);
        for _ in 0..KILLS.div_ceil(size.datas) {
            faults.push(Fault {
                from_us,
                until_us: from_us + GONE_US,
                kind: FaultKind::Kill { node: Node::Data(data) },
            });
            // Twice a heartbeat period at the least, so that it is known again.
            from_us += GONE_US + 10_000_000 + chance.u64(0..10_000_000);
        }
    }
    faults.sort_by_key(|fault| fault.from_us);
    let over_us = faults.iter().map(|fault| fault.until_us).max().unwrap_or(SETTLED_US);
    Plan { faults, ..quiet(size, over_us) }
}

/// Objects are stored, and then read and located in turn with some that never were.
#[must_use]
pub fn reading(size: Size) -> Plan {
    let stored =
        (0..PRESENT).map(|name| (name, Action::Put { size_bytes: BODY_BYTES, declared: true, flaw: BodyFlaw::None }));
    let reads = (0..ROUNDS).flat_map(|round| {
        let (present, missing) = (round % PRESENT, PRESENT + round % MISSING);
        let get = Action::Get { range: None, hangs_up: false };
        [(present, get.clone()), (present, Action::Locate { all: false }), (missing, get)]
    });
    let times = (0..).map(|number| SETTLED_US + number * BETWEEN_READS_US);
    let servers = (1..=size.apis).cycle();
    let operations: Vec<_> = stored
        .chain(reads)
        .zip(times.zip(servers))
        .map(|((name, action), (at_us, api))| Operation {
            at_us,
            client: Node::Client(1 + name),
            server: Node::Api(api),
            name,
            action,
            only_if: None,
            version: None,
        })
        .collect();
    let over_us = operations.last().map_or(SETTLED_US, |operation| operation.at_us);
    Plan { operations, ..quiet(size, over_us) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::validate::validate;
    use crate::scale::SIZES;

    #[test]
    fn they_can_be_run() {
        for size in SIZES {
            for plan in [quiet(size, QUIET_SHORT_US), killing(size), reading(size)] {
                assert_eq!(validate(&plan), Ok(()), "{size:?}");
            }
        }
    }
}
