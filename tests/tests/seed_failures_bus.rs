//! The failures of the seed that come from its bus (SEED-WIRE.md §4: 1, 2, 10, 11, 13, 14, 15), each one tried on ours.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::{self, Cluster};
use lode_tests::content;
use lode_tests::http::{self, Request};
use lode_tests::lode::{self, Server};
use lode_tests::python::{Message, Probe};
use lode_tests::wait;

/// Longer than the expiry, so that whoever is no longer heard has been forgotten.
const PAST_EXPIRY: Duration = Duration::from_secs(12);

/// A heartbeat on which the seed panics, because of the space behind it. It is JSON all the same, so ours reads it.
const SPACED: &[u8] = b"\"127.0.0.1:80\" ";

/// Bodies that make the seed panic, and some that nobody should send; none of them names a server.
const MALFORMED: [&[u8]; 15] = [
    b"",
    b"\"\\/\"",
    b"\"\\ud83d\\ude00\"",
    b"\"a\nb\"",
    b"null",
    b"123",
    b"{}",
    b"[\"a\"]",
    b"garbage",
    b"\"",
    b"\"\"",
    b"\"no port\"",
    b"\"127.0.0.1:0\"",
    b"\xff\xfe\x00",
    b"\"\\ud800\"",
];

#[test]
fn failure_01_broker_restart_leaves_everybody_in_the_cluster() {
    let broker = Broker::start();
    let mut cluster = Cluster::start(&broker.url(), 2, 3);
    let body = content::bytes("before", 10_000);
    let _ = cluster.apis[0].put("/objects/before", &body).expect(200);
    broker.restart();
    thread::sleep(PAST_EXPIRY);
    cluster.assert_all_alive();
    cluster.wait_until_ready();
    content::assert_same(&cluster.apis[1].get("/objects/before").expect(200).body, &body, "before");
    let _ = cluster.apis[1].put("/objects/after", &body).expect(200);
    content::assert_same(&cluster.apis[0].get("/objects/after").expect(200).body, &body, "after");
    // Known servers may just not have been forgotten; one that joins now is heard of only if heartbeats are heard again.
    cluster.add_data();
    cluster.wait_until_ready();
}

#[test]
fn failure_02_no_broker_and_no_exchange_at_the_start_is_waited_for() {
    let broker = Broker::stopped();
    let mut cluster = Cluster::empty(&broker.url());
    cluster.add_api();
    cluster.add_data();
    thread::sleep(Duration::from_secs(3));
    cluster.assert_all_alive();
    let api = &cluster.apis[0];
    let _ = api.get("/healthz").expect(200);
    let _ = api.get("/readyz").expect(503);
    let _ = api.put("/objects/early", b"x").expect(503);
    let port = broker.address().port().to_string();
    for server in [api, &cluster.datas[0]] {
        assert!(server.log().contains(&port), "the log does not say which broker is missed: {}", server.log());
    }
    // This broker has never run before: neither exchange exists on it.
    broker.start_again();
    cluster.wait_until_ready();
    let _ = cluster.apis[0].put("/objects/late", b"x").expect(200);
    assert_eq!(cluster.apis[0].get("/objects/late").expect(200).body, b"x");
}

#[test]
fn failure_10_malformed_and_false_messages_harm_nobody() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    let mut probe = Probe::start(&cluster.bus);
    let huge = [b"\"".as_slice(), &[b'x'; 300_000], b"\""].concat();
    for body in MALFORMED.iter().copied().chain([huge.as_slice()]) {
        for exchange in ["apiServers", "dataServers"] {
            probe.send(&Message { exchange, body, reply_to: Some("@me"), ..Message::default() });
            probe.send(&Message { exchange, body, ..Message::default() });
        }
    }
    // Two addresses where nobody listens, and one where somebody listens and says nothing.
    let mute = TcpListener::bind(cluster.claim.data_address(100)).unwrap();
    let fakes = [cluster.claim.data_address(99), mute.local_addr().unwrap()];
    let heartbeats = fakes.map(|fake| format!("\"{fake}\""));
    for body in heartbeats.iter().map(String::as_bytes).chain([SPACED]) {
        probe.send(&Message { exchange: "apiServers", body, reply_to: Some("@me"), ..Message::default() });
    }
    let mut believed: Vec<String> = cluster.datas.iter().map(|data| data.address.to_string()).collect();
    believed.extend(fakes.iter().map(ToString::to_string).chain(["127.0.0.1:80".to_owned()]));
    believed.sort();
    wait::until_true(Duration::from_secs(5), "the fakes are believed, and nothing malformed is", || {
        cluster::known(cluster.apis[0].address) == believed
    });
    for number in 0..20 {
        let (target, body) = (format!("/objects/o{number}"), content::bytes("o", 1000 + number));
        let _ = cluster.apis[0].put(&target, &body).expect(200);
        content::assert_same(&cluster.apis[0].get(&target).expect(200).body, &body, &target);
    }
    cluster.assert_all_alive();
}

