use alloc::string::ToString as _;

use proptest::prelude::*;

use super::*;
use crate::id::Incarnation;
use crate::space::Space;
use crate::wire::SoftwareVersion;

const EXPIRY: Duration = Duration::from_secs(10);

fn address(number: u8) -> ServerAddress {
    alloc::format!("127.0.0.{number}:7501").parse().unwrap()
}

fn at(seconds: u64) -> Instant {
    Instant::START + Duration::from_secs(seconds)
}

fn of_the_seed(number: u8) -> Heartbeat {
    Heartbeat { address: address(number), details: None }
}

fn of_ours(number: u8, incarnation: u64) -> Heartbeat {
    let details = HeartbeatDetails {
        incarnation: Incarnation::new(incarnation),
        space: Space { free_bytes: 1 << 30, total_bytes: 1 << 40 },
        accepts_writes: true,
        zone: None,
        draining: false,
        software: SoftwareVersion::new("lode/0").unwrap(),
    };
    Heartbeat { address: address(number), details: Some(details) }
}

fn up() -> Membership {
    let mut membership = Membership::new(EXPIRY, 100);
    membership.bus_up(Instant::START);
    membership
}

#[test]
fn a_server_is_out_at_the_very_instant_its_time_is_up() {
    let mut membership = up();
    assert_eq!(membership.heard(at(1), of_ours(1, 1)), Heard::Joined);
    assert_eq!(membership.next_deadline(), Some(at(11)));
    assert_eq!(membership.expire(Instant::from_nanos(at(11).as_nanos() - 1)), []);
    assert_eq!(membership.expire(at(11)), [address(1)]);
    assert!(membership.is_empty());
    assert_eq!(membership.next_deadline(), None);
}

#[test]
fn a_heartbeat_buys_a_full_period() {
    let mut membership = up();
    membership.heard(at(1), of_ours(1, 1));
    assert_eq!(membership.heard(at(6), of_ours(1, 1)), Heard::Renewed);
    assert_eq!(membership.expire(at(15)), []);
    assert_eq!(membership.expire(at(16)), [address(1)]);
}

#[test]
fn another_process_under_the_same_address_is_noticed() {
    let mut membership = up();
    membership.heard(at(1), of_ours(1, 1));
    assert_eq!(membership.heard(at(2), of_ours(1, 2)), Heard::Restarted);
    assert_eq!(membership.heard(at(3), of_the_seed(1)), Heard::Restarted);
    assert_eq!(membership.heard(at(4), of_the_seed(1)), Heard::Renewed);
}

#[test]
fn nobody_expires_while_the_bus_is_down_and_everybody_gets_a_full_period_afterwards() {
    let mut membership = up();
    membership.heard(at(1), of_ours(1, 1));
    membership.bus_down(at(5));
    assert_eq!(membership.next_deadline(), None);
    assert_eq!(membership.expire(at(1000)), []);
    membership.bus_up(at(1000));
    assert_eq!(membership.next_deadline(), Some(at(1010)));
    assert_eq!(membership.expire(at(1009)), []);
    assert_eq!(membership.expire(at(1010)), [address(1)]);
}

#[test]
fn suspicion_ends_with_the_next_heartbeat_or_after_an_expiry_period() {
    let mut membership = up();
    membership.heard(at(1), of_ours(1, 1));
    membership.suspect(at(2), &address(1));
    assert!(membership.member(&address(1)).unwrap().is_suspected(at(2)));
    membership.heard(at(6), of_ours(1, 1));
    assert!(!membership.member(&address(1)).unwrap().is_suspected(at(6)));
    membership.bus_down(at(7));
    membership.suspect(at(8), &address(1));
    assert!(membership.member(&address(1)).unwrap().is_suspected(at(17)));
    assert!(!membership.member(&address(1)).unwrap().is_suspected(at(18)));
}

#[test]
fn a_full_server_is_not_asked_for_more_until_it_says_that_it_takes_more() {
    let mut membership = up();
    membership.heard(at(1), of_ours(1, 1));
    membership.mark_full(&address(1));
    assert!(!membership.member(&address(1)).unwrap().accepts_writes());
    membership.heard(at(6), of_ours(1, 1));
    assert!(membership.member(&address(1)).unwrap().accepts_writes());
}

