//! Says in the log when the broker is out of reach and when it is back: once each, however many attempts lie between.

use std::time::{Duration, Instant};

use super::session::SessionError;
use super::url::BusUrl;

/// How often a lasting outage is brought to mind.
const REMINDER: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Outage {
    broker: String,
    last_said: Option<Instant>,
}

impl Outage {
    pub(super) fn new(url: &BusUrl) -> Self {
        Self { broker: url.to_string(), last_said: None }
    }

    /// A session was lost.
    pub(super) fn began(&mut self, error: &SessionError) {
        self.last_said = Some(Instant::now());
        tracing::warn!(broker = %self.broker, %error, "message broker lost; reconnecting");
    }

    /// An attempt to connect has failed.
    pub(super) fn attempt_failed(&mut self, error: &SessionError) {
        if self.last_said.is_some_and(|then| then.elapsed() < REMINDER) {
            tracing::debug!(broker = %self.broker, %error, "message broker still out of reach");
            return;
        }
        self.last_said = Some(Instant::now());
        tracing::warn!(broker = %self.broker, %error, "message broker out of reach; retrying");
    }

    /// The broker is reached.
    pub(super) fn over(&mut self) {
        self.last_said = None;
        tracing::info!(broker = %self.broker, "connected to the message broker");
    }
}
