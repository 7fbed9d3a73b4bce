//! GET of versions: from the catalog and from whoever sends it.

use super::cluster::{Cluster, SIZE, Trouble, path};
use crate::api_server::messages::versions::{VersionOperation, VersionResponse};
use crate::conditions::Conditions;
use crate::refusal::Refusal;
use crate::select::Selection;

fn stored() -> Cluster {
    let mut cluster = Cluster::of(5);
    cluster.put("a", &[]);
    cluster
}

/// The bytes that the client has got follow each other to the end.
fn is_whole(cluster: &Cluster) -> bool {
    let mut next = 0;
    for (_, first, length) in &cluster.received {
        assert_eq!(*first, next, "{:?}", cluster.received);
        next += length;
    }
    next == SIZE
}

#[test]
fn a_noted_holder_sends_it_and_nobody_else_is_asked() {
    let mut cluster = stored();
    cluster.get("a", None);
    assert!(is_whole(&cluster));
    assert_eq!((cluster.received.len(), cluster.bench.server.counters().queries), (1, 0));
    assert_eq!(cluster.bench.server.requests_under_way(), 0);
}

#[test]
fn nobody_is_asked_for_nothing() {
    let mut cluster = stored();
    let range = crate::range::ByteRange::parse("bytes=0-0");
    cluster.request(VersionOperation::Get {
        path: path("a"),
        version: None,
        selection: Selection { range, ..Selection::default() },
    });
    assert_eq!(cluster.received.pop().map(|(_, first, length)| (first, length)), Some((0, 1)));
    let mut empty = Cluster::of_bodies(3, 0);
    empty.put("a", &[]);
    empty.get("a", None);
    assert!(matches!(empty.last_version_response(), VersionResponse::Head(_)) && empty.received.is_empty());
}

#[test]
fn a_body_that_breaks_off_goes_on_from_other_copies() {
    let mut cluster = stored();
    cluster.relays.extend([Trouble::BreaksOffAfter(10), Trouble::BreaksOffAfter(50)]);
    cluster.get("a", None);
    assert!(is_whole(&cluster));
    let servers: alloc::collections::BTreeSet<_> = cluster.received.iter().map(|(server, ..)| server).collect();
    assert_eq!((cluster.received.len(), servers.len(), cluster.broken_off), (3, 3, 0));
}

#[test]
fn a_body_that_nobody_can_end_is_broken_off() {
    let mut cluster = stored();
    cluster.relays.extend([Trouble::BreaksOffAfter(10); 3]);
    cluster.get("a", None);
    assert!(!is_whole(&cluster));
    assert_eq!((cluster.broken_off, cluster.bench.server.requests_under_way()), (1, 0));
}

#[test]
fn notes_that_are_wrong_are_corrected() {
    let mut cluster = stored();
    let holders = cluster.read("a").unwrap().holders;
    let name = cluster.read("a").unwrap().record.blob.name();
    let sums: alloc::vec::Vec<_> =
        holders.iter().filter_map(|holder| cluster.stored.remove(&(holder.clone(), name.clone()))).collect();
    let other = (1..=5).map(super::super::bench::address).find(|server| !holders.contains(server)).unwrap();
    cluster.stored.insert((other.clone(), name), sums[0]);
    cluster.get("a", None);
    assert!(is_whole(&cluster));
    assert_eq!(cluster.read("a").unwrap().holders, [other]);
}

#[test]
fn a_version_without_a_copy_is_503_and_not_404() {
    let mut cluster = stored();
    cluster.stored.clear();
    cluster.get("a", None);
    assert_eq!(cluster.last_refusal(), &Refusal::NoCopy { failing: alloc::vec![] });
    assert_eq!(cluster.last_refusal().status(), 503);
    cluster.get("b", None);
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
    cluster.get("a", Some(7));
    assert_eq!(cluster.last_refusal(), &Refusal::NotFound);
}

#[test]
fn what_a_head_says_the_catalog_knows() {
    let mut cluster = stored();
    cluster.stored.clear();
    let etag = crate::etag::ETag::new(cluster.put("a", &[]));
    let same = Conditions::from_headers([("if-none-match", alloc::format!("{etag}").as_str())]).unwrap();
    for selection in
        [Selection { head_only: true, ..Selection::default() }, Selection { conditions: same, ..Selection::default() }]
    {
        cluster.request(VersionOperation::Get { path: path("a"), version: None, selection });
        let VersionResponse::Head(head) = cluster.last_version_response() else { panic!("no head") };
        assert_eq!((head.version.number(), head.object.etag), (2, Some(etag)));
    }
    assert!(cluster.received.is_empty());
}

#[test]
fn without_the_catalog_nothing_is_read() {
    let mut cluster = stored();
    cluster.asks.push_back(Trouble::RequestLost);
    cluster.get("a", None);
    assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
}