#[test]
fn strangers_beyond_the_bound_are_not_taken_but_members_are_renewed() {
    let mut membership = Membership::new(EXPIRY, 1);
    membership.bus_up(at(0));
    membership.heard(at(1), of_ours(1, 1));
    assert_eq!(membership.heard(at(2), of_ours(2, 1)), Heard::TooMany);
    assert_eq!(membership.heard(at(3), of_ours(1, 1)), Heard::Renewed);
    assert_eq!(membership.len(), 1);
}

#[test]
fn what_is_known_of_a_member_can_be_asked() {
    let mut membership = up();
    for (number, heard, seconds) in [(1, Heard::Joined, 1), (1, Heard::Renewed, 6), (2, Heard::Joined, 7)] {
        assert_eq!(membership.heard(at(seconds), of_ours(number, 1)), heard);
        let member = membership.member(&address(number)).unwrap();
        assert_eq!((member.last_heard(), member.details()), (at(seconds), of_ours(number, 1).details.as_ref()));
        assert!(!member.is_of_the_seed() && !member.is_suspected(at(seconds)));
    }
    membership.heard(at(8), of_the_seed(3));
    let member = membership.member(&address(3)).unwrap();
    assert!(member.is_of_the_seed() && member.accepts_writes() && member.details().is_none());
    assert_eq!((membership.len(), membership.is_empty()), (3, false));
    assert_eq!(membership.bus(), BusState::Up { since: Instant::START });
    membership.bus_down(at(9));
    assert_eq!((membership.bus(), membership.is_bus_up()), (BusState::Down { since: at(9) }, false));
}

#[derive(Debug, Clone)]
enum Event {
    Heartbeat(u8),
    BusDown,
    BusUp,
    Pass(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0_u8..5).prop_map(Event::Heartbeat),
        1 => Just(Event::BusDown),
        1 => Just(Event::BusUp),
        4 => (0_u64..7_000_000_000).prop_map(Event::Pass),
    ];
    proptest::collection::vec(event, 1..80)
}

/// The rule in its plainest words: for each server the instant until which it lives, looked at from scratch each time.
#[derive(Default)]
struct Model {
    lives_until: BTreeMap<u8, u64>,
    up: bool,
}

impl Model {
    fn live(&self, now: u64) -> Vec<ServerAddress> {
        let live = self.lives_until.iter().filter(|(_, until)| !self.up || now < **until);
        live.map(|(number, _)| address(*number)).collect()
    }

    fn forget_the_dead(&mut self, now: u64) {
        let up = self.up;
        self.lives_until.retain(|_, until| !up || now < *until);
    }
}

proptest! {
    /// The live set is exactly "heard within the expiry period", at every instant, bus or no bus, and the deadline is
    /// the instant at which that set next changes.
    #[test]
    fn the_live_set_is_exactly_what_the_plain_model_says(events in events()) {
        let expiry = u64::try_from(EXPIRY.as_nanos()).unwrap();
        let mut membership = Membership::new(EXPIRY, 100);
        let mut model = Model::default();
        let mut now = 0;
        for event in events {
            match event {
                Event::Pass(nanos) => now += nanos,
                Event::Heartbeat(number) => {
                    membership.expire(Instant::from_nanos(now));
                    membership.heard(Instant::from_nanos(now), of_ours(number, 1));
                    model.lives_until.insert(number, now + expiry);
                }
                Event::BusDown => {
                    membership.expire(Instant::from_nanos(now));
                    model.forget_the_dead(now);
                    membership.bus_down(Instant::from_nanos(now));
                    model.up = false;
                }
                Event::BusUp => {
                    membership.expire(Instant::from_nanos(now));
                    model.forget_the_dead(now);
                    membership.bus_up(Instant::from_nanos(now));
                    model.up = true;
                    model.lives_until.values_mut().for_each(|until| *until = now + expiry);
                }
            }
            membership.expire(Instant::from_nanos(now));
            model.forget_the_dead(now);
            let live: Vec<_> = membership.members().map(|(address, _)| address.clone()).collect();
            prop_assert_eq!(&live, &model.live(now));
            let next_death = model.lives_until.values().min().filter(|_| model.up);
            prop_assert_eq!(membership.next_deadline(), next_death.map(|nanos| Instant::from_nanos(*nanos)));
            prop_assert!(membership.next_deadline().is_none_or(|deadline| deadline.as_nanos() > now), "{}", now.to_string());
        }
    }
}
