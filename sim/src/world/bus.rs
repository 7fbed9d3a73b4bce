//! The broker, and the connection of each node to it: two fanout exchanges, a queue for each listener, and reply queues.
//!
//! Messages to one queue arrive in the order in which they were published, unless a fault holds them up. What is published
//! while nobody has bound a queue, or while the way to the broker is cut for so long that the connection is given up, is
//! lost without a word.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_core::time::Instant;
use lode_core::wire::Hello;

use super::World;
use super::letter::{self, Letter, Way};
use super::queue::Event;
use super::watch::Noticed;
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::trace::{MarkKind, MessageKind, Record};
use crate::traffic::Flow;

/// How long a node takes at the least, and how much longer at the most, to notice a broker that does not answer: the
/// runtime asks it every 3 s and waits for 4 s.
const WATCH: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(3));

/// After how long a pause the broker has given up the connection of a process: two AMQP heartbeats.
pub(crate) const BROKER_PATIENCE: Duration = Duration::from_secs(20);

/// Bodies that are no text, or of nothing that a message may be about: none of them may do any harm (SEED-WIRE.md §2 and
/// §4). None is a good question about another name: its answer carries the id of the one that was asked, and nobody could tell.
const MANGLED: [&[u8]; 9] =
    [b"", b"\"", b"null", b"{}", b"123", b"\"a\nb\"", b"\xff\xfe", b"\"\\ud800\"", b"\"../../etc/passwd\""];

/// A node's connection to the broker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) number: u32,
    /// Whether its queue gets what is published.
    pub(crate) bound: bool,
    /// When the last message that is under way to it arrives.
    last_arrival: Instant,
}

/// Whose a reply queue is.
#[derive(Debug, Clone, Copy)]
struct ReplyQueue {
    node: Node,
    session: u32,
    route: ReplyRoute,
}

/// What the broker keeps.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    replies: BTreeMap<String, ReplyQueue>,
    sessions: u32,
}

impl Broker {
    /// A connection is gone, and with it its reply queues.
    pub(crate) fn forget(&mut self, session: u32) {
        self.replies.retain(|_, queue| queue.session != session);
    }

    /// How many private reply queues there are.
    pub(crate) fn private_queues(&self) -> usize {
        self.replies.values().filter(|queue| matches!(queue.route, ReplyRoute::Private(_))).count()
    }
}

/// To whom a published message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fanout {
    ApiServers,
    DataServers,
}

