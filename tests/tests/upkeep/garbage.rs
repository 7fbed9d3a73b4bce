//! What no version has is not kept for ever.

use std::time::Duration;

use lode_tests::folder;
use lode_tests::http::Connection;

use crate::stage::Stage;

#[test]
fn what_is_overwritten_deleted_or_broken_off_is_gone_after_the_garbage_age_also_where_a_server_was_away() {
    let mut stage = Stage::new();
    stage.put(20);
    stage.cluster.datas[5].kill();
    // Overwritten and removed for good while one of the holders is away.
    stage.put(20);
    for number in 0..10 {
        let key = format!("object-{number}");
        assert_eq!(stage.send("DELETE", &format!("/objects/{key}?version=2")), 204);
        stage.objects.remove(&key);
    }
    break_off_an_upload(&stage);
    stage.cluster.datas[5].start_again();
    stage.cluster.wait_until_ready();
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    stage.assert_readable();
    for index in 0..6 {
        let incoming = folder::files(&stage.cluster.root(index).join("incoming"));
        assert!(incoming.is_empty(), "data server {index} keeps {incoming:?}");
    }
}

#[test]
fn the_blobs_of_another_catalog_are_left_alone() {
    let mut stage = Stage::new();
    stage.put(20);
    let held = stage.held();
    assert_eq!(held.len(), 20);
    // The same servers are given another catalog by mistake.
    stage.cluster.apis.iter_mut().for_each(lode_tests::lode::Server::stop);
    let other = stage.cluster.catalog().replace("catalog.db", "other.db");
    let hurried = ["--audit-every", "2s", "--garbage-age", "2s", "--repair-after", "2s", "--catalog", &other];
    stage.cluster.apis.clear();
    stage.cluster.add_api_with(&hurried.map(str::to_owned));
    stage.cluster.wait_until_ready();
    std::thread::sleep(Duration::from_secs(20));
    assert_eq!(stage.held(), held);
}

/// A client that goes away in the middle of a large body.
fn break_off_an_upload(stage: &Stage) {
    let api = stage.cluster.apis[0].address;
    let mut connection = Connection::open(api, Duration::from_secs(10)).expect("a connection");
    let head = "PUT /objects/broken HTTP/1.1\r\nHost: lode\r\nContent-Length: 8000000\r\n\r\n";
    connection.send(head.as_bytes()).expect("the head is sent");
    connection.send(&[7; 3_000_000]).expect("a part of the body is sent");
}
