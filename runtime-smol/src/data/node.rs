//! One data server at run time: its machine, and what carries out the machine's effects.

use std::sync::{Arc, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lode_core::data_server::DataServer as Machine;
use lode_core::data_server::messages::{DataEffect, DataInput, DiskFailure};
use lode_core::machine::Machine as _;
use smol::Executor;

use super::serve::described;
use crate::bus::{Bus, BusLink, EventSink, Role};
use crate::disk::BlobStore;
use crate::driver::Driver;
use crate::mailbox::Mailboxes;

/// What all tasks of one data server share.
pub(super) struct Node {
    pub(super) driver: Driver<Machine>,
    pub(super) mailboxes: Arc<Mailboxes<DataEffect>>,
    pub(super) store: BlobStore,
    executor: Arc<Executor<'static>>,
    bus: BusLink,
    itself: Weak<Self>,
}

impl Node {
    /// The node, and the work of its link to the bus, to be spawned.
    pub(super) fn new(
        machine: Machine,
        store: BlobStore,
        executor: Arc<Executor<'static>>,
        bus: &dyn Bus,
    ) -> (Arc<Self>, BoxFuture<'static, ()>) {
        let mut bus_work = None;
        let node = Arc::new_cyclic(|itself: &Weak<Self>| {
            let hears = Weak::clone(itself);
            let events = EventSink::new(move |event| {
                if let Some(node) = hears.upgrade() {
                    node.feed(DataInput::Bus(event));
                }
            });
            let (link, work) = bus.connect(Role::Data, events);
            bus_work = Some(work);
            let (driver, mailboxes) = (Driver::new(machine), Mailboxes::new());
            Self { driver, mailboxes, store, executor, bus: link, itself: Weak::clone(itself) }
        });
        (node, bus_work.unwrap_or_else(|| futures::future::ready(()).boxed()))
    }

    /// Gives the machine an input and begins what it wants done.
    pub(super) fn feed(&self, input: DataInput) {
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

    fn carry_out(&self, effect: DataEffect) {
        match effect {
            DataEffect::Bus(command) => self.bus.send(command),
            DataEffect::LookUp { lookup, name } => self.spawn(move |node| async move {
                let found = node.store.look_up(&name).await.map_err(|error| DiskFailure::from(&error));
                let outcome = found.map(|found| found.as_ref().map(described));
                node.feed(DataInput::LookedUp { lookup, outcome });
            }),
            DataEffect::MeasureSpace { measurement } => self.spawn(move |node| async move {
                // The file system may be a slow one, across a network.
                let store = node.store.clone();
                let outcome = smol::unblock(move || store.space()).await.map_err(|error| DiskFailure::from(&error));
                node.feed(DataInput::SpaceMeasured { measurement, outcome });
            }),
            DataEffect::Receive { request, .. }
            | DataEffect::Commit { request, .. }
            | DataEffect::Discard { request }
            | DataEffect::Open { request, .. }
            | DataEffect::Send { request, .. }
            | DataEffect::Remove { request, .. }
            | DataEffect::Respond { request, .. } => self.mailboxes.deliver(request, effect),
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
