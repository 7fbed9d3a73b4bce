//! Says in the log when PostgreSQL is lost and when it is back: once each, however many requests lie between.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a lasting outage is brought to mind.
const REMINDER: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Outage {
    server: String,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    NeverReached,
    Reached,
    Lost { last_said: Instant },
}

impl Outage {
    pub(super) const fn new(server: String) -> Self {
        Self { server, state: Mutex::new(State::NeverReached) }
    }

    /// A connection is lost, or cannot be made.
    pub(super) fn lost(&self, reason: &str) {
        let mut state = self.lock();
        match *state {
            State::Reached => tracing::warn!(catalog = %self.server, reason, "catalog lost; reconnecting"),
            State::Lost { last_said } if last_said.elapsed() < REMINDER => return,
            State::NeverReached | State::Lost { .. } => {
                tracing::warn!(catalog = %self.server, reason, "catalog out of reach; retrying");
            }
        }
        *state = State::Lost { last_said: Instant::now() };
    }

    /// A connection is made.
    pub(super) fn over(&self) {
        let mut state = self.lock();
        match *state {
            State::Reached => {}
            State::NeverReached | State::Lost { .. } => {
                tracing::info!(catalog = %self.server, "connected to the catalog");
                *state = State::Reached;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
