//! How often, how much, how long: the rest of what a fault is.

use crate::draw::Source;
use crate::plan::kind::{Kind, Subject};
use crate::plan::{Cluster, FaultKind};

const DAY_US: u64 = 24 * 60 * 60 * 1_000_000;

pub(super) fn draw(source: &mut impl Source, cluster: &Cluster, kind: Kind, subject: Subject) -> FaultKind {
    let (node, other) = subject.ends();
    match kind {
        Kind::BusLoss => FaultKind::BusLoss { node, permille: draw_permille(source) },
        Kind::BusDelay => FaultKind::BusDelay { node, up_to_us: source.spread(1_000, 2 * cluster.expiry_us) },
        Kind::BusDuplicates => FaultKind::BusDuplicates { node, permille: draw_permille(source) },
        Kind::BusMalformed => FaultKind::BusMalformed { node, permille: draw_permille(source) },
        Kind::LateBinding => FaultKind::LateBinding { node },
        Kind::QueueLost => FaultKind::QueueLost { node },
        Kind::BrokerDown => FaultKind::BrokerDown,
        Kind::BrokerHangs => FaultKind::BrokerHangs,
        Kind::BusCut => FaultKind::BusCut { node },
        Kind::Partition => FaultKind::Partition { a: node, b: other },
        Kind::OneWay if source.chance(500) => FaultKind::OneWay { from: other, to: node },
        Kind::OneWay => FaultKind::OneWay { from: node, to: other },
        Kind::Isolated => FaultKind::Isolated { node },
        Kind::Refused => FaultKind::Refused { node },
        Kind::Reset => FaultKind::Reset { node, permille: draw_permille(source) },
        Kind::Stall => FaultKind::Stall { node, permille: draw_permille(source) },
        Kind::Truncated => FaultKind::Truncated { node, permille: draw_permille(source) },
        Kind::AnswerLost => FaultKind::AnswerLost { node, permille: draw_permille(source) },
        Kind::SlowLink => FaultKind::SlowLink { node, up_to_us: draw_slowness(source, cluster) },
        Kind::DiskWriteError => FaultKind::DiskWriteError { node },
        Kind::DiskReadError => FaultKind::DiskReadError { node },
        Kind::DiskFull => FaultKind::DiskFull { node },
        Kind::ShortWrite => FaultKind::ShortWrite { node },
        Kind::SlowDisk => FaultKind::SlowDisk { node, up_to_us: draw_slowness(source, cluster) },
        Kind::BitRot => FaultKind::BitRot { node },
        Kind::Kill => FaultKind::Kill { node },
        Kind::KillBetweenEffects => {
            FaultKind::KillBetweenEffects { node, after_effects: u32::try_from(source.between(0, 30)).unwrap_or(0) }
        }
        Kind::PowerLoss => FaultKind::PowerLoss { node },
        Kind::BlankDisk => FaultKind::BlankDisk { node },
        Kind::Pause => FaultKind::Pause { node },
        Kind::StartsLate => FaultKind::StartsLate { node },
        Kind::SharedAddress => FaultKind::SharedAddress { node },
        Kind::ClockDrift => FaultKind::ClockDrift { node, ppm: draw_ppm(source) },
        Kind::ClockPause => FaultKind::ClockPause { node },
        Kind::WallClockStep => {
            let by_us = i64::try_from(source.spread(1_000, 3 * DAY_US)).unwrap_or(0);
            FaultKind::WallClockStep { node, by_us: if source.chance(500) { -by_us } else { by_us } }
        }
    }
}

/// Always, half of the times, or more or less rarely.
fn draw_permille(source: &mut impl Source) -> u16 {
    let permille = match source.below(4) {
        0 => 1000,
        1 => 500,
        _ => source.spread(20, 1000),
    };
    u16::try_from(permille).unwrap_or(1000)
}

/// Up to what a data server is waited for, and somewhat beyond.
fn draw_slowness(source: &mut impl Source, cluster: &Cluster) -> u64 {
    source.spread(1_000, (2 * cluster.short_patience_us).min(10_000_000))
}

/// Mostly what real clocks do, sometimes far more.
fn draw_ppm(source: &mut impl Source) -> i32 {
    let (least, most) = source.odds((1, 500), &[(200, (500, 50_000))]);
    let ppm = i32::try_from(source.spread(least, most)).unwrap_or(0);
    if source.chance(500) { -ppm } else { ppm }
}
