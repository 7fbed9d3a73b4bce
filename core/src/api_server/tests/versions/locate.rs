//! Where a version is.

use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::cluster::{Cluster, Trouble, path};
use crate::address::ServerAddress;
use crate::api_server::messages::ApiResponse;
use crate::api_server::messages::versions::VersionOperation;
use crate::api_server::tests::bench::address;
use crate::checksum::Checksum;
use crate::conditions::Conditions;
use crate::locate::Collect;
use crate::refusal::Refusal;

fn locate(cluster: &mut Cluster, collect: Collect) -> ApiResponse {
    cluster.request(VersionOperation::Locate { path: path("a"), collect });
    cluster.last_response().clone()
}

fn all(cluster: &mut Cluster) -> Vec<ServerAddress> {
    match locate(cluster, Collect::All) {
        ApiResponse::AllLocated { holders, .. } => holders.into_iter().map(|holder| holder.address).collect(),
        other => panic!("{other:?}"),
    }
}

fn holders(cluster: &mut Cluster) -> Vec<ServerAddress> {
    cluster.holders("a").into_iter().collect()
}

#[test]
fn the_holders_of_the_current_version_are_told_whatever_is_noted() {
    let mut cluster = Cluster::of(6);
    cluster.put("a", &[]);
    cluster.put("a", &[]);
    let before = holders(&mut cluster);
    assert_eq!(all(&mut cluster), before);
    let name = cluster.read("a").unwrap().record.blob.name();
    let sum = cluster.stored.remove(&(before[0].clone(), name.clone())).unwrap();
    let elsewhere = (1..=6).map(address).find(|server| !before.contains(server)).unwrap();
    cluster.stored.insert((elsewhere, name), sum);
    let after = holders(&mut cluster);
    assert_ne!(before, after);
    assert_eq!(all(&mut cluster), after);
    let ApiResponse::Located(one) = locate(&mut cluster, Collect::First) else { panic!("nobody") };
    assert!(after.contains(&one));
}

#[test]
fn what_is_not_there_or_deleted_is_404() {
    let mut cluster = Cluster::of(3);
    assert_eq!(locate(&mut cluster, Collect::First), ApiResponse::Refused(Refusal::NotFound));
    cluster.put("a", &[]);
    cluster.request(VersionOperation::Delete { path: path("a"), conditions: Conditions::default() });
    assert_eq!(locate(&mut cluster, Collect::All), ApiResponse::Refused(Refusal::NotFound));
}

#[test]
fn what_is_known_and_nobody_has_is_503() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.stored.clear();
    for collect in [Collect::First, Collect::All] {
        let refusal = Refusal::NoCopy { failing: Vec::new() };
        assert_eq!(locate(&mut cluster, collect), ApiResponse::Refused(refusal));
    }
}

#[test]
fn who_may_hold_a_copy_and_is_silent_is_named() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.stored.clear();
    cluster.silent.insert(address(2));
    let refusal = Refusal::NoCopy { failing: alloc::vec![address(2)] };
    assert_eq!(locate(&mut cluster, Collect::First), ApiResponse::Refused(refusal));
}

#[test]
fn a_copy_of_something_else_is_none() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    let name = cluster.read("a").unwrap().record.blob.name();
    for number in 1..=2 {
        cluster.stored.insert((address(number), name.clone()), Checksum::new([0xee; 32]));
    }
    assert_eq!(locate(&mut cluster, Collect::First), ApiResponse::Located(address(3)));
    assert_eq!(all(&mut cluster), [address(3)]);
    cluster.stored.insert((address(3), name), Checksum::new([0xee; 32]));
    assert!(matches!(locate(&mut cluster, Collect::First), ApiResponse::Refused(Refusal::NoCopy { .. })));
}

#[test]
fn what_is_overwritten_meanwhile_is_looked_for_as_what_it_is_then() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.overwritten_before_queries = 1;
    assert_eq!(all(&mut cluster), holders(&mut cluster));
    assert_eq!(cluster.read("a").unwrap().record.version.number(), 2);
    // Not for ever.
    cluster.overwritten_before_queries = 100;
    assert!(matches!(locate(&mut cluster, Collect::First), ApiResponse::Refused(Refusal::NoCopy { .. })));
}

#[test]
fn without_the_catalog_it_is_503() {
    for trouble in [Trouble::Fails, Trouble::RequestLost] {
        let mut cluster = Cluster::of(3);
        cluster.put("a", &[]);
        cluster.asks.push_back(trouble);
        let response = locate(&mut cluster, Collect::First);
        assert!(matches!(response, ApiResponse::Refused(Refusal::CatalogUnavailable { .. })), "{response:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever lies where, and whoever is silent: who is told to hold a copy does, and no object that there is is 404.
    #[test]
    fn what_is_told_is_true(
        lies_there in vec(prop_oneof![Just(None), Just(Some(true)), Just(Some(false))], 4),
        silent in vec(prop::bool::weighted(0.2), 4),
        all in any::<bool>(),
    ) {
        let mut cluster = Cluster::of(4);
        cluster.put("a", &[]);
        let name = cluster.read("a").unwrap().record.blob.name();
        let (sum, other) = (*cluster.stored.values().next().unwrap(), Checksum::new([0xee; 32]));
        cluster.stored.clear();
        for ((number, lies_there), silent) in (1..).zip(lies_there).zip(silent) {
            if let Some(as_written) = lies_there {
                cluster.stored.insert((address(number), name.clone()), if as_written { sum } else { other });
            }
            if silent {
                cluster.silent.insert(address(number));
            }
        }
        let holders: Vec<_> = cluster.holders("a").into_iter().filter(|holder| !cluster.silent.contains(holder)).collect();
        match locate(&mut cluster, if all { Collect::All } else { Collect::First }) {
            ApiResponse::Located(holder) => prop_assert!(holders.contains(&holder)),
            ApiResponse::AllLocated { holders: told, unanswered } => {
                let told: Vec<_> = told.into_iter().map(|holder| holder.address).collect();
                prop_assert_eq!(told, holders);
                prop_assert_eq!(unanswered, cluster.silent.iter().cloned().collect::<Vec<_>>());
            }
            ApiResponse::Refused(Refusal::NoCopy { failing }) => {
                prop_assert!(holders.is_empty());
                prop_assert_eq!(failing, cluster.silent.iter().cloned().collect::<Vec<_>>());
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(cluster.bench.server.requests_under_way(), 0);
    }
}
