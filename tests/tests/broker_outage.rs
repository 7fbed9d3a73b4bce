//! A steady load through two API servers while the broker goes away and comes back: no request may fail.

use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::http::DEFAULT_LIMIT;
use lode_tests::load::{Load, Plan};

/// Longer than the expiry of 10 s: nobody may be forgotten meanwhile.
const OUTAGE: Duration = Duration::from_secs(13);
/// Long enough for reconnects, and for whatever goes wrong only once everybody is back.
const AFTERMATH: Duration = Duration::from_secs(8);

#[test]
fn no_request_fails_while_the_broker_is_stopped_and_started() {
    load_over(Broker::stop);
}

#[test]
fn no_request_fails_while_the_broker_is_killed_and_started() {
    load_over(Broker::kill);
}

/// The broker neither answers nor closes its connections: for a while, nobody can know.
#[test]
fn no_request_fails_while_the_broker_is_paused() {
    let broker = Broker::start();
    let cluster = Cluster::start(&broker.url(), 2, 3);
    let load = start_load(&cluster);
    thread::sleep(Duration::from_secs(3));
    broker.pause();
    thread::sleep(Duration::from_secs(5));
    broker.resume();
    thread::sleep(Duration::from_secs(5));
    load.stop().assert_no_failure(100);
    cluster.assert_all_alive();
}

fn load_over(end: impl Fn(&Broker)) {
    let broker = Broker::start();
    let mut cluster = Cluster::start(&broker.url(), 2, 3);
    let load = start_load(&cluster);
    thread::sleep(Duration::from_secs(3));
    end(&broker);
    thread::sleep(OUTAGE);
    broker.start_again();
    thread::sleep(AFTERMATH);
    load.stop().assert_no_failure(200);
    cluster.assert_all_alive();
    // The bus works again, and is not just done without.
    cluster.add_data();
    cluster.wait_until_ready();
}

fn start_load(cluster: &Cluster) -> Load {
    Load::start(&Plan {
        apis: cluster.apis.iter().map(|api| api.address).collect(),
        clients: 4,
        sizes_bytes: vec![0, 4096, 100_000, 1_500_000],
        gets_per_put: 2,
        pause: Duration::from_millis(10),
        limit: DEFAULT_LIMIT,
    })
}
