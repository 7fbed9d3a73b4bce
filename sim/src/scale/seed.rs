//! What the same would cost the seed: arithmetic on what `SEED-WIRE.md` says of it, nothing measured.

use super::Size;
use super::measured::float;

/// How many messages a second may come out of the queues of one broker before it falls behind. A RabbitMQ 3.10 on two cores,
/// with six answerers, gave 2,900 round trips a second, which are twelve deliveries each; with other work beside it, less.
pub const BROKER_DELIVERIES_PER_S: f64 = 25_000.0;

/// Between two heartbeats of a data server, and between two looks of an API server for the silent ones, in seconds.
pub const PERIOD_S: f64 = 5.0;

/// After how much silence one that is looked at is forgotten, in seconds.
const EXPIRY_S: f64 = 10.0;

/// A heartbeat that was sent just before the death, and a look just when its time was up.
pub const SHORTEST_DETECTION_S: f64 = EXPIRY_S;
/// The same, and the last look was just before its time was up. The death itself comes up to a period after the heartbeat.
pub const LONGEST_DETECTION_S: f64 = EXPIRY_S + PERIOD_S;

/// How long a GET of an object that is not there takes: nobody says no, so it waits.
pub const MISSING_S: f64 = 1.01;

/// How many heartbeats come out of queues in a second: each data server's goes to each API server. Ours is the same.
#[must_use]
pub fn heartbeats_per_s(size: Size) -> f64 {
    float(size.datas.into()) / PERIOD_S * float(size.apis.into())
}

/// What comes out of queues for one GET of an object with one copy: the query at each data server, and one answer. It costs
/// a connection, a channel and a queue, too.
#[must_use]
pub fn delivered_per_get(size: Size) -> f64 {
    float(size.datas.into()) + 1.0
}

/// How many GETs a second leave nothing over of one broker, beside the heartbeats. Zero if they alone are too much.
#[must_use]
pub fn gets_that_fill_a_broker(heartbeats_per_s: f64, delivered_per_get: f64) -> f64 {
    ((BROKER_DELIVERIES_PER_S - heartbeats_per_s) / delivered_per_get).max(0.0)
}
