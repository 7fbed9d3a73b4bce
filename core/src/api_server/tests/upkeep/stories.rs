//! One thing at a time.

use alloc::vec::Vec;
use core::time::Duration;

use super::cluster::{Cluster, Trouble, upkeep};
use crate::api_server::tests::bench::address;
use crate::catalog::{BlobId, CatalogAnswer, CatalogRequest};
use crate::copies::Copies;
use crate::id::{Incarnation, OperationIds};

const MINUTE: Duration = Duration::from_secs(60);

fn calm(servers: u8) -> Cluster {
    let mut cluster = Cluster::of(2, servers, 3, &upkeep());
    cluster.pass(Duration::from_secs(1));
    cluster
}

#[test]
fn copies_of_a_server_that_is_gone_for_good_are_made_anew_and_not_before() {
    let mut cluster = calm(6);
    let blobs: Vec<_> = (0..10).map(|number| cluster.put(&alloc::format!("o{number}"), &[1, 2, 3])).collect();
    cluster.pass(Duration::from_secs(20));
    cluster.stops(3);
    cluster.pass(Duration::from_secs(60));
    assert!(blobs.iter().all(|blob| cluster.holders(*blob).len() == 3));
    cluster.pass(Duration::from_secs(30));
    assert!(blobs.iter().all(|blob| cluster.holders(*blob).len() == 4));
    let kept = cluster.kept();
    assert!(kept.iter().all(|held| held.holders.len() == 4 && held.holders.contains(&address(3))), "{kept:?}");
}

#[test]
fn a_server_that_comes_back_with_its_disk_has_its_surplus_copies_removed() {
    let mut cluster = calm(6);
    let blobs: Vec<_> = (0..10).map(|number| cluster.put(&alloc::format!("o{number}"), &[1, 2, 3])).collect();
    cluster.stops(3);
    cluster.pass(3 * MINUTE);
    cluster.starts(3);
    cluster.pass(3 * MINUTE);
    assert!(blobs.iter().all(|blob| cluster.holders(*blob).len() == 3));
    let kept = cluster.kept();
    for held in kept {
        assert_eq!((held.holders, held.retired), (cluster.holders(held.record.blob), Vec::new()));
    }
}

#[test]
fn a_blank_disk_under_an_old_address_is_filled_again() {
    let mut cluster = calm(3);
    let blob = cluster.put("a", &[1, 2, 3]);
    cluster.disks.get_mut(&address(2)).unwrap().clear();
    cluster.pass(3 * MINUTE);
    assert_eq!(cluster.holders(blob).len(), 3);
}

#[test]
fn copies_that_nobody_has_noted_count_and_what_is_lost_is_waited_for() {
    let mut cluster = calm(4);
    let blob = cluster.put("a", &[1]);
    for number in [2, 3, 4] {
        cluster.disks.get_mut(&address(number)).unwrap().insert(blob, cluster.now);
    }
    cluster.disks.get_mut(&address(1)).unwrap().clear();
    cluster.pass(3 * MINUTE);
    assert_eq!(cluster.holders(blob), [2, 3, 4].map(address));
    assert_eq!(cluster.kept()[0].holders, [2, 3, 4].map(address));
}

#[test]
fn a_server_that_is_drained_is_emptied_soon_and_no_copy_is_missing_meanwhile() {
    let mut cluster = calm(4);
    let blobs: Vec<_> = (0..10).map(|number| cluster.put(&alloc::format!("o{number}"), &[1, 2, 3])).collect();
    cluster.pass(MINUTE);
    cluster.drained.insert(address(2));
    cluster.pass(Duration::from_secs(20));
    assert!(cluster.disks[&address(2)].is_empty());
    assert!(blobs.iter().all(|blob| cluster.holders(*blob) == [1, 3, 4].map(address)));
    cluster.drained.clear();
    cluster.pass(MINUTE);
    assert!(blobs.iter().all(|blob| cluster.holders(*blob) == [1, 3, 4].map(address)));
}

