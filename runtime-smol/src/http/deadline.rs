//! Time limits on waiting for a peer, made cheap: an operation that is ready at once never touches a timer, and a timer
//! that was set for an earlier operation of the same connection is kept and set on only when it fires.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_io::Timer;

/// The time was over before the operation had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time limit passed")]
pub struct Elapsed;

/// The timer of one connection. Registering a timer costs a system call, so it is used for all the operations of the
/// connection, one after the other, and is moved only when it fires or is set too late.
#[derive(Debug)]
pub struct Deadline {
    timer: Timer,
    fires_at: Option<Instant>,
}

impl Deadline {
    /// A timer that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self { timer: Timer::never(), fires_at: None }
    }

    /// Runs `operation` for at most `limit`, counted from its first poll. When the time is over it is polled once more, so
    /// that IO which could go on, but was not reported as ready, does.
    ///
    /// # Errors
    /// [`Elapsed`] when it had not ended by then; it is dropped.
    pub async fn within<F: Future>(&mut self, limit: Duration, operation: F) -> Result<F::Output, Elapsed> {
        let mut operation = pin!(operation);
        let mut end = None;
        std::future::poll_fn(|cx| {
            if let Poll::Ready(output) = operation.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            // The clock is read only now that there is something to wait for.
            match *end.get_or_insert_with(|| Instant::now().checked_add(limit)) {
                Some(end) => self.poll_until(cx, end).map(Err),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Runs `operation` until `end` at the latest.
    ///
    /// # Errors
    /// [`Elapsed`] when it had not ended by then; it is dropped.
    pub async fn until<F: Future>(&mut self, end: Instant, operation: F) -> Result<F::Output, Elapsed> {
        let mut operation = pin!(operation);
        std::future::poll_fn(|cx| match operation.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll_until(cx, end).map(Err),
        })
        .await
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, end: Instant) -> Poll<Elapsed> {
        loop {
            if self.fires_at.is_none_or(|fires_at| fires_at > end) {
                self.timer.set_at(end);
                self.fires_at = Some(end);
            }
            let Poll::Ready(_) = Pin::new(&mut self.timer).poll(cx) else { return Poll::Pending };
            self.fires_at = None;
            if Instant::now() >= end {
                return Poll::Ready(Elapsed);
            }
        }
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `operation` for at most `limit` with a timer of its own: for operations that stand alone, such as a connect.
///
/// # Errors
/// [`Elapsed`] when it had not ended by then; it is dropped.
pub async fn within<F: Future>(limit: Duration, operation: F) -> Result<F::Output, Elapsed> {
    Deadline::new().within(limit, operation).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn what_is_ready_at_once_sets_no_timer() {
        let mut deadline = Deadline::new();
        assert_eq!(smol::block_on(deadline.within(Duration::ZERO, async { 7 })), Ok(7));
        assert_eq!(deadline.fires_at, None);
    }

    #[test]
    fn what_takes_too_long_is_cut_off_however_the_timer_stood() {
        smol::block_on(async {
            let mut deadline = Deadline::new();
            for limit in [LONG, SHORT] {
                // The first leaves the timer standing far too late for the second.
                let started = Instant::now();
                let operation = async {
                    if limit == LONG {
                        Timer::after(SHORT).await;
                    } else {
                        std::future::pending::<()>().await;
                    }
                };
                assert_eq!(deadline.within(limit, operation).await.is_ok(), limit == LONG);
                assert!(started.elapsed() >= SHORT && started.elapsed() < Duration::from_secs(5));
            }
        });
    }

    #[test]
    fn a_timer_set_early_does_not_cut_a_later_operation_short() {
        smol::block_on(async {
            let mut deadline = Deadline::new();
            let quick = deadline.within(SHORT, smol::future::yield_now());
            assert_eq!(quick.await, Ok(()));
            let slow = deadline.within(LONG, Timer::after(SHORT * 3));
            assert!(slow.await.is_ok());
        });
    }

    #[test]
    fn a_limit_beyond_the_clock_is_no_limit() {
        assert!(smol::block_on(within(Duration::MAX, Timer::after(SHORT))).is_ok());
    }
}
