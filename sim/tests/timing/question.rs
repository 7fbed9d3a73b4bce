//! One locate in a cluster in which some cannot hear, some are dead and some stand still: when it ends and how, worked out by
//! hand. Servers of ours say yes or no; a node of the seed says yes, or nothing (SEED-WIRE.md §2).

use lode_sim::history::Outcome;
use lode_sim::node::Node;
use lode_sim::plan::{Action, FaultKind, Plan};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::clock::Clock;
use crate::plans::{Setting, add, add_drifts, ask, numbered, settings, small_put};

/// What has become of a data server shortly before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Well,
    /// Its bus is cut; over HTTP it answers. Only for one of ours: a node of the seed does not survive that.
    Deaf,
    /// Its process is gone, and its connections are refused.
    Dead,
    /// It stands still, and says nothing in any way.
    Still,
}

/// What becomes of the API server's own bus.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ApiBus {
    Up,
    DownBefore,
    /// It is lost so many microseconds after the question has come in.
    LostAfter(u64),
}

/// A data server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server {
    pub(crate) node: Node,
    pub(crate) fate: Fate,
    pub(crate) holds: bool,
}

/// One question, and all that it depends on.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) setting: Setting,
    pub(crate) servers: Vec<Server>,
    pub(crate) api_bus: ApiBus,
    pub(crate) all: bool,
    pub(crate) asked_us: u64,
    /// How long before that the servers meet their fates.
    pub(crate) before_us: u64,
    pub(crate) api_ppm: i32,
}

/// How it must go.
#[derive(Debug)]
pub(crate) struct Course {
    /// When the API server has the answer.
    pub(crate) ends_ns: u64,
    pub(crate) outcome: Outcome,
    /// Whom it asks over HTTP, and when.
    pub(crate) asked_directly: Vec<(Node, u64)>,
    /// By how much the two closest of all the instants that matter are apart.
    pub(crate) closest_ns: u64,
}

/// Those that can be for a server of ours; most are well.
pub(crate) fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Well), 1 => Just(Fate::Deaf), 1 => Just(Fate::Dead), 1 => Just(Fate::Still)]
}

prop_compose! {
    /// Any question, at any time from when all have been heard.
    pub(crate) fn questions(seed_datas: u16)(
        setting in settings(300, 400),
        ours in vec((fates(), prop::bool::weighted(0.2)), 1..5),
        seeds in vec((fates(), prop::bool::weighted(0.2)), usize::from(seed_datas)),
        api_bus in prop_oneof![
            3 => Just(ApiBus::Up), 1 => Just(ApiBus::DownBefore), 1 => (1_u64..500_000).prop_map(ApiBus::LostAfter),
        ],
        all: bool,
        asked in prop_oneof![3 => 0_u64..3000, 1 => 1000_u64..1150],
        before in 10_u64..1000,
        api_ppm in -200_000_i32..200_000,
    ) -> Question {
        let servers = numbered(Node::Data, 9).zip(ours).chain(numbered(Node::SeedData, 9).zip(seeds));
        let servers = servers.map(|(node, (fate, holds))| Server { node, holds, fate: possible(node, fate) }).collect();
        let asked_us = setting.joined_ns() / 1000 + (setting.period_us * asked / 1000).max(200_000);
        let before_us = 150_000.min(setting.period_us / 4) * before / 1000;
        Question { setting, servers, api_bus, all, asked_us, before_us, api_ppm }
    }
}

const fn possible(node: Node, fate: Fate) -> Fate {
    match (node, fate) {
        (Node::SeedData(_), Fate::Deaf) => Fate::Well,
        _ => fate,
    }
}

/// What happens to one server that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Yes,
    No,
    Failed,
}

