//! Is there one order, in which each call takes effect at one instant between its begin and its end, that explains what
//! all were told?
//!
//! The search is that of Wing & Gong ("Testing and verifying concurrent objects", 1993), which tries the calls that may
//! come next one after the other, with Lowe's memory ("Testing for linearizability", 2016): that a certain set of calls
//! in any order led to a certain state, and on to nothing, is found out once. Four things keep it fast:
//! - What only reads, and may come next, is taken at once: whatever works with it later works with it now.
//! - Of two calls that do the same and may be left out, the one that began earlier is tried first.
//! - It turns round where something was read that nobody can write any more.
//! - It gives up after a number of configurations, and says so.

use std::collections::BTreeSet;

use lode_core::time::Instant;

/// What the calls are made of: a thing with a state, described by what can happen in each state.
pub trait Model {
    /// Its state.
    type State: Clone + Ord;
    /// A call, with what its caller was told.
    type Op: PartialEq;

    /// The state before all calls.
    fn initial(&self) -> Self::State;

    /// The state after the call; `None` if it could not have been answered so in this state.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Whether the call never changes the state, whatever that is.
    fn only_reads(&self, op: &Self::Op) -> bool;

    /// Whether a call that only reads can still come when nothing but `left` may come before it. Only to save time: "yes" is
    /// never wrong.
    fn can_still_come<'o>(&self, state: &Self::State, op: &Self::Op, left: impl Iterator<Item = &'o Self::Op>) -> bool
    where
        Self::Op: 'o;
}

/// A call as the search sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<Op> {
    /// What it does.
    pub op: Op,
    /// When it began.
    pub began: Instant,
    /// When it had certainly taken effect. `None` if nobody knows: it may take effect at any time after it began, or
    /// never.
    pub ended: Option<Instant>,
}

/// What came of a search. Calls are named by their place in the list that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// This order explains everything; what it leaves out never took effect.
    Found {
        /// The order.
        order: Vec<usize>,
    },
    /// No order does.
    Impossible {
        /// One of those that got furthest; nothing that must come after it can come next.
        order: Vec<usize>,
    },
    /// There are more calls than can be looked at, or the search was given up.
    Undecided,
}

/// How many calls can be looked at.
pub const MAX_ENTRIES: usize = 128;

/// Looks for an order. Gives up after having seen `max_configurations`: sets of calls that have taken effect, each with
/// a state.
pub fn linearize<M: Model>(model: &M, entries: &[Entry<M::Op>], max_configurations: usize) -> Search {
    if entries.len() > MAX_ENTRIES {
        return Search::Undecided;
    }
    let mut by_begin: Vec<usize> = (0..entries.len()).collect();
    by_begin.sort_by_key(|&index| entries.get(index).map(|entry| entry.began));
    let sorted: Vec<_> = by_begin.iter().filter_map(|&index| entries.get(index)).collect();
    let mut search = Searching {
        model,
        entries: sorted,
        max_configurations,
        seen: BTreeSet::new(),
        order: Vec::new(),
        furthest: Vec::new(),
    };
    let found = search.explore(0, &model.initial());
    let named = |order: Vec<usize>| order.into_iter().filter_map(|place| by_begin.get(place).copied()).collect();
    match found {
        Explored::Found => Search::Found { order: named(search.order) },
        Explored::Nothing => Search::Impossible { order: named(search.furthest) },
        Explored::GaveUp => Search::Undecided,
    }
}

struct Searching<'a, M: Model> {
    model: &'a M,
    /// In the order in which they began.
    entries: Vec<&'a Entry<M::Op>>,
    max_configurations: usize,
    /// Configurations from which nothing was found.
    seen: BTreeSet<(u128, M::State)>,
    order: Vec<usize>,
    furthest: Vec<usize>,
}

enum Explored {
    Found,
    Nothing,
    GaveUp,
}

