//! How often, how much, how long: the rest of what a fault is.

use crate::draw::Source;
use crate::plan::kind::{ALWAYS, Kind, Measure, Subject};
use crate::plan::{Cluster, FaultKind};

const DAY_US: u64 = 24 * 60 * 60 * 1_000_000;

pub(super) fn draw(source: &mut impl Source, cluster: &Cluster, kind: Kind, subject: Subject) -> FaultKind {
    let (a, b) = subject.ends();
    let subject = if kind == Kind::OneWay && source.chance(500) { Subject::Link(b, a) } else { subject };
    kind.on(subject, draw_strength(source, cluster, kind))
}

fn draw_strength(source: &mut impl Source, cluster: &Cluster, kind: Kind) -> i128 {
    match kind.measure() {
        None => 0,
        Some(Measure::Permille) => draw_permille(source),
        // Until after its sender is forgotten.
        Some(Measure::Micros) if kind == Kind::BusDelay => source.spread(1_000, 2 * cluster.expiry_us).into(),
        Some(Measure::Micros) => draw_slowness(source, cluster),
        Some(Measure::Effects) => source.between(0, 30).into(),
        Some(Measure::Ppm) => draw_ppm(source),
        Some(Measure::Step) => {
            let by_us = source.spread(1_000, 3 * DAY_US);
            either_way(source, by_us)
        }
    }
}

/// Always, half of the times, or more or less rarely.
fn draw_permille(source: &mut impl Source) -> i128 {
    match source.below(4) {
        0 => ALWAYS,
        1 => ALWAYS / 2,
        _ => source.spread(20, 1000).into(),
    }
}

/// Up to what a data server is waited for, and somewhat beyond.
fn draw_slowness(source: &mut impl Source, cluster: &Cluster) -> i128 {
    source.spread(1_000, (2 * cluster.short_patience_us).min(10_000_000)).into()
}

/// Mostly what real clocks do, sometimes far more.
fn draw_ppm(source: &mut impl Source) -> i128 {
    let (least, most) = source.odds((1, 500), &[(200, (500, 50_000))]);
    let ppm = source.spread(least, most);
    either_way(source, ppm)
}

fn either_way(source: &mut impl Source, size: u64) -> i128 {
    let size = i128::from(size);
    if source.chance(500) { -size } else { size }
}
