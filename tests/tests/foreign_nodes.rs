//! Nodes of the seed and ours in one cluster, both ways round. The Python nodes end, as the seed would, on a message that Go
//! could not read, and note each HTTP answer that Go's client would not have taken.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::{self, Cluster};
use lode_tests::content;
use lode_tests::http::{self, Request};
use lode_tests::python::{Probe, SeedNode, Seen};
use lode_tests::wait;

const SIZES_BYTES: [usize; 7] = [0, 1, 2048, 2049, 70_000, 1_048_577, 5_000_000];

/// Names as they stand in a URL, all different; beside each, what the seed makes of it.
const ODD_NAMES: [(&str, &str); 12] = [
    ("a%2Fb", "a%2Fb"),
    ("a%2fb", "a%2fb"),
    ("a%20b", "a%20b"),
    ("a%61", "a%61"),
    ("aa", "aa"),
    ("'&+;:*[]~=@,", "'&+;:*[]~=@,"),
    ("é", "%C3%A9"),
    ("x\"y", "x%22y"),
    ("<>", "%3C%3E"),
    ("\\^|`", "%5C%5E%7C%60"),
    ("%C3%BC", "%C3%BC"),
    ("a&b<c", "a&b%3Cc"),
];

fn quoted(address: SocketAddr) -> String {
    format!("\"{address}\"")
}

fn texts(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(Seen::text).collect()
}

#[test]
fn our_api_server_works_with_the_seeds_data_servers() {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let mut seeds: Vec<SeedNode> =
        (0..2).map(|index| SeedNode::data(cluster.claim.data_address(index), &cluster.bus)).collect();
    cluster.add_api();
    let addresses: Vec<SocketAddr> = seeds.iter().map(|seed| seed.address).collect();
    cluster::wait_until_known(cluster.apis[0].address, &addresses);
    let api = &cluster.apis[0];
    for size_bytes in SIZES_BYTES {
        let (target, body) = (format!("/objects/o{size_bytes}"), content::bytes("o", size_bytes));
        let _ = api.put(&target, &body).expect(200);
        let reply = api.get(&target).expect(200);
        // The seed says the length of what fits its buffer of 2 KiB; what it does not say, nobody can pass on.
        let length = reply.header("Content-Length").map(str::to_owned);
        assert!(length == Some(size_bytes.to_string()) || (length.is_none() && size_bytes > 2048), "{length:?}");
        content::assert_same(&reply.body, &body, &target);
    }
    let located = api.get("/locate/o2049").expect(200).text();
    assert!(addresses.iter().any(|&address| quoted(address) == located), "{located}");

    let missed = Instant::now();
    let _ = api.get("/objects/missing").expect(404);
    assert!(missed.elapsed() >= Duration::from_millis(900), "the seed never says no: it has said so at the deadline");
    assert!(missed.elapsed() < Duration::from_secs(3), "{:?}", missed.elapsed());

    // The seed ignores Range; a client that asked ours must get what it asked for, or the whole.
    let range = [("Range", "bytes=1000-1999")];
    let request = Request { method: "GET", target: "/objects/o70000", headers: &range, body: &[] };
    let (reply, whole) = (http::request(api.address, &request).unwrap(), content::bytes("o", 70_000));
    let expected = if reply.status() == 206 { &whole[1000..2000] } else { &whole[..] };
    content::assert_same(&reply.body, expected, "a range of an object at the seed");
    let status = api.send("DELETE", "/objects/o1").status();
    assert_eq!(status, 501, "the seed cannot delete, and ours must not say that it did");
    seeds.iter_mut().for_each(SeedNode::assert_content);
}

#[test]
fn the_seeds_api_server_works_with_our_data_servers() {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let mut seed = SeedNode::api(cluster.claim.api_address(0), &cluster.bus);
    (0..2).for_each(|_| cluster.add_data());
    let ours: Vec<String> = cluster.datas.iter().map(|data| quoted(data.address)).collect();
    wait::until_true(Duration::from_secs(15), "the seed has heard of both", || {
        let heard = texts(&seed.seen("heartbeat"));
        ours.iter().all(|data| heard.contains(data))
    });
    for size_bytes in SIZES_BYTES {
        let (target, body) = (format!("/objects/o{size_bytes}"), content::bytes("o", size_bytes));
        let _ = http::put(seed.address, &target, &body).expect(200);
        content::assert_same(&http::get(seed.address, &target).expect(200).body, &body, &target);
        let located = http::get(seed.address, &format!("/locate/o{size_bytes}")).expect(200).text();
        assert!(ours.contains(&located), "{located}");
    }
    let missed = Instant::now();
    let _ = http::get(seed.address, "/objects/missing").expect(404);
    assert!(missed.elapsed() >= Duration::from_secs(1), "an answer that means no was taken for one that means yes");
    assert!(texts(&seed.seen("heartbeat")).iter().all(|heartbeat| ours.contains(heartbeat)), "bodies, to the byte");
    assert!(texts(&seed.seen("answer")).iter().all(|answer| ours.contains(answer)), "bodies, to the byte");
    seed.assert_content();
    cluster.assert_all_alive();
}

