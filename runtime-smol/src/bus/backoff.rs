//! How long to wait between attempts to reach a broker.

use std::time::Duration;

/// Doubles from 100 ms to 2 s, with jitter, so that the servers of a cluster do not all return in the same instant.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(2);

    pub(super) const fn new() -> Self {
        Self { next: Self::SHORTEST }
    }

    /// The next wait: between half and the whole of the present step.
    pub(super) fn delay(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(Self::LONGEST);
        step.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Starts again from the shortest wait.
    pub(super) const fn reset(&mut self) {
        self.next = Self::SHORTEST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new();
        for step_ms in [100, 200, 400, 800, 1600, 2000, 2000] {
            let step = Duration::from_millis(step_ms);
            let delay = backoff.delay();
            assert!(step / 2 <= delay && delay <= step, "{delay:?} for a step of {step:?}");
        }
        backoff.reset();
        assert!(backoff.delay() <= Backoff::SHORTEST);
    }

    #[test]
    fn two_servers_do_not_wait_alike() {
        let delays: Vec<_> = (0..8).map(|_| Backoff::new().delay()).collect();
        assert!(delays.iter().any(|delay| *delay != delays[0]));
    }
}
