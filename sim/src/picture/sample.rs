//! Runs to draw in tests: made up, but with the times, names and mishaps of real ones.

use std::time::Duration;

use fastrand::Rng;
use lode_core::time::Instant;

use crate::history::Violation;
use crate::node::Node;
use crate::plan::{Action, BodyFlaw, Cluster, Fault, FaultKind, Operation, Pace, Plan};
use crate::trace::{MarkKind, MessageKind, Record};

/// All that a picture is drawn from.
pub(super) struct Sample {
    pub(super) title: String,
    pub(super) plan: Plan,
    pub(super) records: Vec<Record>,
    pub(super) violations: Vec<Violation>,
}

impl Sample {
    pub(super) fn html(&self) -> String {
        super::html(&self.title, &self.plan, &self.records, &self.violations)
    }
}

/// Ten events: one PUT that is answered before it is durable.
pub(super) fn small() -> Sample {
    let mut run = Builder::new(1, 2);
    let (client, api, data) = (Node::Client(1), Node::Api(1), Node::Data(2));
    run.plan.operations.push(put(1_000_000, client, api, 1));
    run.plan.faults.push(Fault { from_us: 1_001_900, until_us: 3_000_000, kind: FaultKind::PowerLoss { node: data } });
    run.mark(1_000_000, client, MarkKind::OperationBegan, "operation 0: PUT object-1, 4096 bytes");
    run.send(MessageKind::Request, client, api, 1_000_000, Some(400), "PUT object-1, 4096 bytes");
    run.step(1_000_400, api, "request 1: PUT object-1, 4096 bytes", &["forward request 1 to data-2, hold the body"]);
    run.send(MessageKind::Request, api, data, 1_000_400, Some(500), "PUT object-1, 4096 bytes");
    run.step(1_000_900, data, "upload 1: object-1 begins", &["receive upload 1 into a temporary file"]);
    run.send(MessageKind::Response, data, api, 1_001_400, Some(300), "200 stored");
    run.mark(1_001_900, data, MarkKind::FaultBegan, "power loss");
    run.mark(1_001_900, data, MarkKind::Stopped, "the power is gone; 1 object was not synced");
    run.mark(3_000_000, data, MarkKind::Started, "started");
    run.mark(3_000_000, data, MarkKind::FaultEnded, "power loss is over");
    let text = "PUT object-1 was answered with 200 at 1.0017 s, and no server has it after the power loss of data-2";
    run.finish("Ten events: a PUT that was not durable", vec![violation(3_000_000, "durability", data, text)])
}

/// A cluster that starts and is asked one thing, with nothing wrong.
pub(super) fn quiet() -> Sample {
    let mut run = Builder::new(2, 3);
    run.start_all();
    run.heartbeats(12);
    run.plan.operations.push(put(7_000_000, Node::Client(1), Node::Api(2), 3));
    run.whole_put(7_000_000, 0, Node::Client(1), Node::Api(2), Node::Data(3), 3, 200);
    run.finish("A quiet run", Vec::new())
}

/// About so many events: ten servers, five clients, a dozen faults, two violations.
pub(super) fn large(events: usize) -> Sample {
    let mut run = Builder::new(3, 6);
    run.plan.cluster.seed_apis = 1;
    run.plan.cluster.seed_datas = 2;
    run.start_all();
    run.mishaps();
    let seconds = (events as u64) / 32;
    run.heartbeats(seconds);
    let mut operation = 0;
    while run.records.len() + 40 < events {
        let at_us = 2_000_000 + run.rng.u64(0..seconds * 1_000_000 - 2_500_000);
        run.some_operation(at_us, operation);
        operation += 1;
    }
    run.plan.operations.sort_by_key(|operation| operation.at_us);
    run.plan.calm_at_us = seconds * 900_000;
    let stale =
        "GET object-2 began at 31.207 s, after DELETE object-2 had ended with 204, and was answered with content 17";
    let violations = vec![
        violation(31_211_400, "linearizability", Node::Client(2), stale),
        violation(44_000_000, "membership", Node::Api(1), "data-4 is believed to live 10.4 s after it was last heard"),
    ];
    run.finish("Seed 4711: a deleted object is read", violations)
}

fn violation(at_us: u64, checker: &'static str, node: Node, text: &str) -> Violation {
    Violation { at: instant(at_us), checker, node, text: text.into() }
}

fn instant(us: u64) -> Instant {
    Instant::since_start(Duration::from_micros(us))
}

fn put(at_us: u64, client: Node, server: Node, name: u16) -> Operation {
    let action = Action::Put { size_bytes: 4096, declared: true, flaw: BodyFlaw::None };
    Operation { at_us, client, server, name, action, only_if: None, version: None }
}

struct Builder {
    plan: Plan,
    records: Vec<Record>,
    rng: Rng,
}

impl Builder {
    fn new(apis: u16, datas: u16) -> Self {
        let cluster = cluster(apis, datas);
        let pace = Pace {
            link_us: (80, 900),
            bus_us: (200, 1_500),
            disk_us: (50, 4_000),
            reconnect_us: (500_000, 2_000_000),
            bytes_per_ms: 100_000,
        };
        let plan =
            Plan { seed: 4711, cluster, pace, operations: Vec::new(), faults: Vec::new(), calm_at_us: 4_000_000 };
        Self { plan, records: Vec::new(), rng: Rng::with_seed(7) }
    }

