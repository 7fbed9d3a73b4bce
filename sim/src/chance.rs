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
    /// Which of several processes at one address gets a connection; whom a node of the seed picks.
    Choice,
}

/// All streams of one run.
#[derive(Debug, Clone)]
pub struct Chance {
    seed: u64,
    streams: BTreeMap<(Node, Node, Purpose), Rng>,
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
        self.streams.entry((from, to, purpose)).or_insert_with(|| stream(seed, &format!("{from}/{to}/{purpose:?}")))
    }
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
