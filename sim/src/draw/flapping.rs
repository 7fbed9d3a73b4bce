//! Links around one node that close one after the other and open again in another order: what whole partitions never show,
//! as they begin and end for everybody at once.

use crate::draw::mix::Mix;
use crate::draw::stage::Stage;
use crate::draw::{Source, Streams};
use crate::node::Node;
use crate::plan::kind::{Kind, Subject};
use crate::plan::{Fault, FaultKind};

/// How many links flap together at the most.
pub(super) const MOST_LINKS: u64 = 6;

pub(super) fn draw(streams: &mut impl Streams, stage: &Stage, mix: &Mix, nth: u64) -> Vec<Fault> {
    let source = &mut streams.stream(&format!("flapping/{nth}"), 6);
    let both_ways = mix.kinds.contains(&Kind::Partition);
    let Some(Subject::Link(a, b)) = source.among(&mix.subjects(stage, Kind::Partition)) else { return Vec::new() };
    let centre = if source.chance(500) { b } else { a };
    let source = &mut streams.stream(&format!("{centre}/flapping/{nth}"), 100);
    let closing = draw_some(source, links_of(stage, centre));
    let one_way_permille = match (both_ways, mix.kinds.contains(&Kind::OneWay)) {
        (true, false) => 0,
        (true, true) => 500,
        (false, _) => 1000,
    };
    let spans = draw_spans(source, stage, closing.len());
    let mut faults = Vec::new();
    for (link, (from_us, until_us)) in closing.into_iter().zip(spans) {
        let kind = if source.chance(one_way_permille) { one_way(source, link) } else { both_ways_of(link) };
        faults.push(Fault { from_us, until_us, kind });
    }
    faults
}

fn links_of(stage: &Stage, centre: Node) -> Vec<(Node, Node)> {
    let touches = |(a, b): &(Node, Node)| *a == centre || *b == centre;
    stage.links.iter().map(|link| link.ends()).filter(touches).collect()
}

/// From two to all of them, in any order.
fn draw_some(source: &mut impl Source, mut links: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    shuffle(source, &mut links);
    let most = u64::try_from(links.len()).unwrap_or(MOST_LINKS).min(MOST_LINKS);
    links.truncate(usize::try_from(source.between(most.min(2), most)).unwrap_or(0));
    links
}

/// Each closes a little after the one before; then they open, in any order, each a little after the one before.
fn draw_spans(source: &mut impl Source, stage: &Stage, count: usize) -> Vec<(u64, u64)> {
    let step_us = source.spread(1_000, 1_000_000);
    let mut now_us = source.between(0, stage.length_us / 2);
    let mut closings = Vec::new();
    for _ in 0..count {
        now_us += source.between(1, step_us);
        closings.push(now_us);
    }
    now_us += source.spread(1_000, 2 * stage.cluster.expiry_us);
    let mut openings = Vec::new();
    for _ in 0..count {
        now_us += source.between(1, step_us);
        openings.push(now_us);
    }
    shuffle(source, &mut openings);
    squeeze(closings.into_iter().zip(openings), now_us, stage.length_us)
}

/// A sequence too long for the run is made shorter as a whole, so that its order stays.
fn squeeze(spans: impl Iterator<Item = (u64, u64)>, last_us: u64, run_us: u64) -> Vec<(u64, u64)> {
    let scaled = |at_us: u64| if last_us > run_us { at_us * run_us / last_us } else { at_us };
    spans.map(|(from_us, until_us)| (scaled(from_us), scaled(until_us).max(scaled(from_us) + 1))).collect()
}

fn shuffle<T>(source: &mut impl Source, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let bound = u64::try_from(last).unwrap_or(0);
        items.swap(usize::try_from(source.between(0, bound)).unwrap_or(0), last);
    }
}

fn one_way(source: &mut impl Source, (a, b): (Node, Node)) -> FaultKind {
    if source.chance(500) { FaultKind::OneWay { from: b, to: a } } else { FaultKind::OneWay { from: a, to: b } }
}

const fn both_ways_of((a, b): (Node, Node)) -> FaultKind {
    FaultKind::Partition { a, b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{SeedStreams, cluster, workload};

    #[test]
    fn links_open_in_another_order_than_they_closed() {
        let mut in_another_order = 0;
        for seed in 0..200 {
            let mut streams = SeedStreams::new(seed);
            let cluster = cluster::draw(&mut streams);
            let workload = workload::draw(&mut streams, &cluster);
            let stage = Stage::draw(&mut streams, &cluster, &workload);
            let spans = draw_spans(&mut streams.stream("flapping", 100), &stage, 5);
            assert!(spans.is_sorted_by_key(|(from_us, _)| *from_us));
            assert!(spans.iter().all(|(from_us, until_us)| from_us < until_us && *until_us <= stage.length_us));
            let last_us = spans.iter().map(|(from_us, _)| *from_us).max();
            assert!(spans.iter().all(|(_, until_us)| Some(*until_us) >= last_us), "all are closed at some instant");
            in_another_order += u32::from(!spans.is_sorted_by_key(|(_, until_us)| *until_us));
        }
        assert!(in_another_order > 150, "{in_another_order}");
    }
}
