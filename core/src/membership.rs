//! Who lives: heartbeat bookkeeping with exact expiry.
//!
//! A data server is a member from its first heartbeat until it has been silent for the expiry period; at the very
//! instant `last heard + expiry` it is out. What can happen to a member:
//!
//! | state     | heartbeat   | transfer fails | silent for the expiry | bus goes down | bus comes back           |
//! |-----------|-------------|----------------|-----------------------|---------------|--------------------------|
//! | (unknown) | → live      | -              | -                     | -             | -                        |
//! | live      | live, renewed | → suspected  | → unknown             | kept, frozen  | live, a full period      |
//! | suspected | → live      | suspected      | → unknown             | kept, frozen  | suspected, a full period |
//!
//! While the bus is down, silence says nothing about the data servers: nobody expires. When it is back, everyone has a
//! full expiry period to be heard. A suspected member is used only when there is no other, so that a dead server costs
//! one failed transfer instead of ten seconds of them; suspicion ends with the next heartbeat, or by itself after one
//! expiry period, since without a bus there are no heartbeats to end it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::ServerAddress;
use crate::placement::spread::Zone;
use crate::time::Instant;
use crate::transfer::TransferFailure;
use crate::wire::{Heartbeat, HeartbeatDetails};

/// The data servers that an API server has heard of lately. Usable alone: feed it heartbeats and the state of the bus,
/// call [`expire`](Membership::expire) at [`next_deadline`](Membership::next_deadline).
#[derive(Debug, Clone)]
pub struct Membership {
    expiry: Duration,
    max_members: usize,
    members: BTreeMap<ServerAddress, Member>,
    /// By when it is, and by the number of the member: short keys, since each heartbeat moves one.
    expiries: BTreeMap<(Instant, u64), ServerAddress>,
    joins: u64,
    bus: BusState,
}

/// What is known of one data server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As the how manieth it joined.
    number: u64,
    last_heard: Instant,
    expires: Instant,
    suspected_until: Option<Instant>,
    details: Option<HeartbeatDetails>,
}

/// Whether heartbeats can be heard at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusState {
    /// Connected since this instant.
    Up {
        /// When it came up.
        since: Instant,
    },
    /// Not connected since this instant.
    Down {
        /// When it was lost, or the start of time.
        since: Instant,
    },
}

/// What a heartbeat changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A server that was not known, or had been forgotten.
    Joined,
    /// A member, renewed.
    Renewed,
    /// A member whose process is another than at its last heartbeat.
    Restarted,
    /// Not taken: there are as many members as the bound allows.
    TooMany,
}

impl Membership {
    /// No members, the bus down. Members expire after `expiry`; at most `max_members` are kept.
    #[must_use]
    pub const fn new(expiry: Duration, max_members: usize) -> Self {
        Self {
            expiry,
            max_members,
            members: BTreeMap::new(),
            expiries: BTreeMap::new(),
            joins: 0,
            bus: BusState::Down { since: Instant::START },
        }
    }

    /// A heartbeat was received.
    pub fn heard(&mut self, now: Instant, heartbeat: Heartbeat) -> Heard {
        let Heartbeat { address, details } = heartbeat;
        let expires = now + self.expiry;
        let Some(member) = self.members.get_mut(&address) else {
            return self.take_in(now, address, details);
        };
        let heard = if member.is_another_process(details.as_ref()) { Heard::Restarted } else { Heard::Renewed };
        // Members are renewed far more often than they come and go: what is there already is used again.
        let number = member.number;
        let address = self.expiries.remove(&(member.expires, number)).unwrap_or(address);
        self.expiries.insert((expires, number), address);
        *member = Member { number, last_heard: now, expires, suspected_until: None, details };
        heard
    }

    /// The bus is connected: everyone gets a full expiry period to be heard.
    pub fn bus_up(&mut self, now: Instant) {
        self.bus = BusState::Up { since: now };
        self.expiries.clear();
        for (address, member) in &mut self.members {
            member.expires = now + self.expiry;
            self.expiries.insert((member.expires, member.number), address.clone());
        }
    }

    /// The bus is lost: nobody expires until it is back.
    pub const fn bus_down(&mut self, now: Instant) {
        self.bus = BusState::Down { since: now };
    }