impl Question {
    /// The plan: the holders get the object over HTTP at the very beginning, and misfortune lasts until all is over.
    pub(crate) fn plan(&self) -> Plan {
        let ours = self.servers.iter().filter(|server| matches!(server.node, Node::Data(_))).count();
        let (ours, all) = (u16::try_from(ours).unwrap(), u16::try_from(self.servers.len()).unwrap());
        let mut plan = self.setting.plan(1, ours, all - ours);
        ask(&mut plan, self.asked_us, Node::Api(1), Action::Locate { all: self.all });
        let (from_us, until_us) =
            (self.asked_us - self.before_us, self.asked_us + 2 * self.setting.deadline_us + 1_000_000);
        plan.calm_at_us = until_us;
        for &Server { node, fate, holds } in &self.servers {
            if holds {
                ask(&mut plan, 1000, node, small_put());
            }
            match fate {
                Fate::Well => {}
                Fate::Deaf => add(&mut plan, from_us, until_us, FaultKind::BusCut { node }),
                Fate::Dead => add(&mut plan, from_us, until_us, FaultKind::Kill { node }),
                Fate::Still => add(&mut plan, from_us, until_us, FaultKind::Pause { node }),
            }
        }
        let cut_us = match self.api_bus {
            ApiBus::Up => None,
            ApiBus::DownBefore => Some(from_us),
            ApiBus::LostAfter(us) => Some(self.asked_us + self.setting.link_us + us),
        };
        if let Some(cut_us) = cut_us {
            add(&mut plan, cut_us, until_us.max(cut_us + 1), FaultKind::BusCut { node: Node::Api(1) });
        }
        add_drifts(&mut plan, [Node::Api(1)].into_iter(), &[self.api_ppm]);
        plan
    }

    /// When the API server has the question.
    pub(crate) const fn begins_ns(&self) -> u64 {
        (self.asked_us + self.setting.link_us) * 1000
    }

    /// How it must go.
    pub(crate) fn course(&self, clock: &Clock) -> Course {
        let deadline_ns = self.by_its_clock(clock, self.setting.deadline_us);
        let mut events: Vec<(u64, usize, Reply)> = Vec::new();
        let mut asked_directly = Vec::new();
        for (index, server) in self.servers.iter().enumerate() {
            let replies = self.replies(clock, server, &mut asked_directly);
            events.extend(replies.into_iter().map(|(at_ns, reply)| (at_ns, index, reply)));
        }
        events.sort_unstable_by_key(|(at_ns, ..)| *at_ns);
        let mut replies: Vec<Option<Reply>> = vec![None; self.servers.len()];
        let mut ends_ns = deadline_ns;
        for &(at_ns, index, reply) in events.iter().filter(|(at_ns, ..)| *at_ns < deadline_ns) {
            replies[index].get_or_insert(reply);
            let enough = !self.all && replies[index] == Some(Reply::Yes);
            if enough || self.may_know_all(clock) && replies.iter().all(Option::is_some) {
                ends_ns = at_ns;
                break;
            }
        }
        let instants = events.iter().map(|(at_ns, ..)| *at_ns).chain(asked_directly.iter().map(|(_, at_ns)| *at_ns));
        let closest_ns = closest(instants.chain([deadline_ns]).chain(self.lost_ns()).collect());
        asked_directly.retain(|(_, at_ns)| *at_ns < ends_ns);
        let outcome = self.outcome(&replies, &asked_directly);
        Course { ends_ns, outcome, asked_directly, closest_ns }
    }

    /// What comes from this server, over the bus and over HTTP.
    fn replies(&self, clock: &Clock, server: &Server, asked: &mut Vec<(Node, u64)>) -> Vec<(u64, Reply)> {
        let ours = matches!(server.node, Node::Data(_));
        let said = if server.holds { Reply::Yes } else { Reply::No };
        let bus_ns =
            self.answers_on_the_bus_ns(clock, server).filter(|at_ns| self.lost_ns().is_none_or(|lost| *at_ns < lost));
        let mut replies: Vec<(u64, Reply)> = bus_ns.map(|at_ns| (at_ns, said)).into_iter().collect();
        let without_the_bus = match self.api_bus {
            ApiBus::Up => None,
            ApiBus::DownBefore => Some(self.begins_ns()),
            ApiBus::LostAfter(_) => self.lost_ns(),
        };
        let silent_for_a_while = ours.then(|| self.by_its_clock(clock, self.setting.ask_directly_us));
        let direct_ns = without_the_bus.into_iter().chain(silent_for_a_while).min();
        if let Some(direct_ns) = direct_ns.filter(|direct_ns| bus_ns.is_none_or(|bus_ns| bus_ns > *direct_ns)) {
            asked.push((server.node, direct_ns));
            let (link_ns, disk_ns) = (self.setting.link_us * 1000, if ours { self.setting.disk_us * 1000 } else { 0 });
            match server.fate {
                Fate::Well | Fate::Deaf => replies.push((direct_ns + 2 * link_ns + disk_ns, said)),
                Fate::Dead => replies.push((direct_ns + 2 * link_ns, Reply::Failed)),
                Fate::Still => {}
            }
        }
        replies
    }

