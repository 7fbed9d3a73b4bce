//! Chance, in streams keyed by who draws and for what, so that what one draws does not shift what another does.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use fastrand::Rng;
use siphasher::sip::SipHasher24;

use crate::node::Node;

/// What is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// How long a message takes.
    Latency,
    /// Whether a message is lost, doubled or mangled.
    MessageFault,
    /// Whether, where and how an exchange over HTTP breaks.
    ExchangeFault,
    /// How long a step of a disk takes.
    Disk,
    /// What a loss of power does to what was not synced, which bit rots.
    Damage,
    /// When a lost connection is tried again.
    Reconnect,
    /// What a run of a process calls itself.
    Incarnation,
    /// Whether the catalog does what it is asked when its answer is lost, and when.
    CatalogFault,
    /// Which of several processes at one address gets a connection; whom a node of the seed picks.
    Choice,
}

/// All streams of one run.
#[derive(Debug, Clone)]
pub struct Chance {
    seed: u64,
    streams: BTreeMap<u64, Rng>,
}

impl Chance {
    /// The streams of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, streams: BTreeMap::new() }
    }

    /// What one node draws for a purpose of its own.
    pub fn of(&mut self, node: Node, purpose: Purpose) -> &mut Rng {
        self.between(node, node, purpose)
    }

    /// What is drawn for what goes from one node to another.
    pub fn between(&mut self, from: Node, to: Node, purpose: Purpose) -> &mut Rng {
        let seed = self.seed;
        self.streams.entry(key(from, to, purpose)).or_insert_with(|| named(seed, from, to, purpose))
    }

    /// The beginning of such a stream, for somebody who keeps it himself because he draws from it all the time.
    #[must_use]
    pub fn beginning(&self, from: Node, to: Node, purpose: Purpose) -> Rng {
        named(self.seed, from, to, purpose)
    }
}

fn named(seed: u64, from: Node, to: Node, purpose: Purpose) -> Rng {
    stream(seed, &format!("{from}/{to}/{purpose:?}"))
}

/// All three in one number, another for each: it is compared at each draw.
const fn key(from: Node, to: Node, purpose: Purpose) -> u64 {
    const fn number(node: Node) -> u64 {
        let (kind, number) = match node {
            Node::Broker => (0, 0),
            Node::Catalog => (0, 1),
            Node::Client(number) => (1, number),
            Node::Api(number) => (2, number),
            Node::Data(number) => (3, number),
            Node::SeedApi(number) => (4, number),
            Node::SeedData(number) => (5, number),
        };
        kind << 16 | number as u64
    }
    number(from) << 40 | number(to) << 16 | purpose as u64
}

/// The stream of this name under a seed; another name is another stream.
#[must_use]
pub fn stream(seed: u64, name: &str) -> Rng {
    let mut hasher = SipHasher24::new_with_keys(seed, 0x6c6f_6465_2d73_696d);
    hasher.write(name.as_bytes());
    Rng::with_seed(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_shift_each_other() {
        let (mut alone, mut beside) = (Chance::new(1), Chance::new(1));
        let _other = beside.of(Node::Api(2), Purpose::Latency).u64(..);
        for _ in 0..10 {
            let one = alone.of(Node::Api(1), Purpose::Latency).u64(..);
            assert_eq!(one, beside.of(Node::Api(1), Purpose::Latency).u64(..));
            let _other = beside.of(Node::Api(1), Purpose::Disk).u64(..);
        }
        assert_ne!(stream(1, "a").u64(..), stream(2, "a").u64(..));
        assert_ne!(stream(1, "a").u64(..), stream(1, "b").u64(..));
    }
}
