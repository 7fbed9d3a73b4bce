//! The whole machine against a plain model of time: who lives, and when a question about an object ends.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::bench::{Bench, YES, address, name, of_ours, of_the_seed, unreachable_server};
use crate::api_server::messages::{ApiEffect, ApiInput, ApiOperation};
use crate::bus::{BusCommand, BusEvent};
use crate::config::{DEFAULT_EXPIRY, DEFAULT_HEARTBEAT_PERIOD, DEFAULT_LOCATE_DEADLINE};
use crate::id::RequestId;
use crate::locate::Collect;
use crate::machine::Machine as _;
use crate::time::Instant;
use crate::transfer::DirectAnswer;
use crate::wire::{Held, Hello};

#[derive(Debug, Clone, Copy)]
enum Event {
    Heartbeat { server: u8, is_seed: bool },
    BusGoesDownOrUp,
    Pass(Duration),
    Locate(Collect),
    Answer { back: usize, server: u8, is_yes: bool },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let server = || 1_u8..5;
    let collect = prop_oneof![Just(Collect::First), Just(Collect::All)];
    let event = prop_oneof![
        6 => (server(), any::<bool>()).prop_map(|(server, is_seed)| Event::Heartbeat { server, is_seed }),
        1 => Just(Event::BusGoesDownOrUp),
        2 => (0_u64..6_000).prop_map(|ms| Event::Pass(Duration::from_millis(ms))),
        3 => (0_u64..400).prop_map(|ms| Event::Pass(Duration::from_millis(ms))),
        4 => collect.prop_map(Event::Locate),
        6 => (0_usize..3, server(), any::<bool>())
            .prop_map(|(back, server, is_yes)| Event::Answer { back, server, is_yes }),
    ];
    proptest::collection::vec(event, 1..120)
}

/// What the rules say in their plainest words.
struct Model {
    is_bus_up: bool,
    bus_up_since: Instant,
    lives_until: BTreeMap<u8, Instant>,
    looks: BTreeMap<RequestId, Look>,
}

/// A question that has not ended.
struct Look {
    begun: Instant,
    collect: Collect,
    asked: BTreeSet<u8>,
    /// Whether others may live that nobody has had the time to hear of.
    has_strangers: bool,
    has_yes: bool,
    /// Who has said no or yes, or could not be asked.
    settled: BTreeSet<u8>,
}

impl Look {
    /// Whether there is a reason to end before the deadline.
    fn may_end_early(&self) -> bool {
        !self.has_strangers && self.asked.is_subset(&self.settled) || self.has_yes && self.collect == Collect::First
    }
}

struct Run {
    bench: Bench,
    model: Model,
    /// Whether data servers refuse the connection when they are asked over HTTP; else they take it and stay silent.
    refuses_http: bool,
    requests: u64,
    queries: Vec<(RequestId, BusCommand)>,
}

