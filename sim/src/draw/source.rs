//! Where a plan's choices come from: streams keyed by a name under a seed, or a fuzzer's bytes.

use fastrand::Rng;

use crate::chance;

/// Choices, one after the other. Whoever draws puts the simplest choice where zero is, so that bytes that have run out, and
/// bytes that a fuzzer has simplified, mean little.
pub trait Source {
    /// A number below the bound; 0 if the bound is 0.
    fn below(&mut self, bound: u64) -> u64;

    /// A number between two others, both of them possible.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }

    /// A number between two others, every order of magnitude (of two) as likely as the next: durations and sizes make a
    /// difference by their ratio. Made of whole numbers alone, as logarithms are not the same on every machine.
    fn spread(&mut self, least: u64, most: u64) -> u64 {
        let (first, last) = (least.max(1).ilog2(), most.max(1).ilog2());
        let octave = self.between(u64::from(first), u64::from(last));
        let bottom = 1_u64 << octave;
        self.between(bottom.max(least), (bottom - 1 + bottom).min(most)).min(most)
    }

    /// Yes, so often in a thousand times.
    fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) >= 1000_u64.saturating_sub(permille)
    }

    /// One of several, each as likely as the next. The first is the simplest.
    fn among<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let count = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        let at = self.below(count);
        choices.get(usize::try_from(at).ok()?).copied()
    }

    /// The simplest, or one of the others, each so often in a thousand times.
    fn odds<T: Copy>(&mut self, simplest: T, others: &[(u64, T)]) -> T {
        let mut left = 999 - self.below(1000);
        for &(permille, other) in others {
            if left < permille {
                return other;
            }
            left -= permille;
        }
        simplest
    }
}

/// Streams of choices, each with a name of its own. Streams of a seed do not shift each other.
pub trait Streams {
    /// One stream.
    type Stream: Source;

    /// The stream of this name. A fuzzer's bytes know no names: their streams are one behind the other, each of this many
    /// bytes, so that a mutation in one leaves the others alone.
    fn stream(&mut self, name: &str, bytes: usize) -> Self::Stream;

    /// Nothing is left to draw from, so that nothing more should be made.
    fn are_spent(&self) -> bool;
}

/// The streams of a seed. They never end.
#[derive(Debug, Clone)]
pub struct SeedStreams {
    seed: u64,
}

impl SeedStreams {
    /// The streams of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl Streams for SeedStreams {
    type Stream = SeedStream;

    fn stream(&mut self, name: &str, _bytes: usize) -> SeedStream {
        SeedStream(chance::stream(self.seed, name))
    }

    fn are_spent(&self) -> bool {
        false
    }
}

/// One stream of a seed.
#[derive(Debug, Clone)]
pub struct SeedStream(Rng);

impl Source for SeedStream {
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.u64(..bound) }
    }
}

/// A fuzzer's bytes, cut into streams from the front. Behind their end are zeros.
#[derive(Debug, Clone)]
pub struct ByteStreams<'a> {
    rest: &'a [u8],
}

impl<'a> ByteStreams<'a> {
    /// Streams cut from these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Streams for ByteStreams<'a> {
    type Stream = ByteStream<'a>;

    fn stream(&mut self, _name: &str, bytes: usize) -> ByteStream<'a> {
        let (own, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = rest;
        ByteStream { rest: own }
    }

    fn are_spent(&self) -> bool {
        self.rest.is_empty()
    }
}

/// One stream of a fuzzer's bytes.
#[derive(Debug, Clone)]
pub struct ByteStream<'a> {
    rest: &'a [u8],
}

impl Source for ByteStream<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        let mut value = 0;
        let mut above = bound.saturating_sub(1);
        // As few bytes as the bound needs: every bit of the input is to mean something.
        while above > 0 {
            value = (value << 8) | u64::from(self.byte());
            above >>= 8;
        }
        value.checked_rem(bound).unwrap_or(0)
    }
}

impl ByteStream<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        byte
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn draws_stay_within_their_bounds(seed: u64, bytes: Vec<u8>, a: u64, b: u64) {
            stay_within_bounds(&mut SeedStreams::new(seed).stream("any", 0), a.min(b), a.max(b))?;
            stay_within_bounds(&mut ByteStreams::new(&bytes).stream("any", bytes.len()), a.min(b), a.max(b))?;
        }
    }

    fn stay_within_bounds(source: &mut impl Source, least: u64, most: u64) -> Result<(), TestCaseError> {
        prop_assert!((least..=most).contains(&source.between(least, most)));
        prop_assert!((least..=most).contains(&source.spread(least, most)));
        prop_assert!(source.below(most) < most.max(1));
        prop_assert!(source.chance(1000) && !source.chance(0));
        prop_assert!(source.among(&[1, 2, 3]).is_some());
        prop_assert_eq!(source.among::<u8>(&[]), None);
        prop_assert!([1, 2, 3].contains(&source.odds(1, &[(300, 2), (200, 3)])));
        Ok(())
    }

    #[test]
    fn bytes_that_have_run_out_mean_the_simplest() {
        let mut source = ByteStreams::new(&[]).stream("any", 100);
        assert_eq!((source.between(3, 1000), source.spread(3, 1000), source.spread(0, 9)), (3, 3, 1));
        assert!(!source.chance(999));
        assert_eq!(source.odds('a', &[(500, 'b'), (499, 'c')]), 'a');
    }

    #[test]
    fn what_one_stream_leaves_is_not_the_next_ones() {
        let mut streams = ByteStreams::new(&[1, 2, 3, 4]);
        let (mut first, mut second) = (streams.stream("first", 2), streams.stream("second", 2));
        assert_eq!((first.below(256), second.below(256)), (1, 3));
        assert!(streams.are_spent());
    }

    #[test]
    fn odds_are_as_given() {
        let mut source = SeedStreams::new(7).stream("odds", 0);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[source.odds(0, &[(300, 1), (100, 2)])] += 1;
        }
        assert!((5800..6200).contains(&counts[0]) && (2800..3200).contains(&counts[1]), "{counts:?}");
    }
}
