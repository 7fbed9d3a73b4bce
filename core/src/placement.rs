//! Which servers a blob belongs on: weighted rendezvous hashing.
//!
//! Every server gets a score for every blob, out of the hash of the two and the server's weight, and the blob belongs on
//! those with the highest scores. So each server's share follows its weight, nobody keeps a table, and everybody who knows
//! the same servers ranks them alike. When a server goes, only what it held moves; when one comes, blobs move only to it.
//!
//! With `u` drawn from (0, 1) by the hash, the score is `weight / -ln(u)`: the server with the highest one is then each
//! server with a probability in proportion to its weight (it is the race of exponential clocks). The hash is SipHash-2-4
//! under a fixed key, the logarithm is `libm`'s own, and all else is exact, so that the ranks are the same on every platform
//! and in every version; changing either moves everybody's data.
//!
//! Where several copies go, zones heeded, is a walk over the ranked list: [`spread`].

pub mod spread;

use alloc::vec::Vec;

use siphasher::sip::SipHasher24;

use crate::address::ServerAddress;
use crate::space::Space;

/// How much of the data a server should get in comparison with the others: the size of its disk, rounded down to a power
/// of two.
///
/// Not its free space: that changes with every object, and with it the scores, so that a name would belong elsewhere
/// after a while and an overwrite would leave the old copy behind. A disk that has no room left takes its server out of the
/// candidates altogether, which is said in heartbeats and is none of the weight's business. Powers of two, because two
/// disks that differ by a little are alike. A weight is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight {
    exponent: u8,
}

impl Weight {
    /// The weight of a server whose space is not known, as the seed's: that of 32 GiB. It is a constant, because a mean of
    /// the others would move blobs whenever one of them changes; and a low one for a disk of today, because a server of
    /// the seed that runs full keeps cut objects and says nothing.
    pub const UNKNOWN: Self = Self { exponent: 35 };

    /// The weight of a server with a disk of this size.
    #[must_use]
    pub fn from_bytes(total_bytes: u64) -> Self {
        let exponent = total_bytes.checked_ilog2().unwrap_or(0);
        Self { exponent: u8::try_from(exponent).unwrap_or(u8::MAX) }
    }

    /// The weight of a server with this space, if it says.
    #[must_use]
    pub fn of(space: Option<Space>) -> Self {
        space.map_or(Self::UNKNOWN, |space| Self::from_bytes(space.total_bytes))
    }

    fn value(self) -> f64 {
        libm::ldexp(1.0, i32::from(self.exponent))
    }
}

/// A server that could take the blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Which server.
    pub address: &'a ServerAddress,
    /// How much it should get.
    pub weight: Weight,
}

/// The candidates in the order in which they should hold the blob `key` (the bytes of its id or name), best first. Each
/// server is in it once; if it was given with several weights, with the largest.
#[must_use]
pub fn rank<'a>(key: &[u8], candidates: impl IntoIterator<Item = Candidate<'a>>) -> Vec<&'a ServerAddress> {
    let mut candidates: Vec<_> = candidates.into_iter().collect();
    candidates.sort_unstable_by_key(|candidate| (candidate.address, core::cmp::Reverse(candidate.weight)));
    candidates.dedup_by_key(|candidate| candidate.address);
    let mut input = Vec::new();
    let mut scored: Vec<_> =
        candidates.into_iter().map(|candidate| (score(key, candidate, &mut input), candidate.address)).collect();
    scored.sort_unstable_by(|(score_a, a), (score_b, b)| score_b.total_cmp(score_a).then_with(|| a.cmp(b)));
    scored.into_iter().map(|(_, address)| address).collect()
}

/// The hash is taken of address, zero byte, key: no address has a zero byte, so no two pairs have the same input.
fn score(key: &[u8], candidate: Candidate<'_>, input: &mut Vec<u8>) -> f64 {
    input.clear();
    input.extend_from_slice(candidate.address.as_str().as_bytes());
    input.push(0);
    input.extend_from_slice(key);
    let hash = SipHasher24::new_with_key(b"lode placement 1").hash(input);
    candidate.weight.value() / -libm::log(between_zero_and_one(hash))
}

/// An odd multiple of 2^-53 out of the upper 52 bits: exact, and neither 0 nor 1, whose logarithms would be no scores.
fn between_zero_and_one(hash: u64) -> f64 {
    const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;
    const HALF_STEP: f64 = f64::EPSILON / 2.0;
    f64::from_bits(ONE_BITS | hash >> 12) - 1.0 + HALF_STEP
}

#[cfg(test)]
mod tests;
