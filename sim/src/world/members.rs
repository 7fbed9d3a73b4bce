//! Who an API server must believe to live: a plain model of what it has heard, by its own time.
//!
//! It is looked at after each step, in clusters of a thousand data servers too, so nothing here goes through all of them.

use std::collections::VecDeque;
use std::time::Duration;

use lode_core::time::Instant;

use super::letter::Heard;
use super::watch::Noticed;
use crate::node::Node;

/// Whom it has heard within the expiry period; frozen while its bus is down.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// Each by its slot among all servers.
    all: Vec<Member>,
    live: usize,
    /// When which slot may be silent for too long, in order of time. Only the latest entry of a slot counts.
    expiries: VecDeque<(Instant, usize)>,
    bus_is_up: bool,
    /// How many have joined.
    joins: u64,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    node: Node,
    expires: Option<Instant>,
    /// Its entry among the beliefs of the history.
    belief: Option<usize>,
}

const NOBODY: Member = Member { node: Node::Broker, expires: None, belief: None };

/// Whose membership a step may have changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Whose time was up, by their slots.
    pub(crate) expired: Vec<usize>,
    /// Who has joined.
    pub(crate) joined: Option<(usize, Heard)>,
}

impl Change {
    pub(crate) fn is_any(&self) -> bool {
        !self.expired.is_empty() || self.joined.is_some()
    }
}

impl Members {
    /// Time passes, and something is noticed. Members expire after `expiry`; at most `bound` are kept.
    pub(crate) fn step(
        &mut self,
        local: Instant,
        noticed: &Noticed,
        slot_of: impl Fn(Node) -> usize,
        (expiry, bound): (Duration, usize),
    ) -> Change {
        let mut change = Change { expired: self.expire(local), joined: None };
        match noticed {
            Noticed::BusUp => {
                self.bus_is_up = true;
                self.expiries.clear();
                for (slot, member) in self.all.iter_mut().enumerate().filter(|(_, member)| member.expires.is_some()) {
                    member.expires = Some(local + expiry);
                    self.expiries.push_back((local + expiry, slot));
                }
            }
            Noticed::BusDown => self.bus_is_up = false,
            Noticed::Heard(heard) => {
                let slot = slot_of(heard.member);
                if self.heard(slot, heard.member, local + expiry, bound) {
                    change.joined = Some((slot, *heard));
                }
            }
            Noticed::Asked { .. } | Noticed::Gone(_) | Noticed::Passed(_) | Noticed::Nothing => {}
        }
        self.skip_renewed();
        change
    }

    /// How many have joined, who came back counted again.
    pub(crate) fn joins(&self) -> u64 {
        self.joins
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// When the next one is forgotten.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.front().map(|(at, _)| *at).filter(|_| self.bus_is_up)
    }

    pub(crate) fn is_live(&self, slot: usize) -> bool {
        self.all.get(slot).is_some_and(|member| member.expires.is_some())
    }

    pub(crate) fn node(&self, slot: usize) -> Node {
        self.all.get(slot).map_or(Node::Broker, |member| member.node)
    }

    pub(crate) fn belief_mut(&mut self, slot: usize) -> Option<&mut Option<usize>> {
        self.all.get_mut(slot).map(|member| &mut member.belief)
    }

    /// All entries among the beliefs of the history that have not ended.
    pub(crate) fn beliefs(&self) -> impl Iterator<Item = usize> + '_ {
        self.all.iter().filter_map(|member| member.belief)
    }

    fn expire(&mut self, local: Instant) -> Vec<usize> {
        let mut expired = Vec::new();
        while let Some(&(at, slot)) = self.expiries.front()
            && at <= local
            && self.bus_is_up
        {
            self.expiries.pop_front();
            if let Some(member) = self.all.get_mut(slot).filter(|member| member.expires == Some(at)) {
                member.expires = None;
                self.live -= 1;
                expired.push(slot);
            }
        }
        expired
    }

    /// Whether it has joined.
    fn heard(&mut self, slot: usize, node: Node, expires: Instant, bound: usize) -> bool {
        if self.all.len() <= slot {
            self.all.resize(slot + 1, NOBODY);
        }
        let is_full = self.live >= bound;
        let Some(member) = self.all.get_mut(slot) else { return false };
        let known = member.expires.is_some();
        if !known && is_full {
            return false;
        }
        (member.node, member.expires) = (node, Some(expires));
        self.live += usize::from(!known);
        self.joins += u64::from(!known);
        self.expiries.push_back((expires, slot));
        !known
    }

    fn skip_renewed(&mut self) {
        while let Some(&(at, slot)) = self.expiries.front()
            && self.all.get(slot).is_none_or(|member| member.expires != Some(at))
        {
            self.expiries.pop_front();
        }
    }
}