#[test]
fn failure_11_a_query_asks_about_objects_and_no_other_file() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 1);
    let mut probe = Probe::start(&cluster.bus);
    std::fs::write(cluster.root(0).join("secret"), b"x").unwrap();
    let _ = cluster.apis[0].put("/objects/known", b"x").expect(200);
    for body in [
        "\"../secret\"",
        "\"../../etc/passwd\"",
        "\"../../../../../../../../etc/passwd\"",
        "\"/etc/passwd\"",
        "\"..%2Fsecret\"",
        "\"..\"",
        "\".\"",
        "\"\"",
        "\"known/../known\"",
        "\"\\u002e\\u002e/secret\"",
    ] {
        let query =
            Message { exchange: "dataServers", body: body.as_bytes(), reply_to: Some("@me"), ..Message::default() };
        probe.send(&query);
    }
    let known = Message { exchange: "dataServers", body: b"\"known\"", reply_to: Some("@me"), ..Message::default() };
    probe.send(&known);
    let answered = || !probe.seen("reply").is_empty();
    wait::until_true(Duration::from_secs(5), "the object that is there is answered for", answered);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(probe.seen("reply").len(), 1, "{:?}", probe.seen("reply"));
    for target in
        ["/locate/..%2Fsecret", "/objects/..%2Fsecret", "/objects/../secret", "/objects/..%2f..%2fetc%2fpasswd"]
    {
        for server in [&cluster.apis[0], &cluster.datas[0]] {
            let status = server.get(target).status();
            assert!((400..500).contains(&status), "{target} is answered with {status}");
        }
    }
}

#[test]
fn failure_13_starts_leave_no_queue_behind() {
    let broker = Broker::shared();
    let mut cluster = Cluster::start(&broker.vhost(), 1, 1);
    let before = broker.queues(&cluster.bus).len();
    for _ in 0..5 {
        cluster.apis[0].kill();
        cluster.datas[0].kill();
        cluster.apis[0].start_again();
        cluster.datas[0].start_again();
        cluster.wait_until_ready();
    }
    // The broker takes notice of a broken connection in its own time.
    let count = || broker.queues(&cluster.bus).len();
    wait::until_true(Duration::from_secs(30), "as many queues as before", || count() == before);
    cluster.apis[0].stop();
    cluster.datas[0].stop();
    wait::until_true(Duration::from_secs(10), "no queue", || count() == 0);
}

#[test]
fn failure_14_paused_data_servers_are_not_waited_for_without_end_and_come_back() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 3);
    let api = &cluster.apis[0];
    let names: Vec<String> = (0..12).map(|number| format!("/objects/o{number}")).collect();
    for name in &names {
        let _ = api.put(name, name.as_bytes()).expect(200);
    }
    let mut cluster = cluster;
    let paused_at = Instant::now();
    pause_all(&mut cluster.datas);
    let api = &cluster.apis[0];
    let asked = Instant::now();
    let _ = api.get("/objects/o1").expect(503);
    assert!(asked.elapsed() < Duration::from_secs(10), "a GET took {:?}", asked.elapsed());
    let asked = Instant::now();
    let _ = api.put("/objects/new", b"x").expect(503);
    assert!(asked.elapsed() < Duration::from_secs(25), "a PUT took {:?}", asked.elapsed());
    // Long enough for the broker to have given up on them: two AMQP heartbeats of 10 s, and some.
    thread::sleep(Duration::from_secs(32).saturating_sub(paused_at.elapsed()));
    for data in &mut cluster.datas {
        data.process().resume();
    }
    cluster.wait_until_ready();
    for name in &names {
        assert_eq!(cluster.apis[0].get(name).expect(200).text(), *name);
    }
    let mut probe = Probe::start(&cluster.bus);
    for number in 0..12 {
        let body = format!("\"o{number}\"");
        probe.send(&Message {
            exchange: "dataServers",
            body: body.as_bytes(),
            reply_to: Some("@me"),
            ..Message::default()
        });
    }
    wait::until_true(Duration::from_secs(10), "each query is answered over the bus", || {
        probe.seen("reply").len() == 12
    });
}

fn pause_all(datas: &mut [Server]) {
    for data in datas {
        data.process().pause();
    }
}

#[test]
fn failure_15_concurrent_gets_share_one_connection_to_the_broker() {
    const CLIENTS: usize = 400;
    let broker = Broker::shared();
    let mut cluster = Cluster::start(&broker.vhost(), 1, 3);
    let body = content::bytes("shared", 4096);
    let _ = cluster.apis[0].put("/objects/shared", &body).expect(200);
    let address = cluster.apis[0].address;
    let get = move || {
        let began = Instant::now();
        let reply = http::request(address, &Request { method: "GET", target: "/objects/shared", ..Request::default() });
        (reply.map(|reply| (reply.status(), reply.body)), began.elapsed())
    };
    let client = |_| thread::Builder::new().stack_size(256 * 1024).spawn(get).unwrap();
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let mut looks = 0;
    while looks < 3 || !clients.iter().all(thread::JoinHandle::is_finished) {
        for server in cluster.apis.iter_mut().chain(&mut cluster.datas) {
            assert_eq!(server.process().connections_to(broker.address()), 1, "connections to the broker");
        }
        looks += 1;
    }
    let mut times = Vec::new();
    for client in clients {
        let (reply, took) = client.join().unwrap();
        assert!(matches!(&reply, Ok((200, got)) if *got == body), "{:?}", reply.map(|(status, _)| status));
        times.push(took);
    }
    times.sort();
    println!("median of {CLIENTS} concurrent GETs: {:?}, longest {:?}", times[CLIENTS / 2], times[CLIENTS - 1]);
    let limit_ms = if lode::is_release() { 1100 } else { 5000 };
    assert!(times[CLIENTS / 2] < Duration::from_millis(limit_ms), "no better than the seed: {:?}", times[CLIENTS / 2]);
}