impl Run {
    fn new(refuses_http: bool) -> Self {
        let (lives_until, looks) = (BTreeMap::new(), BTreeMap::new());
        let model = Model { is_bus_up: false, bus_up_since: Instant::START, lives_until, looks };
        let bench = Bench::without_bus();
        Self { bench, model, refuses_http, requests: 0, queries: Vec::new() }
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Heartbeat { server, is_seed } => {
                let heartbeat = if is_seed { of_the_seed(server) } else { of_ours(server) };
                self.model.lives_until.insert(server, self.bench.now + DEFAULT_EXPIRY);
                let effects = self.bench.hear(&heartbeat);
                self.carry_out(effects);
            }
            Event::BusGoesDownOrUp => {
                self.model.is_bus_up = !self.model.is_bus_up;
                let full_period = self.bench.now + DEFAULT_EXPIRY;
                if self.model.is_bus_up {
                    self.model.bus_up_since = self.bench.now;
                    self.model.lives_until.values_mut().for_each(|until| *until = full_period);
                }
                self.feed(ApiInput::Bus(if self.model.is_bus_up { BusEvent::Up } else { BusEvent::Down }));
            }
            Event::Pass(duration) => self.pass(duration),
            Event::Locate(collect) => self.locate(collect),
            Event::Answer { back, server, is_yes } => self.answer(back, server, is_yes),
        }
        self.check();
    }

    /// Time goes by as with a driver that sleeps until each deadline.
    fn pass(&mut self, duration: Duration) {
        let end = self.bench.now + duration;
        while let Some(deadline) = self.bench.server.next_deadline().filter(|deadline| *deadline <= end) {
            self.bench.now = deadline;
            self.model.forget_the_dead(deadline);
            self.feed(ApiInput::DeadlineReached);
            self.check();
        }
        self.bench.now = end;
    }

    fn locate(&mut self, collect: Collect) {
        self.requests += 1;
        let request = RequestId(self.requests);
        let asked = self.model.lives_until.keys().copied().collect();
        let since_up = self.bench.now - self.model.bus_up_since;
        let has_strangers = self.model.is_bus_up && since_up < DEFAULT_HEARTBEAT_PERIOD + DEFAULT_HEARTBEAT_PERIOD / 10;
        let (begun, settled) = (self.bench.now, BTreeSet::new());
        let look = Look { begun, collect, asked, has_strangers, has_yes: false, settled };
        self.model.looks.insert(request, look);
        let effects = self.bench.request(ApiOperation::Locate { name: name(), collect });
        for effect in &effects {
            if let ApiEffect::Bus(query) = effect
                && let BusCommand::Query { message, .. } = query
                && !Hello::is_hello(message)
            {
                self.queries.push((request, query.clone()));
            }
        }
        self.carry_out(effects);
    }

    fn answer(&mut self, back: usize, server: u8, is_yes: bool) {
        let Some((request, query)) = self.queries.iter().rev().nth(back).cloned() else { return };
        if let Some(look) = self.model.looks.get_mut(&request) {
            look.settled.insert(server);
            look.has_yes |= is_yes;
        }
        let effects = self.bench.answer(&query, server, if is_yes { YES } else { Held::No });
        self.carry_out(effects);
    }

    fn feed(&mut self, input: ApiInput) {
        let effects = self.bench.feed(input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<ApiEffect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                ApiEffect::Respond { request, .. } => {
                    let look = self.model.looks.remove(&request).expect("a question ends exactly once");
                    let deadline = look.begun + DEFAULT_LOCATE_DEADLINE;
                    assert!(self.bench.now <= deadline, "{request:?} ended after its deadline");
                    assert!(self.bench.now == deadline || look.may_end_early(), "{request:?} ended without a reason");
                }
                ApiEffect::AskDirectly { ask, server, .. } if self.refuses_http => {
                    for look in self.model.looks.values_mut() {
                        look.settled.extend((1..5).filter(|number| address(*number) == server));
                    }
                    let answer = DirectAnswer::Failed(unreachable_server());
                    effects.extend(self.bench.feed(ApiInput::AnsweredDirectly { ask, answer }));
                }
                ApiEffect::AskDirectly { .. } | ApiEffect::Bus(_) => {}
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }

    fn check(&mut self) {
        let (now, server) = (self.bench.now, &self.bench.server);
        self.model.forget_the_dead(now);
        let live: Vec<_> = server.membership().members().map(|(address, _)| address.clone()).collect();
        let expected: Vec<_> = self.model.lives_until.keys().map(|number| address(*number)).collect();
        assert_eq!(live, expected, "at {now:?}");
        assert_eq!(server.requests_under_way(), self.model.looks.len());
        assert_eq!(server.queries_under_way(), self.model.looks.len());
        let ends = self.model.looks.values().map(|look| look.begun + DEFAULT_LOCATE_DEADLINE).min();
        assert!(ends.is_none_or(|end| now < end && server.next_deadline().is_some_and(|deadline| deadline <= end)));
        let dies = self.model.lives_until.values().min().filter(|_| self.model.is_bus_up);
        assert!(dies.is_none_or(|dies| server.next_deadline().is_some_and(|deadline| deadline <= *dies)));
    }
}

impl Model {
    fn forget_the_dead(&mut self, now: Instant) {
        let is_bus_up = self.is_bus_up;
        self.lives_until.retain(|_, until| !is_bus_up || now < *until);
    }
}

proptest! {
    /// Whatever happens, the live set is "heard within the expiry period" at every instant, and each question ends once:
    /// early only for a reason, and at its deadline at the latest.
    #[test]
    fn members_and_questions_keep_time_as_the_plain_model_does(refuses_http: bool, events in events()) {
        let mut run = Run::new(refuses_http);
        for event in events {
            run.tell(event);
        }
        run.pass(DEFAULT_LOCATE_DEADLINE);
        assert!(run.model.looks.is_empty(), "every question has ended");
    }
}
