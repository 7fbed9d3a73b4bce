//! Versions and copies on real processes: two API servers that share a catalog, six data servers, three copies.

use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::http;
use lode_tests::load::{Kind, Load, Plan, body_of};

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
