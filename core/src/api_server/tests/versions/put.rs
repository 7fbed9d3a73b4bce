//! PUT of versions: when it is 200, and what is left behind when it is not.

use alloc::string::ToString as _;

use super::super::bench::address;
use super::cluster::{Cluster, SIZE, Trouble, path};
use crate::api_server::messages::versions::{VersionOperation, VersionResponse};
use crate::catalog::Version;
use crate::conditions::Conditions;
use crate::config::ApiConfig;
use crate::copies::Copies;
use crate::etag::ETag;
use crate::refusal::Refusal;

fn written(cluster: &Cluster) -> u64 {
    match cluster.last_version_response() {
        VersionResponse::Written { version, size_bytes: SIZE, .. } => version.number(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_lies_on_three_servers_and_follows_the_one_before() {
    let mut cluster = Cluster::of(6);
    let first = cluster.put("a", &[]);
    assert_eq!((written(&cluster), cluster.holders("a").len()), (1, 3));
    let second = cluster.put("a", &[]);
    assert_ne!(first, second);
    assert_eq!((written(&cluster), cluster.holders("a").len()), (2, 3));
    assert_eq!(cluster.stored.len(), 3, "the copies of the first version are gone");
    assert_eq!(cluster.read("a").unwrap().holders.len(), 3);
}

#[test]
fn copies_lie_in_as_many_zones_as_there_are() {
    let mut cluster = Cluster::of(6);
    for number in 1..=6 {
        cluster.says(number, |details| details.zone = Some(if number <= 4 { "a" } else { "b" }.parse().unwrap()));
    }
    for key in 0..20 {
        let key = key.to_string();
        cluster.put(&key, &[]);
        let in_b = cluster.holders(&key).iter().filter(|holder| [5, 6].map(address).contains(holder)).count();
        assert!(in_b == 1 || in_b == 2, "{key}: {:?}", cluster.holders(&key));
    }
}

#[test]
fn a_server_that_is_to_be_emptied_gets_no_copy() {
    let mut cluster = Cluster::of(4);
    cluster.says(2, |details| details.draining = true);
    for key in 0..10 {
        cluster.put(&key.to_string(), &[]);
        assert_eq!(cluster.holders(&key.to_string()).len(), 3);
        assert!(!cluster.holders(&key.to_string()).contains(&address(2)));
    }
}

#[test]
fn each_copy_says_what_it_is_of() {
    let mut cluster = Cluster::of(6);
    cluster.uploads.push_back(Trouble::Fails);
    cluster.put("a", &[]);
    let expected = "object objects a".parse().ok();
    assert_eq!((written(&cluster), &cluster.description), (1, &expected));
}

#[test]
fn two_of_three_are_enough_and_the_late_one_is_noted() {
    let mut cluster = Cluster::of(3);
    cluster.uploads.extend([Trouble::None, Trouble::Late, Trouble::None]);
    cluster.put("a", &[]);
    assert_eq!(written(&cluster), 1);
    assert_eq!((cluster.bench.server.late_copies_under_way(), cluster.read("a").unwrap().holders.len()), (1, 2));
    cluster.late_ones_end();
    assert_eq!((cluster.bench.server.late_copies_under_way(), cluster.read("a").unwrap().holders.len()), (0, 3));
}

#[test]
fn copies_that_are_late_count_among_what_is_served() {
    let mut cluster = Cluster::of(3);
    cluster.bench.server.config.max_requests = 2;
    for _ in 0..2 {
        cluster.uploads.extend([Trouble::None, Trouble::Late, Trouble::None]);
        cluster.put("a", &[]);
    }
    cluster.put("a", &[]);
    assert_eq!(cluster.last_refusal(), &Refusal::Busy);
    cluster.late_ones_end();
    cluster.put("a", &[]);
    assert_eq!(written(&cluster), 3);
}

#[test]
fn a_late_copy_of_what_was_not_written_is_removed() {
    let mut cluster = Cluster::of(3);
    cluster.uploads.extend([Trouble::None, Trouble::Late, Trouble::None]);
    cluster.overwritten_before_commits = 1;
    cluster.put("a", &[("If-None-Match", "*")]);
    assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
    assert_eq!(cluster.stored.len(), 4);
    cluster.late_ones_end();
    assert_eq!(cluster.stored.len(), 3, "what was not written leaves nothing behind");
}

#[test]
fn a_body_is_not_sent_in_vain() {
    let mut cluster = Cluster::of(3);
    let first = ETag::new(cluster.put("a", &[])).to_string();
    for (conditions, is_written) in [
        ([("If-None-Match", "*")], false),
        ([("If-Match", "\"another\"")], false),
        ([("If-None-Match", first.as_str())], false),
        ([("If-Match", first.as_str())], true),
        ([("If-Match", first.as_str())], false),
        ([("If-None-Match", first.as_str())], true),
    ] {
        cluster.uploads.extend([Trouble::None; 3]);
        cluster.put("a", &conditions);
        if is_written {
            assert!(written(&cluster) > 1 && cluster.uploads.is_empty(), "{conditions:?}");
        } else {
            assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
            assert_eq!(cluster.uploads.len(), 3, "{conditions:?}: nothing is sent");
            cluster.uploads.clear();
        }
    }
    assert_eq!(cluster.stored.len(), 3);
}

#[test]
fn what_is_not_there_is_judged_as_well() {
    let mut cluster = Cluster::of(3);
    cluster.put("a", &[("If-Match", "*")]);
    assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
    cluster.put("a", &[("If-None-Match", "*")]);
    assert_eq!(written(&cluster), 1);
    cluster.request(VersionOperation::Delete { path: path("a"), conditions: Conditions::default() });
    cluster.put("a", &[("If-Match", "*")]);
    assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
    cluster.put("a", &[("If-None-Match", "*")]);
    assert_eq!(written(&cluster), 3);
}

#[test]
fn the_commit_is_the_judge() {
    let mut cluster = Cluster::of(3);
    let first = ETag::new(cluster.put("a", &[])).to_string();
    cluster.overwritten_before_commits = 1;
    cluster.put("a", &[("If-Match", &first)]);
    assert_eq!(cluster.last_refusal(), &Refusal::PreconditionFailed);
    assert_eq!(cluster.read("a").map(|found| found.record.version.number()), Some(2));
    assert_eq!((cluster.stored.len(), cluster.holders("a").len()), (3, 3));
}

#[test]
fn what_cannot_be_judged_is_not_sent() {
    for trouble in [Trouble::Fails, Trouble::RequestLost, Trouble::AnswerLost] {
        let mut cluster = Cluster::of(3);
        cluster.asks.push_back(trouble);
        cluster.uploads.extend([Trouble::None; 3]);
        cluster.put("a", &[("If-None-Match", "*")]);
        assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }), "{trouble:?}");
        assert_eq!((cluster.uploads.len(), cluster.stored.len()), (3, 0));
    }
}

