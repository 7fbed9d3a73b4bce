//! What goes over the message bus, as the core sees it: neither AMQP frames nor sockets, but messages with the few
//! properties that the wire rules speak of.

mod headers;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use self::headers::Headers;
use crate::id::OperationId;

/// The name of a queue that answers go to, as the broker gave it. At most 255 bytes of UTF-8 (AMQP's short string). Cheap to
/// clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyTo(Arc<str>);

impl ReplyTo {
    /// The longest name that AMQP 0-9-1 can carry, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// A reply queue of this name; `None` if the name is empty or longer than [`ReplyTo::MAX_BYTES`].
    #[must_use]
    pub fn new(name: String) -> Option<Self> {
        (!name.is_empty() && name.len() <= Self::MAX_BYTES).then(|| Self(name.into()))
    }

    /// The name of the queue.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One message, received or to be sent. Everything in it that came from outside is still to be parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusMessage {
    /// Where an answer goes. On a query that we send, the driver fills it in: it alone knows its queues.
    pub reply_to: Option<ReplyTo>,
    /// The `correlation_id` property. An answer carries that of its query, so it is shared.
    pub correlation_id: Option<Arc<str>>,
    /// The headers whose values are strings or whole numbers, as text; others are left out by the driver.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

/// Which queue the answers to a query come in on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplyRoute {
    /// The one queue that all queries share; answers are told apart by their `correlation_id`.
    Shared,
    /// A queue for this query alone. Answers of the seed's data servers carry no `correlation_id` and can only be told
    /// apart by the queue that they arrive on (SEED-WIRE.md §2).
    Private(OperationId),
}

/// What a server wants done on the bus. None of these has a completion: a message may be lost at any time, and the
/// machines are built for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusCommand {
    /// Publish on the exchange `apiServers`.
    Heartbeat(BusMessage),
    /// Publish on the exchange `dataServers`, answers to come in over `route`. A private queue is made for it, and
    /// consumed, before it is published.
    Query {
        /// Where its answers come in.
        route: ReplyRoute,
        /// The message, without `reply_to`.
        message: BusMessage,
    },
    /// The query has ended: its private queue is to be removed.
    CloseRoute(OperationId),
    /// Publish on the default exchange with `to` as routing key.
    Answer {
        /// The asker's queue.
        to: ReplyTo,
        /// The message.
        message: BusMessage,
    },
}

/// What comes from the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// The bus is connected, and everything this server consumes is bound and consumed.
    Up,
    /// The connection is lost. Comes once for each `Up`; what was published meanwhile may be lost.
    Down,
    /// A message from the exchange `apiServers`.
    Heartbeat(BusMessage),
    /// A message from the exchange `dataServers`.
    Query(BusMessage),
    /// A message on one of our reply queues.
    Answer {
        /// The queue that it arrived on.
        route: ReplyRoute,
        /// The message.
        message: BusMessage,
    },
}
