//! The failures of the seed that come from how it moves bodies (SEED-WIRE.md §4: 3, 4, 6, 7, 8), each one tried on ours.

use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::curl::Curl;
use lode_tests::folder::{self, SmallDisk};
use lode_tests::http::{Connection, DEFAULT_LIMIT, Failure};
use lode_tests::wait;

const MIB: usize = 1024 * 1024;

/// A connection to the API server on which a PUT of `size_bytes` to `name` has begun, and `sent` has been sent of its body.
fn begin_put(cluster: &Cluster, name: &str, size_bytes: usize, sent: &[u8]) -> Connection {
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    let head = format!("PUT /objects/{name} HTTP/1.1\r\nHost: t\r\nContent-Length: {size_bytes}\r\n\r\n");
    connection.send(head.as_bytes()).unwrap();
    connection.send(sent).unwrap();
    connection
}

/// Sees that nothing worth mentioning lies in any data server's folder.
#[track_caller]
fn assert_nothing_kept(cluster: &Cluster) {
    let left = || (0..cluster.datas.len()).flat_map(|index| folder::files(&cluster.root(index))).collect::<Vec<_>>();
    let small = || left().iter().map(|(_, size_bytes)| size_bytes).sum::<u64>() < 4096;
    wait::until_true(Duration::from_secs(10), &format!("nothing is left of the upload: {:?}", left()), small);
}

#[test]
fn failure_03_a_get_whose_holder_dies_is_seen_to_be_cut() {
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 1, 3);
    let body = content::bytes("large", 64 * MIB);
    let _ = cluster.apis[0].put("/objects/large", &body).expect(200);
    let holder = cluster.holder("large");
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    connection.send(b"GET /objects/large HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let head = connection.read_head().unwrap();
    assert_eq!((head.status, head.header("Content-Length")), (200, Some("67108864")));
    let mut got = connection.read_some().unwrap();
    while got.len() < body.len() / 3 {
        got.extend(connection.read_some().unwrap());
    }
    cluster.datas[holder].kill();
    loop {
        let piece = connection.read_some().unwrap();
        if piece.is_empty() {
            break;
        }
        got.extend(piece);
    }
    assert!(got.len() < body.len(), "the holder was dead, and yet the whole body came");
    content::assert_same(&got, body.get(..got.len()).unwrap(), "what came of the body");
    // While the holder is believed to live, nobody can say that the object is not there.
    let url = format!("http://{}/objects/large", cluster.apis[0].address);
    let _ = Curl::run(&[&url]).expect(503);
    cluster.datas[holder].start_again();
    cluster.wait_until_ready();
    content::assert_same(&cluster.apis[0].get("/objects/large").expect(200).body, &body, "large");
}

#[test]
fn failure_04_a_put_whose_target_dies_is_refused_and_leaves_nothing() {
    let mut cluster = Cluster::start(&Broker::shared().vhost(), 1, 3);
    let body = content::bytes("doomed", 64 * MIB);
    let (first, rest) = body.split_at(16 * MIB);
    let mut connection = begin_put(&cluster, "doomed", body.len(), first);
    let target = wait::until(Duration::from_secs(20), "a data server writes", || {
        (0..3).find(|&index| folder::size_bytes(&cluster.root(index)) > 1_000_000)
    });
    cluster.datas[target].kill();
    // The answer may come, and the connection be closed, before all of the body is sent.
    let _ = connection.send(rest);
    let reply = connection.read_reply("PUT").unwrap().expect(503);
    assert_eq!(reply.json()["error"]["code"], "not_stored");
    cluster.datas[target].start_again();
    cluster.wait_until_ready();
    let _ = cluster.apis[0].get("/objects/doomed").expect(404);
    let _ = cluster.datas[target].get("/objects/doomed").expect(404);
    assert_nothing_kept(&cluster);
}

