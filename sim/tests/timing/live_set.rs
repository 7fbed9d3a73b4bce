//! The same on drawn plans, under every fault there is: what an API server has heard, and when, is read from the trace; how
//! long it believes for that, and how long its questions may take, is worked out by its own clock.

use std::collections::BTreeMap;
use std::ops::Range;

use lode_core::time::Instant;
use lode_sim::draw::from_seed;
use lode_sim::node::Node;
use lode_sim::plan::{FaultKind, Plan};
use lode_sim::trace::{MarkKind, Record};

use crate::clock::Clock;
use crate::plans::{beliefs, joined, numbered, run_of};

const SEEDS: Range<u64> = 50_000..50_300;

#[test]
fn the_live_set_is_exactly_what_was_heard_within_the_expiry() {
    let (mut expired, mut believed) = (0, 0);
    for seed in SEEDS {
        let plan = from_seed(seed);
        let run = run_of(&plan);
        for api in numbered(Node::Api, plan.cluster.apis) {
            let mut model = LiveSet::new(&plan, api);
            run.trace.records().iter().for_each(|record| model.sees(record));
            model.expires(run.history.end.as_nanos());
            for (member, spans) in model.into_spans() {
                assert_eq!(beliefs(&run.history, api, member), spans, "seed {seed}: {api} of {member}");
                believed += spans.len();
                expired += spans.iter().filter(|(_, until_ns)| until_ns.is_some()).count();
            }
        }
    }
    assert!(believed > 1000 && expired > 300, "{believed} beliefs, {expired} of them ended: too few to mean anything");
}

/// An API server's members as its trace has them: until when each is believed in, by its own clock.
struct LiveSet<'a> {
    plan: &'a Plan,
    api: Node,
    clock: Option<Clock>,
    bus_is_up: bool,
    members: BTreeMap<Node, Member>,
    spans: BTreeMap<Node, Vec<(u64, Option<u64>)>>,
}

struct Member {
    from_ns: u64,
    expires_ns: u64,
}

impl<'a> LiveSet<'a> {
    const fn new(plan: &'a Plan, api: Node) -> Self {
        Self { plan, api, clock: None, bus_is_up: false, members: BTreeMap::new(), spans: BTreeMap::new() }
    }

    fn sees(&mut self, record: &Record) {
        if record.node() != self.api {
            return;
        }
        let at_ns = record.at().as_nanos();
        match record {
            Record::Mark { kind: MarkKind::Started, .. } => self.clock = Some(Clock::of(self.plan, self.api, at_ns)),
            Record::Mark { kind: MarkKind::Stopped, .. } => self.stops(at_ns),
            Record::Step { input, .. } => {
                self.expires(at_ns);
                self.hears(at_ns, input);
            }
            Record::Mark { .. } | Record::Message { .. } => {}
        }
    }

    fn hears(&mut self, at_ns: u64, input: &str) {
        let Some(expires_ns) = self.shown(at_ns).map(|shown_ns| shown_ns + self.plan.cluster.expiry_us * 1000) else {
            return;
        };
        match input {
            "bus up" => {
                self.bus_is_up = true;
                self.members.values_mut().for_each(|member| member.expires_ns = expires_ns);
            }
            "bus down" => self.bus_is_up = false,
            _ => {
                let Some(heard) = member_of(input) else { return };
                let room = self.members.len() < usize::try_from(self.plan.cluster.max_members).unwrap();
                if room || self.members.contains_key(&heard) {
                    self.members.entry(heard).or_insert(Member { from_ns: at_ns, expires_ns }).expires_ns = expires_ns;
                }
            }
        }
    }

    /// Whose time is up at the latest now is forgotten: at the very instant, or when the process goes on.
    fn expires(&mut self, now_ns: u64) {
        let Some(clock) = self.clock.as_ref().filter(|_| self.bus_is_up) else { return };
        let ends = |member: &Member| {
            let at_ns = clock.first_showing(member.expires_ns)?;
            if at_ns <= now_ns {
                self.stands_still(at_ns).map_or(Some(at_ns), |until_ns| went_on(until_ns, now_ns))
            } else {
                None
            }
        };
        let over: Vec<_> = self.members.iter().filter_map(|(node, member)| Some((*node, ends(member)?))).collect();
        for (node, until_ns) in over {
            self.forget(node, until_ns);
        }
    }

    fn stops(&mut self, at_ns: u64) {
        let all: Vec<_> = self.members.keys().copied().collect();
        all.into_iter().for_each(|node| self.forget(node, at_ns));
        (self.clock, self.bus_is_up) = (None, false);
    }

