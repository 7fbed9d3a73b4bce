//! Servers that go, come back, and lose their disks.

use std::fs;

use lode_tests::load::{Kind, Load, Plan};
use lode_tests::wait;

use crate::stage::{LIMIT, REPAIR_AFTER, Stage};

#[test]
fn copies_of_killed_servers_are_made_anew_and_are_too_many_when_those_come_back() {
    let mut stage = Stage::new();
    stage.put(60);
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    stage.cluster.datas[1].kill();
    std::thread::sleep(REPAIR_AFTER);
    stage.cluster.datas[4].kill();
    stage.assert_readable();
    stage.wait_until_whole(&[0, 2, 3, 5]);
    stage.assert_readable();
    stage.cluster.datas[1].start_again();
    stage.cluster.datas[4].start_again();
    stage.cluster.wait_until_ready();
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    stage.assert_readable();
    wait::until_true(LIMIT, "an API server has counted three copies of each", || {
        let counted = &stage.upkeep(0)["counted"];
        counted["blobs"] == 60 && counted["short"] == 0 && counted["by_copies"][0]["copies"] == 3
    });
}

#[test]
fn a_blank_disk_under_an_old_address_is_filled_again() {
    let mut stage = Stage::new();
    stage.put(40);
    stage.cluster.datas[2].kill();
    fs::remove_dir_all(stage.cluster.root(2)).expect("the folder of the killed server is removed");
    stage.cluster.datas[2].start_again();
    stage.cluster.wait_until_ready();
    stage.wait_until_whole(&[0, 1, 2, 3, 4, 5]);
    stage.assert_readable();
}

#[test]
fn repair_under_load_fails_no_request() {
    let mut stage = Stage::new();
    stage.put(40);
    let load = Load::start(&Plan::mixed(&stage.cluster));
    std::thread::sleep(REPAIR_AFTER / 2);
    stage.cluster.datas[3].kill();
    wait::until_true(LIMIT, "copies are made", || (0..2).any(|api| stage.upkeep(api)["repair"]["copies_made"] != 0));
    std::thread::sleep(REPAIR_AFTER);
    let records = load.stop();
    records.of(Kind::Put).assert_no_failure(100);
    records.of(Kind::Get).assert_no_failure(100);
    stage.assert_readable();
}
