//! When a machine is to be called even if nothing happens.
//!
//! A machine changes its mind often: an API server does with each heartbeat that it hears. So not each of its wishes goes
//! into the queue, but only one that is earlier than what is there already; when that comes and is not wished for any more,
//! the wish of that moment takes its turn. Each wish keeps the place in the order that it had when it was first made.

use std::collections::VecDeque;

use lode_core::time::Instant;

use super::queue::{Place, Queue};

/// The wishes of one machine.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    /// What it wishes now.
    armed: Option<Instant>,
    /// What it has wished and may wish again, in order of time.
    wished: VecDeque<Place>,
    /// What is in the queue, the earliest last.
    queued: Vec<Place>,
}

impl Alarm {
    /// When the machine is to be called.
    pub(crate) const fn armed(&self) -> Option<Instant> {
        self.armed
    }

    /// Nothing is wished any more, whatever is in the queue.
    pub(crate) fn disarm(&mut self) {
        self.armed = None;
    }

    /// The process is another one: what is in the queue is not for it.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The machine is to be called then. If so much is not in the queue yet, the place comes back at which it is to be put.
    pub(crate) fn arm(&mut self, at: Option<Instant>, queue: &mut Queue) -> Option<Place> {
        self.armed = at;
        at.and_then(|at| {
            let place = self.place_of(at, queue);
            self.put(place)
        })
    }

    /// Something of it has come out of the queue. Whether the machine is to be called; if not, what is to be put into the
    /// queue instead.
    pub(crate) fn comes(&mut self, armed: Instant, queue: &mut Queue) -> Result<(), Option<Place>> {
        if self.queued.last().copied() == queue.reached() {
            self.queued.pop();
        }
        match self.armed {
            None => Err(None),
            // An earlier wish has come already, and was put off because the process stood still.
            Some(wish) if wish == armed || queue.reached().is_some_and(|(now, _)| wish <= now) => Ok(()),
            Some(wish) => {
                let place = self.place_of(wish, queue);
                Err(self.put(place))
            }
        }
    }

    fn put(&mut self, place: Place) -> Option<Place> {
        let is_earlier = self.queued.last().is_none_or(|earliest| place < *earliest);
        is_earlier.then(|| {
            self.queued.push(place);
            place
        })
    }

    fn place_of(&mut self, at: Instant, queue: &mut Queue) -> Place {
        while self.wished.front().copied().is_some_and(|first| Some(first) <= queue.reached()) {
            self.wished.pop_front();
        }
        if self.wished.back().is_none_or(|(last, _)| *last < at) {
            let place = (at, queue.reserve());
            self.wished.push_back(place);
            return place;
        }
        match self.wished.binary_search_by_key(&at, |(wished, _)| *wished) {
            Ok(found) => self.wished.get(found).copied().unwrap_or((at, u64::MAX)),
            Err(between) => {
                let place = (at, queue.reserve());
                self.wished.insert(between, place);
                place
            }
        }
    }
}
