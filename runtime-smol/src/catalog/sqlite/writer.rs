//! The thread that writes: it takes all writes that are waiting, and commits them together.

use std::path::{Path, PathBuf};

use futures::channel::oneshot;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use rusqlite::{Connection, TransactionBehavior};
use smol::channel::Receiver;

use super::checkpoint::Checkpoints;
use super::failure::{reason, unavailable};
use super::journal;
use super::request::{carry_out, now};

/// How many writes may wait for the writer; who comes after them waits to be taken on.
pub(super) const MOST_WAITING: usize = 1024;

/// How many writes share a transaction at the most.
const MOST_TOGETHER: usize = 512;

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

/// Why a transaction did not come about.
enum Broken {
    /// It could not begin.
    NotBegun(rusqlite::Error),
    /// Something in it failed; nothing of it is left.
    Undone(rusqlite::Error),
    /// It could not be committed, and may yet be found to be.
    Open(rusqlite::Error),
}

impl Writer {
    pub(super) fn new(connection: Connection, path: &Path) -> Self {
        Self { connection, checkpoints: Checkpoints::default(), path: path.to_owned() }
    }

    /// Blocks until all senders are gone.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv_blocking() {
            let mut together = vec![first];
            while together.len() < MOST_TOGETHER
                && let Ok(next) = orders.try_recv()
            {
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
            Err(Broken::Undone(error)) if orders.len() > 1 => {
                tracing::warn!(
                    error = reason(&error),
                    writes = orders.len(),
                    "writes to the catalog are tried one by one"
                );
                for order in orders {
                    self.carry_out(vec![order]);
                }
            }
            Err(Broken::NotBegun(error) | Broken::Undone(error)) => {
                tell_all(orders, &unavailable(&error));
            }
            Err(Broken::Open(error)) => tell_all(orders, &CatalogFailure::Unknown { reason: reason(&error) }),
        }
    }

    fn in_one_transaction(&mut self, orders: &[Order]) -> Result<Vec<CatalogAnswer>, Broken> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(Broken::NotBegun)?;
        let answers = orders.iter().map(|order| carry_out(&transaction, now(), &order.request));
        // Without a commit it is undone.
        let answers = answers.collect::<Result<_, _>>().map_err(Broken::Undone)?;
        match transaction.commit() {
            Ok(()) => Ok(answers),
            Err(error) if journal::has_surely_forgotten(&self.connection, &self.path) => Err(Broken::Undone(error)),
            Err(error) => Err(Broken::Open(error)),
        }
    }
}

fn tell_all(orders: Vec<Order>, failure: &CatalogFailure) {
    tracing::warn!(%failure, writes = orders.len(), "the catalog did not write");
    for order in orders {
        tell(order, Err(failure.clone()));
    }
}

fn tell(order: Order, outcome: Outcome) {
    // If nobody waits for it any more, nobody has to know.
    let _ = order.outcome.send(outcome);
}
