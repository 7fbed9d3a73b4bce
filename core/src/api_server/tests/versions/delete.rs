//! DELETE of objects and versions.

use super::cluster::{Cluster, Trouble, path};
use crate::api_server::messages::versions::{VersionOperation, VersionResponse};
use crate::catalog::Version;
use crate::conditions::Conditions;
use crate::refusal::Refusal;

fn delete(cluster: &mut Cluster, conditions: &[(&str, &str)]) {
    let conditions = Conditions::from_headers(conditions.iter().copied()).unwrap();
    cluster.request(VersionOperation::Delete { path: path("a"), conditions });
}

fn remove(cluster: &mut Cluster, version: u64) {
    let version = Version::new(version).unwrap();
    cluster.request(VersionOperation::Remove { path: path("a"), version });
}

fn deleted(version: u64) -> VersionResponse {
    VersionResponse::Deleted { version: Version::new(version).unwrap() }
}

#[test]
fn what_is_deleted_is_404_and_its_copies_go() {
    let mut cluster = Cluster::of(3);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
    cluster.put("a", &[]);
    delete(&mut cluster, &[("If-Match", "\"another\"")]);
    assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_version_response(), &deleted(2));
    assert!(cluster.stored.is_empty());
    cluster.get("a", None);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
}

#[test]
fn one_version_is_removed_for_good() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    remove(&mut cluster, 1);
    assert_eq!(cluster.last_version_response(), &VersionResponse::Removed);
    assert!(cluster.stored.is_empty());
    remove(&mut cluster, 1);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
}

#[test]
fn an_unknown_outcome_is_settled() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.asks.push_back(Trouble::RequestLost);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
    cluster.asks.push_back(Trouble::AnswerLost);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_version_response(), &deleted(2));
    cluster.asks.push_back(Trouble::AnswerLost);
    remove(&mut cluster, 2);
    assert_eq!(cluster.last_version_response(), &VersionResponse::Removed);
    cluster.put("a", &[]);
    cluster.asks.extend([Trouble::RequestLost, Trouble::Fails]);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
}

#[test]
fn what_is_unknown_twice_is_not_asked_for_a_third_time() {
    for operation in [delete_unconditionally as fn(&mut Cluster), |cluster: &mut Cluster| remove(cluster, 1)] {
        let mut cluster = Cluster::of(3);
        cluster.put("a", &[]);
        cluster.asks.extend([Trouble::RequestLost, Trouble::RequestLost]);
        operation(&mut cluster);
        assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }), "{:?}", cluster.last_refusal());
        assert_eq!((cluster.asks.len(), cluster.stored.len()), (0, 3));
    }
}

fn delete_unconditionally(cluster: &mut Cluster) {
    delete(cluster, &[]);
}
