//! The core's own time.
//!
//! [`Instant`] counts nanoseconds since the machine's start of time, which the driver chooses once per process. It can
//! be compared and subtracted, and says nothing about dates; a wall clock that steps cannot touch it. [`WallTime`] is what
//! such a clock shows.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in monotonic time: nanoseconds since the driver's start of time. Good for 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: u64,
}

impl Instant {
    /// The driver's start of time.
    pub const START: Self = Self { nanos: 0 };

    /// The last instant there is; used as "never" in comparisons only.
    pub const MAX: Self = Self { nanos: u64::MAX };

    /// The instant `nanos` nanoseconds after the start of time.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// The instant that lies `elapsed` after the start of time; the end of time if that is later.
    #[must_use]
    pub fn since_start(elapsed: Duration) -> Self {
        Self::START + elapsed
    }

    /// Nanoseconds since the start of time.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// How long after `earlier` this instant lies; zero if it does not lie after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::MAX`]: a deadline past the end of time is the end of time.
    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self { nanos: self.nanos.saturating_add(nanos) }
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.nanos / 1_000_000_000, self.nanos % 1_000_000_000)
    }
}

/// A date and time of day: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. It is told and shown, and
/// nothing that must not go wrong is decided by it: clocks of two machines differ, and step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime {
    millis: u64,
}

impl WallTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { millis: 0 };

    /// So many milliseconds after [`EPOCH`](Self::EPOCH); at most 2^63 - 1, which is what databases can hold.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        let most = i64::MAX.cast_unsigned();
        Self { millis: if millis < most { millis } else { most } }
    }

    /// Milliseconds after [`EPOCH`](Self::EPOCH).
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.millis
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;

    /// Saturates at the last time that there is.
    fn add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self::from_millis(self.millis.saturating_add(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_saturates_at_the_end_of_time() {
        assert_eq!(Instant::from_nanos(u64::MAX - 1) + Duration::from_secs(1), Instant::MAX);
        assert_eq!(Instant::START + Duration::MAX, Instant::MAX);
    }

    #[test]
    fn the_past_is_no_time_ago() {
        let later = Instant::START + Duration::from_secs(2);
        assert_eq!(later - Instant::START, Duration::from_secs(2));
        assert_eq!(Instant::START - later, Duration::ZERO);
    }

    #[test]
    fn it_prints_seconds() {
        assert_eq!(alloc::format!("{:?}", Instant::from_nanos(1_500_000_000)), "1.500000000s");
    }
}
