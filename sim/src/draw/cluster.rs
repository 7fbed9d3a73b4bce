//! Who takes part, under which settings: each is the default in many runs, and at its edges in some.

use lode_core::config::SHORTEST_PERIOD;

use crate::draw::{Source, Streams};
use crate::plan::{CatalogSetup, Cluster};

/// The shortest period that the core accepts.
const SHORTEST_PERIOD_US: u64 = SHORTEST_PERIOD.as_secs() * 1_000_000 + SHORTEST_PERIOD.subsec_micros() as u64;

/// The longest expiry that is drawn: with more, hardly anybody would expire within a run.
const LONGEST_EXPIRY_US: u64 = 30_000_000;

/// The longest that a data server is waited for.
const LONGEST_PATIENCE_US: u64 = 60_000_000;

pub(super) fn draw(streams: &mut impl Streams) -> Cluster {
    let mut cluster = Cluster::usual();
    draw_shape(&mut streams.stream("cluster/shape", 10), &mut cluster);
    draw_timing(&mut streams.stream("cluster/timing", 40), &mut cluster);
    draw_patience(&mut streams.stream("cluster/patience", 16), &mut cluster);
    draw_bounds(&mut streams.stream("cluster/bounds", 28), &mut cluster);
    draw_disks(&mut streams.stream("cluster/disks", 12), &mut cluster);
    draw_catalog(&mut streams.stream("cluster/catalog", 16), &mut cluster);
    cluster
}

/// One data server alone is frequent, as most can be promised there. It then has no data server of the seed beside it.
fn draw_shape(source: &mut impl Source, cluster: &mut Cluster) {
    cluster.apis = source.odds(1, &[(400, 2), (200, 3), (100, 4)]);
    cluster.datas = source.odds(1, &[(200, 2), (250, 3), (150, 4), (130, 5), (50, 6), (40, 7), (30, 8)]);
    if source.chance(290) {
        cluster.seed_apis = source.odds(0, &[(400, 1), (200, 2)]);
        let seed_datas = source.odds(1, &[(200, 0), (250, 2), (100, 3), (50, 4)]);
        cluster.seed_datas = if cluster.datas == 1 { 0 } else { seed_datas };
    }
}

fn draw_timing(source: &mut impl Source, cluster: &mut Cluster) {
    if !source.chance(500) {
        return;
    }
    if source.chance(700) {
        draw_heartbeat_and_expiry(source, cluster);
    }
    if source.chance(700) {
        draw_deadline_and_delay(source, cluster);
    }
}

fn draw_heartbeat_and_expiry(source: &mut impl Source, cluster: &mut Cluster) {
    let period_us = if source.chance(50) { SHORTEST_PERIOD_US } else { source.spread(50_000, 10_000_000) };
    let expiry_us = match source.below(4) {
        0 => 2 * period_us,
        1 => period_us + source.spread(1, period_us / 5),
        2 => period_us + source.spread(period_us / 10, period_us),
        _ => source.between(2 * period_us, 6 * period_us),
    };
    cluster.heartbeat_period_us = period_us;
    cluster.expiry_us = expiry_us.min(LONGEST_EXPIRY_US);
}

fn draw_deadline_and_delay(source: &mut impl Source, cluster: &mut Cluster) {
    let shortest_us = SHORTEST_PERIOD_US;
    let deadline_us = source.spread(2 * shortest_us, 5_000_000);
    cluster.locate_deadline_us = deadline_us;
    cluster.ask_directly_after_us = match source.below(4) {
        0 => (deadline_us / 4).max(shortest_us),
        1 => shortest_us,
        2 => deadline_us - 1,
        _ => source.spread(shortest_us, deadline_us - 1),
    };
}

fn draw_patience(source: &mut impl Source, cluster: &mut Cluster) {
    if !source.chance(500) {
        return;
    }
    let shortest_us = SHORTEST_PERIOD_US;
    let short_us = if source.chance(50) { shortest_us } else { source.spread(20_000, 10_000_000) };
    cluster.short_patience_us = short_us;
    cluster.long_patience_us =
        if source.chance(100) { source.spread(shortest_us, short_us) } else { short_us * source.between(1, 12) }
            .min(LONGEST_PATIENCE_US);
}

fn draw_bounds(source: &mut impl Source, cluster: &mut Cluster) {
    cluster.held_body_bytes = match source.below(8) {
        0..=2 => cluster.held_body_bytes,
        3 => 0,
        4 => 1,
        5 => 4096,
        _ => source.spread(1, 1 << 20),
    };
    // In most runs no bound is ever reached, so that it does not hide what is behind it.
    if !source.chance(350) {
        return;
    }
    let tight = [(&mut cluster.max_requests, 3), (&mut cluster.max_members, 2), (&mut cluster.max_attempts, 2)];
    let of_one = [&mut cluster.max_direct_asks, &mut cluster.max_direct_asks_beside_bus, &mut cluster.max_lookups];
    for (bound, most) in tight.into_iter().chain(of_one.map(|bound| (bound, 1))) {
        if source.chance(350) {
            *bound = u32::try_from(source.between(1, most)).unwrap_or(1);
        }
    }
}

fn draw_disks(source: &mut impl Source, cluster: &mut Cluster) {
    if !source.chance(250) {
        return;
    }
    let disk_bytes = source.spread(4096, 8 << 20);
    cluster.disk_bytes = disk_bytes;
    cluster.reserve_bytes = match source.below(4) {
        0 => 0,
        1 => disk_bytes / 2,
        2 => source.spread(1, disk_bytes),
        _ => source.spread(1, 4096),
    };
}

/// In half of the runs, and then mostly with servers enough for a quorum and one to spare. Nodes of the seed know no catalog.
fn draw_catalog(source: &mut impl Source, cluster: &mut Cluster) {
    if !source.chance(500) {
        return;
    }
    (cluster.seed_apis, cluster.seed_datas) = (0, 0);
    if source.chance(800) {
        let datas = source.odds(3, &[(250, 4), (150, 5), (100, 6)]);
        cluster.datas = cluster.datas.max(datas);
    }
    cluster.catalog = Some(CatalogSetup {
        copies: source.odds(3, &[(200, 2), (100, 1), (100, 4), (50, 5)]),
        exactly: source.chance(250),
        old_versions: source.odds(Some(0), &[(200, Some(1)), (150, Some(3)), (150, None)]),
    });
}
