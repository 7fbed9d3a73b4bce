//! A cluster in good health at steady work: what speed and scale are measured with.

use fastrand::Rng;

use crate::chance;
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, CatalogSetup, Cluster, Operation, Pace, Plan};

/// When a cluster that nothing disturbs knows itself: each data server has been heard.
pub const SETTLED_US: u64 = 6_000_000;

/// The longest body that is stored.
const MOST_BODY_BYTES: u64 = 64 << 10;

/// How many clients there are: each API server has some of them.
const CLIENTS: u16 = 20;

/// At an even rate, each of any name and through any API server: PUT and GET seven times out of twenty each, HEAD, DELETE and
/// locate (versions, where there is a catalog) twice each. That is the mean of what the plans of the swarm do.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    /// What chance is keyed by.
    pub seed: u64,
    /// API servers.
    pub apis: u16,
    /// Data servers.
    pub datas: u16,
    /// Names. Not all of them are stored at a time.
    pub names: u16,
    /// From one operation to the next.
    pub period_us: u64,
    /// The catalog, if there is one.
    pub catalog: Option<CatalogSetup>,
    /// How long the work lasts, after the cluster has come to know itself.
    pub lasting_us: u64,
}

impl Steady {
    /// As a plan.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let mut chance = chance::stream(self.seed, "steady");
        let ends_us = SETTLED_US + self.lasting_us;
        let times = (SETTLED_US..ends_us).step_by(usize::try_from(self.period_us.max(1)).unwrap_or(usize::MAX));
        Plan {
            seed: self.seed,
            cluster: Cluster { apis: self.apis, datas: self.datas, catalog: self.catalog, ..Cluster::usual() },
            pace: Pace::usual(),
            operations: times.map(|at_us| self.operation(at_us, &mut chance)).collect(),
            faults: Vec::new(),
            calm_at_us: ends_us,
        }
    }

    fn operation(&self, at_us: u64, chance: &mut Rng) -> Operation {
        Operation {
            at_us,
            client: Node::Client(chance.u16(1..=CLIENTS)),
            server: Node::Api(chance.u16(1..=self.apis.max(1))),
            name: chance.u16(0..self.names.max(1)),
            action: action(chance, self.catalog.is_some()),
            only_if: None,
            version: None,
        }
    }
}

fn action(chance: &mut Rng, has_catalog: bool) -> Action {
    match chance.u8(0..20) {
        0..7 => {
            Action::Put { size_bytes: chance.u64(1..=MOST_BODY_BYTES), declared: chance.bool(), flaw: BodyFlaw::None }
        }
        7..14 => Action::Get { range: None, hangs_up: false },
        14..16 => Action::Head,
        16..18 => Action::Delete,
        _ if has_catalog => Action::Versions,
        _ => Action::Locate { all: chance.bool() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::validate::validate;
    use crate::run::run;
    use crate::trace::Keep;

    #[test]
    fn it_is_a_plan_in_which_nothing_goes_wrong() {
        for catalog in [None, Some(CatalogSetup::usual())] {
            let (period_us, lasting_us) = (50_000, 10_000_000);
            let steady = Steady { seed: 1, apis: 2, datas: 10, names: 30, period_us, catalog, lasting_us };
            let plan = steady.plan();
            assert_eq!(validate(&plan), Ok(()));
            assert_eq!(plan.operations.len(), 200);
            assert_eq!(run(&plan, Keep::Nothing).violations, []);
        }
    }
}
