//! Processes: what starts, ends, stands still and keeps time, whatever kind of server it is.

use std::time::Duration;

use fastrand::Rng;
use lode_core::id::{Incarnation, RequestId};
use lode_core::time::Instant;

use super::World;
use super::alarm::Alarm;
use super::bus::{BROKER_PATIENCE, Session};
use super::clock::Clock;
use super::exchange::{ExchangeId, ExchangeStep, STALL_LIMIT};
use super::queue::{Event, Place};
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::trace::{MarkKind, Record};
use lode_core::transfer::TransferFailure;

/// One server's process, and what it needs whatever it is.
#[derive(Debug)]
pub(crate) struct Process {
    /// Which run of it this is, counted from 0.
    pub(crate) run: u32,
    pub(crate) alive: bool,
    /// Its machine has no power: nobody is there to refuse a connection.
    pub(crate) powerless: bool,
    pub(crate) clock: Clock,
    pub(crate) session: Option<Session>,
    /// When its machine is to be called, by the world's time.
    pub(crate) alarm: Alarm,
    /// Since when it stands still.
    pub(crate) paused: Option<Instant>,
    /// When it last went on after a standstill, by its own time.
    pub(crate) resumed: Option<Instant>,
    /// After how many more effects it is killed.
    pub(crate) effects_to_live: Option<u32>,
    /// The power is going to fail when a blob has just been renamed into place, and its folder is not synced.
    pub(crate) power_fails_at_rename: bool,
    /// Its wall clock against the world's.
    pub(crate) wall_offset_us: i64,
    next_request: u64,
    /// How long messages take from the broker to it, and its disk for a step: drawn too often to be looked up each time.
    bus_chance: Option<Rng>,
    disk_chance: Option<Rng>,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self {
            run: 0,
            alive: false,
            powerless: false,
            clock: Clock::started(Instant::START),
            session: None,
            alarm: Alarm::default(),
            paused: None,
            resumed: None,
            effects_to_live: None,
            power_fails_at_rename: false,
            wall_offset_us: 0,
            next_request: 0,
            bus_chance: None,
            disk_chance: None,
        }
    }
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Killed: the kernel lives on, closes its connections and keeps what was written.
    Killed,
    /// The power is gone: nobody closes anything, and what was not synced may be lost.
    PowerLost,
}

