//! What buckets keep.

use super::cluster::{Cluster, Trouble};
use crate::api_server::messages::versions::{VersionOperation, VersionResponse};
use crate::catalog::{Bucket, CatalogAnswer, CatalogRequest, Retention};
use crate::refusal::Refusal;

fn set(cluster: &mut Cluster, bucket: &str, retention: Retention) {
    cluster.request(VersionOperation::SetBucket { bucket: bucket.parse().unwrap(), retention });
}

fn told(cluster: &mut Cluster) -> VersionResponse {
    cluster.request(VersionOperation::AskCatalog(CatalogRequest::Buckets));
    cluster.last_version_response().clone()
}

#[test]
fn what_the_objects_keep_is_set_and_told() {
    let mut cluster = Cluster::of(3);
    set(&mut cluster, "objects", Retention::Old(1));
    assert_eq!(cluster.last_version_response(), &VersionResponse::Catalog(CatalogAnswer::Done));
    let buckets = alloc::vec![(Bucket::objects(), Retention::Old(1))];
    assert_eq!(told(&mut cluster), VersionResponse::Catalog(CatalogAnswer::Buckets(buckets)));
    for _ in 0..3 {
        cluster.put("a", &[]);
    }
    cluster.get("a", Some(2));
    cluster.get("a", Some(1));
    assert_eq!((cluster.stored.len(), cluster.last_refusal()), (6, &Refusal::NotFound));
}

#[test]
fn no_bucket_is_made_that_nothing_leads_to() {
    let mut cluster = Cluster::of(3);
    set(&mut cluster, "photos", Retention::Unlimited);
    assert_eq!(cluster.last_refusal(), &Refusal::NoSuchBucket);
    let buckets = alloc::vec![(Bucket::objects(), Retention::Old(0))];
    assert_eq!(told(&mut cluster), VersionResponse::Catalog(CatalogAnswer::Buckets(buckets)));
}

#[test]
fn a_setting_that_may_be_lost_is_said_to_be() {
    let mut cluster = Cluster::of(3);
    cluster.asks.push_back(Trouble::RequestLost);
    set(&mut cluster, "objects", Retention::Unlimited);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
}
