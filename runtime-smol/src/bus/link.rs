//! The end of the bus that a server holds: a bounded queue of commands, and the count of what was dropped.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lode_core::bus::BusCommand;
use smol::channel::{Receiver, Sender, TrySendError};

use super::EventSink;

/// Sends a server's commands to the bus. Clones share one queue.
#[derive(Debug, Clone)]
pub struct BusLink {
    commands: Sender<BusCommand>,
    drops: Arc<Drops>,
}

impl BusLink {
    /// How many commands may wait to be carried out.
    pub const CAPACITY: usize = 4096;

    /// Queues one command. Never blocks: if [`BusLink::CAPACITY`] commands wait already, this one is dropped and
    /// counted. After [`shutdown`](BusLink::shutdown) it does nothing.
    pub fn send(&self, command: BusCommand) {
        match self.commands.try_send(command) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => self.drops.count(DropReason::QueueFull),
        }
    }

    /// How many messages this link has dropped since it was made.
    #[must_use]
    pub fn dropped(&self) -> DroppedMessages {
        DroppedMessages {
            outgoing: self.drops.outgoing.load(Ordering::Relaxed),
            incoming: self.drops.incoming.load(Ordering::Relaxed),
        }
    }

    /// Ends the link: what is queued is still sent if the bus is up, then the link's future ends.
    pub fn shutdown(&self) {
        self.commands.close();
    }
}

/// How many messages a link has dropped rather than carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DroppedMessages {
    /// Commands of the server that were not carried out.
    pub outgoing: u64,
    /// Messages from the bus that were not handed to the server.
    pub incoming: u64,
}

/// Why a message was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DropReason {
    /// The link's queue of commands was full.
    QueueFull,
    /// The bus was down. Not logged: that it is down has been.
    BusDown,
    /// A message to be sent breaks a limit.
    TooLargeToSend,
    /// All private reply routes are taken.
    NoPrivateRoute,
    /// A private reply route could not be opened.
    RouteFailed,
    /// An answer to a queue whose name the broker may break on.
    UnsafeReplyQueue,
    /// A message that came in has too large a body.
    TooLargeToTake,
    /// The server does not take its messages fast enough.
    InboxFull,
}

impl DropReason {
    const fn is_incoming(self) -> bool {
        match self {
            Self::TooLargeToTake | Self::InboxFull => true,
            Self::QueueFull
            | Self::BusDown
            | Self::TooLargeToSend
            | Self::NoPrivateRoute
            | Self::RouteFailed
            | Self::UnsafeReplyQueue => false,
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "the queue to the bus is full",
            Self::BusDown => "the bus is down",
            Self::TooLargeToSend => "the message is too large to send",
            Self::NoPrivateRoute => "all private reply routes are taken",
            Self::RouteFailed => "a private reply route could not be opened",
            Self::UnsafeReplyQueue => "an answer is wanted on a direct reply queue, which may cost the connection",
            Self::TooLargeToTake => "a received message is too large",
            Self::InboxFull => "received messages are not taken fast enough",
        })
    }
}

/// Counts what is dropped, and says so at most once a second.
#[derive(Debug, Default)]
pub(super) struct Drops {
    outgoing: AtomicU64,
    incoming: AtomicU64,
    last_said: Mutex<Option<Instant>>,
}

impl Drops {
    const QUIET_AFTER_SAYING: Duration = Duration::from_secs(1);

    pub(super) fn count(&self, reason: DropReason) {
        let counter = if reason.is_incoming() { &self.incoming } else { &self.outgoing };
        counter.fetch_add(1, Ordering::Relaxed);
        if reason != DropReason::BusDown && self.may_say_so() {
            tracing::warn!(
                %reason,
                outgoing = self.outgoing.load(Ordering::Relaxed),
                incoming = self.incoming.load(Ordering::Relaxed),
                "messages dropped on the bus"
            );
        }
    }

    fn may_say_so(&self) -> bool {
        // Whoever holds the lock is about to say it.
        let Ok(mut last_said) = self.last_said.try_lock() else { return false };
        let quiet = last_said.is_some_and(|then| then.elapsed() < Self::QUIET_AFTER_SAYING);
        if !quiet {
            *last_said = Some(Instant::now());
        }
        !quiet
    }
}

/// The other end of a [`BusLink`], held by the future that does its work.
#[derive(Debug)]
pub(super) struct LinkEnd {
    pub(super) commands: Receiver<BusCommand>,
    pub(super) events: EventSink,
    pub(super) drops: Arc<Drops>,
}

impl LinkEnd {
    /// Throws away the commands that come, until the link is shut down.
    pub(super) async fn discard_commands(&self) {
        while self.commands.recv().await.is_ok() {
            self.drops.count(DropReason::BusDown);
        }
    }
}

/// Makes the two ends of a link.
pub(super) fn link_to(events: EventSink) -> (BusLink, LinkEnd) {
    let (sender, receiver) = smol::channel::bounded(BusLink::CAPACITY);
    let drops = Arc::new(Drops::default());
    let link = BusLink { commands: sender, drops: Arc::clone(&drops) };
    (link, LinkEnd { commands: receiver, events, drops })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lode_core::bus::BusMessage;

    #[test]
    fn over_the_bound_commands_are_dropped_and_counted() {
        let (link, end) = link_to(EventSink::new(|_| {}));
        for _ in 0..BusLink::CAPACITY + 3 {
            link.send(BusCommand::Heartbeat(BusMessage::default()));
        }
        assert_eq!(end.commands.len(), BusLink::CAPACITY);
        assert_eq!(link.dropped(), DroppedMessages { outgoing: 3, incoming: 0 });
    }

    #[test]
    fn a_reason_is_said_once_a_second() {
        let drops = Drops::default();
        assert!(drops.may_say_so());
        assert!(!drops.may_say_so());
        *drops.last_said.lock().unwrap() = Instant::now().checked_sub(Duration::from_millis(1001));
        assert!(drops.may_say_so());
    }

    #[test]
    fn after_shutdown_sending_does_nothing() {
        let (link, end) = link_to(EventSink::new(|_| {}));
        link.shutdown();
        link.send(BusCommand::Heartbeat(BusMessage::default()));
        assert!(smol::block_on(end.commands.recv()).is_err());
        assert_eq!(link.dropped(), DroppedMessages::default());
    }
}
