//! What servers of both kinds have in common at run time: a machine that is driven, a link to the bus, mailboxes for the
//! requests, and an executor for what belongs to no request.

use std::sync::{Arc, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lode_core::bus::{BusCommand, BusEvent};
use lode_core::machine::Machine;
use smol::{Executor, Task};

use crate::bus::{Bus, BusLink, EventSink, Role};
use crate::driver::Driver;
use crate::mailbox::Mailboxes;

/// What one kind of server does with the effects of its machine.
pub(crate) trait Kind: Send + Sync + Sized + 'static {
    /// The machine that decides.
    type Machine: Machine<Input: Send, Effect: Send> + Send + 'static;

    /// What it is on the bus.
    const ROLE: Role;

    /// How its machine is told what comes from the bus.
    fn heard(event: BusEvent) -> <Self::Machine as Machine>::Input;

    /// Begins what the machine wants done. Must not wait, nor feed the machine.
    fn carry_out(engine: &Engine<Self>, effect: <Self::Machine as Machine>::Effect);
}

/// One server at run time. All its tasks share it.
pub(crate) struct Engine<K: Kind> {
    pub(crate) driver: Driver<K::Machine>,
    pub(crate) mailboxes: Arc<Mailboxes<<K::Machine as Machine>::Effect>>,
    /// What this kind of server needs beside.
    pub(crate) own: K,
    executor: Arc<Executor<'static>>,
    link: BusLink,
    itself: Weak<Self>,
}

impl<K: Kind> Engine<K> {
    /// The engine, and the work of its link to the bus, to be spawned.
    pub(crate) fn new(
        machine: K::Machine,
        own: K,
        executor: Arc<Executor<'static>>,
        bus: &dyn Bus,
    ) -> (Arc<Self>, BoxFuture<'static, ()>) {
        let mut bus_work = None;
        let engine = Arc::new_cyclic(|itself: &Weak<Self>| {
            let hears = Weak::clone(itself);
            let events = EventSink::new(move |event| {
                if let Some(engine) = hears.upgrade() {
                    engine.feed(K::heard(event));
                }
            });
            let (link, work) = bus.connect(K::ROLE, events);
            bus_work = Some(work);
            let (driver, mailboxes) = (Driver::new(machine), Mailboxes::new());
            Self { driver, mailboxes, own, executor, link, itself: Weak::clone(itself) }
        });
        (engine, bus_work.unwrap_or_else(|| futures::future::ready(()).boxed()))
    }

    /// Gives the machine an input, and begins what it wants done.
    pub(crate) fn feed(&self, input: <K::Machine as Machine>::Input) {
        self.driver.feed(input, |effect| K::carry_out(self, effect));
    }

    /// Tells the bus.
    pub(crate) fn tell_bus(&self, command: BusCommand) {
        self.link.send(command);
    }

    /// The way to the bus.
    pub(crate) const fn link(&self) -> &BusLink {
        &self.link
    }

    /// Runs what belongs to no client's connection as a task of its own.
    pub(crate) fn spawn<F>(&self, task: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(engine) = self.itself.upgrade() {
            self.executor.spawn(task(engine)).detach();
        }
    }

    /// Runs something as a task that ends with what is returned, which is `None` only while the server itself ends.
    pub(crate) fn spawn_owned<F>(&self, task: impl FnOnce(Arc<Self>) -> F) -> Option<Task<F::Output>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.itself.upgrade().map(|engine| self.executor.spawn(task(engine)))
    }

    /// Runs the link to the bus and the machine's timers beside `serving`; when that has ended, the bus is left.
    pub(crate) async fn run(self: Arc<Self>, bus_work: BoxFuture<'static, ()>, serving: impl Future<Output = ()>) {
        let executor = Arc::clone(&self.executor);
        let work = async {
            let bus = self.executor.spawn(bus_work);
            let timekeeper = Arc::clone(&self);
            let timer = self.executor.spawn(async move { timekeeper.keep_time().await });
            serving.await;
            self.link.shutdown();
            bus.await;
            // Waited for: a task that is only dropped holds the engine, and with it the folder of a data server, for as long
            // as the executor lives, which the engine holds.
            timer.cancel().await;
        };
        executor.run(work).await;
    }

    /// Wakes the machine at its deadlines, for ever.
    async fn keep_time(&self) {
        loop {
            self.driver.deadline().await;
            self.feed(K::Machine::deadline_reached());
        }
    }
}
