//! Disks of data servers fill up, in the mode with versions: as long as there is room for a quorum of copies elsewhere nobody
//! notices; when there is none, 507 with a sentence; what was acknowledged is read all the while, nothing half-written stays,
//! and once there is room again, PUTs succeed again.

use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::folder::{self, SmallDisk};
use lode_tests::http::Reply;
use lode_tests::wait;

const DISK_BYTES: u64 = 16 << 20;
const OBJECT_BYTES: usize = 700_000;
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_disk_that_is_full_is_done_without_as_long_as_there_are_others() {
    let disk = SmallDisk::mount(DISK_BYTES);
    // Placement goes by the room that there is: beside much larger disks the small one would never be asked.
    let larger = [(); 3].map(|()| SmallDisk::mount(5 * DISK_BYTES));
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    cluster.add_data_in(disk.path(), &[]);
    larger.iter().for_each(|disk| cluster.add_data_in(disk.path(), &[]));
    (0..2).for_each(|_| super::add_api(&mut cluster, None));
    cluster.wait_until_ready();
    // Four times as many bytes as the small disk can hold.
    let objects = 4 * usize::try_from(DISK_BYTES).unwrap() / OBJECT_BYTES;
    for number in 0..objects {
        let _ = put(&cluster, number).expect(200);
    }
    let held = folder::size_bytes(disk.path());
    assert!(held > DISK_BYTES * 3 / 4, "only {held} bytes lie on the small disk: it was never full");
    (0..objects).for_each(|number| assert_is_there(&cluster, number));
    assert_nothing_is_half_written(&cluster, disk.path());
    let elsewhere: usize = larger.iter().map(copies_on).sum();
    let copies = elsewhere + copies_on(&disk);
    println!(
        "{objects} objects have {copies} copies, {elsewhere} of them on the three larger disks; {held} bytes on the small one"
    );
    assert!(copies >= 2 * objects);
    cluster.assert_all_alive();
}

#[test]
fn when_all_disks_are_full_it_is_said_and_room_that_is_made_is_used() {
    let disks = [(); 3].map(|()| SmallDisk::mount(DISK_BYTES));
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    disks.iter().for_each(|disk| cluster.add_data_in(disk.path(), &[]));
    (0..2).for_each(|_| super::add_api(&mut cluster, None));
    cluster.wait_until_ready();
    let mut stored = Vec::new();
    let refused = loop {
        let reply = put(&cluster, stored.len());
        if reply.status() != 200 {
            break reply;
        }
        stored.push(stored.len());
    };
    assert_is_full(&refused);
    println!("{} objects of {OBJECT_BYTES} bytes fit on three disks of {DISK_BYTES}", stored.len());
    assert!(stored.len() * OBJECT_BYTES > usize::try_from(DISK_BYTES).unwrap() * 3 / 4);
    // It stays full, through both API servers, and whoever is told so finds nothing.
    for number in stored.len()..stored.len() + 10 {
        assert_is_full(&put(&cluster, number));
        assert_eq!(cluster.apis[number % 2].get(&target(number)).status(), 404);
    }
    stored.iter().for_each(|number| assert_is_there(&cluster, *number));
    disks.iter().for_each(|disk| assert_nothing_is_half_written(&cluster, disk.path()));
    // An overwrite that finds no room leaves the object as it was.
    let bodiless = content::bytes("other", OBJECT_BYTES);
    assert_is_full(&cluster.apis[0].put(&target(0), &bodiless));
    assert_is_there(&cluster, 0);

    let (gone, kept) = stored.split_at(stored.len() / 2);
    for number in gone {
        let _ = cluster.apis[number % 2].send("DELETE", &target(*number)).expect(204);
    }
    let first_again = 1000;
    wait::until_true(LIMIT, "there is room again", || put(&cluster, first_again).status() == 200);
    let again = first_again..first_again + gone.len() / 2;
    for number in again.clone() {
        let _ = put(&cluster, number).expect(200);
    }
    again.chain(kept.iter().copied()).for_each(|number| assert_is_there(&cluster, number));
    cluster.assert_all_alive();
}

fn target(number: usize) -> String {
    format!("/objects/full-{number}")
}

fn put(cluster: &Cluster, number: usize) -> Reply {
    cluster.apis[number % 2].put(&target(number), &content::bytes(&target(number), OBJECT_BYTES))
}

fn copies_on(disk: &SmallDisk) -> usize {
    folder::files(&disk.path().join("blobs")).len()
}

#[track_caller]
fn assert_is_there(cluster: &Cluster, number: usize) {
    let got = cluster.apis[(number + 1) % 2].get(&target(number)).expect(200).body;
    content::assert_same(&got, &content::bytes(&target(number), OBJECT_BYTES), &target(number));
}

#[track_caller]
fn assert_is_full(reply: &Reply) {
    assert_eq!(reply.status(), 507, "{}", reply.text());
    let error = reply.json();
    assert_eq!(error["error"]["code"], "no_space");
    assert!(error["error"]["message"].as_str().is_some_and(|sentence| sentence.contains("room")), "{error}");
}

/// A disk that is full takes a moment to lose what could not be finished.
fn assert_nothing_is_half_written(cluster: &Cluster, root: &std::path::Path) {
    wait::until_true(LIMIT, "nothing half-written is left", || folder::files(&root.join("incoming")).is_empty());
    cluster.assert_all_alive();
}
