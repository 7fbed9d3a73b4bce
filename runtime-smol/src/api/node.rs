//! One API server at run time: its machine, and what carries out the machine's effects.

use std::sync::{Arc, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lode_core::api_server::ApiServer as Machine;
use lode_core::api_server::messages::{ApiEffect, ApiInput};
use lode_core::machine::Machine as _;
use smol::Executor;

use super::ask;
use crate::bus::{Bus, BusLink, EventSink, Role};
use crate::driver::Driver;
use crate::http::client::HttpClient;
use crate::mailbox::Mailboxes;

/// What all tasks of one API server share.
pub(super) struct Node {
    pub(super) driver: Driver<Machine>,
    pub(super) mailboxes: Arc<Mailboxes<ApiEffect>>,
    pub(super) client: HttpClient,
    executor: Arc<Executor<'static>>,
    bus: BusLink,
    itself: Weak<Self>,
}

impl Node {
    /// The node, and the work of its link to the bus, to be spawned.
    pub(super) fn new(
        machine: Machine,
        client: HttpClient,
        executor: Arc<Executor<'static>>,
        bus: &dyn Bus,
    ) -> (Arc<Self>, BoxFuture<'static, ()>) {
        let mut bus_work = None;
        let node = Arc::new_cyclic(|itself: &Weak<Self>| {
            let hears = Weak::clone(itself);
            let events = EventSink::new(move |event| {
                if let Some(node) = hears.upgrade() {
                    node.feed(ApiInput::Bus(event));
                }
            });
            let (link, work) = bus.connect(Role::Api, events);
            bus_work = Some(work);
            let (driver, mailboxes) = (Driver::new(machine), Mailboxes::new());
            Self { driver, mailboxes, client, executor, bus: link, itself: Weak::clone(itself) }
        });
        (node, bus_work.unwrap_or_else(|| futures::future::ready(()).boxed()))
    }

    /// Gives the machine an input and begins what it wants done.
    pub(super) fn feed(&self, input: ApiInput) {
        self.driver.feed(input, |effect| self.carry_out(effect));
    }

    /// Wakes the machine at its deadlines, for ever.
    pub(super) async fn keep_time(&self) {
        loop {
            self.driver.deadline().await;
            self.feed(Machine::deadline_reached());
        }
    }

    /// The way to the bus.
    pub(super) const fn bus(&self) -> &BusLink {
        &self.bus
    }

    fn carry_out(&self, effect: ApiEffect) {
        match effect {
            ApiEffect::Bus(command) => self.bus.send(command),
            ApiEffect::AskDirectly { ask, server, name, probe, patience } => self.spawn(move |node| async move {
                let answer = ask::ask_directly(&node.client, &server, &name, probe, patience).await;
                node.feed(ApiInput::AnsweredDirectly { ask, answer });
            }),
            ApiEffect::Remove { removal, server, name, patience } => self.spawn(move |node| async move {
                let outcome = ask::remove(&node.client, &server, &name, patience).await;
                node.feed(ApiInput::Removed { removal, outcome });
            }),
            ApiEffect::Upload { request, .. }
            | ApiEffect::Fetch { request, .. }
            | ApiEffect::Relay { request, .. }
            | ApiEffect::Respond { request, .. } => self.mailboxes.deliver(request, effect),
        }
    }

    /// Runs what belongs to no client's connection as a task of its own.
    fn spawn<F>(&self, task: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(node) = self.itself.upgrade() {
            self.executor.spawn(task(node)).detach();
        }
    }
}
