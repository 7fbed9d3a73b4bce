//! When an upload counts: a quorum of data servers has made the same bytes durable.
//!
//! | a copy is | stored                  | failed   |
//! |-----------|-------------------------|----------|
//! | sending   | → stored, with its sum  | → failed |
//!
//! What is to be done follows from all of them together ([`QuorumWrite::next_step`]):
//!
//! | stored alike | with those being sent | a body that can be sent again, to servers that were not tried | →      |
//! |--------------|-----------------------|---------------------------------------------------------------|--------|
//! | quorum       | any                   | any                                                           | commit |
//! | fewer        | all copies            | any                                                           | wait   |
//! | fewer        | fewer                 | yes                                                           | send   |
//! | fewer        | quorum                | no                                                            | wait   |
//! | fewer        | fewer than a quorum   | no                                                            | give up |
//!
//! Copies that were stored with different lengths or checksums are not copies of the same thing: something on the way has
//! mangled the body. Only those that agree count, and the others are to be removed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::count::quorum_of;
use crate::address::ServerAddress;
use crate::checksum::Checksum;
use crate::transfer::TransferFailure;

/// The copies of one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumWrite {
    copies: usize,
    targets: BTreeMap<ServerAddress, Target>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Sending,
    Stored(Sum),
    Failed(TransferFailure),
}

/// What a copy says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sum {
    size_bytes: u64,
    checksum: Checksum,
}

/// An upload that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// The length of its body.
    pub size_bytes: u64,
    /// The checksum of its body.
    pub checksum: Checksum,
    /// The servers that hold it, in the order of their addresses.
    pub holders: Vec<ServerAddress>,
}

/// What is to be done for an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextWrite {
    /// Nothing until a copy is stored or fails.
    Wait,
    /// Begin one more copy, on a server that was not tried ([`QuorumWrite::was_tried`]).
    Send,
    /// It counts.
    Commit(Durable),
    /// It cannot come to count any more.
    GiveUp,
}

impl QuorumWrite {
    /// An upload of which there are to be so many copies, none of them begun.
    ///
    /// # Panics
    /// If there are to be none.
    #[must_use]
    pub fn new(copies: usize) -> Self {
        assert!(copies > 0, "there is at least one copy");
        Self { copies, targets: BTreeMap::new() }
    }

    /// A copy is being sent to this server.
    ///
    /// # Panics
    /// If one was sent there before.
    pub fn send(&mut self, server: ServerAddress) {
        let before = self.targets.insert(server, Target::Sending);
        assert!(before.is_none(), "a server gets an upload once");
    }

    /// The copy on this server is durable. Whether it is as those that count; if it is not, or nobody can say yet, it is
    /// among [`strays`](Self::strays) in the end.
    pub fn stored(&mut self, server: &ServerAddress, size_bytes: u64, checksum: Checksum) -> bool {
        let sum = Sum { size_bytes, checksum };
        self.ends(server, Target::Stored(sum));
        self.durable().is_some_and(|(counts, _)| counts == sum)
    }

    /// The copy on this server has failed.
    pub fn failed(&mut self, server: &ServerAddress, failure: TransferFailure) {
        self.ends(server, Target::Failed(failure));
    }

    /// What is to be done now. `may_send`: the body can be sent (once more), and there is a server that was not tried.
    #[must_use]
    pub fn next_step(&self, may_send: bool) -> NextWrite {
        if let Some((Sum { size_bytes, checksum }, holders)) = self.durable() {
            return NextWrite::Commit(Durable { size_bytes, checksum, holders });
        }
        let hoped_for = self.alike().map_or(0, |(_, holders)| holders.len()) + self.sending();
        if may_send && hoped_for < self.copies {
            NextWrite::Send
        } else if hoped_for >= self.quorum() {
            NextWrite::Wait
        } else {
            NextWrite::GiveUp
        }
    }

    /// How many copies must be stored alike for the upload to count.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        quorum_of(self.copies)
    }

    /// Whether this server has got, or gets, a copy, or failed to.
    #[must_use]
    pub fn was_tried(&self, server: &ServerAddress) -> bool {
        self.targets.contains_key(server)
    }

    /// The servers that have, or get, a copy.
    pub fn taken(&self) -> impl Iterator<Item = &ServerAddress> {
        let is_taken = |target: &Target| match target {
            Target::Sending | Target::Stored(_) => true,
            Target::Failed(_) => false,
        };
        self.targets.iter().filter(move |(_, target)| is_taken(target)).map(|(server, _)| server)
    }

    /// The servers that may hold something of the upload which does not count: that stored something else, or failed, of
    /// whom nobody knows; and all that have stored anything, when the upload does not count at all.
    #[must_use]
    pub fn strays(&self) -> Vec<ServerAddress> {
        let counts = self.durable().map(|(sum, _)| sum);
        let strays = self.targets.iter().filter(|(_, target)| match target {
            Target::Sending => false,
            Target::Stored(sum) => Some(*sum) != counts,
            Target::Failed(_) => true,
        });
        strays.map(|(server, _)| server.clone()).collect()
    }

    /// The servers whose copies count; none as long as there is no quorum.
    #[must_use]
    pub fn holders(&self) -> Vec<ServerAddress> {
        self.durable().map(|(_, holders)| holders).unwrap_or_default()
    }

    /// Whether there are fewer copies than there are to be, and none is on its way that could make up for it.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.holders().len() + self.sending() < self.copies
    }

    /// Who has failed, and how, in the order of the addresses.
    pub fn failures(&self) -> impl Iterator<Item = (&ServerAddress, &TransferFailure)> {
        self.targets.iter().filter_map(|(server, target)| match target {
            Target::Failed(failure) => Some((server, failure)),
            Target::Sending | Target::Stored(_) => None,
        })
    }
    /// How many copies are on their way.
    #[must_use]
    pub fn sending(&self) -> usize {
        self.targets.values().filter(|target| **target == Target::Sending).count()
    }

    fn ends(&mut self, server: &ServerAddress, end: Target) {
        let target = self.targets.get_mut(server).filter(|target| **target == Target::Sending);
        assert!(target.is_some(), "a copy ends once");
        if let Some(target) = target {
            *target = end;
        }
    }

    /// What counts, and who holds it.
    fn durable(&self) -> Option<(Sum, Vec<ServerAddress>)> {
        self.alike().filter(|(_, holders)| holders.len() >= self.quorum())
    }

    /// The largest number of copies that are alike.
    fn alike(&self) -> Option<(Sum, Vec<ServerAddress>)> {
        let mut by_sum: BTreeMap<Sum, Vec<ServerAddress>> = BTreeMap::new();
        for (server, target) in &self.targets {
            if let Target::Stored(sum) = target {
                by_sum.entry(*sum).or_default().push(server.clone());
            }
        }
        by_sum.into_iter().max_by_key(|(_, holders)| holders.len())
    }
}

#[cfg(test)]
mod tests;
