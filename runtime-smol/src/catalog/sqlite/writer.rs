//! The thread that writes: it takes all writes that are waiting, and commits them together.

use std::path::{Path, PathBuf};

use futures::channel::oneshot;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use rusqlite::{Connection, TransactionBehavior};
use smol::channel::Receiver;

use super::checkpoint::Checkpoints;
use super::failure::reason;
use super::journal::has_surely_forgotten;
use super::open::check_schema;
use super::request::{carry_out, now, rows_of};

/// How many writes may wait for the writer; who comes after them waits to be taken on.
pub(super) const MOST_WAITING: usize = 1024;

/// With so many rows or more, no further write comes into a transaction.
const ROWS_TOGETHER: usize = 512;

/// What the one who asked hears.
pub(super) type Outcome = Result<CatalogAnswer, CatalogFailure>;

/// A write that waits.
pub(super) struct Order {
    pub(super) request: CatalogRequest,
    pub(super) outcome: oneshot::Sender<Outcome>,
}

/// Carries out what comes, until nothing more can come.
pub(super) struct Writer {
    connection: Connection,
    checkpoints: Checkpoints,
    path: PathBuf,
}

/// Why a transaction did not come about; what was said.
enum Broken {
    /// It could not begin.
    NotBegun(String),
    /// Something in it failed; nothing of it is left.
    Undone(String),
    /// It could not be committed, and may yet be found to be.
    Open(String),
}

impl Writer {
    pub(super) fn new(connection: Connection, path: &Path) -> Self {
        Self { connection, checkpoints: Checkpoints::default(), path: path.to_owned() }
    }

    /// Blocks until all senders are gone.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv_blocking() {
            let mut rows = rows_of(&first.request);
            let mut together = vec![first];
            while rows < ROWS_TOGETHER
                && let Ok(next) = orders.try_recv()
            {
                rows = rows.saturating_add(rows_of(&next.request));
                together.push(next);
            }
            // Nobody waits for these any more, and they have not been begun.
            together.retain(|order| !order.outcome.is_canceled());
            if !together.is_empty() {
                self.carry_out(together);
                self.checkpoints.after_commit(&self.connection);
            }
        }
    }

    /// All in one transaction. If that fails, each in one of its own, so that what is wrong with one harms no other.
    fn carry_out(&mut self, orders: Vec<Order>) {
        match self.in_one_transaction(&orders) {
            Ok(answers) => {
                for (order, answer) in orders.into_iter().zip(answers) {
                    tell(order, Ok(answer));
                }
            }
            Err(Broken::Undone(reason)) if orders.len() > 1 => {
                tracing::warn!(reason, writes = orders.len(), "writes to the catalog are tried again, one by one");
                for order in orders {
                    self.carry_out(vec![order]);
                }
            }
            Err(Broken::NotBegun(reason) | Broken::Undone(reason)) => {
                tell_all(orders, &CatalogFailure::Unavailable { reason });
            }
            Err(Broken::Open(reason)) => {
                tracing::error!(reason, writes = orders.len(), "whether writes to the catalog are done is not known");
                tell_all(orders, &CatalogFailure::Unknown { reason });
            }
        }
    }

    fn in_one_transaction(&mut self, orders: &[Order]) -> Result<Vec<CatalogAnswer>, Broken> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| Broken::NotBegun(reason(&error)))?;
        check_schema(&transaction).map_err(Broken::NotBegun)?;
        let answers = orders.iter().map(|order| carry_out(&transaction, now(), &order.request));
        // Without a commit it is undone.
        let answers = answers.collect::<Result<_, _>>().map_err(|error| Broken::Undone(reason(&error)))?;
        match transaction.commit() {
            Ok(()) => Ok(answers),
            Err(error) if has_surely_forgotten(&self.connection, &self.path) => Err(Broken::Undone(reason(&error))),
            Err(error) => Err(Broken::Open(reason(&error))),
        }
    }
}

fn tell_all(orders: Vec<Order>, failure: &CatalogFailure) {
    for order in orders {
        tell(order, Err(failure.clone()));
    }
}

fn tell(order: Order, outcome: Outcome) {
    // If nobody waits for it any more, nobody has to know.
    let _ = order.outcome.send(outcome);
}
