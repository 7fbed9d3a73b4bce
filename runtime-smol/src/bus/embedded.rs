//! The bus inside one process: `lode dev` runs its whole cluster on it, and tests do.

mod broker;
mod inbox;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use smol::future::or;

use self::broker::{Broker, MemberId};
use self::inbox::Inbox;
use super::link::{LinkEnd, link_to};
use super::{Bus, BusLink, EventSink, Role};

/// A broker in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct EmbeddedBus {
    broker: Arc<Broker>,
}

impl EmbeddedBus {
    /// A bus that is up.
    #[must_use]
    pub fn new() -> Self {
        Self { broker: Arc::new(Broker::new()) }
    }

    /// Takes the bus down, as if a broker were stopped: whatever is under way is lost, private reply routes included,
    /// and each link that was up sees `Down`. Does nothing if the bus is down.
    pub fn stop(&self) {
        self.broker.stop();
    }

    /// Brings the bus up again: each link sees `Up`. Does nothing if the bus is up.
    pub fn start(&self) {
        self.broker.start();
    }
}

impl Default for EmbeddedBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for EmbeddedBus {
    fn connect(&self, role: Role, events: EventSink) -> (BusLink, BoxFuture<'static, ()>) {
        let (link, end) = link_to(events);
        (link, serve(Arc::clone(&self.broker), role, end).boxed())
    }
}

async fn serve(broker: Arc<Broker>, role: Role, end: LinkEnd) {
    let inbox = Arc::new(Inbox::new(Arc::clone(&end.drops)));
    let membership = Membership::begin(broker, role, Arc::clone(&inbox));
    or(carry_out_commands(&membership, &end), hand_over_events(&inbox, &end)).await;
}

async fn carry_out_commands(membership: &Membership, end: &LinkEnd) {
    while let Ok(command) = end.commands.recv().await {
        membership.broker.carry_out(membership.id, command, &end.drops);
    }
}

async fn hand_over_events(inbox: &Inbox, end: &LinkEnd) {
    loop {
        let event = inbox.take().await;
        end.events.deliver(event);
        // Without this a full inbox would keep the link's own commands waiting.
        smol::future::yield_now().await;
    }
}

/// Leaves the broker when the link's future ends or is dropped.
struct Membership {
    broker: Arc<Broker>,
    id: MemberId,
}

impl Membership {
    fn begin(broker: Arc<Broker>, role: Role, inbox: Arc<Inbox>) -> Self {
        let id = broker.join(role, inbox);
        Self { broker, id }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.broker.leave(self.id);
    }
}

#[cfg(test)]
mod tests;