impl World<'_> {
    /// The process of a server. Clients and the broker have none of their own.
    pub(crate) fn process(&self, node: Node) -> &Process {
        self.processes.get(self.slot(node)).unwrap_or(&self.nobody)
    }

    pub(crate) fn process_mut(&mut self, node: Node) -> &mut Process {
        let slot = self.slot(node);
        self.processes.get_mut(slot).unwrap_or(&mut self.nobody)
    }

    /// Which run of the node's process lives, if one does.
    pub(crate) fn run_of(&self, node: Node) -> Option<u32> {
        match node {
            Node::Broker | Node::Catalog | Node::Client(_) => Some(0),
            Node::Api(_) | Node::Data(_) | Node::SeedApi(_) | Node::SeedData(_) => {
                let process = self.process(node);
                process.alive.then_some(process.run)
            }
        }
    }

    pub(crate) fn has_no_power(&self, node: Node) -> bool {
        self.process(node).powerless
    }

    /// The next number that the process gives to a request.
    pub(crate) fn fresh_request(&mut self, node: Node) -> RequestId {
        let process = self.process_mut(node);
        process.next_request += 1;
        RequestId(process.next_request)
    }

    /// What the process's clock shows now.
    pub(crate) fn local_now(&self, node: Node) -> Instant {
        self.process(node).clock.local(self.now)
    }

    /// When a process that waits from then on has waited for so long, by its own clock: what carries out the effects of a
    /// machine has the clock of the machine. While that stands still nothing would ever end, so then it is the world's.
    pub(crate) fn waited(&self, node: Node, from: Instant, period: Duration) -> Instant {
        let clock = &self.process(node).clock;
        clock.world(clock.local(from) + period).unwrap_or(from + period)
    }

    /// Arranges that the machine is called at this instant of its own time.
    pub(crate) fn arm(&mut self, node: Node, deadline: Option<Instant>) {
        let now = self.now;
        let process = self.process_mut(node);
        let wanted = deadline.and_then(|local| process.clock.world(local)).map(|at| at.max(now));
        if wanted == process.alarm.armed() {
            return;
        }
        let slot = self.slot(node);
        let Some(process) = self.processes.get_mut(slot) else { return };
        let place = process.alarm.arm(wanted, &mut self.queue);
        self.put_wake(node, place);
    }

    fn put_wake(&mut self, node: Node, place: Option<Place>) {
        let run = self.process(node).run;
        if let Some(place) = place {
            self.queue.push_to(place, Event::Wake { node, run, armed: place.0 });
        }
    }

    pub(crate) fn wakes(&mut self, node: Node, run: u32, armed: Instant) {
        let slot = self.slot(node);
        let Some(process) = self.processes.get_mut(slot).filter(|process| process.alive && process.run == run) else {
            return;
        };
        if let Err(instead) = process.alarm.comes(armed, &mut self.queue) {
            return self.put_wake(node, instead);
        }
        if process.paused.is_some() {
            return self.wait_for_resume(node, Event::Wake { node, run, armed });
        }
        process.alarm.disarm();
        match node {
            Node::Api(_) => self.api_wakes(node),
            Node::Data(_) => self.data_wakes(node),
            Node::SeedApi(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
    }

    pub(crate) fn starts(&mut self, node: Node) {
        if self.process(node).alive {
            return;
        }
        let now = self.now;
        let process = self.process_mut(node);
        process.alive = true;
        process.powerless = false;
        process.clock = Clock::started(now);
        process.alarm.forget();
        process.paused = None;
        process.resumed = None;
        process.effects_to_live = None;
        let run = process.run;
        self.mark(node, MarkKind::Started, || "started".to_owned());
        match node {
            Node::Api(_) => self.api_starts(node),
            Node::Data(_) => self.data_starts(node),
            Node::SeedApi(_) | Node::SeedData(_) => self.seed_starts(node),
            Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
        self.set_clock_by_faults(node);
        let soon = self.now + self.reconnect_delay(node) / 10;
        self.queue.push(soon, Event::Connects { node, run });
    }

    pub(crate) fn ends(&mut self, node: Node, end: End) {
        if !self.process(node).alive {
            return;
        }
        let session = self.process_mut(node).session.take();
        if let Some(session) = session {
            self.broker.forget(session.number);
        }
        match node {
            Node::Api(_) => self.api_ends(node),
            Node::Data(_) => self.data_ends(node, end),
            Node::SeedApi(_) | Node::SeedData(_) => self.seed_ends(node),
            Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
        self.cut_exchanges(node, end);
        let process = self.process_mut(node);
        process.alive = false;
        process.powerless = end == End::PowerLost;
        process.run += 1;
        process.alarm.forget();
        process.paused = None;
        process.effects_to_live = None;
        process.power_fails_at_rename = false;
        let text = if end == End::Killed { "killed" } else { "lost power" };
        self.mark(node, MarkKind::Stopped, || text.to_owned());
    }

    /// One effect was carried out; if it was the last one that the process lives for, it is killed, and `true` comes back.
    pub(crate) fn dies_between_effects(&mut self, node: Node) -> bool {
        let Some(left) = self.process_mut(node).effects_to_live.as_mut() else { return false };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        self.hit(Point::FaultKillBetweenEffects);
        self.ends(node, End::Killed);
        true
    }

    pub(crate) fn pauses(&mut self, node: Node) {
        self.process_mut(node).paused = Some(self.now);
    }

    pub(crate) fn resumes(&mut self, node: Node) {
        let Some(since) = self.process_mut(node).paused.take() else { return };
        let local = self.local_now(node);
        self.process_mut(node).resumed = Some(local);
        if self.now - since > BROKER_PATIENCE {
            self.disconnect(node);
        }
    }

    /// Sets the clock's speed to what the faults in force say.
    pub(crate) fn set_clock_by_faults(&mut self, node: Node) {
        let stopped = self.faults.on(Kind::ClockPause, node);
        let ppm = self.faults.strength(Kind::ClockDrift, node).and_then(|ppm| i32::try_from(ppm).ok());
        let now = self.now;
        let clock = &mut self.process_mut(node).clock;
        if stopped {
            clock.stop(now);
        } else {
            clock.drift(now, ppm.unwrap_or(0));
        }
        self.process_mut(node).alarm.disarm();
        match node {
            Node::Api(_) => self.arm_api(node),
            Node::Data(_) => self.arm_data(node),
            Node::SeedApi(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
    }

    /// What a new run of the process calls itself: drawn from its wall clock, as the runtime does, and from chance.
    pub(crate) fn fresh_incarnation(&mut self, node: Node) -> Incarnation {
        let micros = i64::try_from(self.now.as_nanos() / 1000).unwrap_or(i64::MAX);
        let wall = micros.saturating_add(self.process(node).wall_offset_us);
        let drawn = self.chance.of(node, Purpose::Incarnation).u64(..);
        Incarnation::new(drawn ^ wall.unsigned_abs())
    }

    pub(crate) fn mark(&mut self, node: Node, kind: MarkKind, text: impl FnOnce() -> String) {
        let at = self.now;
        self.trace.note(|| Record::Mark { at, node, kind, text: text() });
    }

    pub(crate) fn link_delay(&mut self, from: Node, to: Node) -> Duration {
        let (low, high) = self.plan.pace.link_us;
        let slower = self.faults.longest(Kind::SlowLink, from, to);
        let chance = self.chance.between(from, to, Purpose::Latency);
        let extra = slower.map_or(0, |longest| chance.u64(0..=micros(longest)));
        Duration::from_micros(between(chance, low, high) + extra)
    }

    pub(crate) fn bus_delay(&mut self, node: Node) -> Duration {
        let (low, high) = self.plan.pace.bus_us;
        let slot = self.slot(node);
        let process = self.processes.get_mut(slot).unwrap_or(&mut self.nobody);
        let start = || self.chance.beginning(Node::Broker, node, Purpose::Latency);
        Duration::from_micros(between(process.bus_chance.get_or_insert_with(start), low, high))
    }

    pub(crate) fn reconnect_delay(&mut self, node: Node) -> Duration {
        let (low, high) = self.plan.pace.reconnect_us;
        Duration::from_micros(between(self.chance.of(node, Purpose::Reconnect), low, high))
    }

    pub(crate) fn disk_delay(&mut self, node: Node) -> Duration {
        let (low, high) = self.plan.pace.disk_us;
        let slower = self.faults.longest(Kind::SlowDisk, node, node);
        let slot = self.slot(node);
        let process = self.processes.get_mut(slot).unwrap_or(&mut self.nobody);
        let chance = process.disk_chance.get_or_insert_with(|| self.chance.beginning(node, node, Purpose::Disk));
        let extra = slower.map_or(0, |longest| chance.u64(0..=micros(longest)));
        Duration::from_micros(between(chance, low, high) + extra)
    }

    /// Whoever has an exchange with the process that ended finds out: at once from the kernel, or by waiting.
    fn cut_exchanges(&mut self, node: Node, end: End) {
        let of_it = |world: &Self| -> Vec<(ExchangeId, bool)> {
            let concerned = world.exchanges.iter().filter(|(_, open)| {
                open.asker.node == node || open.accepted.is_some_and(|accepted| accepted.server.node == node)
            });
            concerned.map(|(exchange, open)| (ExchangeId(exchange), open.asker.node == node)).collect()
        };
        for (exchange, is_asker) in of_it(self) {
            if is_asker {
                self.abandon(exchange);
                continue;
            }
            match end {
                End::Killed => self.break_later(exchange, "connection reset"),
                End::PowerLost => {
                    let step = ExchangeStep::Breaks(TransferFailure::TimedOut);
                    self.queue.push(self.now + STALL_LIMIT, Event::Exchange { exchange, step });
                    let failure = TransferFailure::BrokenOff { reason: "no route to host".to_owned() };
                    let step = ExchangeStep::Breaks(failure);
                    self.queue.push(self.now + STALL_LIMIT, Event::Exchange { exchange, step });
                }
            }
        }
    }
}

fn between(chance: &mut fastrand::Rng, low: u64, high: u64) -> u64 {
    if low < high { chance.u64(low..=high) } else { low }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
