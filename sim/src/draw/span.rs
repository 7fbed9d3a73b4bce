//! When a fault begins and ends.

use crate::draw::Source;
use crate::draw::stage::Stage;
use crate::plan::kind::Kind;

/// From one instant until another, in microseconds of the run. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_us: u64,
    pub(super) until_us: u64,
}

impl Span {
    pub(super) const fn length_us(self) -> u64 {
        self.until_us - self.from_us
    }
}

pub(super) fn draw(source: &mut impl Source, stage: &Stage, kind: Kind) -> Span {
    let length_us = draw_length(source, stage).clamp(1, stage.length_us);
    let latest_us = stage.length_us - length_us;
    // A queue can only be bound late where a connection is made: in every run there is one at the beginning.
    let from_the_beginning = kind == Kind::StartsLate || kind == Kind::LateBinding && source.chance(500);
    let from_us = if from_the_beginning { 0 } else { draw_beginning(source, stage, latest_us) };
    Span { from_us, until_us: from_us + length_us }
}

/// Of any order of magnitude, from what nobody notices to what outlasts every period; or so that it ends when a period does,
/// give or take a little.
fn draw_length(source: &mut impl Source, stage: &Stage) -> u64 {
    let cluster = &stage.cluster;
    match source.odds(0, &[(150, 1), (50, 2), (200, 3)]) {
        0 => source.spread(1_000, 3 * cluster.expiry_us),
        1 => draw_about(source, cluster.expiry_us),
        2 => {
            let periods = [cluster.heartbeat_period_us, cluster.locate_deadline_us, cluster.short_patience_us];
            let period_us = source.among(&periods).unwrap_or(cluster.expiry_us);
            draw_about(source, period_us)
        }
        _ => source.spread(cluster.heartbeat_period_us, 3 * cluster.expiry_us),
    }
}

fn draw_about(source: &mut impl Source, period_us: u64) -> u64 {
    let off_us = source.spread(1, 50_000);
    if source.chance(500) { period_us.saturating_sub(off_us) } else { period_us + off_us }
}

fn draw_beginning(source: &mut impl Source, stage: &Stage, latest_us: u64) -> u64 {
    if source.chance(50) {
        return 0;
    }
    if source.chance(400)
        && let Some(moment_us) = source.among(&stage.moments_us)
    {
        return (moment_us + source.spread(1, 500_000)).min(latest_us);
    }
    source.between(0, latest_us)
}
