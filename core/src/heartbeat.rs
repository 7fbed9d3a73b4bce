//! When a data server says that it lives.
//!
//! | state   | bus comes up            | period over           | bus goes down | told to hurry         |
//! |---------|-------------------------|-----------------------|---------------|-----------------------|
//! | silent  | → beating, **beat now** | -                     | silent        | silent                |
//! | beating | **beat now**            | **beat**, next period | → silent      | **beat**, next period |
//!
//! However often it is told to hurry, two beats are at least a twentieth of a period apart: a crowd of API servers that
//! come back at once is served with one heartbeat, not with one each.

use core::time::Duration;

use crate::time::Instant;

/// Says when a heartbeat is due: at once when the bus comes up, then every period. Usable alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatSender {
    period: Duration,
    next: Option<Instant>,
    last: Option<Instant>,
}

impl HeartbeatSender {
    /// A silent sender; it begins when the bus comes up.
    #[must_use]
    pub const fn new(period: Duration) -> Self {
        Self { period, next: None, last: None }
    }

    /// The bus came up: a heartbeat is due now.
    pub const fn bus_up(&mut self, now: Instant) {
        self.next = Some(now);
    }

    /// The bus is lost: no heartbeat is due until it is back.
    pub const fn bus_down(&mut self) {
        self.next = None;
    }

    /// Something changed that the others should know at once, or one of them wants to know: the next heartbeat is due now,
    /// if the bus is up and none was sent just before.
    pub fn hurry(&mut self, now: Instant) {
        let soonest = self.last.map_or(now, |last| now.max(last + self.period / 20));
        self.next = self.next.map(|next| next.min(soonest));
    }

    /// Whether a heartbeat is to be sent now. If so, the next one is due a period from now: heartbeats that were missed,
    /// because the process was paused, are not made up for.
    #[must_use]
    pub fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.last = Some(now);
            self.next = Some(now + self.period);
        }
        due
    }

    /// When the next heartbeat is due.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERIOD: Duration = Duration::from_secs(5);

    #[test]
    fn it_beats_at_once_and_then_every_period() {
        let mut sender = HeartbeatSender::new(PERIOD);
        assert!(!sender.take_due(Instant::START));
        let start = Instant::START + Duration::from_secs(3);
        sender.bus_up(start);
        assert!(sender.take_due(start));
        assert!(!sender.take_due(start));
        assert_eq!(sender.next_deadline(), Some(start + PERIOD));
        assert!(sender.take_due(start + PERIOD));
    }

    #[test]
    fn it_is_silent_without_a_bus_even_when_hurried() {
        let mut sender = HeartbeatSender::new(PERIOD);
        sender.bus_up(Instant::START);
        sender.bus_down();
        sender.hurry(Instant::START);
        assert!(!sender.take_due(Instant::START));
        assert_eq!(sender.next_deadline(), None);
    }

    #[test]
    fn however_often_it_is_hurried_it_keeps_a_twentieth_of_a_period_between_two_beats() {
        let mut sender = HeartbeatSender::new(PERIOD);
        sender.bus_up(Instant::START);
        assert!(sender.take_due(Instant::START));
        let soon = Instant::START + Duration::from_millis(1);
        sender.hurry(soon);
        assert!(!sender.take_due(soon));
        assert_eq!(sender.next_deadline(), Some(Instant::START + PERIOD / 20));
        assert!(sender.take_due(Instant::START + PERIOD / 20));
        let later = Instant::START + PERIOD / 2;
        sender.hurry(later);
        assert!(sender.take_due(later));
    }

    proptest! {
        /// Called exactly at its deadlines, it beats once a period, whatever the pauses in between.
        #[test]
        fn two_beats_are_never_closer_than_a_period(delays_ms in proptest::collection::vec(0_u64..20_000, 1..50)) {
            let mut sender = HeartbeatSender::new(PERIOD);
            let mut now = Instant::START;
            sender.bus_up(now);
            let mut last: Option<Instant> = None;
            for delay_ms in delays_ms {
                now = sender.next_deadline().unwrap() + Duration::from_millis(delay_ms);
                prop_assert!(sender.take_due(now));
                prop_assert!(sender.next_deadline().unwrap() > now);
                prop_assert!(last.is_none_or(|last| now - last >= PERIOD));
                last = Some(now);
            }
        }
    }
}
