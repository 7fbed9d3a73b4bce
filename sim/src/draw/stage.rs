//! What all entries of a plan share: who takes part, how long it lasts, at which moments much happens at once.

use crate::draw::workload::Workload;
use crate::draw::{Source, Streams};
use crate::node::Node;
use crate::plan::Cluster;
use crate::plan::kind::Subject;

/// The longest time until the last fault ends.
pub(super) const LONGEST_US: u64 = 115_000_000;

/// The shortest; time enough for some of everything.
const SHORTEST_US: u64 = 1_000_000;

/// How many heartbeats are heard in a run at the most, over all API servers. Frequent heartbeats are the most of what a run
/// costs, and a short run says as much about them.
const MOST_HEARTBEATS: u64 = 5_000;

pub(super) struct Stage {
    pub(super) cluster: Cluster,
    pub(super) length_us: u64,
    /// Faults of different nodes come together here, though none knows of the others.
    pub(super) moments_us: Vec<u64>,
    pub(super) apis: Vec<Node>,
    pub(super) datas: Vec<Node>,
    /// Everything between two nodes that can be closed.
    pub(super) links: Vec<Subject>,
}

impl Stage {
    pub(super) fn draw(streams: &mut impl Streams, cluster: &Cluster, workload: &Workload) -> Self {
        let source = &mut streams.stream("stage", 40);
        let length_us = draw_length(source, cluster);
        let moments_us = (0..source.between(0, 5)).map(|_| source.between(0, length_us)).collect();
        let apis: Vec<Node> =
            numbered(Node::Api, cluster.apis).chain(numbered(Node::SeedApi, cluster.seed_apis)).collect();
        let datas: Vec<Node> =
            numbered(Node::Data, cluster.datas).chain(numbered(Node::SeedData, cluster.seed_datas)).collect();
        let mut links = links(&apis, &datas, workload);
        if cluster.catalog.is_some() {
            links.extend(apis.iter().map(|&api| Subject::Link(api, Node::Catalog)));
        }
        Self { cluster: cluster.clone(), length_us, moments_us, apis, datas, links }
    }

    /// Whoever a fault can hit; the catalog among them.
    pub(super) fn servers(&self) -> impl Iterator<Item = Node> + '_ {
        let catalog = self.cluster.catalog.map(|_| Node::Catalog);
        self.apis.iter().chain(&self.datas).copied().chain(catalog)
    }
}

fn draw_length(source: &mut impl Source, cluster: &Cluster) -> u64 {
    let (least_us, most_us) =
        source.odds((20_000_000, 60_000_000), &[(150, (4_000_000, 20_000_000)), (100, (60_000_000, LONGEST_US))]);
    let hearers = u64::from(cluster.apis + cluster.seed_apis);
    let heard_per_period = hearers * u64::from(cluster.datas + cluster.seed_datas);
    let affordable_us = MOST_HEARTBEATS * cluster.heartbeat_period_us / heard_per_period.max(1);
    source.between(least_us, most_us).min(affordable_us).max(SHORTEST_US)
}

fn numbered(kind: fn(u16) -> Node, count: u16) -> impl Iterator<Item = Node> {
    (1..=count).map(kind)
}

fn links(apis: &[Node], datas: &[Node], workload: &Workload) -> Vec<Subject> {
    let mut links = Vec::new();
    for &api in apis {
        links.extend(datas.iter().map(|&data| Subject::Link(api, data)));
        links.push(Subject::Link(api, Node::Broker));
        links.extend(numbered(Node::Client, workload.clients).map(|client| Subject::Link(client, api)));
    }
    for &data in datas {
        links.push(Subject::Link(data, Node::Broker));
        if workload.direct_permille > 0 {
            links.extend(numbered(Node::Client, workload.clients).map(|client| Subject::Link(client, data)));
        }
    }
    links
}
