//! The clock of one run of a process: it starts when the process does, and may drift or stand still.

use std::time::Duration;

use lode_core::time::Instant;

/// A process's own time against the world's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    world: Instant,
    local: Instant,
    /// How many billionths of a second pass in one second of the world.
    nanos_per_second: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Clock {
    /// A good clock of a process that starts at `world`.
    pub(crate) const fn started(world: Instant) -> Self {
        Self { world, local: Instant::START, nanos_per_second: SECOND }
    }

    /// Runs from now on at another speed: `ppm` millionths too fast, or too slow below zero; never backwards.
    pub(crate) fn drift(&mut self, now: Instant, ppm: i32) {
        let speed = i64::from(ppm).saturating_mul(1000).saturating_add(1_000_000_000).max(0);
        self.set_speed(now, u64::try_from(speed).unwrap_or(0));
    }

    /// Stands still from now on.
    pub(crate) fn stop(&mut self, now: Instant) {
        self.set_speed(now, 0);
    }

    /// What it shows at this instant of the world.
    pub(crate) fn local(&self, world: Instant) -> Instant {
        let passed = world - self.world;
        if self.nanos_per_second == SECOND {
            return self.local + passed;
        }
        let shown = passed.as_nanos() * u128::from(self.nanos_per_second) / u128::from(SECOND);
        self.local + nanos(shown)
    }

    /// The first instant of the world at which it shows at least `local`; `None` while it stands still.
    pub(crate) fn world(&self, local: Instant) -> Option<Instant> {
        let ahead = local - self.local;
        if ahead.is_zero() || self.nanos_per_second == SECOND {
            return Some(self.world + ahead);
        }
        let ahead = ahead.as_nanos();
        let speed = u128::from(self.nanos_per_second);
        (speed > 0).then(|| self.world + nanos((ahead * u128::from(SECOND)).div_ceil(speed)))
    }

    fn set_speed(&mut self, now: Instant, nanos_per_second: u64) {
        *self = Self { world: now, local: self.local(now), nanos_per_second };
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_fast_clock_is_early_and_a_stopped_one_never_comes() {
        let mut clock = Clock::started(seconds(5));
        assert_eq!(clock.local(seconds(7)), seconds(2));
        clock.drift(seconds(7), 500_000);
        assert_eq!(clock.local(seconds(9)), seconds(5));
        assert_eq!(clock.world(seconds(5)), Some(seconds(9)));
        clock.stop(seconds(9));
        assert_eq!(clock.local(seconds(100)), seconds(5));
        assert_eq!(clock.world(seconds(6)), None);
    }

    #[test]
    fn it_has_come_when_the_world_says_so() {
        let mut clock = Clock::started(Instant::START);
        for ppm in [-50_000, -1, 0, 1, 333, 49_999] {
            clock.drift(Instant::START, ppm);
            for nanos in [1, 999, 5_000_000_001] {
                let local = Instant::from_nanos(nanos);
                let world = clock.world(local).unwrap();
                assert!(clock.local(world) >= local, "{ppm} {nanos}");
                assert!(clock.local(Instant::from_nanos(world.as_nanos() - 1)) < local, "{ppm} {nanos}");
            }
        }
    }
}
