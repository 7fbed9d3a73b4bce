//! What clients do: in bursts, and around the instants at which something happens.

use crate::draw::stage::Stage;
use crate::draw::workload::{Verb, Workload, draw_size};
use crate::draw::{Source, Streams};
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, Condition, Fault, Operation};

/// The longest that the body of a client stands still.
const LONGEST_STALL_US: u64 = 45_000_000;

pub(super) fn draw(streams: &mut impl Streams, stage: &Stage, workload: &Workload, faults: &[Fault]) -> Vec<Operation> {
    let instants_us = instants(stage, faults);
    let mut operations: Vec<Operation> = Vec::new();
    for nth in 0..workload.operations {
        if streams.are_spent() {
            break;
        }
        let source = &mut streams.stream(&format!("operations/{nth}"), 44);
        let before_us = operations.last().map(|operation| operation.at_us);
        let at_us = draw_time(source, stage, workload, &instants_us, before_us);
        operations.push(draw_one(source, stage, workload, at_us));
    }
    operations.sort_by_key(|operation| operation.at_us);
    operations
}

/// When something happens: a fault begins or ends, somebody is forgotten for it, or has been heard of again for so long.
fn instants(stage: &Stage, faults: &[Fault]) -> Vec<u64> {
    let expiry_us = stage.cluster.expiry_us;
    let mut instants_us = vec![0];
    for fault in faults {
        let &Fault { from_us, until_us, .. } = fault;
        instants_us.extend([from_us, until_us, from_us + expiry_us, until_us + expiry_us]);
    }
    instants_us.extend(&stage.moments_us);
    instants_us.retain(|at_us| *at_us <= stage.length_us);
    instants_us
}

fn draw_time(
    source: &mut impl Source,
    stage: &Stage,
    workload: &Workload,
    instants_us: &[u64],
    before_us: Option<u64>,
) -> u64 {
    if source.chance(workload.burst_permille)
        && let Some(before_us) = before_us
    {
        return (before_us + source.spread(1, 50_000)).min(stage.length_us);
    }
    if source.chance(workload.around_permille)
        && let Some(instant_us) = source.among(instants_us)
    {
        let off_us = source.spread(1, 1_000_000);
        // What is under way when something happens began before.
        let at_us = if source.chance(400) { instant_us.saturating_sub(off_us) } else { instant_us + off_us };
        return at_us.min(stage.length_us);
    }
    source.between(0, stage.length_us)
}

fn draw_one(source: &mut impl Source, stage: &Stage, workload: &Workload, at_us: u64) -> Operation {
    let client = Node::Client(draw_number(source, workload.clients));
    let name = draw_number(source, workload.names);
    let verb = source.among(&workload.verbs).unwrap_or(Verb::Get);
    let server = draw_server(source, stage, workload, verb);
    let action = match verb {
        Verb::Put => draw_put(source, stage, workload),
        Verb::Get => draw_get(source, workload),
        Verb::Head => Action::Head,
        Verb::Delete => Action::Delete,
        Verb::Locate => Action::Locate { all: source.chance(workload.all_permille) },
        Verb::Versions => Action::Versions,
        Verb::List => draw_list(source),
    };
    let version = draw_version(source, workload, verb);
    let only_if = if version.is_some() { None } else { draw_condition(source, workload, verb) };
    Operation { at_us, client, server, name, action, only_if, version }
}

/// From 1 to as many.
fn draw_number(source: &mut impl Source, count: u16) -> u16 {
    u16::try_from(source.between(1, u64::from(count))).unwrap_or(1)
}

fn draw_server(source: &mut impl Source, stage: &Stage, workload: &Workload, verb: Verb) -> Node {
    let direct = verb != Verb::Locate && source.chance(workload.direct_permille);
    source.among(if direct { &stage.datas } else { &stage.apis }).unwrap_or(Node::Api(1))
}

fn draw_put(source: &mut impl Source, stage: &Stage, workload: &Workload) -> Action {
    let usual_bytes = source.among(&workload.sizes_bytes).unwrap_or(0);
    let size_bytes = if source.chance(100) { draw_size(source, &stage.cluster) } else { usual_bytes };
    let declared = !source.chance(workload.undeclared_permille);
    let flaw = if source.chance(workload.flaw_permille) { draw_flaw(source) } else { BodyFlaw::None };
    Action::Put { size_bytes, declared, flaw }
}

fn draw_list(source: &mut impl Source) -> Action {
    let limit = source.odds(1000, &[(300, 1), (200, 2), (100, 3)]);
    Action::List { limit, after: source.chance(500) }
}

/// One of the first, which are those that there are.
fn draw_version(source: &mut impl Source, workload: &Workload, verb: Verb) -> Option<u64> {
    let has_versions = matches!(verb, Verb::Get | Verb::Head | Verb::Delete);
    let is_of_one = has_versions && workload.version_permille > 0 && source.chance(workload.version_permille);
    is_of_one.then(|| source.spread(1, 12))
}

fn draw_condition(source: &mut impl Source, workload: &Workload, verb: Verb) -> Option<Condition> {
    let has_conditions = matches!(verb, Verb::Put | Verb::Delete) && workload.condition_permille > 0;
    let has_one = has_conditions && source.chance(workload.condition_permille);
    has_one.then(|| source.odds(Condition::Absent, &[(200, Condition::Present), (400, Condition::Unchanged)]))
}

fn draw_flaw(source: &mut impl Source) -> BodyFlaw {
    match source.below(3) {
        0 => BodyFlaw::Cut,
        1 => {
            // Some outlast every patience.
            BodyFlaw::Stalls { for_us: source.spread(1_000, LONGEST_STALL_US) }
        }
        _ => BodyFlaw::WrongDigest,
    }
}

fn draw_get(source: &mut impl Source, workload: &Workload) -> Action {
    let hangs_up = source.chance(workload.hang_up_permille);
    let range = source.chance(workload.range_permille).then(|| draw_range(source, workload));
    Action::Get { range, hangs_up }
}

/// At the ends of a length that objects of this run have, or anywhere.
fn draw_range(source: &mut impl Source, workload: &Workload) -> (u64, u64) {
    let size_bytes = source.among(&workload.sizes_bytes).unwrap_or(0);
    let last = size_bytes.saturating_sub(1);
    match source.below(6) {
        0 => (0, last),
        1 => (0, 0),
        2 => (last, last),
        3 => (last, size_bytes),
        4 => (size_bytes, size_bytes + 1),
        _ => {
            let first = source.between(0, last);
            (first, first + source.spread(1, size_bytes.max(1)))
        }
    }
}