#[test]
fn what_no_version_has_is_removed_after_the_garbage_age_and_forgotten() {
    let mut cluster = calm(4);
    let orphan = cluster.upload(&[1, 4]);
    cluster.put("a", &[1, 2, 3]);
    let kept = cluster.put("a", &[1, 2, 3]);
    cluster.pass(Duration::from_secs(29));
    assert_eq!(cluster.holders(orphan).len(), 2);
    cluster.pass(3 * MINUTE);
    let all: Vec<_> = cluster.disks.values().flat_map(|disk| disk.keys().copied()).collect();
    assert_eq!(all, [kept; 3]);
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: 9 };
    assert_eq!(cluster.catalog.answer(cluster.wall(), &forget), CatalogAnswer::Forgotten(0));
}

#[test]
fn what_belongs_to_another_catalog_is_left_alone() {
    let mut cluster = calm(3);
    let foreign = BlobId::of_upload(OperationIds::new(Incarnation::new(55)).fresh());
    cluster.disks.get_mut(&address(1)).unwrap().insert(foreign, cluster.now);
    cluster.pass(10 * MINUTE);
    assert_eq!(cluster.holders(foreign), [address(1)]);
}

#[test]
fn garbage_on_a_server_that_is_away_is_found_when_it_comes_back() {
    let mut cluster = calm(4);
    cluster.put("a", &[1, 2, 3]);
    cluster.stops(3);
    let kept = cluster.put("a", &[1, 2, 4]);
    cluster.pass(10 * MINUTE);
    assert_eq!(cluster.disks[&address(3)].len(), 1);
    cluster.starts(3);
    cluster.pass(3 * MINUTE);
    assert!(cluster.disks.values().all(|disk| disk.keys().all(|blob| *blob == kept)));
}

#[test]
fn repair_keeps_to_its_pace() {
    let slow = crate::config::UpkeepConfig { repair_bytes_per_second: 100, ..upkeep() };
    let mut cluster = Cluster::of(1, 4, 2, &slow);
    cluster.pass(Duration::from_secs(1));
    for number in 0..6 {
        cluster.put(&alloc::format!("o{number}"), &[1]);
    }
    let copies = |cluster: &Cluster| cluster.disks.values().map(|disk| disk.len()).sum::<usize>() - 6;
    cluster.pass(Duration::from_secs(12));
    let first = copies(&cluster);
    // A thousand bytes each at a hundred a second.
    cluster.pass(Duration::from_secs(20));
    assert_eq!((first, copies(&cluster)), (1, 3));
    let report = cluster.apis[0].upkeep().unwrap();
    assert_eq!((report.bytes_to_copy, report.time_left), (3000, Duration::from_secs(30)));
    cluster.pass(MINUTE);
    assert_eq!(copies(&cluster), 6);
}

#[test]
fn an_audit_tells_how_many_copies_there_are() {
    let mut cluster = calm(3);
    for (key, on) in [("a", &[1, 2, 3][..]), ("b", &[1, 2]), ("c", &[3])] {
        cluster.put(key, on);
    }
    cluster.disks.get_mut(&address(3)).unwrap().clear();
    assert_eq!(cluster.apis[0].upkeep().unwrap().audited, None);
    cluster.pass(Duration::from_secs(15));
    let tally = cluster.apis[0].upkeep().unwrap().audited.unwrap().tally;
    assert_eq!((tally.blobs, tally.short, tally.without_copy), (3, 3, 1));
    assert_eq!(tally.by_copies.into_iter().collect::<Vec<_>>(), [(0, 1), (2, 2)]);
}

#[test]
fn a_repair_that_fails_is_tried_elsewhere_and_again_later() {
    let mut cluster = calm(4);
    let blob = cluster.put("a", &[1]);
    cluster.chance = alloc::vec![(0, Trouble::Fails); 40];
    cluster.pass(4 * MINUTE);
    assert_eq!(cluster.holders(blob).len(), 3);
}

#[test]
fn without_servers_enough_nothing_is_too_much() {
    let mut cluster = calm(1);
    let blob = cluster.put("a", &[1]);
    cluster.pass(3 * MINUTE);
    assert_eq!(cluster.holders(blob).len(), 1);
    assert_eq!(Copies::default().most(), 3);
}
