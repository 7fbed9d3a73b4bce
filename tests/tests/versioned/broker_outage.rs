//! RabbitMQ is down for a while under load, in the mode with versions: PUT, GET, HEAD, DELETE and listings all go on, and not one
//! fails. LODE_OUTAGE_SECONDS says for how long it is down.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::history::History;
use lode_tests::mixed::{Mixed, Plan, check_all};

/// Longer than the expiry of 10 s: nobody may be forgotten meanwhile.
const USUAL_SECONDS: u64 = 15;

#[test]
fn no_request_fails_while_the_broker_is_down() {
    let outage = Duration::from_secs(super::setting("LODE_OUTAGE_SECONDS").unwrap_or(USUAL_SECONDS));
    let broker = Broker::start();
    let mut cluster = super::cluster(&broker.url(), None, 4);
    let history = Arc::new(History::default());
    let work = Mixed::start(&Plan::everything(&cluster, "b-"), &history);
    thread::sleep(Duration::from_secs(3));
    broker.kill();
    thread::sleep(outage);
    broker.start_again();
    thread::sleep(Duration::from_secs(8));
    work.stop().assert_no_failure(500);
    check_all(&history, &super::addresses(&cluster), "b-");
    cluster.assert_all_alive();
    // The bus works again, and is not just done without.
    cluster.add_data();
    cluster.wait_until_ready();
}
