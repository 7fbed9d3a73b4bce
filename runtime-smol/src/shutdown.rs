//! The one signal that ends a process in good order: any number of tasks wait for it, before or after it was given.

use std::convert::Infallible;
use std::pin::Pin;

use futures::StreamExt as _;
use smol::channel::{Receiver, Sender};

/// Gives the signal. Dropping it gives nothing: the signal then never comes.
#[derive(Debug, Clone)]
pub struct ShutdownTrigger {
    closes: Sender<Infallible>,
}

impl ShutdownTrigger {
    /// Asks everybody who holds the matching [`Shutdown`] to end. Asking twice is asking once.
    pub fn request(&self) {
        self.closes.close();
    }
}

/// Hears the signal. Clones hear the same one.
#[derive(Debug, Clone)]
pub struct Shutdown {
    closed: Receiver<Infallible>,
    // Held so that the channel closes by a request alone, and never because a trigger was dropped.
    open: Sender<Infallible>,
}

impl Shutdown {
    /// A signal that has not been given, and what gives it.
    #[must_use]
    pub fn new() -> (ShutdownTrigger, Self) {
        let (closes, closed) = smol::channel::bounded(1);
        (ShutdownTrigger { closes: closes.clone() }, Self { closed, open: closes })
    }

    /// Waits until the signal is given; returns at once if it was given before.
    pub async fn requested(&self) {
        match self.closed.recv().await {
            Ok(never) => match never {},
            Err(_closed) => {}
        }
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.closed.is_closed()
    }

    /// Something to wait with again and again, in one task, at less cost for each wait than [`Shutdown::requested`].
    #[must_use]
    pub fn waiter(&self) -> ShutdownWaiter {
        ShutdownWaiter { closed: Box::pin(self.closed.clone()), _open: self.open.clone() }
    }
}

/// Hears the signal of a [`Shutdown`], and stays registered with it from one wait to the next.
#[derive(Debug)]
pub struct ShutdownWaiter {
    closed: Pin<Box<Receiver<Infallible>>>,
    _open: Sender<Infallible>,
}

impl ShutdownWaiter {
    /// Waits until the signal is given; returns at once if it was given before.
    pub async fn requested(&mut self) {
        if let Some(never) = self.closed.next().await {
            match never {}
        }
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.closed.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn every_waiter_hears_it_before_and_after() {
        let (trigger, shutdown) = Shutdown::new();
        let (first, second) = (shutdown.clone(), shutdown.clone());
        smol::block_on(async {
            let mut waiting = Box::pin(futures::future::join(first.requested(), second.requested()));
            assert!(futures::poll!(&mut waiting).is_pending());
            assert!(!shutdown.is_requested());
            let mut waiter = shutdown.waiter();
            for _ in 0..3 {
                assert!(waiter.requested().now_or_never().is_none());
            }
            let mut waiting_again = Box::pin(waiter.requested());
            assert!(futures::poll!(&mut waiting_again).is_pending());
            trigger.request();
            trigger.request();
            futures::future::join(waiting, waiting_again).await;
            assert!(waiter.is_requested());
        });
        assert!(shutdown.is_requested());
        assert!(shutdown.requested().now_or_never().is_some());
    }

    #[test]
    fn a_dropped_trigger_requests_nothing() {
        let (trigger, shutdown) = Shutdown::new();
        drop(trigger);
        assert!(!shutdown.is_requested());
        assert!(shutdown.requested().now_or_never().is_none());
    }
}
