//! What is going to happen, in order of time; at the same instant in the order in which it was arranged.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use lode_core::api_server::messages::ApiInput;
use lode_core::bus::BusEvent;
use lode_core::data_server::messages::DataInput;
use lode_core::time::Instant;

use super::disk::DiskStep;
use super::exchange::{ExchangeId, ExchangeStep};
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
    /// A machine wants to be called.
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
    Delivery { node: Node, session: u32, event: Box<BusEvent> },
    /// An exchange over HTTP goes on.
    Exchange { exchange: ExchangeId, step: ExchangeStep },
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
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    arranged: u64,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    order: u64,
    event: Event,
}

impl Queue {
    pub(crate) fn push(&mut self, at: Instant, event: Event) {
        self.heap.push(Entry { at, order: self.arranged, event });
        self.arranged += 1;
    }

    /// The next thing, if it happens at `end` at the latest.
    pub(crate) fn pop_until(&mut self, end: Instant) -> Option<(Instant, Event)> {
        if self.heap.peek()?.at > end {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }
}

/// The earliest is the greatest: a heap gives its greatest first.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
