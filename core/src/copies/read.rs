//! Reading from one copy after the other, until the body is whole.
//!
//! | what a server does               | then                                                    |
//! |----------------------------------|---------------------------------------------------------|
//! | sends all that was asked for     | the read is over                                        |
//! | breaks off behind some bytes     | the next server is asked for the rest                   |
//! | has no copy, or a rotten one     | the next one; its note is to be corrected               |
//! | cannot be reached, is too slow   | the next one                                            |
//!
//! First those are asked of whom it is noted that they hold a copy, then all are asked who does, once; who was tried is not
//! tried again.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::address::ServerAddress;

/// One read of one blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRead {
    to_try: VecDeque<ServerAddress>,
    noted: BTreeSet<ServerAddress>,
    current: Option<ServerAddress>,
    not_holding: BTreeSet<ServerAddress>,
    failing: BTreeSet<ServerAddress>,
    found: BTreeSet<ServerAddress>,
    has_asked_all: bool,
    /// How many bytes of what was asked for have reached the client.
    passed_on_bytes: u64,
}

/// What is to be done for a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextRead {
    /// Ask this server, for what comes behind the bytes that were passed on already.
    Fetch(ServerAddress),
    /// Ask all who has a copy.
    Locate,
    /// Nobody can serve it now.
    GiveUp,
}

impl CopyRead {
    /// A read of a blob that is noted on these servers, best to be asked first.
    #[must_use]
    pub fn new(holders: impl IntoIterator<Item = ServerAddress>) -> Self {
        let to_try: VecDeque<_> = holders.into_iter().collect();
        Self {
            noted: to_try.iter().cloned().collect(),
            to_try,
            current: None,
            not_holding: BTreeSet::new(),
            failing: BTreeSet::new(),
            found: BTreeSet::new(),
            has_asked_all: false,
            passed_on_bytes: 0,
        }
    }

    /// What is to be done next, at the beginning and after each failure.
    pub fn next_step(&mut self) -> NextRead {
        while let Some(server) = self.to_try.pop_front() {
            if !self.was_tried(&server) {
                self.current = Some(server.clone());
                return NextRead::Fetch(server);
            }
        }
        if self.has_asked_all {
            return NextRead::GiveUp;
        }
        self.has_asked_all = true;
        NextRead::Locate
    }

    /// The server that was asked has no copy, or one that is not what was written.
    pub fn missing(&mut self) {
        self.not_holding.extend(self.current.take());
    }

    /// The server that was asked has failed, after so many of the bytes asked for had been passed on to the client.
    pub fn failed(&mut self, passed_on_bytes: u64) {
        self.passed_on_bytes += passed_on_bytes;
        self.failing.extend(self.current.take());
    }

    /// These servers have answered that they hold a copy.
    pub fn located(&mut self, holders: impl IntoIterator<Item = ServerAddress>) {
        let holders: Vec<_> = holders.into_iter().filter(|holder| !self.was_tried(holder)).collect();
        self.found.extend(holders.iter().cloned());
        self.to_try.extend(holders);
    }

    /// How many of the bytes that the client asked for it has got.
    #[must_use]
    pub const fn passed_on_bytes(&self) -> u64 {
        self.passed_on_bytes
    }

    /// Who has said that it holds no copy.
    #[must_use]
    pub const fn not_holding(&self) -> &BTreeSet<ServerAddress> {
        &self.not_holding
    }

    /// Who has failed.
    #[must_use]
    pub const fn failing(&self) -> &BTreeSet<ServerAddress> {
        &self.failing
    }

    /// What the notes got wrong: who holds a copy besides, and who does not.
    #[must_use]
    pub fn corrections(&self) -> (Vec<ServerAddress>, Vec<ServerAddress>) {
        let held = self.found.difference(&self.noted).filter(|server| !self.not_holding.contains(*server));
        let gone = self.noted.intersection(&self.not_holding);
        (held.cloned().collect(), gone.cloned().collect())
    }

    fn was_tried(&self, server: &ServerAddress) -> bool {
        self.not_holding.contains(server) || self.failing.contains(server) || self.current.as_ref() == Some(server)
    }
}

#[cfg(test)]
mod tests;