    fn finish(mut self, title: &str, violations: Vec<Violation>) -> Sample {
        self.records.sort_by_key(Record::at);
        Sample { title: title.into(), plan: self.plan, records: self.records, violations }
    }

    fn mark(&mut self, at_us: u64, node: Node, kind: MarkKind, text: &str) {
        self.records.push(Record::Mark { at: instant(at_us), node, kind, text: text.into() });
    }

    fn step(&mut self, at_us: u64, node: Node, input: &str, effects: &[&str]) {
        let effects = effects.iter().map(|effect| (*effect).to_owned()).collect();
        self.records.push(Record::Step { at: instant(at_us), node, input: input.into(), effects });
    }

    fn send(&mut self, kind: MessageKind, from: Node, to: Node, at_us: u64, takes_us: Option<u64>, label: &str) {
        let arrives = takes_us.map(|takes_us| instant(at_us + takes_us));
        self.records.push(Record::Message { kind, from, to, sent: instant(at_us), arrives, label: label.into() });
    }

    fn servers(&self) -> (Vec<Node>, Vec<Node>) {
        let cluster = &self.plan.cluster;
        let apis = (1..=cluster.apis).map(Node::Api).chain((1..=cluster.seed_apis).map(Node::SeedApi));
        let datas = (1..=cluster.datas).map(Node::Data).chain((1..=cluster.seed_datas).map(Node::SeedData));
        (apis.collect(), datas.collect())
    }

    fn start_all(&mut self) {
        let (apis, datas) = self.servers();
        self.mark(0, Node::Broker, MarkKind::Started, "started");
        for node in apis.iter().chain(&datas).copied() {
            self.mark(0, node, MarkKind::Started, "started");
            let up = self.rng.u64(1_000..9_000);
            self.mark(up, node, MarkKind::BusUp, "connected to the broker, queue bound");
            if matches!(node, Node::Api(_) | Node::Data(_)) {
                self.step(up, node, "bus up", &["say hello"]);
            }
        }
        for api in apis {
            for data in datas.clone() {
                let at = self.rng.u64(9_000..15_000);
                self.mark(at, api, MarkKind::Joined, &format!("{data} joined"));
            }
        }
    }

    fn heartbeats(&mut self, seconds: u64) {
        let (apis, datas) = self.servers();
        for (index, data) in datas.iter().copied().enumerate() {
            let mut at = 400_000 + index as u64 * 611_000;
            while at < seconds * 1_000_000 {
                self.step(at, data, "the time of a deadline has come", &["publish a heartbeat"]);
                for api in apis.clone() {
                    let takes = (self.rng.u8(0..30) > 0).then(|| self.rng.u64(300..1_800));
                    self.send(MessageKind::Heartbeat, data, api, at, takes, "heartbeat");
                    if let (Some(takes), Node::Api(_)) = (takes, api) {
                        self.step(at + takes, api, &format!("heartbeat of {data}"), &[]);
                    }
                }
                at += 5_000_000;
            }
        }
    }

    fn mishaps(&mut self) {
        let faults = [
            (12_000_000, 19_000_000, FaultKind::BusLoss { node: Node::Data(2), permille: 300 }),
            (14_500_000, 15_500_000, FaultKind::SlowDisk { node: Node::Data(2), up_to_us: 20_000 }),
            (20_000_000, 23_000_000, FaultKind::Kill { node: Node::Data(1) }),
            (25_000_000, 38_000_000, FaultKind::Isolated { node: Node::Data(4) }),
            (30_000_000, 33_000_000, FaultKind::AnswerLost { node: Node::Data(5), permille: 500 }),
            (31_000_000, 34_000_000, FaultKind::BrokerDown),
            (40_000_000, 41_000_000, FaultKind::ClockDrift { node: Node::Api(2), ppm: -200 }),
        ];
        let nodes = [2, 2, 1, 4, 5].map(Node::Data).into_iter().chain([Node::Broker, Node::Api(2)]);
        for ((from, until, kind), node) in faults.into_iter().zip(nodes) {
            let name = super::words::fault_name(&kind);
            self.mark(from, node, MarkKind::FaultBegan, &name);
            if matches!(kind, FaultKind::Kill { .. } | FaultKind::BrokerDown) {
                self.mark(from, node, MarkKind::Stopped, "killed");
                self.mark(until, node, MarkKind::Started, "started");
            }
            self.mark(until, node, MarkKind::FaultEnded, &format!("{name} is over"));
            self.plan.faults.push(Fault { from_us: from, until_us: until, kind });
        }
        for api in (1..=3).map(Node::Api) {
            self.mark(31_000_300, api, MarkKind::BusDown, "the connection to the broker is cut");
            self.mark(35_100_000, api, MarkKind::BusUp, "connected to the broker, queue bound");
            self.mark(35_000_000, api, MarkKind::Expired, "data-4 was not heard for 10 s");
            self.mark(39_000_800, api, MarkKind::Joined, "data-4 joined");
        }
        self.mark(36_000_000, Node::Data(3), MarkKind::ErrorLine, "upload 9: cannot sync: input/output error");
    }

