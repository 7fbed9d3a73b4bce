//! Writing a plan by hand.

use std::time::Duration;

use crate::node::Node;
use crate::plan::{Action, BodyFlaw, CatalogSetup, Cluster, Condition, Fault, FaultKind, Operation, Pace, Plan};
use crate::run;
use crate::trace::Keep;

/// When a cluster that nothing disturbs knows itself: who is asked for something after this answers at once.
pub const SETTLED: f64 = 6.0;

/// A plan that is being written. Times are seconds since the beginning; what is written may come in any order.
///
/// Servers have the settings that a user gets, and a quick network; disks have room. Each operation is done by a client of
/// its own.
///
/// ```
/// use lode_sim::node::Node::{Api, Data};
/// use lode_sim::plan::FaultKind;
/// use lode_sim::run::run;
/// use lode_sim::scenario::{Seen, Story};
/// use lode_sim::trace::Keep;
///
/// // Of one API server and two data servers, one that holds an object is killed while it sends it.
/// let plan = Story::of(1, 2)
///     .at(7.0).put(Data(1), 0, 50_000_000)
///     .at(10.0).get(Api(1), 0)
///     .at(20.0).get(Api(1), 0)
///     .fault(10.2, 15.0, FaultKind::Kill { node: Data(1) })
///     .plan();
///
/// let run = run(&plan, Keep::Nothing);
/// assert!(run.violations.is_empty());
/// let seen = Seen::of(&run);
/// seen.cut(10.0)?;
/// seen.whole(20.0, 7.0)?;
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
pub struct Story {
    plan: Plan,
    at_us: u64,
    clients: u16,
}

impl Story {
    /// A cluster of so many API servers and data servers, in which nothing happens yet.
    #[must_use]
    pub fn of(apis: u16, datas: u16) -> Self {
        let cluster = Cluster { apis, datas, ..Cluster::usual() };
        let plan = Plan {
            seed: 1,
            cluster,
            pace: Pace::usual(),
            operations: Vec::new(),
            faults: Vec::new(),
            calm_at_us: micros(SETTLED),
        };
        Self { plan, at_us: 0, clients: 0 }
    }

    /// So many nodes of the seed stand in the same cluster.
    #[must_use]
    pub const fn beside_the_seed(mut self, apis: u16, datas: u16) -> Self {
        self.plan.cluster.seed_apis = apis;
        self.plan.cluster.seed_datas = datas;
        self
    }

    /// There is a catalog, so that objects have versions and copies.
    #[must_use]
    pub const fn with_catalog(mut self, setup: CatalogSetup) -> Self {
        self.plan.cluster.catalog = Some(setup);
        self
    }

