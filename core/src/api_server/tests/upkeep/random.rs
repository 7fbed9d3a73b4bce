//! Whatever comes and goes, in whatever order: no last copy is removed, and in the end everything has its copies, and nothing
//! else is there.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::cluster::{Cluster, Trouble, upkeep};
use crate::api_server::tests::bench::address;

#[derive(Debug, Clone)]
enum Event {
    Put {
        key: u8,
        on: BTreeSet<u8>,
    },
    Upload {
        on: BTreeSet<u8>,
    },
    Stops(u8),
    Starts(u8),
    /// A copy is lost, if it is not the last one.
    Loses {
        server: u8,
        which: usize,
    },
    Passes(u64),
}

fn event(servers: u8) -> impl Strategy<Value = Event> {
    let some = move || prop::collection::btree_set(1..=servers, 1..4);
    prop_oneof![
        3 => (0_u8..6, some()).prop_map(|(key, on)| Event::Put { key, on }),
        1 => some().prop_map(|on| Event::Upload { on }),
        2 => (1..=servers).prop_map(Event::Stops),
        2 => (1..=servers).prop_map(Event::Starts),
        2 => (1..=servers, 0_usize..9).prop_map(|(server, which)| Event::Loses { server, which }),
        4 => (1_u64..100).prop_map(Event::Passes),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![5 => Just(Trouble::None), 1 => Just(Trouble::Fails), 1 => Just(Trouble::AnswerLost)]
}

fn happens(cluster: &mut Cluster, event: Event) {
    match event {
        Event::Put { key, on } => {
            cluster.put(&alloc::format!("o{key}"), &on.into_iter().collect::<Vec<_>>());
        }
        Event::Upload { on } => {
            cluster.upload(&on.into_iter().collect::<Vec<_>>());
        }
        Event::Stops(number) => cluster.stops(number),
        Event::Starts(number) => cluster.starts(number),
        Event::Loses { server, which } => {
            let disk = &cluster.disks[&address(server)];
            let lost = disk.keys().nth(which % disk.len().max(1)).copied();
            if let Some(blob) = lost.filter(|blob| cluster.holders(*blob).len() > 1) {
                cluster.disks.get_mut(&address(server)).unwrap().remove(&blob);
            }
        }
        Event::Passes(seconds) => cluster.pass(Duration::from_secs(seconds)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_has_its_copies_in_the_end_and_nothing_else_is_there(
        apis in 1_u64..4,
        copies in 1_usize..4,
        events in vec(event(5), 1..40),
        chance in vec((0_usize..20, trouble()), 0..600),
    ) {
        let mut cluster = Cluster::of(apis, 5, copies, &upkeep());
        cluster.chance = chance;
        for event in events {
            happens(&mut cluster, event);
        }
        for number in 1..=5 {
            cluster.starts(number);
        }
        cluster.chance.clear();
        cluster.pass(Duration::from_secs(1200));
        let kept = cluster.kept();
        for held in &kept {
            let holders = cluster.holders(held.record.blob);
            prop_assert_eq!(holders.len(), copies, "{:?}", held);
            prop_assert_eq!(&held.holders, &holders);
            prop_assert!(held.retired.is_empty());
        }
        let of_versions: BTreeSet<_> = kept.iter().map(|held| held.record.blob).collect();
        let on_disks = cluster.disks.values().flat_map(|disk| disk.keys());
        prop_assert!(on_disks.into_iter().all(|blob| of_versions.contains(blob)), "an orphan is left");
    }
}
