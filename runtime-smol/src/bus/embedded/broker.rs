//! The broker in memory: who is there, and where a message goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute, ReplyTo};

use super::inbox::Inbox;
use crate::bus::Role;
use crate::bus::limits::{MAX_PRIVATE_ROUTES, PRIVATE_ROUTE_LIFE, can_be_sent};
use crate::bus::link::{DropReason, Drops};

/// One link. A number is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MemberId(u64);

#[derive(Debug)]
pub(super) struct Broker {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: bool,
    next_member: u64,
    members: BTreeMap<MemberId, Member>,
    reply_queues: BTreeMap<ReplyTo, ReplyQueue>,
}

#[derive(Debug)]
struct Member {
    role: Role,
    inbox: Arc<Inbox>,
}

#[derive(Debug)]
struct ReplyQueue {
    owner: MemberId,
    route: ReplyRoute,
    opened: Instant,
}

impl Broker {
    pub(super) fn new() -> Self {
        let state = State { running: true, next_member: 0, members: BTreeMap::new(), reply_queues: BTreeMap::new() };
        Self { state: Mutex::new(state) }
    }

    pub(super) fn join(&self, role: Role, inbox: Arc<Inbox>) -> MemberId {
        let mut state = self.lock();
        let id = MemberId(state.next_member);
        state.next_member += 1;
        if state.running {
            inbox.up();
        }
        state.members.insert(id, Member { role, inbox });
        id
    }

    pub(super) fn leave(&self, id: MemberId) {
        let mut state = self.lock();
        state.members.remove(&id);
        state.reply_queues.retain(|_, queue| queue.owner != id);
    }

    pub(super) fn stop(&self) {
        let mut state = self.lock();
        if state.running {
            state.running = false;
            state.reply_queues.clear();
            state.members.values().for_each(|member| member.inbox.down());
        }
    }

    pub(super) fn start(&self) {
        let mut state = self.lock();
        if !state.running {
            state.running = true;
            state.members.values().for_each(|member| member.inbox.up());
        }
    }

    /// Does what `sender` wants done.
    pub(super) fn carry_out(&self, sender: MemberId, command: BusCommand, drops: &Drops) {
        if let Err(reason) = self.lock().carry_out(sender, command) {
            drops.count(reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn carry_out(&mut self, sender: MemberId, command: BusCommand) -> Result<(), DropReason> {
        if !self.running {
            return Err(DropReason::BusDown);
        }
        match command {
            BusCommand::Heartbeat(message) => self.fan_out(Role::Api, &sendable(message)?),
            BusCommand::Query { route, message } => {
                let mut message = sendable(message)?;
                message.reply_to = self.open_route(sender, route)?;
                self.fan_out(Role::Data, &message);
            }
            BusCommand::CloseRoute(query) => {
                let route = ReplyRoute::Private(query);
                self.reply_queues.retain(|_, queue| queue.owner != sender || queue.route != route);
            }
            BusCommand::Answer { to, message } => self.answer(&to, sendable(message)?),
        }
        Ok(())
    }

    fn fan_out(&self, role: Role, message: &BusMessage) {
        for member in self.members.values().filter(|member| member.role == role) {
            member.inbox.put(match role {
                Role::Api => BusEvent::Heartbeat(message.clone()),
                Role::Data => BusEvent::Query(message.clone()),
            });
        }
    }

    /// An answer to a queue that is gone is lost in silence, as on a real broker.
    fn answer(&self, to: &ReplyTo, message: BusMessage) {
        let Some(queue) = self.reply_queues.get(to) else { return };
        if let Some(owner) = self.members.get(&queue.owner) {
            owner.inbox.put(BusEvent::Answer { route: queue.route, message });
        }
    }

    fn open_route(&mut self, owner: MemberId, route: ReplyRoute) -> Result<Option<ReplyTo>, DropReason> {
        let name = match route {
            ReplyRoute::Shared => format!("embedded.{}", owner.0),
            ReplyRoute::Private(query) => {
                self.make_room_for_private_route(owner)?;
                format!("embedded.{}.{query}", owner.0)
            }
        };
        let name = ReplyTo::new(name);
        if let Some(name) = name.clone() {
            self.reply_queues.insert(name, ReplyQueue { owner, route, opened: Instant::now() });
        }
        Ok(name)
    }

    fn make_room_for_private_route(&mut self, owner: MemberId) -> Result<(), DropReason> {
        let is_private = |queue: &ReplyQueue| queue.owner == owner && queue.route != ReplyRoute::Shared;
        let is_full = |queues: &BTreeMap<ReplyTo, ReplyQueue>| {
            queues.values().filter(|queue| is_private(queue)).count() >= MAX_PRIVATE_ROUTES
        };
        if is_full(&self.reply_queues) {
            self.reply_queues.retain(|_, queue| !is_private(queue) || queue.opened.elapsed() < PRIVATE_ROUTE_LIFE);
        }
        if is_full(&self.reply_queues) { Err(DropReason::NoPrivateRoute) } else { Ok(()) }
    }
}

fn sendable(message: BusMessage) -> Result<BusMessage, DropReason> {
    if can_be_sent(&message) { Ok(message) } else { Err(DropReason::TooLargeToSend) }
}
