//! Who is killed, stands still or speaks too slowly is forgotten on the nanosecond, by the clock of the API server that
//! forgets; who speaks in time never is.

use lode_sim::node::Node;
use lode_sim::plan::{FaultKind, Plan};
use lode_sim::run::Run;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::clock::Clock;
use crate::life::{Listener, Noticed, Speaker};
use crate::plans::{Setting, add, add_drifts, beliefs, cases, each_belief, heartbeats, numbered, run_of, settings};

const MILLISECOND: u64 = 1_000_000;
/// After so long a standstill the broker has given up a connection.
const BROKER_PATIENCE_US: u64 = 20_000_000;

proptest! {
    #![proptest_config(cases(48))]

    /// All others are believed in just as long as their heartbeats come in time, however wrong the clocks are.
    #[test]
    fn a_killed_server_is_forgotten_one_expiry_after_its_last_heartbeat(
        setting in settings(105, 400),
        (apis, datas) in (1_u16..=3, 1_u16..=4),
        ppms in vec(-300_000_i32..300_000, 7),
        (killed_us, away_us) in (2_000_000_u64..15_000_000, 1_000_u64..20_000_000),
    ) {
        let mut plan = setting.plan(apis, datas, 0);
        add(&mut plan, killed_us, killed_us + away_us, FaultKind::Kill { node: Node::Data(1) });
        plan.calm_at_us += setting.expiry_us;
        add_drifts(&mut plan, numbered(Node::Api, apis).chain(numbered(Node::Data, datas)), &ppms);
        let run = run_of(&plan);
        let back_ns = (killed_us + away_us) * 1000;
        for data in numbered(Node::Data, datas) {
            let beats_between = |started_ns, ended_ns| beats(&setting, &plan, data, started_ns, ended_ns);
            let beats = if data == Node::Data(1) {
                [beats_between(0, killed_us * 1000), beats_between(back_ns, run.lasted_ns())].concat()
            } else {
                beats_between(0, run.lasted_ns())
            };
            all_believe(&setting, &plan, &run, data, &beats)?;
        }
    }

    #[test]
    fn a_server_that_stands_still_is_forgotten_and_learned_of_again(
        setting in settings(105, 400),
        ppms in vec(-300_000_i32..300_000, 2),
        (paused_us, still_us) in (2_000_000_u64..10_000_000, 1_000_u64..35_000_000),
    ) {
        let (data, end_us) = (Node::Data(1), paused_us + still_us);
        let mut plan = setting.plan(1, 1, 0);
        add(&mut plan, paused_us, end_us, FaultKind::Pause { node: data });
        plan.calm_at_us += setting.expiry_us;
        add_drifts(&mut plan, [Node::Api(1), data].into_iter(), &ppms);
        let run = run_of(&plan);
        let stands_still = paused_us * 1000..end_us * 1000;
        let speaker = Speaker { stands_still: stands_still.clone(), ..speaker(&setting, &plan, data, 0) };
        let beats = if still_us > BROKER_PATIENCE_US {
            let again_ns = (end_us + setting.reconnect_us) * 1000;
            let mut beats = speaker.beats(setting.joined_ns()..stands_still.start, &[]);
            beats.extend(speaker.beats(again_ns..run.lasted_ns(), &[]));
            beats
        } else {
            speaker.beats(setting.joined_ns()..run.lasted_ns(), &[])
        };
        all_believe(&setting, &plan, &run, data, &beats)?;
    }

    /// What it has not heard in time it forgets as soon as it goes on, also if it came while it stood still.
    #[test]
    fn an_api_server_that_stood_still_goes_by_its_clock(
        setting in settings(105, 400),
        datas in 1_u16..=3,
        ppms in vec(-300_000_i32..300_000, 4),
        (paused_us, still_us) in (2_000_000_u64..10_000_000, 1_000_u64..BROKER_PATIENCE_US),
    ) {
        let api = Node::Api(1);
        let mut plan = setting.plan(1, datas, 0);
        add(&mut plan, paused_us, paused_us + still_us, FaultKind::Pause { node: api });
        plan.calm_at_us += setting.expiry_us;
        add_drifts(&mut plan, [api].into_iter().chain(numbered(Node::Data, datas)), &ppms);
        let run = run_of(&plan);
        for data in numbered(Node::Data, datas) {
            let beats = beats(&setting, &plan, data, 0, run.lasted_ns());
            let stands_still = paused_us * 1000..(paused_us + still_us) * 1000;
            let listener = Listener { stands_still, ..listener(&setting, &plan, api) };
            let expected = listener.believes(&heard(&setting, &beats), run.lasted_ns());
            prop_assert_eq!(beliefs(&run.history, api, data), expected, "{} of {}", api, data);
        }
    }

    /// With an expiry that is longer than the longest gap between two heartbeats, by the API server's own clock, by less than
    /// two microseconds; and then with one that is not.
    #[test]
    fn nobody_is_forgotten_whose_heartbeats_come_in_time_and_everybody_whose_do_not(
        setting in settings(200, 201),
        ppms in [-50_000_i32..300_000, -300_000_i32..50_000],
    ) {
        let (api, data) = (Node::Api(1), Node::Data(1));
        let mut plan = setting.plan(1, 1, 0);
        plan.calm_at_us = 30_000_000;
        add_drifts(&mut plan, [api, data].into_iter(), &ppms);
        let (drifting_ns, clock) = (plan.calm_at_us * 1000, Clock::of(&plan, api, 0));
        let beats = beats(&setting, &plan, data, 0, drifting_ns + 2 * setting.period_us * 1000);
        let heard: Vec<u64> = beats.iter().map(|beat_ns| beat_ns + setting.bus_us * 1000).collect();
        let gap_ns = |pair: &[u64]| clock.shows(pair[1]) - clock.shows(pair[0]);
        let longest_ns = heard.windows(2).map(gap_ns).max().expect("beats");
        let while_drifting: Vec<u64> = heard.iter().copied().filter(|heard_ns| *heard_ns <= drifting_ns).collect();
        let shortest_ns = while_drifting.windows(2).map(gap_ns).min().expect("beats");

        plan.cluster.expiry_us = longest_ns / 1000 + 1;
        prop_assert_eq!(beliefs(&run_of(&plan).history, api, data), [(heard[0], None)]);

        // No expiry is shorter than the period. One nanosecond of a fast clock may be no time of the world: then the server is
        // forgotten at the instant at which it is heard of.
        prop_assume!(shortest_ns / 1000 > setting.period_us + 2);
        plan.cluster.expiry_us = (shortest_ns - 1) / 1000;
        let believed = each_belief(&run_of(&plan).history, api, data);
        let learned_of: Vec<u64> = believed.iter().map(|(from_ns, _)| *from_ns).collect();
        prop_assert_eq!(learned_of.get(..while_drifting.len()), Some(while_drifting.as_slice()), "{:?}", believed);
    }

    /// However long each message takes.
    #[test]
    fn nobody_is_forgotten_while_messages_take_no_longer_than_the_expiry_leaves_over(
        mut setting in settings(110, 300),
        (apis, datas, seed_datas) in (1_u16..=2, 1_u16..=3, 0_u16..=2),
        slowest in 0_u64..1000,
        seed: u64,
    ) {
        let left_over_us = setting.expiry_us - setting.period_us;
        setting.expiry_us += 1;
        let mut plan = setting.plan(apis, datas, seed_datas);
        plan.seed = seed;
        plan.pace.bus_us = (setting.bus_us, setting.bus_us + left_over_us * slowest / 1000);
        plan.calm_at_us = 20_000_000;
        let run = run_of(&plan);
        let members = numbered(Node::Data, datas).chain(numbered(Node::SeedData, seed_datas));
        for (member, api) in members.flat_map(|member| numbered(Node::Api, apis).map(move |api| (member, api))) {
            let believed = beliefs(&run.history, api, member);
            prop_assert!(matches!(believed.as_slice(), [(_, None)]), "{} of {}: {:?}", api, member, believed);
            let latest_ns = setting.joined_ns() + plan.pace.bus_us.1 * 1000;
            prop_assert!(believed[0].0 <= latest_ns + MILLISECOND, "{} of {}: {:?}", api, member, believed);
        }
    }
}

