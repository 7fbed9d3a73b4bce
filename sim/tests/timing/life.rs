//! When a data server says that it lives, and how long it is believed for that: the rules of SEED-WIRE.md §1 and of the design
//! (§3: while the bus is down nobody is expired; when it is back, every server gets a full expiry period), as arithmetic.

use std::ops::Range;

use crate::clock::Clock;
use crate::plans::joined;

/// How a data server speaks.
pub(crate) struct Speaker {
    pub(crate) clock: Clock,
    pub(crate) period_ns: u64,
    /// While it stands still, it says nothing.
    pub(crate) stands_still: Range<u64>,
}

impl Speaker {
    /// When its heartbeats leave, from when it comes on the bus until just before it leaves: at once, then every period by its
    /// own clock, and, when an API server greets everybody, as soon as a twentieth of a period has passed since the last.
    pub(crate) fn beats(&self, on_the_bus: Range<u64>, greeted_ns: &[u64]) -> Vec<u64> {
        let mut beats = vec![on_the_bus.start];
        let mut due_ns = self.clock.shows(on_the_bus.start) + self.period_ns;
        let mut now_ns = on_the_bus.start;
        let mut greeted = greeted_ns.iter().filter(|at_ns| on_the_bus.contains(at_ns)).peekable();
        while let Some(due_at_ns) = self.clock.first_showing(due_ns) {
            let at_ns = awake(due_at_ns.max(now_ns), &self.stands_still);
            if let Some(greeted_ns) = greeted.next_if(|greeted_ns| **greeted_ns < at_ns) {
                now_ns = *greeted_ns;
                let last_ns = beats.last().map_or(0, |last_ns| self.clock.shows(*last_ns));
                let soonest_ns = self.clock.shows(*greeted_ns).max(last_ns + self.period_ns / 20);
                due_ns = due_ns.min(soonest_ns);
                continue;
            }
            if at_ns >= on_the_bus.end {
                break;
            }
            beats.push(at_ns);
            due_ns = self.clock.shows(at_ns) + self.period_ns;
        }
        beats
    }
}

/// When a process does what is to be done then, if it stands still for a while.
pub(crate) fn awake(at_ns: u64, stands_still: &Range<u64>) -> u64 {
    if stands_still.contains(&at_ns) { stands_still.end + 1 } else { at_ns }
}

/// What an API server notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Noticed {
    BusDown,
    BusUp,
    Heartbeat,
}

/// How an API server listens.
pub(crate) struct Listener {
    pub(crate) clock: Clock,
    pub(crate) expiry_ns: u64,
    pub(crate) stands_still: Range<u64>,
}

impl Listener {
    /// From when until when it believes that a data server lives of which it notices this, in order of time, if it is watched
    /// until `end_ns`: for an expiry, by its own clock, after each heartbeat, as far as the bus is up.
    pub(crate) fn believes(&self, noticed: &[(u64, Noticed)], end_ns: u64) -> Vec<(u64, Option<u64>)> {
        let mut spans = Vec::new();
        let mut bus_is_up = true;
        let mut believed: Option<(u64, u64)> = None;
        for &(at_ns, noticed) in noticed.iter().filter(|(at_ns, _)| *at_ns <= end_ns) {
            let at_ns = awake(at_ns, &self.stands_still);
            if let Some((from_ns, until_ns)) = believed.filter(|(_, until_ns)| bus_is_up && *until_ns <= at_ns) {
                spans.push((from_ns, Some(until_ns)));
                believed = None;
            }
            match noticed {
                Noticed::Heartbeat => {
                    believed = Some((believed.map_or(at_ns, |(from_ns, _)| from_ns), self.until(at_ns)))
                }
                Noticed::BusDown => bus_is_up = false,
                Noticed::BusUp => {
                    bus_is_up = true;
                    believed = believed.map(|(from_ns, _)| (from_ns, self.until(at_ns)));
                }
            }
        }
        spans.extend(
            believed.map(|(from_ns, until_ns)| (from_ns, Some(until_ns).filter(|until_ns| *until_ns <= end_ns))),
        );
        joined(spans)
    }

    /// When one is forgotten of whom nothing is heard after this.
    fn until(&self, heard_ns: u64) -> u64 {
        let expires_ns = self.clock.shows(heard_ns) + self.expiry_ns;
        self.clock.first_showing(expires_ns).map_or(u64::MAX, |at_ns| awake(at_ns, &self.stands_still))
    }
}
