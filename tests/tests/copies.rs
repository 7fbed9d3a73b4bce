//! Versions and copies on real processes: two API servers that share a catalog, six data servers, three copies.

use std::thread;
use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::http;
use lode_tests::load::{Kind, Load, Plan, body_of};
use rustix::process::Signal;

/// How long a data server may stand still while it holds up others: the core's default.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);
/// What 64 MiB may take besides on a machine with other load.
const SLACK: Duration = Duration::from_secs(10);

fn cluster() -> Cluster {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let catalog = ["--catalog".to_owned(), cluster.catalog(), "--copies".to_owned(), "3".to_owned()];
    (0..6).for_each(|_| cluster.add_data());
    (0..2).for_each(|_| cluster.add_api_with(&catalog));
    cluster.wait_until_ready();
    cluster
}

#[test]
fn two_of_six_servers_are_killed_one_after_the_other_and_no_request_fails() {
    let mut cluster = cluster();
    let load = Load::start(&Plan::mixed(&cluster));
    thread::sleep(Duration::from_secs(4));
    cluster.datas[1].kill();
    thread::sleep(Duration::from_secs(5));
    cluster.datas[4].kill();
    thread::sleep(Duration::from_secs(12));
    let records = load.stop();
    records.of(Kind::Put).assert_no_failure(100);
    records.of(Kind::Get).assert_no_failure(100);
    let api = cluster.apis[1].address;
    let puts = records.of(Kind::Put);
    println!("{} PUTs and {} GETs, none failed", puts.0.len(), records.of(Kind::Get).0.len());
    for put in &puts.0 {
        let got = http::get(api, &format!("/objects/{}", put.name)).expect(200).body;
        assert!(got == body_of(&put.name, put.size_bytes), "{} is not what was put", put.name);
    }
}

/// A data server that takes connections and reads nothing, as one does whose disk hangs. Of three copies, two are enough.
#[test]
fn a_data_server_that_stands_still_holds_up_a_large_put_for_seconds_only() {
    let mut cluster = cluster();
    let (api, other) = (cluster.apis[0].address, cluster.apis[1].address);
    let body = content::bytes("large", 64 << 20);
    // Which servers get a copy is left to chance, so several are tried.
    let (target, took) = (0..12)
        .map(|round| {
            let (target, stopped) = (format!("/objects/large-{round}"), round % 6);
            cluster.datas[stopped].process().signal(Signal::STOP);
            let began = Instant::now();
            let _ = http::put(api, &target, &body).expect(200);
            let took = began.elapsed();
            cluster.datas[stopped].process().signal(Signal::CONT);
            println!("64 MiB with a data server stopped: {took:?}");
            (target, took)
        })
        .find(|(_, took)| *took > SHORT_PATIENCE)
        .expect("a copy of one of them is to lie on the one that is stopped");
    assert!(took < SHORT_PATIENCE + SLACK, "{took:?}");
    content::assert_same(&http::get(other, &target).expect(200).body, &body, &target);
}