/// That the data server says that it lives when it must, and that all API servers believe it for as long as they must.
fn all_believe(setting: &Setting, plan: &Plan, run: &Run, data: Node, beats: &[u64]) -> Result<(), TestCaseError> {
    for api in numbered(Node::Api, plan.cluster.apis) {
        prop_assert_eq!(heartbeats(run, data, api, run.lasted_ns()), beats, "{} to {}", data, api);
        let expected = listener(setting, plan, api).believes(&heard(setting, beats), run.lasted_ns());
        prop_assert_eq!(beliefs(&run.history, api, data), expected, "{} of {}", api, data);
    }
    Ok(())
}

fn heard(setting: &Setting, beats: &[u64]) -> Vec<(u64, Noticed)> {
    beats.iter().map(|beat_ns| (beat_ns + setting.bus_us * 1000, Noticed::Heartbeat)).collect()
}

/// The heartbeats of a process that starts then, until it ends.
fn beats(setting: &Setting, plan: &Plan, data: Node, started_ns: u64, ended_ns: u64) -> Vec<u64> {
    speaker(setting, plan, data, started_ns).beats(started_ns + setting.joined_ns()..ended_ns, &[])
}

pub(crate) fn speaker(setting: &Setting, plan: &Plan, data: Node, started_ns: u64) -> Speaker {
    Speaker { clock: Clock::of(plan, data, started_ns), period_ns: setting.period_us * 1000, stands_still: 0..0 }
}

pub(crate) fn listener(setting: &Setting, plan: &Plan, api: Node) -> Listener {
    Listener { clock: Clock::of(plan, api, 0), expiry_ns: setting.expiry_us * 1000, stands_still: 0..0 }
}

/// How long a run has lasted.
pub(crate) trait Lasted {
    /// In nanoseconds.
    fn lasted_ns(&self) -> u64;
}

impl Lasted for Run {
    fn lasted_ns(&self) -> u64 {
        self.history.end.as_nanos()
    }
}