    /// Forgets the members whose time is up, and says who they were.
    pub fn expire(&mut self, now: Instant) -> Vec<ServerAddress> {
        let mut expired = Vec::new();
        while let Some(((at, _), _)) = self.expiries.first_key_value()
            && *at <= now
            && self.is_bus_up()
        {
            if let Some((_, address)) = self.expiries.pop_first() {
                self.members.remove(&address);
                expired.push(address);
            }
        }
        assert_eq!(self.members.len(), self.expiries.len(), "every member has exactly one expiry");
        expired
    }

    /// When the next member expires, if nothing is heard of it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let ((at, _), _) = self.expiries.first_key_value()?;
        self.is_bus_up().then_some(*at)
    }

    /// A transfer to or from this server failed, or it did not answer when asked directly: others are preferred until it
    /// is heard of again.
    pub fn suspect(&mut self, now: Instant, address: &ServerAddress) {
        if let Some(member) = self.members.get_mut(address) {
            member.suspected_until = Some(now + self.expiry);
        }
    }

    /// A transfer with this server has failed: it is suspected, or known to be full.
    pub fn note_failure(&mut self, now: Instant, address: &ServerAddress, failure: &TransferFailure) {
        match failure {
            TransferFailure::Full => self.mark_full(address),
            TransferFailure::Unreachable { .. }
            | TransferFailure::BrokenOff { .. }
            | TransferFailure::TimedOut
            | TransferFailure::Refused { .. } => self.suspect(now, address),
        }
    }

    /// The server refused a write for lack of space: it is not asked for more until a heartbeat says that it takes more.
    pub fn mark_full(&mut self, address: &ServerAddress) {
        if let Some(details) = self.members.get_mut(address).and_then(|member| member.details.as_mut()) {
            details.accepts_writes = false;
        }
    }

    /// The members, in the order of their addresses.
    pub fn members(&self) -> impl Iterator<Item = (&ServerAddress, &Member)> {
        self.members.iter()
    }

    /// What is known of this server, if it is a member.
    #[must_use]
    pub fn member(&self, address: &ServerAddress) -> Option<&Member> {
        self.members.get(address)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// How many have joined since the start; who was forgotten and came back has joined again.
    #[must_use]
    pub const fn joins(&self) -> u64 {
        self.joins
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether heartbeats can be heard, and since when that is so.
    #[must_use]
    pub const fn bus(&self) -> BusState {
        self.bus
    }

    /// Whether the bus is connected.
    #[must_use]
    pub const fn is_bus_up(&self) -> bool {
        match self.bus {
            BusState::Up { .. } => true,
            BusState::Down { .. } => false,
        }
    }

    fn take_in(&mut self, now: Instant, address: ServerAddress, details: Option<HeartbeatDetails>) -> Heard {
        if self.members.len() >= self.max_members {
            return Heard::TooMany;
        }
        self.joins += 1;
        let expires = now + self.expiry;
        let member = Member { number: self.joins, last_heard: now, expires, suspected_until: None, details };
        self.expiries.insert((expires, self.joins), address.clone());
        self.members.insert(address, member);
        Heard::Joined
    }
}

impl Member {
    /// As the how manieth it joined, of all [`joins`](Membership::joins).
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When its last heartbeat was received.
    #[must_use]
    pub const fn last_heard(&self) -> Instant {
        self.last_heard
    }

    /// What its last heartbeat said of it; `None` for a node of the seed, which says nothing.
    #[must_use]
    pub const fn details(&self) -> Option<&HeartbeatDetails> {
        self.details.as_ref()
    }

    /// Whether it is a node of the seed: it never says no on the bus, and knows only PUT and GET.
    #[must_use]
    pub const fn is_of_the_seed(&self) -> bool {
        self.details.is_none()
    }

    /// Whether a transfer with it failed lately and it was not heard of since.
    #[must_use]
    pub fn is_suspected(&self, now: Instant) -> bool {
        self.suspected_until.is_some_and(|until| now < until)
    }

    /// Whether it takes objects, as far as it says: none that is to be emptied does. A node of the seed always claims to.
    #[must_use]
    pub fn accepts_writes(&self) -> bool {
        self.details.as_ref().is_none_or(|details| details.accepts_writes && !details.draining)
    }

    /// Where it stands, if it says so.
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        self.details.as_ref()?.zone.as_ref()
    }

    /// Whether it is to be emptied: copies on it are to be made elsewhere.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.draining)
    }

    fn is_another_process(&self, heard: Option<&HeartbeatDetails>) -> bool {
        match (&self.details, heard) {
            (Some(known), Some(heard)) => known.incarnation != heard.incarnation,
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests;
