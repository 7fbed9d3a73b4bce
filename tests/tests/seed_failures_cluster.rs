//! The failures of the seed that come from its servers not agreeing (SEED-WIRE.md §4: 5, 9, 12, 16), each one tried on ours.

use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::http::{Connection, DEFAULT_LIMIT};
use lode_tests::load::{Load, Plan};
use lode_tests::python::{Message, Probe};
use lode_tests::wait;

#[test]
fn failure_05_no_put_fails_after_a_data_server_died() {
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 2, 3);
    let load = Load::start(&Plan {
        apis: cluster.apis.iter().map(|api| api.address).collect(),
        clients: 4,
        sizes_bytes: vec![100, 10_000, 1_000_000],
        gets_per_put: 0,
        pause: Duration::from_millis(5),
        limit: DEFAULT_LIMIT,
    });
    thread::sleep(Duration::from_secs(2));
    cluster.datas[0].kill();
    // The seed's PUTs fail for 12-14 s.
    thread::sleep(Duration::from_secs(15));
    load.stop().assert_no_failure(100);
}

/// The limit of this mode (`--catalog none`), which knows no versions: an overwrite after the membership has changed can go to
/// another data server than before, and the old copy stays. What holds nevertheless: an answer is one whole version, and as
/// long as the membership stands still there is one copy, the last one.
#[test]
fn failure_09_two_copies_may_exist_but_are_never_mixed() {
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 2, 1);
    let names: Vec<String> = (0..8).map(|number| format!("/objects/o{number}")).collect();
    let old = content::bytes("old", 300_000);
    let new = content::bytes("new", 200_000);
    for name in &names {
        let _ = cluster.apis[0].put(name, &content::bytes("older", 100)).expect(200);
        let _ = cluster.apis[1].put(name, &old).expect(200);
        for api in cluster.apis.iter().cycle().take(4) {
            content::assert_same(&api.get(name).expect(200).body, &old, "the membership has not changed");
        }
    }
    for _ in 0..3 {
        cluster.add_data();
    }
    cluster.wait_until_ready();
    let mut saw_old = 0;
    for name in &names {
        let _ = cluster.apis[0].put(name, &new).expect(200);
        for api in cluster.apis.iter().cycle().take(20) {
            let got = api.get(name).expect(200).body;
            assert!(got == new || got == old, "{} bytes that are neither version", got.len());
            saw_old += usize::from(got == old);
        }
    }
    println!("{saw_old} of {} GETs after the overwrite still gave the old version", names.len() * 20);
}

#[test]
fn failure_12_clients_that_hang_up_leave_no_connection_behind() {
    const HANG_UPS: usize = 60;
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    let body = content::bytes("large", 16 * 1024 * 1024);
    let _ = cluster.apis[0].put("/objects/large", &body).expect(200);
    let holder = cluster.holder("large");
    let before = [cluster.apis[0].process().open_files(), cluster.datas[holder].process().open_files()];
    for _ in 0..HANG_UPS {
        let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
        connection.send(b"GET /objects/large HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
        assert_eq!(connection.read_head().unwrap().status, 200);
    }
    let data = cluster.datas[holder].address;
    let api = cluster.apis[0].process();
    wait::until_true(Duration::from_secs(20), "the connections between the servers are gone", || {
        api.connections_to(data) <= 4
    });
    let after = [cluster.apis[0].process().open_files(), cluster.datas[holder].process().open_files()];
    assert!(after[0] <= before[0] + 8 && after[1] <= before[1] + 8, "open files: {before:?}, then {after:?}");
    content::assert_same(&cluster.apis[0].get("/objects/large").expect(200).body, &body, "large");
}

#[test]
fn failure_16_a_long_name_is_stored_or_refused_and_never_claimed_without_being_held() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    let api = &cluster.apis[0];
    for length in [255, 256, 1024] {
        let name = "n".repeat(length);
        let _ = api.get(&format!("/locate/{name}")).expect(404);
        let _ = api.put(&format!("/objects/{name}"), name.as_bytes()).expect(200);
        assert_eq!(api.get(&format!("/objects/{name}")).expect(200).text(), name);
        let _ = api.get(&format!("/locate/{name}")).expect(200);
    }
    for length in [1025, 4000] {
        let name = "t".repeat(length);
        let _ = api.put(&format!("/objects/{name}"), b"x").expect(414);
        let _ = api.get(&format!("/objects/{name}")).expect(414);
        let _ = api.get(&format!("/locate/{name}")).expect(414);
        let _ = cluster.datas[0].put(&format!("/objects/{name}"), b"x").expect(414);
    }
    let mut probe = Probe::start(&cluster.bus);
    for name in ["u".repeat(256), "u".repeat(1024), "t".repeat(1025), "t".repeat(4000), "n".repeat(256)] {
        let body = format!("\"{name}\"");
        probe.send(&Message {
            exchange: "dataServers",
            body: body.as_bytes(),
            reply_to: Some("@me"),
            ..Message::default()
        });
    }
    wait::until_true(Duration::from_secs(5), "the one that is held is answered for", || {
        !probe.seen("reply").is_empty()
    });
    thread::sleep(Duration::from_secs(1));
    assert_eq!(probe.seen("reply").len(), 1);
}
