//! The end of a run: each name is read once more, and nothing may be left over.

use std::time::Duration;

use super::World;
use super::queue::Event;
use crate::coverage::Point;
use crate::history::{Holding, Outcome};
use crate::node::Node;
use crate::plan::{Action, Operation};

impl World<'_> {
    /// When everything has had the time to come right after the last fault.
    pub(crate) fn settled_at(&self) -> lode_core::time::Instant {
        let reconnect = Duration::from_micros(self.plan.pace.reconnect_us.1);
        let timing = &self.api_config.timing;
        let settling = timing.expiry() + 3 * timing.heartbeat_period() + 4 * reconnect + SETTLING;
        super::at(self.plan.calm_at_us) + settling
    }

    /// What was begun before may take its time, and the places that it takes.
    pub(crate) fn wait_for_quiet(&mut self) {
        let patience_ends = self.settled_at() + self.longest_request;
        if self.is_done() || self.now >= patience_ends {
            return self.final_reads();
        }
        self.queue.push(self.now + QUIET_POLL, Event::FinalReads);
    }

    /// Everything must be right now: each name is read through each API server, one read after the other.
    fn final_reads(&mut self) {
        self.history.calm = self.now;
        self.history.promises_calm = self.promises_final_reads() && self.keeps_members();
        if !self.history.promises_calm {
            return;
        }
        self.hit(Point::CheckedConvergence);
        self.check_convergence();
        self.final_reads_left = self.final_read_plan();
        self.queue.push(self.now + self.pause_between_reads(), Event::FinalReads);
    }

    /// The next of the last reads, once the one before has ended.
    pub(crate) fn next_final_read(&mut self) {
        if self.final_read.is_some_and(|call| self.history.calls.get(call).is_some_and(|call| call.ended.is_none())) {
            return self.queue.push(self.now + self.pause_between_reads(), Event::FinalReads);
        }
        self.check_promptness();
        let Some((server, name)) = self.final_reads_left.pop() else { return };
        self.hit(Point::CheckedFinalRead);
        self.final_read = Some(self.history.calls.len());
        let operation = Operation {
            at_us: 0,
            client: self.last_reader,
            server,
            name,
            action: Action::Get { range: None, hangs_up: false },
            only_if: None,
            version: None,
        };
        self.begin_call(None, &operation);
        self.queue.push(self.now + self.pause_between_reads(), Event::FinalReads);
    }

    /// When all is calm, a read takes the round trips that it needs and waits for nothing else: an answer that is there is
    /// acted on in the same step, not at the next deadline.
    fn check_promptness(&mut self) {
        let Some(call) = self.final_read.and_then(|call| self.history.calls.get(call)) else { return };
        let prompt = match call.outcome {
            Outcome::Body(_) => true,
            // The silence of a node of the seed is its no, and lasts until the deadline.
            Outcome::Missing => self.plan.cluster.seed_datas == 0,
            Outcome::Pending
            | Outcome::Unknown
            | Outcome::HungUp
            | Outcome::Stored
            | Outcome::Removed
            | Outcome::Described { .. }
            | Outcome::CutBody
            | Outcome::Unsatisfiable { .. }
            | Outcome::Located { .. }
            | Outcome::Versions(_)
            | Outcome::Listed { .. }
            | Outcome::Refused { .. } => false,
        };
        let is_of_it = |holding: &Holding| holding.name == call.name || holding.name.is_blob();
        let rots = self.history.holdings.iter().any(|holding| is_of_it(holding) && holding.rotten.is_some());
        // One that looks up little at a time drops a question while it is still at the one before.
        let looks_up_much = self.plan.cluster.max_lookups > 3;
        let (Some(ended), false, true) = (call.ended, rots, looks_up_much) else { return };
        let (took, server) = (ended - call.began, call.server);
        let limit = self.longest_calm_read();
        if prompt && took > limit {
            self.violated("prompt_when_calm", server, format!("a read took {took:?}, and needs at most {limit:?}"));
        }
    }

    /// Client to server, all asked over a queue of its own, one looked up, one fetched from, and all the way back.
    fn longest_calm_read(&self) -> Duration {
        let pace = &self.plan.pace;
        let (link, bus, disk) = (pace.link_us.1, pace.bus_us.1, pace.disk_us.1);
        let asks = Duration::from_micros(6 * link + 6 * bus + 2 * disk + 1_000) + 2 * self.longest_body;
        if !self.has_catalog() {
            return asks;
        }
        // Before all are asked the catalog is, twice, and whoever is noted to hold a copy; behind it, whoever says so.
        let servers = u32::from(self.plan.cluster.datas);
        let fetch = Duration::from_micros(2 * link + disk) + self.longest_body;
        asks + 2 * Duration::from_micros(2 * link + disk) + 2 * servers * fetch
    }

    /// Time enough for whoever was still looking something up for the read before, so that a server that does one thing at
    /// a time can do the next.
    fn pause_between_reads(&self) -> Duration {
        let pace = &self.plan.pace;
        Duration::from_micros(2 * (pace.link_us.1 + pace.bus_us.1 + pace.disk_us.1) + 1_000)
    }

    /// Settings under which servers cannot all be known, or cannot answer in time, promise nothing about reads.
    fn promises_final_reads(&self) -> bool {
        let plan = self.plan;
        let servers = u32::from(plan.cluster.datas) + u32::from(plan.cluster.seed_datas);
        let (link, bus, disk) = (plan.pace.link_us.1, plan.pace.bus_us.1, plan.pace.disk_us.1);
        let over_the_bus = 4 * bus + disk;
        let directly = plan.cluster.ask_directly_after_us + 2 * link + disk;
        let in_time = over_the_bus.max(directly) * 2 < plan.cluster.locate_deadline_us;
        let patient = (2 * link + disk) * 2 < plan.cluster.short_patience_us;
        // A data server that serves one request at a time may be busy with a question about the very object.
        let serves = plan.cluster.max_requests > 3;
        plan.cluster.max_members >= servers && in_time && patient && serves
    }

    /// A heartbeat that may take longer than what the expiry leaves over cannot keep anybody a member.
    fn keeps_members(&self) -> bool {
        let timing = &self.api_config.timing;
        timing.expiry() - timing.heartbeat_period() > 2 * self.longest_bus_delay()
    }

    fn final_read_plan(&self) -> Vec<(Node, u16)> {
        let names = self.plan.operations.iter().map(|operation| operation.name);
        let names: std::collections::BTreeSet<u16> = names.collect();
        let servers = (1..=self.plan.cluster.apis).map(Node::Api);
        servers.rev().flat_map(|server| names.iter().rev().map(move |name| (server, *name))).collect()
    }

    /// How long the end of a run may take: the last reads one by one, and what is still under way from before.
    pub(crate) fn longest_end(&self) -> Duration {
        let reads = u32::try_from(self.final_read_plan().len()).unwrap_or(u32::MAX);
        let read = 2 * self.longest_body + self.api_config.timing.locate_deadline();
        2 * self.longest_request + reads * (read + SETTLING)
    }

    /// Whether nothing is under way any more.
    pub(crate) fn is_done(&self) -> bool {
        self.final_reads_left.is_empty()
            && self.exchanges.is_empty()
            && self.open_calls == 0
            && !self.catalog.as_ref().is_some_and(super::catalog::CatalogNode::is_busy)
            && !self.apis.iter().any(super::api::ApiNode::is_busy)
            && !self.datas.iter().any(super::data::DataNode::is_busy)
    }

    /// Each API server knows exactly the data servers that live.
    fn check_convergence(&mut self) {
        let live: Vec<Node> = self.data_listeners.iter().copied().filter(|node| self.run_of(*node).is_some()).collect();
        let live: std::collections::BTreeSet<_> = live.into_iter().map(|node| self.address_of(node)).collect();
        let bound = self.api_config.max_members;
        for number in 1..=self.plan.cluster.apis {
            let node = Node::Api(number);
            let Some(machine) = self.api(node).and_then(|api| api.machine.as_ref()) else {
                self.violated("converged", node, "it does not run".to_owned());
                continue;
            };
            let membership = machine.membership();
            let known = membership.members().filter(|(address, _)| live.contains(*address)).count();
            let right = known == membership.len() && known == live.len().min(bound);
            if !right || !membership.is_bus_up() {
                let believed: Vec<_> = membership.members().map(|(address, _)| address.to_string()).collect();
                self.violated("converged", node, format!("it believes in {believed:?}; {} live", live.len()));
            }
        }
    }

    /// Nothing is left of anything that was under way.
    pub(crate) fn check_nothing_left(&mut self) {
        if !self.is_done() {
            let open = self.open_calls;
            let exchanges: Vec<_> = self
                .exchanges
                .iter()
                .map(|(_, open)| format!("{} to {}: {}", open.asker.node, open.target, super::label::ask(&open.ask)))
                .collect();
            let text = format!("{open} calls and {} exchanges are still under way: {exchanges:?}", exchanges.len());
            self.violated("nothing_left", Node::Broker, text);
        }
        let queues = self.broker.private_queues();
        if queues > 0 {
            self.violated("nothing_left", Node::Broker, format!("{queues} private reply queues"));
        }
        let live = |node: &Node| matches!(node, Node::Data(_)) && self.run_of(*node).is_some();
        let datas: Vec<Node> = self.data_listeners.iter().copied().filter(live).collect();
        for node in datas {
            let Some(data) = self.data(node) else { continue };
            let (files, requests) = (
                data.disk.temporary.len(),
                data.machine.as_ref().map_or(0, lode_core::data_server::DataServer::requests_under_way),
            );
            if files + requests > 0 {
                self.violated("nothing_left", node, format!("{files} temporary files, {requests} requests"));
            }
        }
        for number in 1..=self.plan.cluster.apis {
            let Some(machine) = self.api(Node::Api(number)).and_then(|api| api.machine.as_ref()) else { continue };
            let (requests, queries) = (machine.requests_under_way(), machine.queries_under_way());
            let late = machine.late_copies_under_way();
            if requests + queries + late > 0 {
                let text = format!("{requests} requests, {queries} queries, {late} late copies");
                self.violated("nothing_left", Node::Api(number), text);
            }
        }
    }
}

/// How often it is looked whether anything is still under way.
const QUIET_POLL: Duration = Duration::from_millis(500);

/// Beside the periods of the cluster: a node of the seed is started again by hand, a broker that hung is given up.
const SETTLING: Duration = Duration::from_secs(20);
