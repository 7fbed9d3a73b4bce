//! While the bus is down nobody is forgotten: silence says nothing then. When it is back, everybody has a full expiry to be
//! heard, and not a nanosecond more.

use std::ops::Range;
use std::slice;

use lode_sim::node::Node;
use lode_sim::plan::{FaultKind, Plan};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::expiry::{Lasted as _, listener, speaker};
use crate::life::Noticed;
use crate::plans::{Setting, add, add_drifts, beliefs, cases, heartbeats, numbered, run_of, settings};

/// A bus that is away for a while, and a data server that is killed before, meanwhile or never.
#[derive(Debug, Clone)]
struct Outage {
    setting: Setting,
    cut_us: u64,
    open_us: u64,
    killed_us: u64,
    ppms: Vec<i32>,
}

prop_compose! {
    /// The killed one comes back when all that is to be seen of its death has been seen.
    fn outages()(
        setting in settings(130, 400),
        cut_us in 3_000_000_u64..9_000_000,
        away_us in 1_000_u64..30_000_000,
        killed_at in 0_u64..1100,
        ppms in vec(-100_000_i32..100_000, 4),
    ) -> Outage {
        let (open_us, before_us) = (cut_us + away_us, setting.expiry_us.min(cut_us - 1_000_000));
        let killed_us = cut_us - before_us + (before_us + away_us) * killed_at / 1000;
        Outage { setting, cut_us, open_us, killed_us, ppms }
    }
}

impl Outage {
    fn plan(&self, outage: FaultKind, apis: u16) -> Plan {
        let mut plan = self.setting.plan(apis, 2, 0);
        add(&mut plan, self.cut_us, self.open_us, outage);
        let back_us = self.reconnected_us().max(self.killed_us) + 2 * self.setting.expiry_us;
        add(&mut plan, self.killed_us, back_us, FaultKind::Kill { node: Node::Data(1) });
        add_drifts(&mut plan, numbered(Node::Api, apis).chain(numbered(Node::Data, 2)), &self.ppms);
        plan
    }

    /// Who has lost the bus tries again and again, at equal distances, until it is open.
    fn reconnected_us(&self) -> u64 {
        let pause_us = self.setting.reconnect_us;
        self.cut_us + (self.open_us - self.cut_us).div_ceil(pause_us) * pause_us
    }

    /// When an API server is without the bus.
    fn deaf_ns(&self) -> Range<u64> {
        self.cut_us * 1000..self.reconnected_us() * 1000
    }

    /// What an API server that is deaf for a while notices of these heartbeats: none that leave or arrive meanwhile.
    fn noticed(&self, beats: &[u64]) -> Vec<(u64, Noticed)> {
        let (deaf_ns, bus_ns) = (self.deaf_ns(), self.setting.bus_us * 1000);
        let arrives = |beat_ns: &u64| *beat_ns >= deaf_ns.end || beat_ns + bus_ns < deaf_ns.start;
        let mut noticed = vec![(deaf_ns.start, Noticed::BusDown), (deaf_ns.end, Noticed::BusUp)];
        noticed.extend(beats.iter().filter(|beat| arrives(beat)).map(|beat_ns| (beat_ns + bus_ns, Noticed::Heartbeat)));
        noticed.sort_unstable();
        noticed
    }

