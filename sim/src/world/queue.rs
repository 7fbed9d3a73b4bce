//! What is going to happen, in order of time; at the same instant in the order in which it was arranged.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

use lode_core::api_server::messages::ApiInput;
use lode_core::data_server::messages::DataInput;
use lode_core::time::Instant;

use super::catalog::CatalogStep;
use super::disk::DiskStep;
use super::exchange::{ExchangeId, ExchangeStep};
use super::letter::{Letter, Way};
use crate::node::Node;

/// Something that is going to happen. What belongs to one run of a process names it, and is void once that is over.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client does what the plan says.
    Operation(usize),
    /// A fault of the plan begins.
    FaultBegins(usize),
    /// It ends.
    FaultEnds(usize),
    /// A client loses its patience.
    GivesUp(usize),
    /// A process starts.
    Starts(Node),
    /// A machine may want to be called: at this instant, if it still does.
    Wake { node: Node, run: u32, armed: Instant },
    /// A node tries to connect to the broker.
    Connects { node: Node, run: u32 },
    /// The queue of a node is bound.
    Binds { node: Node, session: u32 },
    /// A node finds its connection to the broker gone.
    Drops { node: Node, session: u32 },
    /// A node looks whether its connection to the broker is of any use.
    Watches { node: Node, session: u32 },
    /// Something comes from the bus.
    Delivery { node: Node, session: u32, way: Way, letter: Rc<Letter> },
    /// An exchange over HTTP goes on.
    Exchange { exchange: ExchangeId, step: ExchangeStep },
    /// A request to the catalog goes on.
    Catalog { request: u64, step: CatalogStep },
    /// A disk has done something.
    Disk { node: Node, run: u32, step: DiskStep },
    /// An effect of an API server is completed at once.
    Api { node: Node, run: u32, input: Box<ApiInput> },
    /// An effect of a data server is completed at once.
    Data { node: Node, run: u32, input: Box<DataInput> },
    /// A node of the seed has waited long enough, or has something to say.
    Seed { node: Node, run: u32, step: super::seed::SeedStep },
    /// Everything has had the time to come right: each name is read once more.
    FinalReads,
}

/// All that is arranged.
///
/// Most of what a run arranges at a time lies far ahead and comes in order of time anyway: the operations of the plan, and
/// the ends of the patience of clients and of API servers. Each of these has a lane of its own, so that the heap stays as
/// small as what is really under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Arranged>>,
    /// What happens at the places in the heap. A heap of the events themselves would move them about.
    events: Vec<Event>,
    free: Vec<u32>,
    lanes: [VecDeque<(Place, Event)>; 4],
    arranged: u64,
    reached: Option<Place>,
}

/// A place in the order of all that happens: when, and as the how manieth of all that was arranged.
pub(crate) type Place = (Instant, u64);

/// Things that are arranged in order of time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// The operations of the plan.
    Operations,
    /// The ends of the patience of clients.
    Patience,
    /// The ends of the patience of those who ask over HTTP.
    Timeouts,
    /// The ends of the patience of those who ask the catalog.
    Catalog,
}

/// Something in the heap: its place, in one number so that it is compared at once, and where its event is.
#[derive(Debug, Clone, Copy)]
struct Arranged {
    key: u128,
    index: u32,
}

/// Where the next thing is.
#[derive(Debug, Clone, Copy)]
enum Next {
    Heap,
    Lane(usize),
}

impl Queue {
    pub(crate) fn push(&mut self, at: Instant, event: Event) {
        let order = self.reserve();
        self.push_to((at, order), event);
    }

    /// Takes a number in the order, for something that may be arranged later.
    pub(crate) fn reserve(&mut self) -> u64 {
        self.arranged += 1;
        self.arranged
    }

    /// Arranges something at a place whose number was reserved.
    pub(crate) fn push_to(&mut self, place: Place, event: Event) {
        assert!(self.reached.is_none_or(|(now, _)| place.0 >= now), "what is arranged is yet to come: {event:?}");
        let index = match self.free.pop() {
            Some(index) => index,
            None => u32::try_from(self.events.len()).unwrap_or(u32::MAX),
        };
        match self.events.get_mut(index as usize) {
            Some(slot) => *slot = event,
            None => self.events.push(event),
        }
        self.heap.push(Reverse(Arranged::at(place, index)));
    }

    /// Arranges something that mostly comes later than all that is in its lane.
    pub(crate) fn push_in_lane(&mut self, lane: Lane, at: Instant, event: Event) {
        let order = self.reserve();
        match self.lanes.get_mut(lane as usize) {
            Some(lane) if lane.back().is_none_or(|((last, _), _)| *last <= at) => lane.push_back(((at, order), event)),
            Some(_) | None => self.push_to((at, order), event),
        }
    }

    /// The next thing, if it happens at `end` at the latest.
    pub(crate) fn pop_until(&mut self, end: Instant) -> Option<(Instant, Event)> {
        let (place, next) = self.next()?;
        if place.0 > end {
            return None;
        }
        self.reached = Some(place);
        let event = match next {
            Next::Lane(index) => self.lanes.get_mut(index)?.pop_front()?.1,
            Next::Heap => {
                let Reverse(Arranged { index, .. }) = self.heap.pop()?;
                self.free.push(index);
                std::mem::replace(self.events.get_mut(index as usize)?, Event::FinalReads)
            }
        };
        Some((place.0, event))
    }

    fn next(&self) -> Option<(Place, Next)> {
        let mut next = self.heap.peek().map(|Reverse(first)| (first.place(), Next::Heap));
        for (index, lane) in self.lanes.iter().enumerate() {
            if let Some((place, _)) = lane.front()
                && next.is_none_or(|(earliest, _)| *place < earliest)
            {
                next = Some((*place, Next::Lane(index)));
            }
        }
        next
    }

    /// The place of what happens now.
    pub(crate) fn reached(&self) -> Option<Place> {
        self.reached
    }
}

impl Arranged {
    fn at((at, order): Place, index: u32) -> Self {
        Self { key: u128::from(at.as_nanos()) << 64 | u128::from(order), index }
    }

    #[allow(clippy::cast_possible_truncation, reason = "the two halves are taken apart")]
    const fn place(self) -> Place {
        (Instant::from_nanos((self.key >> 64) as u64), self.key as u64)
    }
}

impl Ord for Arranged {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl PartialOrd for Arranged {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Arranged {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Arranged {}
