//! What clients do in this run, and how often: the profile of its operations.

use crate::draw::{MOST_OPERATIONS, Source, Streams};
use crate::plan::Cluster;

/// The longest body. Bodies take time by their length, so what is longer only makes runs longer.
const MOST_BODY_BYTES: u64 = 4 << 20;

/// What an operation does, without its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Put,
    Get,
    Head,
    Delete,
    Locate,
    Versions,
    List,
}

/// How operations are drawn. Chances are in thousandths.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) operations: u64,
    pub(super) clients: u16,
    pub(super) names: u16,
    /// Each as often as it weighs.
    pub(super) verbs: Vec<Verb>,
    /// The lengths that most bodies have, so that a GET can ask for a part at their very ends.
    pub(super) sizes_bytes: Vec<u64>,
    /// Of another data server than by way of an API server.
    pub(super) direct_permille: u64,
    pub(super) undeclared_permille: u64,
    pub(super) flaw_permille: u64,
    pub(super) range_permille: u64,
    pub(super) hang_up_permille: u64,
    pub(super) all_permille: u64,
    /// Where there is a catalog: changes only if something is true, and how often of a certain version.
    pub(super) condition_permille: u64,
    pub(super) version_permille: u64,
    /// Right after the operation before.
    pub(super) burst_permille: u64,
    /// Around an instant at which something happens.
    pub(super) around_permille: u64,
}

pub(super) fn draw(streams: &mut impl Streams, cluster: &Cluster) -> Workload {
    let sizes_bytes = draw_sizes(&mut streams.stream("workload/sizes", 32), cluster);
    let mut verbs = draw_verbs(&mut streams.stream("workload/verbs", 20));
    let (condition_permille, version_permille) = match cluster.catalog {
        Some(_) => draw_versioned(&mut streams.stream("workload/versions", 20), &mut verbs),
        None => (0, 0),
    };
    let source = &mut streams.stream("workload", 40);
    let (fewest, most) = source.odds((10, 60), &[(80, (1, 9)), (70, (61, MOST_OPERATIONS))]);
    Workload {
        operations: source.between(fewest, most),
        clients: source.odds(1, &[(250, 2), (250, 3), (150, 4), (100, 5)]),
        names: source.odds(1, &[(250, 2), (200, 3), (150, 4), (100, 5), (50, 6)]),
        verbs,
        sizes_bytes,
        direct_permille: if cluster.catalog.is_some() { 0 } else { often(source, 250, 300) },
        undeclared_permille: often(source, 500, 1000),
        flaw_permille: often(source, 400, 400),
        range_permille: often(source, 500, 800),
        hang_up_permille: often(source, 300, 400),
        all_permille: often(source, 700, 1000),
        condition_permille,
        version_permille,
        burst_permille: often(source, 700, 800),
        around_permille: source.odds(0, &[(500, 700), (300, 1000), (100, 300)]),
    }
}

/// Absent from most runs or from some, and then more or less often.
fn often(source: &mut impl Source, at_all_permille: u64, most_permille: u64) -> u64 {
    if source.chance(at_all_permille) { source.between(10, most_permille) } else { 0 }
}

fn draw_verbs(source: &mut impl Source) -> Vec<Verb> {
    let present = [
        (Verb::Put, 950, 5),
        (Verb::Get, 850, 6),
        (Verb::Head, 400, 3),
        (Verb::Delete, 450, 3),
        (Verb::Locate, 400, 3),
    ];
    let mut verbs = Vec::new();
    for (verb, permille, most) in present {
        if source.chance(permille) {
            verbs.extend((0..source.between(1, most)).map(|_| verb));
        }
    }
    if verbs.is_empty() {
        verbs.extend([Verb::Put, Verb::Get]);
    }
    verbs
}

/// Where there is a catalog nobody asks where objects are, and some ask which there are.
fn draw_versioned(source: &mut impl Source, verbs: &mut Vec<Verb>) -> (u64, u64) {
    verbs.retain(|verb| *verb != Verb::Locate);
    for (verb, permille) in [(Verb::Versions, 400), (Verb::List, 400)] {
        if source.chance(permille) {
            verbs.extend((0..source.between(1, 2)).map(|_| verb));
        }
    }
    if verbs.is_empty() {
        verbs.extend([Verb::Put, Verb::Get]);
    }
    (often(source, 600, 700), often(source, 500, 600))
}

fn draw_sizes(source: &mut impl Source, cluster: &Cluster) -> Vec<u64> {
    (0..source.between(1, 6)).map(|_| draw_size(source, cluster)).collect()
}

/// Around the edges: of nothing, of what is held, of what has room.
pub(super) fn draw_size(source: &mut impl Source, cluster: &Cluster) -> u64 {
    let held_bytes = cluster.held_body_bytes;
    let room_bytes = cluster.disk_bytes - cluster.reserve_bytes;
    let size_bytes = match source.below(10) {
        0 => source.spread(1, 64 << 10),
        1 => 0,
        2 => 1,
        3 => held_bytes.saturating_sub(1),
        4 => held_bytes,
        5 => held_bytes + 1,
        6 => source.between(room_bytes.saturating_sub(1), room_bytes + 1),
        7 => room_bytes / source.between(2, 5),
        _ => source.spread(1, MOST_BODY_BYTES),
    };
    size_bytes.min(MOST_BODY_BYTES)
}
