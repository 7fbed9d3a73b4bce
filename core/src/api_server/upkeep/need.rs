//! What one blob needs, given who holds it: a copy more, a copy less, or nothing.
//!
//! | copies that count, and those waited for | copies that count | superfluous copies                          | need                     |
//! |-----------------------------------------|-------------------|---------------------------------------------|--------------------------|
//! | any                                     | none, none retired| any                                         | wait, if any; else lost  |
//! | fewer than wanted                       | any               | any                                         | copy                     |
//! | as many as wanted                       | fewer             | any                                         | wait                     |
//! | any                                     | as many or more   | retired ones                                | remove                   |
//! | any                                     | as many or more   | on servers that are drained, or too many    | retire, then remove      |
//! | any                                     | as many or more   | none                                        | nothing                  |
//!
//! A copy counts if its server has said that it holds it and is not being drained. A copy is waited for if its server is
//! silent, and has not been for long.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::address::ServerAddress;
use crate::copies::Copies;
use crate::placement::spread::{self, Spot};

/// What is known of the copies of one blob, and where one could be put.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// How many copies there are to be.
    pub copies: Copies,
    /// Who has said that it holds one.
    pub held: &'a BTreeSet<ServerAddress>,
    /// Who may hold one, is silent, and is waited for.
    pub awaited: &'a BTreeSet<ServerAddress>,
    /// Who holds one that is retired.
    pub retired: &'a BTreeSet<ServerAddress>,
    /// Who was to store one, and failed.
    pub refused: &'a BTreeSet<ServerAddress>,
    /// The live servers that are not being drained, in the order in which they should hold the blob.
    pub ranked: Vec<Place<'a>>,
}

/// A live server that is not being drained.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which, and where it stands.
    pub spot: Spot<'a>,
    /// Whether it would take the blob, as far as it has said.
    pub takes_it: bool,
}

/// What a blob needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// It has its copies.
    Nothing,
    /// Some of its copies are on servers that may come back.
    Patience,
    /// Nobody who lives holds it, and nobody is waited for.
    Lost,
    /// It has too few copies, and there is no server for another.
    Room,
    /// Another copy.
    Copy {
        /// From one of these.
        from: Vec<ServerAddress>,
        /// To this server.
        to: ServerAddress,
    },
    /// One copy is superfluous.
    Retire {
        /// That on this server.
        server: ServerAddress,
        /// Because there are these.
        keep: Vec<ServerAddress>,
    },
    /// A retired copy is to be removed.
    Remove {
        /// That on this server.
        server: ServerAddress,
    },
}

impl Situation<'_> {
    /// What the blob needs next.
    #[must_use]
    pub fn need(&self) -> Need {
        let counting = self.counting();
        let wanted = self.wanted();
        if self.held.is_empty() && self.retired.is_empty() {
            return if self.awaited.is_empty() { Need::Lost } else { Need::Patience };
        }
        if counting.len() + self.awaited.len() < wanted {
            return self.another_copy(&counting);
        }
        if counting.len() < wanted {
            return Need::Patience;
        }
        if let Some(server) = self.retired.first() {
            return Need::Remove { server: server.clone() };
        }
        self.superfluous(&counting).unwrap_or(Need::Nothing)
    }

    /// How many copies there are to be, where there are so many servers.
    #[must_use]
    pub fn wanted(&self) -> usize {
        let usable = self.ranked.iter().filter(|place| place.takes_it || self.held.contains(place.spot.address));
        self.copies.among(usable.count())
    }

    /// The copies that count, those on the best servers first.
    fn counting(&self) -> Vec<Spot<'_>> {
        let holding = self.ranked.iter().filter(|place| self.held.contains(place.spot.address));
        holding.map(|place| place.spot).collect()
    }

    fn another_copy(&self, counting: &[Spot<'_>]) -> Need {
        let others = self.awaited.iter().chain(self.retired).chain(self.held).chain(self.refused);
        let taken: Vec<_> =
            counting.iter().copied().chain(others.map(|address| Spot { address, zone: None })).collect();
        let places = self.ranked.iter().filter(|place| place.takes_it).map(|place| place.spot);
        match spread::next(places, &taken) {
            Some(spot) => {
                Need::Copy { from: self.held.iter().chain(self.retired).cloned().collect(), to: spot.address.clone() }
            }
            None => Need::Room,
        }
    }

    fn superfluous(&self, counting: &[Spot<'_>]) -> Option<Need> {
        let mut keep: Vec<Spot<'_>> = Vec::new();
        while keep.len() < self.copies.most()
            && let Some(next) = spread::next(counting.iter().copied(), &keep)
        {
            keep.push(next);
        }
        let is_kept = |server: &ServerAddress| keep.iter().any(|spot| spot.address == server);
        let victim = self.held.iter().find(|server| !is_kept(server))?;
        Some(Need::Retire { server: victim.clone(), keep: keep.iter().map(|spot| spot.address.clone()).collect() })
    }
}

#[cfg(test)]
mod tests;
