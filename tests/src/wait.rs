//! Waiting for something to become true, with a limit and a sentence.

use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks `look` until it gives something, and returns that.
///
/// # Panics
/// If it has given nothing for `limit`; `what` says what was waited for.
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} in vain: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Asks `look` until it says yes.
///
/// # Panics
/// If it has not done so for `limit`; `what` says what was waited for.
pub fn until_true(limit: Duration, what: &str, mut look: impl FnMut() -> bool) {
    until(limit, what, || look().then_some(()));
}