    fn forget(&mut self, node: Node, until_ns: u64) {
        let member = self.members.remove(&node).expect("a member");
        self.spans.entry(node).or_default().push((member.from_ns, Some(until_ns)));
    }

    fn shown(&self, at_ns: u64) -> Option<u64> {
        self.clock.as_ref().map(|clock| clock.shows(at_ns))
    }

    /// Until when the process stands still, if it does then.
    fn stands_still(&self, at_ns: u64) -> Option<u64> {
        let pause = FaultKind::Pause { node: self.api };
        let mut pauses = self.plan.faults.iter().filter(|fault| fault.kind == pause);
        pauses
            .find(|fault| (fault.from_us * 1000..fault.until_us * 1000).contains(&at_ns))
            .map(|fault| fault.until_us * 1000)
    }

    fn into_spans(mut self) -> BTreeMap<Node, Vec<(u64, Option<u64>)>> {
        for (node, member) in self.members {
            self.spans.entry(node).or_default().push((member.from_ns, None));
        }
        self.spans.into_iter().map(|(node, spans)| (node, joined(spans))).collect()
    }
}

/// A process that stood still does what was due when it goes on: a nanosecond later, or at once if its bus is gone.
fn went_on(until_ns: u64, now_ns: u64) -> Option<u64> {
    (until_ns <= now_ns).then(|| now_ns.min(until_ns + 1))
}

/// Whose heartbeat it is, if it is one that can be read.
fn member_of(input: &str) -> Option<Node> {
    let said = input.strip_prefix("heard: ")?;
    let address = said.strip_suffix(" lives").or_else(|| said.strip_suffix(" lives (seed)"))?;
    address.strip_suffix(":22345")?.parse().ok()
}

#[test]
fn a_locate_never_outlasts_its_deadline() {
    let (mut ended, mut at_the_deadline) = (0, 0);
    for seed in SEEDS {
        let plan = from_seed(seed);
        let run = run_of(&plan);
        for api in numbered(Node::Api, plan.cluster.apis) {
            for locate in locates(&plan, api, run.trace.records()) {
                assert!(locate.took_ns <= plan.cluster.locate_deadline_us * 1000 + 1, "seed {seed}: {api}: {locate:?}");
                ended += 1;
                at_the_deadline += u32::from(locate.took_ns >= plan.cluster.locate_deadline_us * 1000);
            }
        }
    }
    assert!(ended > 200 && at_the_deadline > 40, "{ended} locates, {at_the_deadline} of them to the end: too few");
}

/// A locate that was answered, and how long that took by the API server's own clock.
#[derive(Debug)]
struct Located {
    #[allow(dead_code, reason = "it is printed when the test fails")]
    began: Instant,
    took_ns: u64,
}

/// Those during which the process did not stand still.
fn locates(plan: &Plan, api: Node, records: &[Record]) -> Vec<Located> {
    let mut clock = Clock::of(plan, api, 0);
    let mut open: BTreeMap<String, Instant> = BTreeMap::new();
    let mut locates = Vec::new();
    for record in records.iter().filter(|record| record.node() == api) {
        match record {
            Record::Mark { at, kind: MarkKind::Started, .. } => {
                clock = Clock::of(plan, api, at.as_nanos());
                open.clear();
            }
            Record::Step { at, input, effects, .. } => {
                if let Some((request, _)) = input.strip_prefix("request ").and_then(|rest| rest.split_once(": locate "))
                {
                    open.insert(request.to_owned(), *at);
                }
                let answered =
                    effects.iter().filter_map(|effect| effect.strip_prefix("answer request ")?.split_once(": "));
                for began in answered.filter_map(|(request, _)| open.remove(request)) {
                    if !stood_still(plan, api, began.as_nanos()..at.as_nanos()) {
                        let took_ns = clock.shows(at.as_nanos()) - clock.shows(began.as_nanos());
                        locates.push(Located { began, took_ns });
                    }
                }
            }
            Record::Mark { .. } | Record::Message { .. } => {}
        }
    }
    locates
}

fn stood_still(plan: &Plan, api: Node, within_ns: Range<u64>) -> bool {
    let pause = FaultKind::Pause { node: api };
    let mut pauses = plan.faults.iter().filter(|fault| fault.kind == pause);
    pauses.any(|fault| fault.from_us * 1000 <= within_ns.end && fault.until_us * 1000 >= within_ns.start)
}