impl World<'_> {
    /// Carries out what a machine wants done on the bus.
    pub(crate) fn bus_command(&mut self, node: Node, command: BusCommand) {
        match command {
            BusCommand::Heartbeat(message) => self.publish(node, Fanout::ApiServers, message, Duration::ZERO),
            BusCommand::Query { route, mut message } => {
                let Some(session) = self.process(node).session else { return };
                let name = queue_name(node, session.number, route);
                message.reply_to = ReplyTo::new(name.clone());
                // A queue of its own is made, and consumed, first.
                let first = if route == ReplyRoute::Shared { Duration::ZERO } else { 2 * self.bus_delay(node) };
                if route != ReplyRoute::Shared {
                    self.hit(Point::PrivateRoute);
                }
                self.broker.replies.insert(name, ReplyQueue { node, session: session.number, route });
                self.publish(node, Fanout::DataServers, message, first);
            }
            BusCommand::CloseRoute(query) => {
                if let Some(session) = self.process(node).session {
                    self.broker.replies.remove(&queue_name(node, session.number, ReplyRoute::Private(query)));
                }
            }
            BusCommand::Answer { to, message } => self.send_reply(node, &to, message),
        }
    }

    /// Publishes to everybody whose queue is bound.
    pub(crate) fn publish(&mut self, from: Node, to: Fanout, message: BusMessage, first: Duration) {
        let Some(sent) = self.leaves(from) else { return };
        let (way, listeners) = match to {
            Fanout::ApiServers => (Way::Heartbeat, Rc::clone(&self.api_listeners)),
            Fanout::DataServers => (Way::Query, Rc::clone(&self.data_listeners)),
        };
        let letter = self.letter(way, message);
        self.flow(way, &letter.message).published += 1;
        for &listener in listeners.iter() {
            let Some(session) = self.process(listener).session.filter(|session| session.bound) else { continue };
            self.deliver(from, (listener, session.number), sent + first, way, &letter);
        }
    }

    /// Sends to one reply queue, if it is there.
    pub(crate) fn send_reply(&mut self, from: Node, to: &ReplyTo, message: BusMessage) {
        let Some(sent) = self.leaves(from) else { return };
        let Some(&ReplyQueue { node, session, route }) = self.broker.replies.get(to.as_str()) else {
            return self.hit(Point::ReplyQueueGone);
        };
        let way = Way::Answer(route);
        let letter = self.letter(way, message);
        self.flow(way, &letter.message).published += 1;
        self.deliver(from, (node, session), sent, way, &letter);
    }

    fn flow(&mut self, way: Way, message: &BusMessage) -> &mut Flow {
        match way {
            Way::Heartbeat => &mut self.traffic.heartbeats,
            Way::Query if Hello::is_hello(message) => &mut self.traffic.hellos,
            Way::Query => &mut self.traffic.queries,
            Way::Answer(_) => &mut self.traffic.answers,
        }
    }

    /// A node of the seed has its own reply queue, named like those of ours.
    pub(crate) fn open_reply_queue(&mut self, node: Node, route: ReplyRoute) -> Option<ReplyTo> {
        let session = self.process(node).session?;
        let name = queue_name(node, session.number, route);
        self.broker.replies.insert(name.clone(), ReplyQueue { node, session: session.number, route });
        ReplyTo::new(name)
    }

    pub(crate) fn close_reply_queue(&mut self, queue: &ReplyTo) {
        self.broker.replies.remove(queue.as_str());
    }

    /// When something that the node publishes now reaches the broker; `None` if it is lost.
    fn leaves(&mut self, from: Node) -> Option<Instant> {
        self.process(from).session?;
        let Some(until) = self.faults.blocked_until(from, Node::Broker) else { return Some(self.now) };
        self.hit(Point::FaultBusBlocked);
        // The connection holds it back until the way is open again, unless it is given up before.
        (until - self.now < WATCH.0).then_some(until)
    }

    fn deliver(&mut self, from: Node, (to, session): (Node, u32), sent: Instant, way: Way, letter: &Rc<Letter>) {
        let arrives = self.message_arrives(from, to, sent);
        self.note_bus_message(way, from, to, arrives, &letter.message);
        let Some(arrives) = arrives else { return };
        let mut copies = 1;
        if self.message_fault(Kind::BusDuplicates, from, to) {
            self.hit(Point::FaultBusDuplicate);
            copies = 2;
        }
        for copy in 0..copies {
            let letter = self.perhaps_mangled(to, way, letter);
            let later = self.bus_delay(to);
            let at = if copy == 0 { arrives } else { arrives + later };
            self.queue.push(at, Event::Delivery { node: to, session, way, letter });
        }
    }

    /// When a message arrives that leaves at `sent`; `None` if it is lost.
    fn message_arrives(&mut self, from: Node, to: Node, sent: Instant) -> Option<Instant> {
        if self.message_fault(Kind::BusLoss, from, to) {
            self.hit(Point::FaultBusLoss);
            return None;
        }
        let arrives = sent + self.bus_delay(to);
        if let Some(longest) = self.faults.longest(Kind::BusDelay, from, to) {
            self.hit(Point::FaultBusDelay);
            let up_to_us = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
            let extra = self.chance.between(from, to, Purpose::MessageFault).u64(0..=up_to_us);
            return Some(arrives + Duration::from_micros(extra));
        }
        let session = self.process_mut(to).session.as_mut()?;
        session.last_arrival = session.last_arrival.max(arrives);
        Some(session.last_arrival)
    }

    fn message_fault(&mut self, kind: Kind, from: Node, to: Node) -> bool {
        if self.faults.is_empty() {
            return false;
        }
        let permille = self.faults.permille(kind, from, to);
        permille > 0 && self.chance.between(from, to, Purpose::MessageFault).u16(0..1000) < permille
    }

    fn perhaps_mangled(&mut self, to: Node, way: Way, letter: &Rc<Letter>) -> Rc<Letter> {
        let permille = self.faults.permille(Kind::BusMalformed, to, to);
        if permille == 0 {
            return Rc::clone(letter);
        }
        let chance = self.chance.of(to, Purpose::MessageFault);
        if chance.u16(0..1000) >= permille {
            return Rc::clone(letter);
        }
        let mut message = letter.message.clone();
        let cut = chance.usize(0..=message.body.len());
        match MANGLED.get(chance.usize(0..MANGLED.len() * 2)) {
            Some(body) => message.body = body.to_vec(),
            None => message.body.truncate(cut.min(message.body.len().saturating_sub(1))),
        }
        self.hit(Point::FaultBusMalformed);
        self.letter(way, message)
    }

    /// Something has come to the node; it hears it if its connection is still the same.
    pub(crate) fn delivered(&mut self, node: Node, session: u32, way: Way, letter: Rc<Letter>) {
        if self.process(node).session.is_none_or(|current| current.number != session) {
            return;
        }
        if let Some(until) = self.faults.blocked_until(Node::Broker, node) {
            return self.queue.push(until, Event::Delivery { node, session, way, letter });
        }
        self.flow(way, &letter.message).delivered += 1;
        let noticed = letter.heard.map_or(Noticed::Nothing, Noticed::Heard);
        match node {
            Node::Api(_) => self.api_hears(node, letter::opened(way, letter), noticed),
            Node::Data(_) => self.data_hears(node, letter::opened(way, letter)),
            Node::SeedApi(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => {
                self.hear(node, letter::opened(way, letter));
            }
        }
    }

    /// A node tries to reach the broker.
    pub(crate) fn connects(&mut self, node: Node, run: u32) {
        if self.run_of(node) != Some(run) || self.process(node).session.is_some() {
            return;
        }
        let unreachable = self.faults.broker(Kind::BrokerDown)
            || self.faults.broker(Kind::BrokerHangs)
            || self.faults.on(Kind::BusCut, node);
        let blocked = self.faults.blocked_until(node, Node::Broker).max(self.faults.blocked_until(Node::Broker, node));
        if unreachable || blocked.is_some() {
            let again = self.now + self.reconnect_delay(node);
            return self.queue.push(again, Event::Connects { node, run });
        }
        let number = self.broker.sessions;
        self.broker.sessions += 1;
        let late = self.faults.until(Kind::LateBinding, node);
        if let Some(until) = late {
            self.hit(Point::FaultLateBinding);
            self.queue.push(until, Event::Binds { node, session: number });
        }
        let session = Session { number, bound: late.is_none(), last_arrival: self.now };
        self.process_mut(node).session = Some(session);
        self.mark(node, MarkKind::BusUp, || "the bus is up".to_owned());
        self.hear(node, BusEvent::Up);
    }

    pub(crate) fn binds(&mut self, node: Node, session: u32) {
        if let Some(current) = self.process_mut(node).session.as_mut().filter(|current| current.number == session) {
            current.bound = true;
        }
    }

    /// A node finds that nothing comes back from the broker.
    pub(crate) fn watches(&mut self, node: Node, session: u32) {
        let same = self.process(node).session.is_some_and(|current| current.number == session);
        let blocked = self.faults.blocked_until(node, Node::Broker).max(self.faults.blocked_until(Node::Broker, node));
        if same && blocked.is_some() {
            self.hit(Point::BusGivenUp);
            self.disconnect(node);
        }
    }

    /// Has the node look, in its own time, whether its connection is of any use.
    pub(crate) fn arrange_watch(&mut self, node: Node) {
        let Some(session) = self.process(node).session else { return };
        let more = u64::try_from(WATCH.1.as_micros()).unwrap_or(0);
        let more = Duration::from_micros(self.chance.of(node, Purpose::Reconnect).u64(0..=more));
        self.queue.push(self.now + WATCH.0 + more, Event::Watches { node, session: session.number });
    }

    /// The node's connection is cut. The broker has done with it at once; the node finds out when it can.
    pub(crate) fn cut_off(&mut self, node: Node) {
        let Some(session) = self.process_mut(node).session.as_mut() else { return };
        session.bound = false;
        let number = session.number;
        self.broker.forget(number);
        self.queue.push(self.now, Event::Drops { node, session: number });
    }

    /// The node finds its connection gone.
    pub(crate) fn drops(&mut self, node: Node, session: u32) {
        if self.process(node).session.is_some_and(|current| current.number == session) {
            self.disconnect(node);
        }
    }

    /// The node's connection is gone, and with it its queues; it tries again after a while.
    pub(crate) fn disconnect(&mut self, node: Node) {
        let Some(session) = self.process_mut(node).session.take() else { return };
        self.broker.forget(session.number);
        let Some(run) = self.run_of(node) else { return };
        self.mark(node, MarkKind::BusDown, || "the bus is down".to_owned());
        let again = self.now + self.reconnect_delay(node);
        self.queue.push(again, Event::Connects { node, run });
        self.hear(node, BusEvent::Down);
    }

    fn hear(&mut self, node: Node, event: BusEvent) {
        match node {
            Node::Api(_) => {
                let noticed = Noticed::of_connection(&event);
                self.api_hears(node, event, noticed);
            }
            Node::Data(_) => self.data_hears(node, event),
            Node::SeedApi(_) => self.seed_api_hears(node, event),
            Node::SeedData(_) => self.seed_data_hears(node, event),
            Node::Broker | Node::Catalog | Node::Client(_) => {}
        }
    }

    fn note_bus_message(&mut self, way: Way, from: Node, to: Node, arrives: Option<Instant>, message: &BusMessage) {
        if !self.trace.is_kept() {
            return;
        }
        let sent = self.now;
        let kind = match way {
            Way::Heartbeat => MessageKind::Heartbeat,
            Way::Query => MessageKind::Query,
            Way::Answer(_) => MessageKind::Answer,
        };
        // What is held back at the node arrives when the way is open, if its connection still stands then.
        let held_back = self.faults.blocked_until(Node::Broker, to);
        let arrives = arrives.map(|arrives| held_back.map_or(arrives, |until| arrives.max(until)));
        self.trace.note(|| {
            let label = super::label::bus_message(kind, message);
            Record::Message { kind, from, to, sent, arrives, label }
        });
    }
}

fn queue_name(node: Node, session: u32, route: ReplyRoute) -> String {
    match route {
        ReplyRoute::Shared => format!("amq.gen-{node}-{session}"),
        ReplyRoute::Private(query) => format!("amq.gen-{node}-{session}-{query}"),
    }
}