    fn some_operation(&mut self, at_us: u64, index: usize) {
        let client = Node::Client(self.rng.u16(1..=5));
        let api = Node::Api(self.rng.u16(1..=3));
        let data = Node::Data(self.rng.u16(1..=6));
        let name = self.rng.u16(1..=9);
        if self.rng.bool() {
            self.plan.operations.push(put(at_us, client, api, name));
            let status = if self.rng.u8(0..8) == 0 { 503 } else { 200 };
            self.whole_put(at_us, index, client, api, data, name, status);
        } else {
            let action = Action::Get { range: None, hangs_up: false };
            self.plan.operations.push(Operation {
                at_us,
                client,
                server: api,
                name,
                action,
                only_if: None,
                version: None,
            });
            self.whole_get(at_us, index, client, api, data, name);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a made-up run, not an interface")]
    fn whole_put(&mut self, at: u64, index: usize, client: Node, api: Node, data: Node, name: u16, status: u16) {
        let put = format!("PUT object-{name}, 4096 bytes");
        self.mark(at, client, MarkKind::OperationBegan, &format!("operation {index}: {put}"));
        let at = self.hop(MessageKind::Request, client, api, at, &put);
        self.step(at, api, &format!("request {index}: {put}"), &[&format!("forward it to {data}, hold the body")]);
        let at = self.hop(MessageKind::Request, api, data, at, &put);
        self.step(at, data, &format!("upload {index} of object-{name}"), &["receive it into a temporary file"]);
        let at = at + self.rng.u64(1_000..6_000);
        self.step(at, data, &format!("upload {index} is durable: 4096 bytes"), &["make it visible", "answer 200"]);
        self.mark(at, data, MarkKind::Disk, &format!("object-{name} is visible and durable: content {index}"));
        let at = self.hop(MessageKind::Response, data, api, at, &format!("{status}"));
        self.step(at, api, &format!("{data} answered {status}"), &[&format!("answer request {index} with {status}")]);
        let at = self.hop(MessageKind::Response, api, client, at, &format!("{status}"));
        self.mark(at, client, MarkKind::OperationEnded, &format!("operation {index}: {status}"));
    }

    fn whole_get(&mut self, at: u64, index: usize, client: Node, api: Node, data: Node, name: u16) {
        let get = format!("GET object-{name}");
        self.mark(at, client, MarkKind::OperationBegan, &format!("operation {index}: {get}"));
        let asked = self.hop(MessageKind::Request, client, api, at, &get);
        self.step(asked, api, &format!("request {index}: {get}"), &[&format!("ask the bus who has object-{name}")]);
        let mut answered = asked;
        for other in self.servers().1 {
            let takes = (self.rng.u8(0..12) > 0).then(|| self.rng.u64(300..1_800));
            self.send(MessageKind::Query, api, other, asked, takes, &format!("who has object-{name}?"));
            let Some(takes) = takes else { continue };
            let has = other == data;
            let effect: &[&str] = if has { &["answer: I have it"] } else { &[] };
            self.step(asked + takes, other, &format!("query for object-{name}"), effect);
            if has {
                answered = self.hop(MessageKind::Answer, other, api, asked + takes, "I have it");
            }
        }
        self.step(answered, api, &format!("answer of {data}"), &[&format!("send request {index} to {data}")]);
        let at = self.hop(MessageKind::Request, api, data, answered, &get);
        self.step(at, data, &format!("download {index} of object-{name}"), &["open it", "answer 200 with 4096 bytes"]);
        let at = self.hop(MessageKind::Response, data, api, at, "200, 4096 bytes");
        self.step(at, api, &format!("{data} answered 200"), &["pass the body on"]);
        let at = self.hop(MessageKind::Response, api, client, at, "200, 4096 bytes");
        self.mark(at, client, MarkKind::OperationEnded, &format!("operation {index}: 200, content 17, whole"));
    }

    fn hop(&mut self, kind: MessageKind, from: Node, to: Node, at_us: u64, label: &str) -> u64 {
        let takes_us = self.rng.u64(80..900);
        self.send(kind, from, to, at_us, Some(takes_us), label);
        at_us + takes_us
    }
}

fn cluster(apis: u16, datas: u16) -> Cluster {
    Cluster {
        apis,
        datas,
        seed_apis: 0,
        seed_datas: 0,
        heartbeat_period_us: 5_000_000,
        expiry_us: 10_000_000,
        locate_deadline_us: 1_000_000,
        ask_directly_after_us: 200_000,
        short_patience_us: 10_000_000,
        long_patience_us: 60_000_000,
        held_body_bytes: 1_048_576,
        max_requests: 256,
        max_members: 64,
        max_direct_asks: 16,
        max_direct_asks_beside_bus: 4,
        max_attempts: 3,
        max_lookups: 64,
        disk_bytes: 10_485_760,
        reserve_bytes: 1_048_576,
        catalog: None,
    }
}