    /// The heartbeats of both data servers, up to the last thing that is to be seen: of each process, while it is on the bus.
    fn beats(&self, plan: &Plan, on_the_bus: &[Range<u64>], greeted_ns: &[u64]) -> [Vec<u64>; 2] {
        [Node::Data(1), Node::Data(2)].map(|data| {
            let ends_ns = if data == Node::Data(1) { self.killed_us * 1000 } else { u64::MAX };
            let speaker = speaker(&self.setting, plan, data, 0);
            let sessions = on_the_bus.iter().map(|session| session.start..session.end.min(ends_ns));
            let sessions = sessions.filter(|session| session.start < session.end);
            sessions.flat_map(|session| speaker.beats(session, greeted_ns)).collect()
        })
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// The other API server, on a good bus, forgets whom it must.
    #[test]
    fn an_api_server_without_the_bus_forgets_nobody_and_then_gives_everybody_a_full_expiry(outage in outages()) {
        let plan = outage.plan(FaultKind::BusCut { node: Node::Api(1) }, 2);
        let run = run_of(&plan);
        let seen_ns = plan.calm_at_us * 1000;
        // When it is back it greets everybody.
        let greeted_ns = outage.deaf_ns().end + outage.setting.bus_us * 1000;
        let session = outage.setting.joined_ns()..seen_ns;
        let beats = outage.beats(&plan, slice::from_ref(&session), &[greeted_ns]);
        for (data, beats) in numbered(Node::Data, 2).zip(&beats) {
            prop_assert_eq!(&heartbeats(&run, data, Node::Api(2), seen_ns), beats, "{}", data);
            let bus_ns = outage.setting.bus_us * 1000;
            let heard = beats.iter().map(|beat_ns| (beat_ns + bus_ns, Noticed::Heartbeat)).collect();
            for (api, noticed) in [(Node::Api(1), outage.noticed(beats)), (Node::Api(2), heard)] {
                let expected = listener(&outage.setting, &plan, api).believes(&noticed, seen_ns);
                prop_assert_eq!(until(seen_ns, beliefs(&run.history, api, data)), expected, "{} of {}", api, data);
            }
        }
        let (deaf_ns, listener) = (outage.deaf_ns(), listener(&outage.setting, &plan, Node::Api(1)));
        let of_it = run.history.beliefs.iter().filter(|belief| belief.api == Node::Api(1));
        let mut ends_ns = of_it.filter_map(|belief| belief.until).map(|until| until.as_nanos());
        prop_assert!(!ends_ns.any(|end_ns| deaf_ns.start < end_ns && end_ns < deaf_ns.end));
        if deaf_ns.contains(&(outage.killed_us * 1000)) {
            let full_ns = listener.clock.shows(deaf_ns.end) + listener.expiry_ns;
            let first = beliefs(&run.history, Node::Api(1), Node::Data(1))[0];
            prop_assert_eq!(first.1, listener.clock.first_showing(full_ns));
        }
    }

    /// The data servers are without it too, and say that they live as soon as it is back.
    #[test]
    fn while_the_broker_is_down_nobody_is_forgotten(outage in outages()) {
        let plan = outage.plan(FaultKind::BrokerDown, 2);
        let run = run_of(&plan);
        let (seen_ns, deaf_ns) = (plan.calm_at_us * 1000, outage.deaf_ns());
        let sessions = [outage.setting.joined_ns()..deaf_ns.start, deaf_ns.end..seen_ns];
        let beats = outage.beats(&plan, &sessions, &[]);
        for (data, beats) in numbered(Node::Data, 2).zip(&beats) {
            prop_assert_eq!(&heartbeats(&run, data, Node::Api(2), seen_ns), beats, "{}", data);
            for api in numbered(Node::Api, 2) {
                let expected = listener(&outage.setting, &plan, api).believes(&outage.noticed(beats), seen_ns);
                prop_assert_eq!(until(seen_ns, beliefs(&run.history, api, data)), expected, "{} of {}", api, data);
            }
        }
        prop_assert!(run.lasted_ns() > seen_ns);
    }
}

/// What there was to be seen up to then.
fn until(end_ns: u64, mut beliefs: Vec<(u64, Option<u64>)>) -> Vec<(u64, Option<u64>)> {
    beliefs.retain(|(from_ns, _)| *from_ns <= end_ns);
    for (_, until_ns) in &mut beliefs {
        *until_ns = until_ns.filter(|until_ns| *until_ns <= end_ns);
    }
    beliefs
}
