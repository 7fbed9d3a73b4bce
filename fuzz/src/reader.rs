//! From a fuzzer's bytes to choices: read front to back, and endless zeros behind the end, so that cutting bytes off makes
//! the same story shorter and every input means something.

use std::time::Duration;

/// What is left of the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte; zero behind the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        byte
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `bound`, which must be from 1 to 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len());
        *choices.get(at).expect("an index below the length")
    }

    /// The next bytes, at most as many as one byte can count.
    pub(crate) fn short_bytes(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(count);
        self.rest = rest;
        bytes
    }

    /// How far the clock goes on: nothing, the shortest, and what is around the machines' own periods.
    pub(crate) fn time_step(&mut self) -> Duration {
        self.one_of(&[
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_millis(1),
            Duration::from_millis(249),
            Duration::from_millis(250),
            Duration::from_millis(999),
            Duration::from_secs(1),
            Duration::from_secs(5),
            Duration::from_millis(9_999),
            Duration::from_secs(11),
            Duration::from_secs(3600),
        ])
    }
}
