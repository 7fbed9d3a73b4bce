//! For how long data servers have been gone: when their copies are no longer waited for.
//!
//! | a server is     | expires    | is heard        | is found noted, and not a member | is gone for long enough | bus goes down | bus comes back       |
//! |-----------------|------------|-----------------|----------------------------------|-------------------------|---------------|----------------------|
//! | (of no concern) | → awaited  | -               | → awaited                        | -                       | -             | -                    |
//! | awaited         | -          | → (no concern)  | -                                | → given up              | not given up  | awaited from now on  |
//! | given up        | -          | → (no concern)  | -                                | -                       | stays         | awaited from now on  |
//!
//! While the bus is down nobody is given up, since silence then says nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::ServerAddress;
use crate::time::Instant;

/// The data servers that are not members and may hold copies. Usable alone.
#[derive(Debug, Clone)]
pub struct Absences {
    repair_after: Duration,
    max_servers: usize,
    bus_is_up: bool,
    gone: BTreeMap<ServerAddress, Absence>,
}

#[derive(Debug, Clone, Copy)]
struct Absence {
    since: Instant,
    given_up: bool,
}

impl Absences {
    /// Nobody is missed. Who has been gone for `repair_after` is given up; at most `max_servers` are kept in mind, and one
    /// more is given up at once.
    #[must_use]
    pub const fn new(repair_after: Duration, max_servers: usize) -> Self {
        Self { repair_after, max_servers, bus_is_up: false, gone: BTreeMap::new() }
    }

    /// A data server was forgotten after its silence.
    pub fn expired(&mut self, now: Instant, server: ServerAddress) {
        self.miss(now, server);
    }

    /// A data server was heard. Whether it had been missed.
    pub fn heard(&mut self, server: &ServerAddress) -> bool {
        self.gone.remove(server).is_some()
    }

    /// The bus is connected: everybody may have been there all the time.
    pub fn bus_up(&mut self, now: Instant) {
        self.bus_is_up = true;
        for absence in self.gone.values_mut() {
            *absence = Absence { since: now, given_up: false };
        }
    }

    /// The bus is lost.
    pub const fn bus_down(&mut self) {
        self.bus_is_up = false;
    }

    /// Whether copies on a server that is not a member are still waited for.
    pub fn awaits(&mut self, now: Instant, server: &ServerAddress) -> bool {
        self.miss(now, server.clone());
        self.gone.get(server).is_some_and(|absence| !absence.given_up)
    }

    /// Gives up those whose time is over, and says who they are.
    pub fn give_up(&mut self, now: Instant) -> Vec<ServerAddress> {
        let mut given_up = Vec::new();
        if self.bus_is_up {
            for (server, absence) in &mut self.gone {
                if !absence.given_up && absence.since + self.repair_after <= now {
                    absence.given_up = true;
                    given_up.push(server.clone());
                }
            }
        }
        given_up
    }

    /// When the next one is given up, if it is not heard of before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let awaited = self.gone.values().filter(|absence| self.bus_is_up && !absence.given_up);
        awaited.map(|absence| absence.since + self.repair_after).min()
    }

    fn miss(&mut self, now: Instant, server: ServerAddress) {
        if self.gone.len() < self.max_servers {
            self.gone.entry(server).or_insert(Absence { since: now, given_up: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_MINUTES: Duration = Duration::from_secs(600);

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn server(number: u8) -> ServerAddress {
        alloc::format!("10.0.0.{number}:22345").parse().unwrap()
    }

    fn absences() -> Absences {
        let mut absences = Absences::new(TEN_MINUTES, 2);
        absences.bus_up(at(0));
        absences
    }

    #[test]
    fn who_is_gone_for_long_enough_is_given_up_at_that_very_instant_and_once() {
        let mut absences = absences();
        absences.expired(at(10), server(1));
        assert_eq!(absences.next_deadline(), Some(at(610)));
        assert_eq!(absences.give_up(at(609)), []);
        assert!(absences.awaits(at(609), &server(1)));
        assert_eq!(absences.give_up(at(610)), [server(1)]);
        assert!(!absences.awaits(at(610), &server(1)));
        assert_eq!((absences.give_up(at(700)), absences.next_deadline()), (Vec::new(), None));
    }

    #[test]
    fn who_is_heard_again_is_missed_no_more() {
        let mut absences = absences();
        absences.expired(at(10), server(1));
        assert!(absences.heard(&server(1)) && !absences.heard(&server(1)));
        assert_eq!(absences.give_up(at(1000)), []);
    }

    #[test]
    fn who_was_never_heard_is_awaited_from_when_it_is_first_asked_for() {
        let mut absences = absences();
        assert!(absences.awaits(at(50), &server(1)));
        assert_eq!(absences.give_up(at(649)), []);
        assert_eq!(absences.give_up(at(650)), [server(1)]);
    }

    #[test]
    fn nobody_is_given_up_while_the_bus_is_down_and_all_are_awaited_anew_when_it_is_back() {
        let mut absences = absences();
        absences.expired(at(10), server(1));
        absences.expired(at(20), server(2));
        assert_eq!(absences.give_up(at(610)), [server(1)]);
        absences.bus_down();
        assert_eq!((absences.give_up(at(5000)), absences.next_deadline()), (Vec::new(), None));
        absences.bus_up(at(6000));
        assert_eq!(absences.give_up(at(6599)), []);
        assert_eq!(absences.give_up(at(6600)), [server(1), server(2)]);
    }

    #[test]
    fn one_more_than_can_be_kept_in_mind_is_not_waited_for() {
        let mut absences = absences();
        absences.expired(at(0), server(1));
        absences.expired(at(0), server(2));
        assert!(!absences.awaits(at(0), &server(3)));
    }
}
