//! How long things take where no fault makes them longer: quick in most runs, so slow in some that whatever takes no time
//! elsewhere is under way when something happens.

use crate::draw::{Source, Streams};
use crate::plan::Pace;

pub(super) fn draw(streams: &mut impl Streams) -> Pace {
    let source = &mut streams.stream("pace", 48);
    let link = source.odds((50, 500), &[(200, (1_000, 50_000))]);
    let bus = source.odds((300, 2_000), &[(200, (2_000, 100_000))]);
    let disk = source.odds((50, 5_000), &[(200, (1_000, 50_000))]);
    let reconnect = source.odds((100_000, 2_000_000), &[(300, (1_000, 100_000)), (200, (1_000_000, 8_000_000))]);
    let throughput = source.odds((10_000, 1_000_000), &[(300, (100, 10_000))]);
    Pace {
        link_us: draw_bounds(source, link),
        bus_us: draw_bounds(source, bus),
        disk_us: draw_bounds(source, disk),
        reconnect_us: draw_bounds(source, reconnect),
        bytes_per_ms: source.spread(throughput.0, throughput.1),
    }
}

/// Far apart in some runs, so that messages overtake each other; close together in others.
fn draw_bounds(source: &mut impl Source, (least, most): (u64, u64)) -> (u64, u64) {
    let shortest = source.spread(least, most);
    (shortest, source.spread(shortest, most))
}