#[test]
fn all_four_kinds_form_one_cluster() {
    let mut mixed = Mixed::start();
    let apis = [mixed.cluster.apis[0].address, mixed.seed_api.address];
    for number in 0..24 {
        let (target, body) = (format!("/objects/o{number}"), content::bytes(&format!("o{number}"), number * 997));
        let _ = http::put(apis[number % 2], &target, &body).expect(200);
        for api in apis {
            content::assert_same(&http::get(api, &target).expect(200).body, &body, &target);
        }
    }
    let at_the_seed = lode_tests::folder::files(&mixed.seed_data.objects()).len();
    assert!((1..24).contains(&at_the_seed), "the seed's data server has {at_the_seed} of 24");
    let _ = http::get(apis[0], "/objects/missing").expect(404);
    let _ = http::get(apis[1], "/objects/missing").expect(404);
    mixed.assert_content();
}

#[test]
fn odd_names_mean_the_same_object_to_both() {
    let mut mixed = Mixed::start();
    let probe = Probe::start(&mixed.cluster.bus);
    let apis = [mixed.cluster.apis[0].address, mixed.seed_api.address];
    for (turn, (name, escaped)) in ODD_NAMES.iter().enumerate() {
        let body = content::bytes(name, 500);
        let _ = http::put(apis[turn % 2], &format!("/objects/{name}"), &body).expect(200);
        for api in apis {
            for written in [name, escaped] {
                let reply = http::get(api, &format!("/objects/{written}")).expect(200);
                content::assert_same(&reply.body, &body, written);
                let _ = http::get(api, &format!("/locate/{written}")).expect(200);
            }
        }
    }
    for (api, target) in apis.iter().flat_map(|&api| ["/objects/%zz", "/objects/a b"].map(|target| (api, target))) {
        let _ = http::get(api, target).expect(400);
    }
    // The seed reads a query as a Go string literal, and asks its disk for exactly what that says.
    let asked = texts(&probe.seen("dataServers"));
    for (_, escaped) in ODD_NAMES {
        let plain = format!("\"{escaped}\"");
        let as_the_seed_writes = plain.replace('&', "\\u0026");
        assert!(asked.iter().any(|body| *body == plain || *body == as_the_seed_writes), "{escaped} in {asked:?}");
    }
    mixed.assert_content();
}

#[test]
fn answers_without_correlation_id_are_never_mixed_up() {
    const CLIENTS: usize = 20;
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let mut seeds: Vec<SeedNode> =
        (0..2).map(|index| SeedNode::data(cluster.claim.data_address(index), &cluster.bus)).collect();
    cluster.add_api();
    let addresses: Vec<SocketAddr> = seeds.iter().map(|seed| seed.address).collect();
    cluster::wait_until_known(cluster.apis[0].address, &addresses);
    let api = cluster.apis[0].address;
    for number in 0..CLIENTS {
        let name = format!("o{number}");
        let _ = http::put(addresses[number % 2], &format!("/objects/{name}"), name.as_bytes()).expect(200);
    }
    let client = |number: usize, holder: SocketAddr| {
        for _ in 0..10 {
            assert_eq!(http::get(api, &format!("/locate/o{number}")).expect(200).text(), quoted(holder));
            assert_eq!(http::get(api, &format!("/objects/o{number}")).expect(200).text(), format!("o{number}"));
        }
        let _ = http::get(api, &format!("/locate/missing{number}")).expect(404);
    };
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let holder = addresses[number % 2];
            scope.spawn(move || client(number, holder));
        }
    });
    seeds.iter_mut().for_each(SeedNode::assert_content);
}

/// One server of each kind: our API and data server, and the seed's.
struct Mixed {
    cluster: Cluster,
    seed_api: SeedNode,
    seed_data: SeedNode,
}

impl Mixed {
    fn start() -> Self {
        let mut cluster = Cluster::empty(&Broker::shared().vhost());
        cluster.add_data();
        cluster.add_api();
        let seed_data = SeedNode::data(cluster.claim.data_address(10), &cluster.bus);
        let seed_api = SeedNode::api(cluster.claim.api_address(10), &cluster.bus);
        let datas = [cluster.datas[0].address, seed_data.address];
        cluster::wait_until_known(cluster.apis[0].address, &datas);
        wait::until_true(Duration::from_secs(15), "the seed has heard of both", || {
            let heard = texts(&seed_api.seen("heartbeat"));
            datas.iter().all(|&data| heard.contains(&quoted(data)))
        });
        Self { cluster, seed_api, seed_data }
    }

    #[track_caller]
    fn assert_content(&mut self) {
        self.seed_api.assert_content();
        self.seed_data.assert_content();
        self.cluster.assert_all_alive();
    }
}
