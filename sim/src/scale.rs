//! What heartbeats and locates cost, and how long they take, in clusters of 6 to 1,000 data servers: the table and the plot of
//! the README. Time is virtual: nothing here depends on the machine that it runs on.
//!
//! What is measured for each size, each in runs of its own ([`plans`]):
//!
//! | what | how |
//! |---|---|
//! | heartbeats | two quiet runs of different lengths; what the longer one has more, over the time that it has more |
//! | detection | data servers are killed at drawn times; from there to when each API server forgets them |
//! | reads | objects that are there and objects that are not, by GET and by locate, one after the other |
//!
//! The model of the broker takes the same time for a message whatever it has to do; where a real one would be full is
//! arithmetic ([`Broker`](seed::BROKER_DELIVERIES_PER_S)).

mod measured;
pub mod plans;
mod plot;
pub mod seed;
mod svg;
mod table;

use std::time::Duration;

use serde::Serialize;

pub use self::measured::Spread;
pub use self::plot::plot;
pub use self::table::table;
use crate::history::{Asked, Call, Outcome};
use crate::run::{Run, run};
use crate::trace::Keep;

/// How large a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Data servers.
    pub datas: u16,
    /// API servers.
    pub apis: u16,
}

/// The sizes of the study.
pub const SIZES: [Size; 6] = [
    Size { datas: 6, apis: 2 },
    Size { datas: 24, apis: 2 },
    Size { datas: 96, apis: 2 },
    Size { datas: 300, apis: 2 },
    Size { datas: 1000, apis: 2 },
    Size { datas: 1000, apis: 100 },
];

/// What was measured in a cluster of one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The size.
    pub size: Size,
    /// Heartbeats that came out of queues, per second.
    pub heartbeats_per_s: f64,
    /// From the death of a data server to when an API server forgets it.
    pub detection: Spread,
    /// A locate that finds a holder.
    pub located: Spread,
    /// A GET that gets an object of 1,000 bytes.
    pub got: Spread,
    /// A GET of an object that is not there.
    pub missing: Spread,
    /// What one GET publishes on the bus.
    pub published_per_get: f64,
    /// What comes out of queues for one GET.
    pub delivered_per_get: f64,
    /// How many rules were violated: none.
    pub violations: usize,
}

/// Measures one size.
#[must_use]
pub fn measure(size: Size) -> Row {
    let quiet = [plans::QUIET_SHORT_US, plans::QUIET_LONG_US].map(|lasting_us| run_of(&plans::quiet(size, lasting_us)));
    let killing = plans::killing(size);
    let killed = run_of(&killing);
    let reading = run_of(&plans::reading(size));
    let (published_per_get, delivered_per_get) = per_query(&reading);
    let calls = |wanted: fn(&Call) -> bool| Spread::of(measured::durations(&reading.history, wanted));
    Row {
        size,
        heartbeats_per_s: heartbeats_per_s(&quiet),
        detection: Spread::of(measured::detections(&killing, &killed.history)),
        located: calls(|call| matches!(call.outcome, Outcome::Located { .. })),
        got: calls(|call| matches!(call.outcome, Outcome::Body(_))),
        missing: calls(|call| call.outcome == Outcome::Missing && matches!(call.asked, Asked::Get { .. })),
        published_per_get,
        delivered_per_get,
        violations: quiet.iter().chain([&killed, &reading]).map(|run| run.violations.len()).sum(),
    }
}

fn run_of(plan: &crate::plan::Plan) -> Run {
    run(plan, Keep::Nothing)
}

/// The beginning is in both runs, and falls out.
fn heartbeats_per_s([short, long]: &[Run; 2]) -> f64 {
    let delivered = |run: &Run| measured::float(run.traffic.heartbeats.delivered);
    (delivered(long) - delivered(short)) / (long.lasted - short.lasted).max(Duration::from_secs(1)).as_secs_f64()
}

/// What is published and delivered for one query, which is also what is for one GET.
fn per_query(run: &Run) -> (f64, f64) {
    let (queries, answers) = (run.traffic.queries, run.traffic.answers);
    let asked = measured::float(queries.published.max(1));
    let published = measured::float(queries.published + answers.published);
    (published / asked, measured::float(queries.delivered + answers.delivered) / asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cluster_is_as_the_arithmetic_has_it() {
        let row = measure(Size { datas: 3, apis: 2 });
        assert_eq!(row.violations, 0);
        assert!((row.heartbeats_per_s - seed::heartbeats_per_s(row.size)).abs() < 0.1, "{row:?}");
        // Each of the three is asked, and each answers.
        assert!((row.delivered_per_get - 6.0).abs() < 1e-9 && (row.published_per_get - 4.0).abs() < 1e-9, "{row:?}");
        let bounds = [row.detection.least_us, row.detection.most_us];
        assert!(bounds.iter().all(|us| (4_900_000..10_100_000).contains(us)), "{row:?}");
        assert!(row.missing.most_us < 10_000 && row.got.samples > 100, "{row:?}");
        assert!(table(std::slice::from_ref(&row)).contains("| 3 | 2 |"));
        assert!(plot(&[row.clone(), row]).starts_with("<svg"));
    }
}
