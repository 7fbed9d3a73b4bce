//! What every machine of the core is: a state that inputs and the clock push on, and effects that come out.

use alloc::vec::Vec;

use crate::time::Instant;

/// A state machine without input or output of its own.
///
/// The contract between a machine and its driver:
///
/// 1. Time comes in as `now`, which never goes back from call to call.
/// 2. Timers that are due at `now` fire before `input` is looked at.
/// 3. Every effect that a call causes is in the sink when the call returns; nothing stays queued inside.
/// 4. After a call, [`next_deadline`](Machine::next_deadline) is later than `now`, or `None`. The driver calls `handle`
///    with [`deadline_reached`](Machine::deadline_reached) when that instant has come: early never, late as it may be.
/// 5. Every effect that can fail carries an id and is answered by exactly one completion input.
/// 6. The same inputs at the same instants give the same effects, bit for bit.
pub trait Machine {
    /// What happens to the machine.
    type Input;
    /// What the machine wants done.
    type Effect;

    /// The input that says: the instant of [`next_deadline`](Machine::next_deadline) has come.
    fn deadline_reached() -> Self::Input;

    /// Takes one input at the instant `now` and puts what is to be done into `effects`.
    fn handle(&mut self, now: Instant, input: Self::Input, effects: &mut Effects<Self::Effect>);

    /// The next instant at which the machine wants to be called even if nothing happens.
    fn next_deadline(&self) -> Option<Instant>;
}

/// Where a machine puts what it wants done, in the order in which it wants it done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects<E> {
    queued: Vec<E>,
}

impl<E> Effects<E> {
    /// An empty sink.
    #[must_use]
    pub const fn new() -> Self {
        Self { queued: Vec::new() }
    }

    /// Adds one effect behind those that are there.
    pub fn push(&mut self, effect: E) {
        self.queued.push(effect);
    }

    /// Adds effects behind those that are there.
    pub fn extend(&mut self, effects: impl IntoIterator<Item = E>) {
        self.queued.extend(effects);
    }

    /// Takes all effects out, first to last.
    pub fn drain(&mut self) -> impl Iterator<Item = E> + '_ {
        self.queued.drain(..)
    }

    /// Looks at the effects, first to last.
    pub fn iter(&self) -> core::slice::Iter<'_, E> {
        self.queued.iter()
    }

    /// How many effects wait to be taken out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queued.len()
    }

    /// Whether no effect waits to be taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }
}

impl<'a, E> IntoIterator for &'a Effects<E> {
    type Item = &'a E;
    type IntoIter = core::slice::Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Self::new()
    }
}