#[test]
fn failure_06_half_an_upload_is_no_object() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    // Below and above what an API server holds back in case it has to send it again.
    for (size_bytes, name) in [(1000, "small"), (8 * MIB, "large")] {
        let half = content::bytes(name, size_bytes / 2);
        let mut finished = begin_put(&cluster, name, size_bytes, &half);
        finished.finish_sending();
        assert_refused(&finished.read_reply("PUT").map(|reply| reply.status()));

        drop(begin_put(&cluster, name, size_bytes, &half));

        let mut chunked = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
        let head = format!(
            "PUT /objects/{name} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
            half.len()
        );
        chunked.send(&[head.as_bytes(), &half, b"\r\n"].concat()).unwrap();
        chunked.finish_sending();
        assert_refused(&chunked.read_reply("PUT").map(|reply| reply.status()));

        assert_nothing_kept(&cluster);
        let _ = cluster.apis[0].get(&format!("/objects/{name}")).expect(404);
        let _ = cluster.apis[0].get(&format!("/locate/{name}")).expect(404);
    }
}

#[track_caller]
fn assert_refused(status: &Result<u16, Failure>) {
    assert!(matches!(status, Ok(400..=499) | Err(Failure::NoReply(_))), "half an upload is answered with {status:?}");
}

#[test]
fn failure_07_an_overwrite_takes_effect_at_its_end_or_not_at_all() {
    let cluster = Cluster::start(&Broker::shared().vhost(), 1, 2);
    let (old, new) = (content::bytes("old", 100_000), content::bytes("new", 4 * MIB));
    let _ = cluster.apis[0].put("/objects/o", &old).expect(200);
    for sent_bytes in [3, 2 * MIB] {
        let connection = begin_put(&cluster, "o", new.len(), new.get(..sent_bytes).unwrap());
        std::thread::sleep(Duration::from_millis(300));
        content::assert_same(&cluster.apis[0].get("/objects/o").expect(200).body, &old, "while it is overwritten");
        drop(connection);
        std::thread::sleep(Duration::from_millis(300));
        content::assert_same(&cluster.apis[0].get("/objects/o").expect(200).body, &old, "after that was given up");
    }
    let _ = cluster.apis[0].put("/objects/o", &new).expect(200);
    for _ in 0..20 {
        content::assert_same(&cluster.apis[0].get("/objects/o").expect(200).body, &new, "after it was overwritten");
    }
}

#[test]
fn failure_08_a_full_disk_is_said_and_another_is_used() {
    let disk = SmallDisk::mount(12 * 1024 * 1024);
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    cluster.add_data_in(disk.path(), &[]);
    cluster.add_api();
    cluster.wait_until_ready();
    let body = content::bytes("big", 20 * MIB);
    let small = content::bytes("small", 100_000);
    let _ = cluster.apis[0].put("/objects/small", &small).expect(200);
    let refused = cluster.apis[0].put("/objects/big", &body).expect(507);
    assert_eq!(refused.json()["error"]["code"], "no_space");
    assert_eq!(put_in_chunks(&cluster, "big", &body), 507, "of a body whose length was not said");
    let _ = cluster.apis[0].get("/objects/big").expect(404);
    let kept = folder::size_bytes(disk.path());
    assert!(kept < 200_000, "{kept} bytes are kept: {:?}", folder::files(disk.path()));
    content::assert_same(&cluster.apis[0].get("/objects/small").expect(200).body, &small, "what was there before");
    // What was there is not lost either when overwriting it does not fit.
    let _ = cluster.apis[0].put("/objects/small", &body).expect(507);
    content::assert_same(&cluster.apis[0].get("/objects/small").expect(200).body, &small, "after a refused overwrite");

    let roomy = cluster.root(1);
    cluster.add_data_in(&roomy, &[]);
    cluster.wait_until_ready();
    for number in 0..8 {
        let target = format!("/objects/big{number}");
        let _ = cluster.apis[0].put(&target, &body).expect(200);
        content::assert_same(&cluster.apis[0].get(&target).expect(200).body, &body, &target);
    }
}

fn put_in_chunks(cluster: &Cluster, name: &str, body: &[u8]) -> u16 {
    let mut connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).unwrap();
    let head = format!("PUT /objects/{name} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send(head.as_bytes()).unwrap();
    for piece in body.chunks(100_000) {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        if connection.send(&chunk).is_err() {
            break;
        }
    }
    let _ = connection.send(b"0\r\n\r\n");
    connection.read_reply("PUT").unwrap().status()
}
