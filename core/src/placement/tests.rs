use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use proptest::prelude::*;

use super::*;

const GIB: u64 = 1 << 30;

fn server(number: usize) -> ServerAddress {
    format!("127.29.1.{number}:22345").parse().unwrap()
}

fn candidates(servers: &[(ServerAddress, Weight)]) -> impl Iterator<Item = Candidate<'_>> {
    servers.iter().map(|(address, weight)| Candidate { address, weight: *weight })
}

fn servers(disk_bytes: &[u64]) -> Vec<(ServerAddress, Weight)> {
    disk_bytes.iter().enumerate().map(|(at, &disk)| (server(at + 1), Weight::from_bytes(disk))).collect()
}

/// How often each server comes first over `keys` keys.
fn shares(servers: &[(ServerAddress, Weight)], keys: u32) -> Vec<u32> {
    let mut first = BTreeMap::new();
    for key in 0..keys {
        *first.entry(rank(&key.to_le_bytes(), candidates(servers))[0]).or_insert(0) += 1;
    }
    servers.iter().map(|(address, _)| first.get(address).copied().unwrap_or(0)).collect()
}

/// If this fails, every cluster's data is in the wrong place. The figures here and in the next test were worked out by
/// another implementation, in Python.
#[test]
fn ranks_never_change() {
    let servers = servers(&[GIB, GIB, 2 * GIB, 4 * GIB, 64 * GIB, GIB]);
    let order = |key: &[u8]| -> Vec<u16> {
        rank(key, candidates(&servers)).iter().map(|address| address.host()[9..].parse().unwrap()).collect()
    };
    assert_eq!(order(b"test2"), [4, 5, 1, 3, 6, 2]);
    assert_eq!(order(b"a%2Fb"), [5, 1, 4, 3, 6, 2]);
    assert_eq!(order(b""), [5, 2, 4, 3, 1, 6]);
}

#[test]
fn scores_are_exact_to_the_last_bit() {
    let address = server(1);
    let of = |key: &[u8], weight| score(key, Candidate { address: &address, weight }, &mut Vec::new()).to_bits();
    assert_eq!(of(b"test2", Weight::from_bytes(1)), 0x401b_6afb_caa6_b802);
    assert_eq!(of(b"test2", Weight::UNKNOWN), 0x424b_6afb_caa6_b802);
}

#[test]
fn no_hash_makes_a_score_that_cannot_be_compared() {
    for hash in [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, 0xfff] {
        let u = between_zero_and_one(hash);
        assert!(u > 0.0 && u < 1.0, "{hash:x}: {u}");
        let score = Weight::from_bytes(u64::MAX).value() / -libm::log(u);
        assert!(score.is_finite() && score > 0.0, "{hash:x}: {score}");
    }
}

#[test]
fn weights_are_powers_of_two_of_the_size_of_the_disk() {
    let weight = Weight::from_bytes;
    assert_eq!(weight(40 * GIB), weight(63 * GIB));
    assert!(weight(63 * GIB) < weight(64 * GIB));
    assert_eq!(weight(0), weight(1));
    assert!(weight(0).value() > 0.0);
    assert_eq!(weight(u64::MAX).value().to_bits(), libm::ldexp(1.0, 63).to_bits());
    assert_eq!(Weight::of(None), weight(32 * GIB));
    assert_eq!(Weight::of(Some(Space { free_bytes: 1, total_bytes: GIB })), weight(GIB));
}

/// The bound is five standard deviations of the binomial distribution; the keys are fixed, so it holds always or never.
#[test]
fn shares_follow_weights() {
    for disk_bytes in [&[GIB; 6][..], &[GIB, 2 * GIB, 4 * GIB, 8 * GIB], &[GIB, GIB, 64 * GIB]] {
        let keys = 20_000_u32;
        let total: u64 = disk_bytes.iter().sum();
        for (share, &disk) in shares(&servers(disk_bytes), keys).into_iter().zip(disk_bytes) {
            let p = (disk / GIB) as f64 / (total / GIB) as f64;
            let expected = f64::from(keys) * p;
            let deviation = libm::sqrt(expected * (1.0 - p));
            assert!((f64::from(share) - expected).abs() < 5.0 * deviation, "{share} instead of {expected}");
        }
    }
}

#[test]
fn names_that_differ_in_one_byte_spread_evenly_too() {
    let servers = servers(&[GIB; 4]);
    let mut first = BTreeMap::new();
    for number in 0..4_000 {
        let name = format!("photos%2F2024%2F{number:04}.jpg");
        *first.entry(rank(name.as_bytes(), candidates(&servers))[0]).or_insert(0_u32) += 1;
    }
    assert!(first.len() == 4 && first.values().all(|share| (860..1140).contains(share)), "{first:?}");
}

#[test]
fn a_server_given_twice_is_ranked_once() {
    let address = server(1);
    let twice = [Weight::from_bytes(GIB), Weight::UNKNOWN].map(|weight| Candidate { address: &address, weight });
    assert_eq!(rank(b"x", twice), [&address]);
    assert_eq!(rank(b"x", []), Vec::<&ServerAddress>::new());
}

fn clusters() -> impl Strategy<Value = Vec<(ServerAddress, Weight)>> {
    let servers = prop::collection::btree_map(1_usize..255, any::<u64>(), 1..12);
    servers.prop_map(|servers| {
        servers.into_iter().map(|(number, disk)| (server(number), Weight::from_bytes(disk))).collect()
    })
}

proptest! {
    #[test]
    fn every_candidate_is_ranked_once(servers in clusters(), key: Vec<u8>) {
        let ranked = rank(&key, candidates(&servers));
        prop_assert_eq!(ranked.len(), servers.len());
        let ranked: BTreeSet<_> = ranked.into_iter().collect();
        prop_assert_eq!(ranked, servers.iter().map(|(address, _)| address).collect());
    }

    #[test]
    fn of_several_weights_the_largest_counts(servers in clusters(), disk: u64, key: Vec<u8>) {
        let smaller = servers.iter().map(|(address, weight)| (address.clone(), Weight::from_bytes(disk).min(*weight)));
        let both: Vec<_> = smaller.chain(servers.iter().cloned()).collect();
        prop_assert_eq!(rank(&key, candidates(&both)), rank(&key, candidates(&servers)));
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        (servers, shuffled) in clusters().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        key: Vec<u8>,
    ) {
        prop_assert_eq!(rank(&key, candidates(&servers)), rank(&key, candidates(&shuffled)));
    }

    /// Read from the right: when a server comes, blobs move only to it. Read from the left: when it goes, only its own move.
    #[test]
    fn who_comes_or_goes_leaves_the_others_in_order(
        servers in clusters(), gone in any::<prop::sample::Index>(), key: Vec<u8>,
    ) {
        let gone = gone.index(servers.len());
        let mut ranked = rank(&key, candidates(&servers));
        ranked.retain(|&address| address != &servers[gone].0);
        let mut fewer = servers.clone();
        fewer.remove(gone);
        prop_assert_eq!(rank(&key, candidates(&fewer)), ranked);
    }

    #[test]
    fn more_weight_never_lowers_a_rank(
        servers in clusters(), grown in any::<prop::sample::Index>(), disk: u64, key: Vec<u8>,
    ) {
        let grown = grown.index(servers.len());
        let place = |servers: &[(ServerAddress, Weight)]| {
            rank(&key, candidates(servers)).iter().position(|&address| address == &servers[grown].0)
        };
        let mut after = servers.clone();
        after[grown].1 = after[grown].1.max(Weight::from_bytes(disk));
        prop_assert!(place(&after) <= place(&servers));
    }
}
