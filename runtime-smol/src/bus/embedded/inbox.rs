//! What waits to be handed to one server: a bounded queue that never loses track of up and down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lode_core::bus::BusEvent;
use smol::channel::{Receiver, Sender};

use crate::bus::link::{DropReason, Drops};

/// How many events may wait for one server; messages above it are dropped and counted.
const CAPACITY: usize = 4096;

#[derive(Debug)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    bell: (Sender<()>, Receiver<()>),
    drops: Arc<Drops>,
}

#[derive(Debug)]
struct Waiting {
    events: VecDeque<BusEvent>,
    /// Whether the last thing that the server was told is that the bus is up.
    told_up: bool,
}

impl Inbox {
    pub(super) fn new(drops: Arc<Drops>) -> Self {
        let waiting = Waiting { events: VecDeque::new(), told_up: false };
        Self { waiting: Mutex::new(waiting), bell: smol::channel::bounded(1), drops }
    }

    /// Queues a message.
    pub(super) fn put(&self, message: BusEvent) {
        let mut waiting = self.lock();
        if waiting.events.len() < CAPACITY {
            waiting.events.push_back(message);
            self.ring();
        } else {
            self.drops.count(DropReason::InboxFull);
        }
    }

    /// Queues the news that the bus is up.
    pub(super) fn up(&self) {
        self.lock().events.push_back(BusEvent::Up);
        self.ring();
    }

    /// Throws away what waits and queues the news that the bus is down, unless the server never heard that it was up.
    pub(super) fn down(&self) {
        let mut waiting = self.lock();
        waiting.events.clear();
        if waiting.told_up {
            waiting.events.push_back(BusEvent::Down);
            self.ring();
        }
    }

    /// Waits for the next event and takes it.
    pub(super) async fn take(&self) -> BusEvent {
        loop {
            if let Some(event) = self.pop() {
                return event;
            }
            // An error would mean that the bell is gone, and it lives as long as this inbox.
            let _ = self.bell.1.recv().await;
        }
    }

    fn pop(&self) -> Option<BusEvent> {
        let mut waiting = self.lock();
        let event = waiting.events.pop_front()?;
        match &event {
            BusEvent::Up => waiting.told_up = true,
            BusEvent::Down => waiting.told_up = false,
            BusEvent::Heartbeat(_) | BusEvent::Query(_) | BusEvent::Answer { .. } => {}
        }
        Some(event)
    }

    fn ring(&self) {
        // A full bell has been rung already.
        let _ = self.bell.0.try_send(());
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lode_core::bus::BusMessage;

    fn inbox() -> Inbox {
        Inbox::new(Arc::new(Drops::default()))
    }

    fn drain(inbox: &Inbox) -> Vec<BusEvent> {
        std::iter::from_fn(|| inbox.pop()).collect()
    }

    #[test]
    fn messages_over_the_bound_are_dropped() {
        let inbox = inbox();
        for _ in 0..CAPACITY + 5 {
            inbox.put(BusEvent::Query(BusMessage::default()));
        }
        assert_eq!(drain(&inbox).len(), CAPACITY);
    }

    #[test]
    fn down_comes_once_for_each_up_however_late_the_server_looks() {
        let inbox = inbox();
        inbox.up();
        inbox.down();
        assert_eq!(drain(&inbox), []);

        inbox.up();
        assert_eq!(drain(&inbox), [BusEvent::Up]);
        for _ in 0..10 {
            inbox.down();
            inbox.up();
            inbox.put(BusEvent::Query(BusMessage::default()));
        }
        inbox.down();
        assert_eq!(drain(&inbox), [BusEvent::Down]);
    }
}
