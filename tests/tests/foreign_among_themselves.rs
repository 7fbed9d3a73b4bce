//! The seed's nodes among themselves: what is played in Python does what was observed of the seed (SEED-WIRE.md), its
//! failures included. Without this, that Lode gets along with them would say little.

use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::claim::Claim;
use lode_tests::content;
use lode_tests::http::{self, Request};
use lode_tests::load::{Load, Outcome, Plan};
use lode_tests::python::{Message, Probe, SeedNode};
use lode_tests::wait;

/// One API server and two data servers of the seed that have heard of each other.
struct Seed {
    api: SeedNode,
    datas: Vec<SeedNode>,
    probe: Probe,
}

impl Seed {
    fn start() -> Self {
        let (bus, claim) = (Broker::shared().vhost(), Claim::new());
        let probe = Probe::start(&bus);
        let api = SeedNode::api(claim.api_address(0), &bus);
        let datas = (0..2).map(|index| SeedNode::data(claim.data_address(index), &bus)).collect();
        let seed = Self { api, datas, probe };
        wait::until_true(Duration::from_secs(10), "both are heard of", || {
            let heard = seed.api.seen("heartbeat");
            seed.datas.iter().all(|data| heard.iter().any(|seen| seen.text() == format!("\"{}\"", data.address)))
        });
        seed
    }
}

#[test]
fn objects_go_in_and_out_in_both_framings() {
    let mut seed = Seed::start();
    for size_bytes in [0, 1, 2048, 2049, 300_000] {
        let body = content::bytes("seed", size_bytes);
        let target = format!("/objects/o{size_bytes}");
        assert_eq!(http::put(seed.api.address, &target, &body).expect(200).header("Content-Length"), Some("0"));
        let reply = http::get(seed.api.address, &target).expect(200);
        assert_eq!(reply.header("Transfer-Encoding").is_some(), size_bytes > 2048);
        content::assert_same(&reply.body, &body, &target);
        let located = http::get(seed.api.address, &format!("/locate/o{size_bytes}")).expect(200).text();
        assert!(seed.datas.iter().any(|data| located == format!("\"{}\"", data.address)), "{located}");
    }
    let asked = Instant::now();
    let _ = http::get(seed.api.address, "/objects/missing").expect(404);
    assert!(asked.elapsed() >= Duration::from_secs(1), "a missing object is one second's silence");
    let refused =
        http::request(seed.api.address, &Request { method: "DELETE", target: "/objects/o1", ..Request::default() });
    assert_eq!(refused.unwrap().expect(405).header("Content-Length"), Some("0"));
    seed.api.assert_content();
}

#[test]
fn messages_are_those_of_the_seed_to_the_byte() {
    let mut seed = Seed::start();
    let _ = http::put(seed.api.address, "/objects/a%2Fb", b"x").expect(200);
    let _ = http::get(seed.api.address, "/objects/a%2Fb").expect(200);
    let queries = seed.probe.seen("dataServers");
    assert_eq!(queries.iter().map(|seen| seen.text()).collect::<Vec<_>>(), ["\"a%2Fb\""]);
    let heartbeats = seed.probe.seen("apiServers");
    for message in queries.iter().chain(&heartbeats) {
        let keys: Vec<&String> = message.properties.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["reply_to"]);
    }
    let unread = Message { exchange: "dataServers", body: b"\"a%2Fb\"", reply_to: Some("@me"), ..Message::default() };
    seed.probe.send(&unread);
    let answers = || seed.probe.seen("reply");
    let answer = wait::until(Duration::from_secs(5), "an answer", || answers().first().cloned());
    assert!(answer.properties.get("correlation_id").is_none());
    assert!(seed.datas.iter().any(|data| answer.text() == format!("\"{}\"", data.address)));
}

#[test]
fn one_malformed_message_stops_every_data_server() {
    let mut seed = Seed::start();
    seed.probe.send(&Message {
        exchange: "dataServers",
        body: b"\"\\/\"",
        reply_to: Some("@me"),
        ..Message::default()
    });
    for data in &mut seed.datas {
        assert_eq!(data.process.wait(Duration::from_secs(5)).code(), Some(2), "a Go panic ends with 2");
    }
}

/// The load that scenarios rely on has to see what goes wrong: the seed loses PUTs for 12-14 s after a data server died.
#[test]
fn the_load_notices_the_seeds_fifth_failure() {
    let mut seed = Seed::start();
    let load = Load::start(&Plan {
        apis: vec![seed.api.address],
        clients: 2,
        sizes_bytes: vec![100, 5000],
        gets_per_put: 0,
        pause: Duration::from_millis(20),
        limit: http::DEFAULT_LIMIT,
    });
    std::thread::sleep(Duration::from_secs(2));
    let killed_at = load.elapsed();
    seed.datas[0].process.kill();
    std::thread::sleep(Duration::from_secs(2));
    let records = load.stop();
    let failed = records.failed();
    assert!(!failed.is_empty() && failed.len() < records.0.len(), "{} of {}", failed.len(), records.0.len());
    assert!(failed.iter().all(|record| record.began + record.took > killed_at), "{}", failed[0]);
    assert!(failed.iter().all(|record| matches!(record.outcome, Outcome::Refused(500, _))), "{}", failed[0]);
}
