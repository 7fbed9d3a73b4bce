//! Answering locate queries. What a data server holds is asked of its disk each time and never kept as a list: ten
//! million files cost no memory and no time at start-up.
//!
//! | state      | query                  | looked up: held | looked up: not held                        | disk failed |
//! |------------|------------------------|-----------------|--------------------------------------------|-------------|
//! | (unknown)  | → looking, **look up** | -               | -                                          | -           |
//! | looking    | (another query)        | **answer yes**  | **answer no** if the asker understands it  | silent      |
//!
//! A blob that is damaged is not held: there are other copies, and whoever asks for them makes a new one. An object without
//! a catalog has no other copy; of one that is damaged nothing is said, so that it is not taken for one that never was.

use alloc::collections::VecDeque;

use super::damaged::Damaged;
use super::messages::{BlobInfo, DataEffect, DiskFailure};
use crate::address::ServerAddress;
use crate::bus::BusMessage;
use crate::catalog::BlobId;
use crate::id::{Incarnation, OperationId, OperationIds};
use crate::machine::Effects;
use crate::wire::{Answerer, Held, ReceivedQuery};

/// The locate queries that are being looked up. Usable alone.
#[derive(Debug, Clone)]
pub struct Holdings {
    answerer: Answerer,
    max_lookups: usize,
    /// In the order of their ids, which only grow; disks answer nearly in this order.
    looking: VecDeque<(OperationId, ReceivedQuery)>,
}

/// What became of a message that should have been a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// It is being looked up.
    LookingUp,
    /// It is no query, or nobody to answer to; dropped.
    Malformed,
    /// As many as the bound allows are being looked up; dropped, the asker will ask directly.
    TooMany,
}

impl Holdings {
    /// Nothing is being looked up. Answers say that they come from `address`.
    #[must_use]
    pub fn new(address: &ServerAddress, incarnation: Incarnation, max_lookups: usize) -> Self {
        Self { answerer: Answerer::new(address, incarnation), max_lookups, looking: VecDeque::new() }
    }

    /// A message came from the exchange of queries.
    pub fn asked(&mut self, message: &BusMessage, ids: &mut OperationIds, effects: &mut Effects<DataEffect>) -> Query {
        let Ok(query) = ReceivedQuery::parse(message) else {
            return Query::Malformed;
        };
        if self.looking.len() >= self.max_lookups {
            return Query::TooMany;
        }
        let lookup = ids.fresh();
        effects.push(DataEffect::LookUp { lookup, name: query.name.clone() });
        self.looking.push_back((lookup, query));
        Query::LookingUp
    }

    /// The disk has answered.
    pub fn looked_up(
        &mut self,
        lookup: OperationId,
        outcome: Result<Option<BlobInfo>, DiskFailure>,
        damaged: &mut Damaged,
        effects: &mut Effects<DataEffect>,
    ) {
        let found = self.looking.binary_search_by_key(&lookup, |(id, _)| *id);
        let Some((_, query)) = found.ok().and_then(|at| self.looking.remove(at)) else {
            return;
        };
        let blob = BlobId::of_name(&query.name);
        let held = match outcome {
            Ok(_) if blob.is_some_and(|blob| damaged.holds(blob)) => Held::No,
            Ok(Some(BlobInfo { size_bytes, checksum })) => {
                Held::Yes { size_bytes: Some(size_bytes), checksum: Some(checksum) }
            }
            Ok(None) => Held::No,
            Err(failure) => match (failure, blob) {
                (DiskFailure::Corrupt { .. }, Some(blob)) => {
                    damaged.found(blob);
                    Held::No
                }
                // Neither yes nor no is known to be true, so neither is said.
                (DiskFailure::Corrupt { .. }, None)
                | (DiskFailure::Full | DiskFailure::Write { .. } | DiskFailure::Read { .. }, _) => return,
            },
        };
        effects.extend(query.answer(&self.answerer, &held).map(DataEffect::Bus));
    }

    /// How many queries are being looked up.
    #[must_use]
    pub fn len(&self) -> usize {
        self.looking.len()
    }

    /// Whether no query is being looked up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.looking.is_empty()
    }
}
