//! Whatever goes wrong, in any order: what is answered is true.

use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::cluster::{Cluster, SIZE, Trouble};
use crate::api_server::messages::ApiResponse;
use crate::api_server::messages::versions::VersionResponse;
use crate::catalog::State;
use crate::checksum::Checksum;

fn trouble_with_uploads() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        6 => Just(Trouble::None),
        1 => Just(Trouble::Fails),
        1 => Just(Trouble::FailsForGood),
        1 => Just(Trouble::AnswerLost),
        1 => Just(Trouble::Late),
    ]
}

fn trouble_with_the_catalog() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        8 => Just(Trouble::None),
        1 => Just(Trouble::Fails),
        1 => Just(Trouble::AnswerLost),
        1 => Just(Trouble::RequestLost),
    ]
}

fn trouble_with_reads() -> impl Strategy<Value = Trouble> {
    prop_oneof![3 => Just(Trouble::None), 1 => Just(Trouble::Fails)]
}

fn trouble_with_relays() -> impl Strategy<Value = Trouble> {
    prop_oneof![3 => Just(Trouble::None), 2 => (0..SIZE).prop_map(Trouble::BreaksOffAfter)]
}

fn current(cluster: &mut Cluster) -> Option<Checksum> {
    match cluster.read("a")?.record.state {
        State::Object(object) => Some(object.checksum),
        State::Tombstone => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// 200 means current and durable on a quorum; any other answer but "not known" means that nothing has changed.
    #[test]
    fn a_put_says_what_it_has_done(
        servers in 1_u8..7,
        uploads in vec(trouble_with_uploads(), 0..60),
        asks in vec(trouble_with_the_catalog(), 0..60),
        only_new in vec(prop::bool::weighted(0.2), 1..8),
    ) {
        let mut cluster = Cluster::of(servers);
        cluster.uploads.extend(uploads);
        cluster.asks.extend(asks);
        for (number, only_new) in only_new.into_iter().enumerate() {
            let before = current(&mut cluster);
            let conditions: &[(&str, &str)] = if only_new { &[("If-None-Match", "*")] } else { &[] };
            let written = cluster.put("a", conditions);
            if cluster.responses.len() == number {
                // A quorum waits for it.
                cluster.late_ones_end();
            }
            prop_assert_eq!(cluster.responses.len(), number + 1);
            prop_assert_eq!(cluster.bench.server.requests_under_way(), 0);
            let copies = usize::from(servers).min(3);
            match cluster.last_response().clone() {
                ApiResponse::Version(VersionResponse::Written { checksum, .. }) => {
                    prop_assert_eq!(checksum, written);
                    prop_assert_eq!(current(&mut cluster), Some(written));
                    prop_assert!(cluster.holders("a").len() * 2 > copies);
                    prop_assert!(!only_new || before.is_none());
                }
                ApiResponse::Refused(refusal) if refusal.code() == "outcome_unknown" => {}
                ApiResponse::Refused(_) => prop_assert_eq!(current(&mut cluster), before),
                other => prop_assert!(false, "{:?}", other),
            }
            cluster.late_ones_end();
        }
        prop_assert_eq!(cluster.bench.server.late_copies_under_way(), 0);
        // Whoever is noted as a holder is one.
        if let Some(found) = cluster.read("a") {
            let holders = cluster.holders("a");
            let noted: Vec<_> = found.holders.into_iter().filter(|noted| !holders.contains(noted)).collect();
            prop_assert_eq!(noted, Vec::new());
        }
    }

    /// A body is whole, or was broken off where the client sees it, or is refused: and refused or broken off only if each
    /// copy has failed once.
    #[test]
    fn a_get_is_whole_or_says_that_it_is_not(
        servers in 1_u8..7,
        fetches in vec(trouble_with_reads(), 0..8),
        relays in vec(trouble_with_relays(), 0..8),
    ) {
        let mut cluster = Cluster::of(servers);
        cluster.put("a", &[]);
        let copies = cluster.holders("a").len();
        let failures = fetches.iter().chain(&relays).filter(|trouble| **trouble != Trouble::None).count();
        cluster.fetches.extend(fetches);
        cluster.relays.extend(relays);
        let answers = cluster.responses.len();
        cluster.get("a", None);
        let mut next = 0;
        for (_, first, length) in &cluster.received {
            prop_assert_eq!(*first, next);
            next += length;
        }
        let refused = cluster.responses.len() - answers;
        let whole = usize::from(next == SIZE);
        prop_assert_eq!(whole + refused + cluster.broken_off, 1);
        prop_assert!(whole == 1 || failures >= copies, "{} copies, {} failures", copies, failures);
        prop_assert!(refused == 0 || next == 0);
        prop_assert_eq!(cluster.bench.server.requests_under_way(), 0);
    }
}
