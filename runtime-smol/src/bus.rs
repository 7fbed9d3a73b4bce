//! The message bus: how the servers of a cluster hear of each other.
//!
//! A server asks a [`Bus`] for a link, saying which role it plays; it gets a [`BusLink`] to send with and a future that
//! does the work, to be spawned. What comes in goes to its [`EventSink`]. There are two buses: [`EmbeddedBus`], inside
//! one process, and [`RabbitBus`], over a RabbitMQ broker. They differ in nothing that a server could see.
//!
//! The bus carries messages and does not read them: bodies and headers are parsed by the core. It is never the source of
//! truth: any message may be lost, delayed or doubled.

mod backoff;
mod embedded;
mod limits;
mod link;
mod rabbit;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use lode_core::bus::BusEvent;

pub use embedded::EmbeddedBus;
pub use limits::{MAX_BODY_BYTES, MAX_HEADERS_BYTES, MAX_PRIVATE_ROUTES};
pub use link::{BusLink, DroppedMessages};
pub use rabbit::{BusUrl, BusUrlError, RabbitBus};

/// The exchange that heartbeats are published on.
pub const HEARTBEAT_EXCHANGE: &str = "apiServers";

/// The exchange that locate queries are published on.
pub const QUERY_EXCHANGE: &str = "dataServers";

/// What a server is in the cluster, and so what it listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An API server: hears heartbeats, from [`HEARTBEAT_EXCHANGE`].
    Api,
    /// A data server: hears queries, from [`QUERY_EXCHANGE`].
    Data,
}

/// Takes what comes from the bus. It is called from the link's own task, one event at a time, in the order of arrival;
/// it must be quick and must not wait, for nothing else moves on the link meanwhile.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(BusEvent) + Send + Sync>);

impl EventSink {
    /// A sink that calls `take` with each event.
    pub fn new(take: impl Fn(BusEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Hands over one event.
    pub(crate) fn deliver(&self, event: BusEvent) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

/// A message bus that servers can be linked to.
pub trait Bus: Send + Sync + 'static {
    /// Makes a link for a server of this role. Nothing happens until the future is polled; it never fails, and ends
    /// only after [`BusLink::shutdown`] was called or the last clone of the link was dropped. Dropping the future
    /// instead cuts the link off at once.
    ///
    /// A bus that cannot be reached is no error: the link tries until it can, and says so with [`BusEvent::Up`].
    /// A process that makes one link has one connection to the broker, whatever the load.
    fn connect(&self, role: Role, events: EventSink) -> (BusLink, BoxFuture<'static, ()>);
}
