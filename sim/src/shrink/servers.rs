//! Fewer servers and clients.

use super::Search;
use crate::node::Node;
use crate::plan::{Cluster, Plan};

/// One kind of server, or clients.
#[derive(Debug)]
struct Kind {
    node: fn(u16) -> Node,
    /// How many there are, where the cluster says it.
    count: fn(&mut Cluster) -> Option<&mut u16>,
    /// How few there may be.
    least: u16,
}

/// Those of the seed first: of a failure without them more can be said.
const KINDS: [Kind; 5] = [
    Kind { node: Node::SeedData, count: |cluster| Some(&mut cluster.seed_datas), least: 0 },
    Kind { node: Node::SeedApi, count: |cluster| Some(&mut cluster.seed_apis), least: 0 },
    Kind { node: Node::Data, count: |cluster| Some(&mut cluster.datas), least: 1 },
    Kind { node: Node::Api, count: |cluster| Some(&mut cluster.apis), least: 1 },
    Kind { node: Node::Client, count: |_| None, least: 1 },
];

/// Takes out the servers that the failure does not need, from the last to the first. What is done with one of them is done
/// with another one of its kind instead, if it then still fails. So it is with clients.
pub(super) fn fewer(search: &mut Search<'_>) {
    for kind in &KINDS {
        for number in (1..=highest(&search.best, kind)).rev() {
            if !search.attempt(|plan| take_out(plan, kind, number)) && number > 1 {
                search.attempt(|plan| {
                    rename(plan, kind, |other| if other == number { 1 } else { other });
                    take_out(plan, kind, number);
                });
            }
        }
    }
}

/// Takes out one that nothing in the plan names; the others are numbered anew. Otherwise the plan stays as it is.
fn take_out(plan: &mut Plan, kind: &Kind, number: u16) {
    if named(plan, (kind.node)(number)) {
        return;
    }
    if let Some(count) = (kind.count)(&mut plan.cluster) {
        if *count <= kind.least {
            return;
        }
        *count -= 1;
    }
    rename(plan, kind, |other| if other > number { other - 1 } else { other });
}

fn highest(plan: &Plan, kind: &Kind) -> u16 {
    let mut plan = plan.clone();
    if let Some(count) = (kind.count)(&mut plan.cluster) {
        return *count;
    }
    let numbers = nodes(&mut plan).into_iter().filter_map(|node| number_of(*node, kind));
    numbers.max().unwrap_or(0)
}

fn named(plan: &Plan, node: Node) -> bool {
    nodes(&mut plan.clone()).into_iter().any(|other| *other == node)
}

fn rename(plan: &mut Plan, kind: &Kind, new_number: impl Fn(u16) -> u16) {
    for node in nodes(plan) {
        if let Some(number) = number_of(*node, kind) {
            *node = (kind.node)(new_number(number));
        }
    }
}

/// All that the plan's operations and faults name.
fn nodes(plan: &mut Plan) -> Vec<&mut Node> {
    let operations = plan.operations.iter_mut().flat_map(|operation| [&mut operation.client, &mut operation.server]);
    operations.chain(plan.faults.iter_mut().flat_map(|fault| fault.kind.nodes_mut())).collect()
}

/// Its number, if it is of the kind.
fn number_of(node: Node, kind: &Kind) -> Option<u16> {
    let number = match node {
        Node::Broker | Node::Catalog => return None,
        Node::Client(number)
        | Node::Api(number)
        | Node::Data(number)
        | Node::SeedApi(number)
        | Node::SeedData(number) => number,
    };
    (node == (kind.node)(number)).then_some(number)
}
