//! DELETE of objects and versions.

use super::cluster::{Cluster, Trouble, path};
use crate::api_server::messages::versions::{VersionOperation, VersionResponse};
use crate::catalog::{State, Version};
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
    let tombstone = cluster.read("a").unwrap();
    assert_eq!((tombstone.record.state, tombstone.holders.len()), (State::Tombstone, 3));
    assert!(cluster.stored.len() == 3 && cluster.stored.keys().all(|(_, name)| *name == tombstone.record.blob.name()));
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
    // First it is asked what there is.
    cluster.asks.extend([Trouble::None, Trouble::RequestLost]);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
    cluster.asks.extend([Trouble::None, Trouble::AnswerLost]);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_version_response(), &deleted(2));
    cluster.asks.extend([Trouble::None, Trouble::AnswerLost]);
    remove(&mut cluster, 2);
    assert_eq!(cluster.last_version_response(), &VersionResponse::Removed);
    cluster.put("a", &[]);
    cluster.asks.extend([Trouble::None, Trouble::RequestLost, Trouble::Fails]);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
}

#[test]
fn a_removal_that_is_unknown_twice_is_told_to_be() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.asks.extend([Trouble::None, Trouble::AnswerLost, Trouble::AnswerLost]);
    remove(&mut cluster, 1);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
    cluster.put("a", &[]);
    cluster.asks.extend([Trouble::None, Trouble::RequestLost, Trouble::RequestLost]);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
    assert_eq!(cluster.asks.len(), 0, "it is not asked a third time");
}

/// A removal whose answer is lost may come about later, and must not meet a version that did not exist when it was asked.
#[test]
fn a_version_that_does_not_exist_yet_is_not_asked_to_be_removed() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.asks.extend([Trouble::None, Trouble::AnswerLost, Trouble::None]);
    remove(&mut cluster, 2);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
    assert_eq!(cluster.asks.len(), 2, "the catalog is read, and nothing else is asked of it");
    cluster.asks.clear();
    cluster.asks.push_back(Trouble::Fails);
    remove(&mut cluster, 1);
    assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
}

#[test]
fn a_tombstone_needs_a_quorum_as_an_object_does() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[]);
    cluster.uploads.extend([Trouble::Fails, Trouble::None, Trouble::Fails]);
    delete(&mut cluster, &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::NotStored { .. }));
    assert_eq!(cluster.read("a").unwrap().record.version, Version::FIRST);
    let object = cluster.read("a").unwrap().record.blob.name();
    assert!(cluster.stored.keys().all(|(_, name)| *name == object));
    cluster.uploads.extend([Trouble::Fails, Trouble::None, Trouble::None]);
    delete(&mut cluster, &[]);
    assert_eq!(cluster.last_version_response(), &deleted(2));
}