    /// Other settings than the usual ones.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Cluster)) -> Self {
        change(&mut self.plan.cluster);
        self
    }

    /// Another pace than the usual one.
    #[must_use]
    pub fn at_pace(mut self, change: impl FnOnce(&mut Pace)) -> Self {
        change(&mut self.plan.pace);
        self
    }

    /// Another seed than 1: chance decides otherwise, for instance how long each message takes.
    #[must_use]
    pub const fn by_chance(mut self, seed: u64) -> Self {
        self.plan.seed = seed;
        self
    }

    /// What is written next happens at this second.
    #[must_use]
    pub fn at(mut self, seconds: f64) -> Self {
        self.at_us = micros(seconds);
        self
    }

    /// A client stores an object, whose length it says beforehand.
    #[must_use]
    pub fn put(self, server: Node, name: u16, size_bytes: u64) -> Self {
        self.put_flawed(server, name, size_bytes, BodyFlaw::None)
    }

    /// The same, with something wrong with the body.
    #[must_use]
    pub fn put_flawed(self, server: Node, name: u16, size_bytes: u64, flaw: BodyFlaw) -> Self {
        self.operation(server, name, Action::Put { size_bytes, declared: true, flaw })
    }

    /// A client reads an object.
    #[must_use]
    pub fn get(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Get { range: None, hangs_up: false })
    }

    /// A client reads the part of an object between two positions, both included.
    #[must_use]
    pub fn get_part(self, server: Node, name: u16, first: u64, last: u64) -> Self {
        self.operation(server, name, Action::Get { range: Some((first, last)), hangs_up: false })
    }

    /// A client asks for an object, and goes away before it has it.
    #[must_use]
    pub fn get_and_hang_up(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Get { range: None, hangs_up: true })
    }

    /// A client removes an object.
    #[must_use]
    pub fn delete(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Delete)
    }

    /// A client asks who holds an object; one holder will do.
    #[must_use]
    pub fn locate(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Locate { all: false })
    }

    /// A client asks for all who hold an object.
    #[must_use]
    pub fn locate_all(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Locate { all: true })
    }

    /// A client asks for the head of an object.
    #[must_use]
    pub fn head(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Head)
    }

    /// A client asks which versions of an object there are.
    #[must_use]
    pub fn versions(self, server: Node, name: u16) -> Self {
        self.operation(server, name, Action::Versions)
    }

    /// A client asks for a page of the objects that there are: the first so many, or so many behind a name.
    #[must_use]
    pub fn list(self, server: Node, limit: u16, behind: Option<u16>) -> Self {
        let after = behind.is_some();
        self.operation(server, behind.unwrap_or(0), Action::List { limit, after })
    }

    /// What was written last is done only if this is true of the object.
    #[must_use]
    pub fn only_if(mut self, condition: Condition) -> Self {
        if let Some(operation) = self.plan.operations.last_mut() {
            operation.only_if = Some(condition);
        }
        self
    }

    /// What was written last is about this version.
    #[must_use]
    pub fn of_version(mut self, version: u64) -> Self {
        if let Some(operation) = self.plan.operations.last_mut() {
            operation.version = Some(version);
        }
        self
    }

    /// A client does whatever.
    #[must_use]
    pub fn operation(mut self, server: Node, name: u16, action: Action) -> Self {
        self.clients += 1;
        let client = Node::Client(self.clients);
        let (at_us, only_if, version) = (self.at_us, None, None);
        self.plan.operations.push(Operation { at_us, client, server, name, action, only_if, version });
        self
    }

    /// Again and again: at `from`, and then every `period` seconds as long as that is before `until`. `next` gets the number
    /// of the time, from 0.
    #[must_use]
    pub fn every(self, period: f64, from: f64, until: f64, next: impl Fn(Self, u16) -> Self) -> Self {
        let (period_us, from_us, until_us) = (micros(period).max(1), micros(from), micros(until));
        let mut story = self;
        for number in 0..u16::MAX {
            story.at_us = from_us + u64::from(number) * period_us;
            if story.at_us >= until_us {
                break;
            }
            story = next(story, number);
        }
        story
    }

    /// Something goes wrong at one second, and is over, or mended, at another.
    #[must_use]
    pub fn fault(mut self, from: f64, until: f64, kind: FaultKind) -> Self {
        self.plan.faults.push(Fault { from_us: micros(from), until_us: micros(until), kind });
        self
    }

    /// The same goes wrong with each of these nodes.
    #[must_use]
    pub fn fault_of_each(
        self,
        nodes: impl IntoIterator<Item = Node>,
        from: f64,
        until: f64,
        kind: impl Fn(Node) -> FaultKind,
    ) -> Self {
        nodes.into_iter().fold(self, |story, node| story.fault(from, until, kind(node)))
    }

    /// The data server that gets an object of this name when all of them live and have room. It is found by trying.
    #[must_use]
    pub fn home_of(&self, name: u16) -> Node {
        self.homes_of(name).first().copied().unwrap_or(Node::Data(1))
    }

    /// The data servers in the order in which an object of this name would be put on them: on the next if those before do not
    /// live. It is found by trying.
    #[must_use]
    pub fn homes_of(&self, name: u16) -> Vec<Node> {
        let mut homes = Vec::new();
        for _ in 0..self.plan.cluster.datas {
            let untold = Plan { operations: Vec::new(), faults: Vec::new(), ..self.plan.clone() };
            let mut try_out = Self { plan: untold, ..*self }.at(SETTLED).put(Node::Api(1), name, 1);
            for home in &homes {
                try_out = try_out.fault(0.0, SETTLED + 4.0, FaultKind::StartsLate { node: *home });
            }
            let tried = run::run(&try_out.plan(), Keep::Nothing);
            homes.extend(tried.history.holdings.first().map(|holding| holding.node));
        }
        homes
    }

    /// The plan, in order of time, and calm when the last of it is over.
    #[must_use]
    pub fn plan(mut self) -> Plan {
        let Plan { operations, faults, calm_at_us, .. } = &mut self.plan;
        operations.sort_by_key(|operation| operation.at_us);
        faults.sort_by_key(|fault| fault.from_us);
        let last_operation = operations.last().map_or(0, |operation| operation.at_us);
        let last_fault = faults.iter().map(|fault| fault.until_us).max().unwrap_or(0);
        *calm_at_us = (*calm_at_us).max(last_operation).max(last_fault);
        self.plan
    }
}

/// The microsecond of a second; of one that is too far away the last there is.
pub(super) fn micros(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds.max(0.0)).map_or(u64::MAX, whole_micros)
}

fn whole_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Node::{Api, Data};
    use crate::plan::validate::validate;

    #[test]
    fn what_is_written_in_any_order_happens_in_order_of_time() {
        let plan = Story::of(1, 2)
            .fault(9.0, 30.5, FaultKind::Kill { node: Data(2) })
            .at(8.0)
            .get(Api(1), 3)
            .at(7.25)
            .put(Api(1), 3, 10)
            .fault(1.0, 2.0, FaultKind::BrokerDown)
            .plan();
        assert_eq!(validate(&plan), Ok(()));
        assert_eq!(plan.operations.iter().map(|operation| operation.at_us).collect::<Vec<_>>(), [7_250_000, 8_000_000]);
        assert_eq!(plan.operations[0].client, Node::Client(2));
        assert_eq!(plan.calm_at_us, 30_500_000);
    }

    #[test]
    fn again_and_again_ends_before_the_end() {
        let plan = Story::of(1, 1).every(0.1, 7.0, 7.3, |story, time| story.get(Api(1), time)).plan();
        let asked: Vec<_> = plan.operations.iter().map(|operation| (operation.at_us, operation.name)).collect();
        assert_eq!(asked, [(7_000_000, 0), (7_100_000, 1), (7_200_000, 2)]);
    }

    #[test]
    fn an_object_gets_where_it_is_at_home() {
        let story = Story::of(1, 4);
        let homes: Vec<_> = (0..8).map(|name| story.homes_of(name)).collect();
        for homes in &homes {
            let each: std::collections::BTreeSet<_> = homes.iter().collect();
            assert_eq!((homes.len(), each.len()), (4, 4), "{homes:?}");
        }
        assert!(homes.iter().any(|home| *home != homes[0]), "{homes:?}");
    }
}