#[test]
fn servers_that_fail_are_replaced_while_the_body_is_held() {
    let mut cluster = Cluster::of(6);
    cluster.uploads.extend([Trouble::Fails, Trouble::Fails, Trouble::None, Trouble::Fails]);
    cluster.put("a", &[]);
    assert_eq!(written(&cluster), 1);
    assert!(cluster.holders("a").len() >= 2);
}

#[test]
fn a_body_that_is_gone_is_sent_to_nobody_else() {
    let mut cluster = Cluster::of(6);
    cluster.uploads.extend([Trouble::None, Trouble::FailsForGood, Trouble::Fails, Trouble::None, Trouble::None]);
    cluster.put("a", &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::NotStored { attempts } if attempts.len() == 2));
    assert_eq!((cluster.uploads.len(), cluster.stored.len()), (2, 0));
}

#[test]
fn no_more_servers_are_tried_than_allowed() {
    let mut cluster = Cluster::of(20);
    cluster.uploads.extend([Trouble::Fails; 20]);
    cluster.put("a", &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::NotStored { attempts } if attempts.len() == 7));
    // After six failures nobody else is tried, and two were on their way; the last of them is not waited for.
    assert_eq!(cluster.uploads.len(), 20 - 8);
}

#[test]
fn fewer_than_a_quorum_are_503_and_leave_nothing_behind() {
    let mut cluster = Cluster::of(3);
    cluster.uploads.extend([Trouble::None, Trouble::Fails, Trouble::Fails]);
    cluster.put("a", &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::NotStored { attempts } if attempts.len() == 2));
    assert!(cluster.stored.is_empty() && cluster.read("a").is_none());
}

#[test]
fn as_many_copies_as_there_are_servers_unless_it_was_said_how_many() {
    let mut cluster = Cluster::of(1);
    cluster.put("a", &[]);
    assert_eq!(written(&cluster), 1);
    let mut cluster = Cluster::of(1);
    cluster.bench.server.config = ApiConfig { copies: Copies::exactly(3).unwrap(), ..ApiConfig::default() };
    cluster.put("a", &[]);
    // Not that there is no room: an API server that has just started knows only some of the data servers.
    assert_eq!(cluster.last_refusal(), &Refusal::TooFewDataServers { known: 1, needed: 2 });
    assert!(cluster.stored.is_empty());
    let mut cluster = Cluster::of(0);
    cluster.put("a", &[]);
    assert_eq!(cluster.last_refusal(), &Refusal::NoDataServer);
}

#[test]
fn a_copy_that_differs_does_not_count_and_is_removed() {
    let mut cluster = Cluster::of(3);
    cluster.uploads.extend([Trouble::None, Trouble::Mangles, Trouble::None]);
    cluster.put("a", &[]);
    assert_eq!(written(&cluster), 1);
    assert_eq!((cluster.holders("a").len(), cluster.stored.len()), (2, 2));
}

#[test]
fn an_unknown_outcome_is_settled() {
    for (trouble, is_written) in [(Trouble::AnswerLost, true), (Trouble::RequestLost, false)] {
        let mut cluster = Cluster::of(3);
        cluster.asks.push_back(trouble);
        cluster.put("a", &[]);
        assert_eq!(cluster.read("a").is_some(), is_written, "{trouble:?}");
        if is_written {
            assert_eq!((written(&cluster), cluster.holders("a").len()), (1, 3));
        } else {
            assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
            assert!(cluster.stored.is_empty());
        }
    }
}

#[test]
fn what_cannot_be_settled_is_said_to_be_unknown_and_left_alone() {
    let mut cluster = Cluster::of(3);
    cluster.asks.extend([Trouble::AnswerLost, Trouble::Fails]);
    cluster.put("a", &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::OutcomeUnknown { .. }));
    assert_eq!(cluster.holders("a").len(), 3);
}

#[test]
fn without_the_catalog_nothing_is_stored() {
    let mut cluster = Cluster::of(3);
    cluster.asks.push_back(Trouble::Fails);
    cluster.put("a", &[]);
    assert!(matches!(cluster.last_refusal(), Refusal::CatalogUnavailable { .. }));
    assert!(cluster.stored.is_empty());
    cluster.put("a", &[]);
    assert_eq!(cluster.read("a").map(|found| found.record.version), Some(Version::FIRST));
}
