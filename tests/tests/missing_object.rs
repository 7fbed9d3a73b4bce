//! How long it takes to learn that an object is not there: the seed waits for a second of silence; ours are told.

use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::lode;

#[test]
fn a_missing_object_is_a_404_in_under_20_ms_at_the_median() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 6);
    let mut times: Vec<Duration> = (0..200)
        .map(|number| {
            let asked = Instant::now();
            let _ = cluster.apis[0].get(&format!("/objects/missing{number}")).expect(404);
            asked.elapsed()
        })
        .collect();
    times.sort();
    println!("404 over RabbitMQ: median {:?}, 95th percentile {:?}", times[100], times[190]);
    let limit_ms = if lode::is_release() { 20 } else { 200 };
    assert!(times[100] < Duration::from_millis(limit_ms), "median {:?}", times[100]);
}
