//! Bounded bandwidth: when the next blob may be copied.

use core::time::Duration;

use crate::time::Instant;

/// So many bytes a second, on average: each copy takes its share of time from those that come after it. Usable alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    bytes_per_second: u64,
    free_at: Instant,
}

impl Pace {
    /// Nothing has been copied yet. A pace of zero is one byte a second.
    #[must_use]
    pub const fn new(bytes_per_second: u64) -> Self {
        let bytes_per_second = if bytes_per_second == 0 { 1 } else { bytes_per_second };
        Self { bytes_per_second, free_at: Instant::START }
    }

    /// When a copy of so many bytes may begin that is wanted now.
    pub fn reserve(&mut self, now: Instant, bytes: u64) -> Instant {
        let begins = self.free_at.max(now);
        self.free_at = begins + self.time_for(bytes);
        begins
    }

    /// How long so many bytes take.
    #[must_use]
    pub fn time_for(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is copied when: over any time, no more is begun than the pace allows, but for the last one.
        #[test]
        fn no_more_than_the_pace_is_begun(
            bytes_per_second in 1_u64..1_000_000,
            wanted in prop::collection::vec((0_u64..1_000, 0_u64..10_000_000), 1..50),
        ) {
            let mut pace = Pace::new(bytes_per_second);
            let (mut now, mut begun): (_, alloc::vec::Vec<(Instant, u64)>) = (Instant::START, alloc::vec::Vec::new());
            for (later_ms, bytes) in wanted {
                now = now + Duration::from_millis(later_ms);
                begun.push((pace.reserve(now, bytes), bytes));
                prop_assert!(begun.iter().all(|(at, _)| *at >= Instant::START));
            }
            for from in 0..begun.len() {
                let mut earlier = 0;
                for to in from + 1..begun.len() {
                    earlier += begun[to - 1].1;
                    let passed = (begun[to].0 - begun[from].0).as_nanos() + begun.len() as u128;
                    prop_assert!(u128::from(earlier) * 1_000_000_000 <= passed * u128::from(bytes_per_second) + u128::from(bytes_per_second));
                }
            }
        }
    }

    #[test]
    fn what_is_wanted_late_begins_at_once() {
        let mut pace = Pace::new(100);
        let at = |seconds| Instant::START + Duration::from_secs(seconds);
        assert_eq!(pace.reserve(at(0), 1000), at(0));
        assert_eq!(pace.reserve(at(1), 100), at(10));
        assert_eq!(pace.reserve(at(60), 100), at(60));
        assert_eq!(Pace::new(0).time_for(2), Duration::from_secs(2));
    }
}
