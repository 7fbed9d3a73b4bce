//! Where the effects of a request find the task that serves it.
//!
//! The task that reads a client's request carries out the request's effects itself, one after the other: it has the
//! connection. The machine's effects reach it through its mailbox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lode_core::copies::MAX_COPIES;
use lode_core::id::RequestId;
use smol::channel::{Receiver, Sender};

/// How many effects of one request may wait at a time. A machine waits for the completion of an effect before it wants the
/// next one of the same request, but a body may be sent once more to as many servers as there are copies, and an answer may
/// come behind.
const MOST_EFFECTS: usize = 2 * MAX_COPIES;

/// The mailboxes of all requests that are being served.
#[derive(Debug)]
pub(crate) struct Mailboxes<E> {
    next: AtomicU64,
    open: Mutex<HashMap<RequestId, Sender<E>>>,
}

/// The mailbox of one request, closed when dropped.
#[derive(Debug)]
pub(crate) struct Mailbox<E> {
    request: RequestId,
    effects: Receiver<E>,
    all: Arc<Mailboxes<E>>,
}

impl<E> Mailboxes<E> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { next: AtomicU64::new(0), open: Mutex::new(HashMap::new()) })
    }

    /// Opens a mailbox under a number that was never used before.
    pub(crate) fn open(self: &Arc<Self>) -> Mailbox<E> {
        let request = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        let (sender, effects) = smol::channel::bounded(MOST_EFFECTS);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(request, sender);
        Mailbox { request, effects, all: Arc::clone(self) }
    }

    /// Puts an effect into the mailbox of a request; into the void if the request is gone.
    pub(crate) fn deliver(&self, request: RequestId, effect: E) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = open.get(&request) {
            let delivered = mailbox.try_send(effect);
            assert!(!matches!(delivered, Err(error) if error.is_full()), "a request has few effects at a time");
        }
    }
}

impl<E> Mailbox<E> {
    /// Whose it is.
    pub(crate) const fn request(&self) -> RequestId {
        self.request
    }

    /// Waits for the next effect; `None` if none can come any more.
    pub(crate) async fn next(&self) -> Option<E> {
        self.effects.recv().await.ok()
    }
}

impl<E> Drop for Mailbox<E> {
    fn drop(&mut self) {
        self.all.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_reach_the_request_they_are_for() {
        let all = Mailboxes::new();
        let (first, second) = (all.open(), all.open());
        assert_ne!(first.request(), second.request());
        all.deliver(second.request(), "two");
        all.deliver(first.request(), "one");
        assert_eq!(smol::block_on(first.next()), Some("one"));
        assert_eq!(smol::block_on(second.next()), Some("two"));
    }

    #[test]
    fn effects_for_a_request_that_is_gone_are_lost() {
        let all = Mailboxes::new();
        let gone = all.open().request();
        all.deliver(gone, "nobody reads this");
        assert!(all.open.lock().unwrap().is_empty());
    }
}