    /// When its answer over the bus is there, if one comes.
    fn answers_on_the_bus_ns(&self, clock: &Clock, server: &Server) -> Option<u64> {
        let ours = matches!(server.node, Node::Data(_));
        if server.fate != Fate::Well || matches!(self.api_bus, ApiBus::DownBefore) || !(ours || server.holds) {
            return None;
        }
        // A question with a queue of its own has to make it, and listen to it, first.
        let (way_us, first) = (self.setting.bus_us, if self.has_its_own_queue(clock) { 2 } else { 0 });
        let looks_us = if ours { self.setting.disk_us } else { 0 };
        Some(self.begins_ns() + ((2 + first) * way_us + looks_us) * 1000)
    }

    /// As long as a node of the seed may live, whose answers do not say to which question they belong.
    fn has_its_own_queue(&self, clock: &Clock) -> bool {
        self.is_settling(clock) || self.servers.iter().any(|server| matches!(server.node, Node::SeedData(_)))
    }

    /// Whether a "no" of all it knows can be the end before the deadline: not while others may live that it has not heard.
    fn may_know_all(&self, clock: &Clock) -> bool {
        !self.is_settling(clock) || matches!(self.api_bus, ApiBus::DownBefore)
    }

    /// For a heartbeat period, and a tenth for its way, some may not have been heard yet.
    pub(crate) fn is_settling(&self, clock: &Clock) -> bool {
        let on_the_bus_ns = clock.shows(self.begins_ns()) - clock.shows(self.setting.joined_ns());
        on_the_bus_ns < self.setting.period_us * 1100
    }

    fn outcome(&self, replies: &[Option<Reply>], asked_directly: &[(Node, u64)]) -> Outcome {
        let of_those = |wanted: &dyn Fn(Node, Option<Reply>) -> bool| -> Vec<Node> {
            let servers = self.servers.iter().zip(replies);
            servers.filter(|(server, reply)| wanted(server.node, **reply)).map(|(server, _)| server.node).collect()
        };
        let holders = of_those(&|_, reply| reply == Some(Reply::Yes));
        let unanswered = of_those(&|node, reply| match reply {
            Some(Reply::Yes | Reply::No) => false,
            Some(Reply::Failed) => true,
            None => matches!(node, Node::Data(_)) || asked_directly.iter().any(|(asked, _)| *asked == node),
        });
        match (holders.is_empty(), unanswered.is_empty()) {
            (false, _) => Outcome::Located { holders, unanswered: if self.all { unanswered } else { Vec::new() } },
            (true, true) => Outcome::Missing,
            (true, false) => Outcome::Refused { status: 503, code: "unanswered" },
        }
    }

    /// When the API server's clock shows so much more than when it had the question.
    fn by_its_clock(&self, clock: &Clock, after_us: u64) -> u64 {
        clock.first_showing(clock.shows(self.begins_ns()) + after_us * 1000).expect("a clock that goes")
    }

    fn lost_ns(&self) -> Option<u64> {
        match self.api_bus {
            ApiBus::LostAfter(us) => Some(self.begins_ns() + us * 1000),
            ApiBus::Up | ApiBus::DownBefore => None,
        }
    }
}

/// Of those instants that are not the same one: two events of one step are one instant.
fn closest(mut instants: Vec<u64>) -> u64 {
    instants.sort_unstable();
    instants.dedup();
    instants.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(u64::MAX)
}