impl<M: Model> Searching<'_, M> {
    /// Goes on from here; `done` are the calls that have taken effect, a bit for each.
    fn explore(&mut self, mut done: u128, state: &M::State) -> Explored {
        let length_before = self.order.len();
        done = self.take_reads(done, state);
        let Some(earliest_end) = self.earliest_end(done) else {
            return Explored::Found;
        };
        if self.order.len() > self.furthest.len() {
            self.furthest.clone_from(&self.order);
        }
        if !self.is_hopeless(done, state) && self.seen.insert((done, state.clone())) {
            if self.seen.len() > self.max_configurations {
                return Explored::GaveUp;
            }
            match self.explore_next(done, state, earliest_end) {
                Explored::Nothing => {}
                ended @ (Explored::Found | Explored::GaveUp) => return ended,
            }
        }
        self.order.truncate(length_before);
        Explored::Nothing
    }

    /// Tries each call that may come next: first those that must have taken effect, as most of the others never have.
    fn explore_next(&mut self, done: u128, state: &M::State, earliest_end: Instant) -> Explored {
        for certain in [true, false] {
            for place in 0..self.entries.len() {
                let Some(entry) = self.may_come_next(place, done, earliest_end) else { continue };
                if entry.ended.is_some() != certain || (!certain && self.has_earlier_twin(place, done)) {
                    continue;
                }
                let Some(next) = self.model.step(state, &entry.op) else { continue };
                self.order.push(place);
                match self.explore(done | bit(place), &next) {
                    Explored::Nothing => {}
                    ended @ (Explored::Found | Explored::GaveUp) => return ended,
                }
                self.order.pop();
            }
        }
        Explored::Nothing
    }

    fn take_reads(&mut self, mut done: u128, state: &M::State) -> u128 {
        // Each read that is taken may let others begin.
        while let Some(earliest_end) = self.earliest_end(done) {
            let done_before = done;
            for place in 0..self.entries.len() {
                let Some(entry) = self.may_come_next(place, done, earliest_end) else { continue };
                if self.model.only_reads(&entry.op) && self.model.step(state, &entry.op).is_some() {
                    done |= bit(place);
                    self.order.push(place);
                }
            }
            if done == done_before {
                return done;
            }
        }
        done
    }

    /// The call, if it has not taken effect, and none has to before it does.
    fn may_come_next(&self, place: usize, done: u128, earliest_end: Instant) -> Option<&Entry<M::Op>> {
        let entry = *self.entries.get(place)?;
        (done & bit(place) == 0 && entry.began <= earliest_end).then_some(entry)
    }

    /// The earliest end of a call that has not taken effect and must; whatever begins after it comes after it. `None`
    /// if all have.
    fn earliest_end(&self, done: u128) -> Option<Instant> {
        let left = self.entries.iter().enumerate().filter(|(place, _)| done & bit(*place) == 0);
        left.filter_map(|(_, entry)| entry.ended).min()
    }

    /// Whether something was read that nobody can write any more.
    fn is_hopeless(&self, done: u128, state: &M::State) -> bool {
        let left =
            || self.entries.iter().enumerate().filter(|(place, _)| done & bit(*place) == 0).map(|(_, entry)| entry);
        let mut reads = left().filter(|entry| entry.ended.is_some() && self.model.only_reads(&entry.op));
        reads.any(|read| !self.model.can_still_come(state, &read.op, left().map(|entry| &entry.op)))
    }

    fn has_earlier_twin(&self, place: usize, done: u128) -> bool {
        let Some(entry) = self.entries.get(place) else { return false };
        let earlier = self.entries.iter().enumerate().take(place);
        earlier.filter(|(twin, _)| done & bit(*twin) == 0).any(|(_, twin)| twin.ended.is_none() && twin.op == entry.op)
    }
}

const fn bit(place: usize) -> u128 {
    1 << place
}

#[cfg(test)]
mod tests;
