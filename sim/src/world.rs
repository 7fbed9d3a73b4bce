//! The simulated world: virtual time, and everything that the machines of a cluster meet in it.
//!
//! One queue holds what is going to happen, in order of time. Whatever happens may feed a machine an input; the effects of
//! the machine are carried out on models of the bus ([`bus`]), of HTTP ([`exchange`]), of disks ([`disk`], [`store`]) and of
//! processes ([`process`]), which arrange what happens next. Nothing here decides anything about the cluster.

mod alarm;
mod api;
mod bus;
mod catalog;
mod client;
mod clock;
mod cover;
mod data;
mod disk;
mod ending;
mod exchange;
mod fault;
mod faults;
mod label;
mod letter;
mod members;
mod process;
mod queue;
mod seed;
mod store;
mod watch;
mod window;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::ApiEffect;
use lode_core::checksum::Checksum;
use lode_core::config::{ApiConfig, DataConfig};
use lode_core::data_server::messages::DataEffect;
use lode_core::digest::{ComputedDigests, DigestMismatch, RequestedDigests};
use lode_core::machine::Effects;
use lode_core::name::ObjectName;
use lode_core::time::Instant;

use self::api::ApiNode;
use self::bus::Broker;
use self::catalog::{CatalogNode, CatalogStep};
use self::data::DataNode;
use self::exchange::{Exchange, ExchangeId, ExchangeStep};
use self::faults::Faults;
use self::process::Process;
use self::queue::{Event, Lane, Queue};
use self::seed::SeedNode;
use self::window::Window;
use crate::chance::Chance;
use crate::coverage::{Coverage, Point};
use crate::history::{Catalogued, ContentId, History, NameId, Violation};
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::plan::{Action, FaultKind, Plan, validate};
use crate::run::Run;
use crate::trace::{Keep, Trace};
use crate::traffic::Traffic;

/// One world, from its beginning to its end.
pub(crate) struct World<'a> {
    plan: &'a Plan,
    now: Instant,
    queue: Queue,
    chance: Chance,
    faults: Faults,
    api_config: ApiConfig,
    data_config: DataConfig,
    processes: Vec<Process>,
    nobody: Process,
    /// The slots at which the kinds of servers begin; the API servers come first.
    first_data: usize,
    first_seed_api: usize,
    first_seed_data: usize,
    apis: Vec<ApiNode>,
    datas: Vec<DataNode>,
    seeds: Vec<SeedNode>,
    broker: Broker,
    catalog: Option<CatalogNode>,
    exchanges: Window<Exchange>,
    next_exchange: u64,
    addresses: BTreeMap<ServerAddress, Node>,
    address_of: BTreeMap<Node, ServerAddress>,
    twins: BTreeMap<Node, Node>,
    object_names: Vec<ObjectName>,
    api_listeners: Rc<[Node]>,
    data_listeners: Rc<[Node]>,
    api_effects: Effects<ApiEffect>,
    data_effects: Effects<DataEffect>,
    client_exchanges: Vec<Option<ExchangeId>>,
    client_hangs_up: Vec<usize>,
    announced: BTreeMap<usize, Option<u64>>,
    final_reads_left: Vec<(Node, u16)>,
    final_read: Option<usize>,
    /// The client of the last reads: one more than those of the plan.
    last_reader: Node,
    /// How long the longest body of the plan is on its way.
    longest_body: Duration,
    longest_request: Duration,
    /// How many calls have not ended.
    open_calls: usize,
    history: History,
    violations: Vec<Violation>,
    coverage: Coverage,
    trace: Trace,
    steps: u64,
    traffic: Traffic,
    /// A machine has failed: what comes after means nothing.
    is_over: bool,
}

impl<'a> World<'a> {
    /// The world of a plan, before anything has happened.
    pub(crate) fn new(plan: &'a Plan, keep: Keep) -> Self {
        let twins = twins_of(plan);
        let servers = servers_of(plan, &twins);
        let address_of: BTreeMap<Node, ServerAddress> = servers
            .iter()
            .filter_map(|node| Some((*node, address_text(twins.get(node).copied().unwrap_or(*node)).parse().ok()?)))
            .collect();
        let addresses = address_of
            .iter()
            .filter(|(node, _)| !twins.contains_key(node))
            .map(|(node, address)| (address.clone(), *node))
            .collect();
        let object_names = object_names(plan);
        let count = |wanted: fn(&Node) -> bool| servers.iter().filter(|node| wanted(node)).count();
        let (apis, datas) = (count(|node| matches!(node, Node::Api(_))), count(|node| matches!(node, Node::Data(_))));
        let listeners = |wanted: fn(&Node) -> bool| servers.iter().copied().filter(wanted).collect();
        let api_config = validate::api_config(&plan.cluster).unwrap_or_default();
        let longest_body = longest_body(plan);
        let longest_request = longest_request(plan, &api_config, longest_body);
        Self {
            plan,
            now: Instant::START,
            queue: Queue::default(),
            chance: Chance::new(plan.seed),
            faults: Faults::default(),
            data_config: validate::data_config(&plan.cluster).unwrap_or_default(),
            processes: servers.iter().map(|_| Process::new()).collect(),
            nobody: Process::new(),
            first_data: apis,
            first_seed_api: apis + datas,
            first_seed_data: apis + datas + usize::from(plan.cluster.seed_apis),
            apis: (0..apis).map(|_| ApiNode::default()).collect(),
            datas: (0..datas).map(|_| DataNode::new(plan.cluster.disk_bytes)).collect(),
            seeds: (0..servers.len() - apis - datas).map(|_| SeedNode::default()).collect(),
            broker: Broker::default(),
            catalog: CatalogNode::of(plan),
            exchanges: Window::default(),
            next_exchange: 0,
            addresses,
            address_of,
            object_names,
            api_listeners: listeners(|node| matches!(node, Node::Api(_) | Node::SeedApi(_))),
            data_listeners: listeners(|node| matches!(node, Node::Data(_) | Node::SeedData(_))),
            api_effects: Effects::new(),
            data_effects: Effects::new(),
            client_exchanges: Vec::new(),
            client_hangs_up: Vec::new(),
            announced: BTreeMap::new(),
            final_reads_left: Vec::new(),
            final_read: None,
            last_reader: last_reader(plan),
            longest_body,
            longest_request,
            open_calls: 0,
            history: History {
                shared_addresses: shared(&twins),
                catalog: plan.cluster.catalog.map(Catalogued::of),
                ..History::default()
            },
            violations: Vec::new(),
            coverage: Coverage::default(),
            trace: Trace::new(keep),
            steps: 0,
            traffic: Traffic::default(),
            is_over: false,
            api_config,
            twins,
        }
    }

    /// Everything happens.
    pub(crate) fn run(mut self) -> Run {
        self.arrange_plan();
        let settled = self.settled_at();
        self.queue.push(settled, Event::FinalReads);
        let mut end = settled + self.longest_end();
        while let Some((at, event)) = self.queue.pop_until(end).filter(|_| !self.is_over) {
            self.now = at;
            self.happens(event);
            if at >= settled && self.history.calm >= settled && self.is_done() {
                // What was arranged for this very moment, or told the one who has gone, still happens.
                end = end.min(at + LAST_WORDS);
            }
        }
        if !self.is_over {
            self.check_nothing_left();
        }
        self.history.end = self.now;
        let is_over = self.is_over;
        let Self { mut violations, trace, history, mut coverage, steps, now, traffic, .. } = self;
        if !is_over {
            for verdict in crate::check::verdicts(&history) {
                coverage.judged(verdict.checker, verdict.judged, verdict.undecided);
                violations.extend(verdict.violations);
            }
        }

        Run { violations, trace, history, coverage, steps, lasted: now - Instant::START, traffic }
    }

    fn arrange_plan(&mut self) {
        // A fault that is there from the beginning comes before the servers start.
        for (index, fault) in self.plan.faults.iter().enumerate() {
            self.queue.push(at(fault.from_us), Event::FaultBegins(index));
            self.queue.push(at(fault.until_us), Event::FaultEnds(index));
        }
        let late = |node: &Node| {
            let starts_late = FaultKind::StartsLate { node: *node };
            self.plan.faults.iter().any(|fault| fault.kind == starts_late) || self.twins.contains_key(node)
        };
        let servers: Vec<Node> = self.address_of.keys().copied().filter(|node| !late(node)).collect();
        for node in servers {
            self.queue.push(Instant::START, Event::Starts(node));
        }
        for (index, operation) in self.plan.operations.iter().enumerate() {
            self.queue.push_in_lane(Lane::Operations, at(operation.at_us), Event::Operation(index));
        }
    }

    fn happens(&mut self, event: Event) {
        if let Some(node) = target_of(&event, self)
            && self.process(node).paused.is_some()
        {
            return self.wait_for_resume(node, event);
        }
        match event {
            Event::Operation(index) => self.client_acts(index),
            Event::FaultBegins(index) => self.fault_begins(index),
            Event::FaultEnds(index) => self.fault_ends(index),
            Event::GivesUp(call) => self.client_gives_up(call),
            Event::Starts(node) => self.starts(node),
            Event::Wake { node, run, armed } => self.wakes(node, run, armed),
            Event::Connects { node, run } => self.connects(node, run),
            Event::Binds { node, session } => self.binds(node, session),
            Event::Watches { node, session } => self.watches(node, session),
            Event::Drops { node, session } => self.drops(node, session),
            Event::Delivery { node, session, way, letter } => self.delivered(node, session, way, letter),
            Event::Exchange { exchange, step } => self.exchange_step(exchange, step),
            Event::Catalog { request, step } => self.catalog_step(request, step),
            Event::Disk { node, run, step } => self.disk_step(node, run, step),
            Event::Api { node, run, input } => {
                if self.run_of(node) == Some(run) {
                    self.feed_api(node, *input);
                }
            }
            Event::Data { node, run, input } => {
                if self.run_of(node) == Some(run) {
                    self.feed_data(node, *input);
                }
            }
            Event::Seed { node, run, step } => self.seed_step(node, run, step),
            Event::FinalReads if self.history.calm == Instant::START => self.wait_for_quiet(),
            Event::FinalReads => self.next_final_read(),
        }
    }

    /// What comes for a process that stands still waits until it goes on.
    pub(crate) fn wait_for_resume(&mut self, node: Node, event: Event) {
        let until = self.faults.until(Kind::Pause, node);
        let resumes = until.unwrap_or(self.now) + Duration::from_nanos(1);
        self.queue.push(resumes, event);
    }

    /// The index of a server among all.
    fn slot(&self, node: Node) -> usize {
        let (before, number) = match node {
            Node::Api(number) => (0, number),
            Node::Data(number) => (self.first_data, number),
            Node::SeedApi(number) => (self.first_seed_api, number),
            Node::SeedData(number) => (self.first_seed_data, number),
            Node::Broker | Node::Catalog | Node::Client(_) => return usize::MAX,
        };
        before + usize::from(number) - 1
    }

    fn data_slot(&self, node: Node) -> usize {
        self.slot(node).wrapping_sub(self.first_data)
    }

    fn seed_slot(&self, node: Node) -> usize {
        self.slot(node).wrapping_sub(self.first_seed_api)
    }

    /// Whose address this is in the plan.
    fn owner_of(&self, address: &ServerAddress) -> Node {
        self.addresses.get(address).copied().unwrap_or(Node::Broker)
    }

    fn address_of(&self, node: Node) -> ServerAddress {
        match self.address_of.get(&node) {
            Some(address) => address.clone(),
            None => unreachable!("each server of a plan has an address"),
        }
    }

    /// Which process gets a connection to this server's address.
    fn process_at(&mut self, node: Node) -> Node {
        let Some((&twin, _)) = self.twins.iter().find(|(_, of)| **of == node) else { return node };
        if self.run_of(twin).is_none() {
            return node;
        }
        self.hit(Point::FaultSharedAddress);
        let takes_twin = self.run_of(node).is_none() || self.chance.of(node, crate::chance::Purpose::Choice).bool();
        if takes_twin { twin } else { node }
    }

    /// Which name of the plan this is. Each says its number itself, which saves a search at each step. Names that only some
    /// runs of the seed could know are nobody's: a message that asks for one finds nothing.
    fn known_name(&self, name: &ObjectName) -> Option<NameId> {
        let Some(number) = name.as_str().strip_prefix('o') else { return self.known_blob(name) };
        let number: u16 = number.parse().ok()?;
        (self.object_names.get(usize::from(number)) == Some(name)).then_some(NameId(number.into()))
    }

    fn name_id(&self, name: &ObjectName) -> NameId {
        self.known_name(name).unwrap_or(NameId(u32::MAX))
    }

    fn object_name(&self, name: NameId) -> ObjectName {
        let object = || self.object_names.get(usize::try_from(name.0).ok()?);
        match if name.is_blob() { self.blob_name(name) } else { object() } {
            Some(name) => name.clone(),
            None => unreachable!("each name of a plan is known"),
        }
    }

    fn longest_bus_delay(&self) -> Duration {
        Duration::from_micros(self.plan.pace.bus_us.1)
    }

    pub(crate) fn hit(&mut self, point: Point) {
        self.coverage.hit(point);
    }
}

/// How long a run goes on after the last answer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whose process an event is for, if it waits while that stands still.
fn target_of(event: &Event, world: &World<'_>) -> Option<Node> {
    match event {
        Event::Connects { node, .. }
        | Event::Watches { node, .. }
        | Event::Drops { node, .. }
        | Event::Delivery { node, .. }
        | Event::Disk { node, .. }
        | Event::Api { node, .. }
        | Event::Data { node, .. }
        | Event::Seed { node, .. } => Some(*node),
        Event::Catalog { request, step: CatalogStep::Answers(_) | CatalogStep::GivenUp } => {
            Some(world.catalog.as_ref()?.asker(*request)?.node)
        }
        Event::Exchange { step: ExchangeStep::AskerGone(accepted), .. } => Some(accepted.server.node),
        Event::Exchange { exchange, step } => exchange::listener(world.exchanges.get(exchange.0)?, step),
        Event::Operation(_)
        | Event::FaultBegins(_)
        | Event::FaultEnds(_)
        | Event::GivesUp(_)
        | Event::Starts(_)
        // It looks for itself.
        | Event::Wake { .. }
        | Event::Binds { .. }
        | Event::Catalog { step: CatalogStep::Arrives | CatalogStep::Acts | CatalogStep::ActsLate, .. }
        | Event::FinalReads => None,
    }
}

/// The instant of a plan.
pub(crate) fn at(us: u64) -> Instant {
    Instant::START + Duration::from_micros(us)
}

/// The checksum of a content: its number, which no other has.
pub(crate) fn checksum_of(content: ContentId) -> Checksum {
    let mut hash = [0x5a; 32];
    for (byte, digit) in hash.iter_mut().zip(content.0.to_be_bytes()) {
        *byte = digit;
    }
    Checksum::new(hash)
}

/// The API servers of a simulated cluster do no upkeep yet.
fn no_upkeep() -> ! {
    unreachable!("the settings of these API servers have no upkeep")
}

/// The content that has this checksum, if one can.
pub(crate) fn content_of(checksum: Checksum) -> Option<ContentId> {
    let [a, b, c, d, rest @ ..] = checksum.as_bytes();
    rest.iter().all(|byte| *byte == 0x5a).then(|| ContentId(u32::from_be_bytes([*a, *b, *c, *d])))
}

/// The second processes that take the address of a data server: a number beyond the cluster's, and whose address it is.
fn twins_of(plan: &Plan) -> BTreeMap<Node, Node> {
    let shares = plan.faults.iter().filter(|fault| fault.kind.kind() == Kind::SharedAddress);
    let shared: std::collections::BTreeSet<Node> = shares.map(|fault| fault.kind.subject().ends().0).collect();
    shared.into_iter().zip(plan.cluster.datas + 1..).map(|(of, number)| (Node::Data(number), of)).collect()
}

fn shared(twins: &BTreeMap<Node, Node>) -> Vec<Node> {
    twins.iter().flat_map(|(twin, of)| [*twin, *of]).collect()
}

fn servers_of(plan: &Plan, twins: &BTreeMap<Node, Node>) -> Vec<Node> {
    let cluster = &plan.cluster;
    let apis = (1..=cluster.apis).map(Node::Api);
    let datas = (1..=cluster.datas).map(Node::Data).chain(twins.keys().copied());
    let seed_apis = (1..=cluster.seed_apis).map(Node::SeedApi);
    apis.chain(datas).chain(seed_apis).chain((1..=cluster.seed_datas).map(Node::SeedData)).collect()
}

/// What a server's address looks like.
fn address_text(node: Node) -> String {
    format!("{node}:22345")
}

fn object_names(plan: &Plan) -> Vec<ObjectName> {
    let most = plan.operations.iter().map(|operation| operation.name).max().unwrap_or(0);
    (0..=most).filter_map(|number| ObjectName::from_message(&format!("o{number}")).ok()).collect()
}

fn last_reader(plan: &Plan) -> Node {
    let numbers = plan.operations.iter().filter_map(|operation| match operation.client {
        Node::Client(number) => Some(number),
        Node::Broker | Node::Catalog | Node::Api(_) | Node::Data(_) | Node::SeedApi(_) | Node::SeedData(_) => None,
    });
    Node::Client(numbers.max().unwrap_or(0).saturating_add(1))
}

/// How long the longest body of the plan is on its way.
fn longest_body(plan: &Plan) -> Duration {
    let sizes = plan.operations.iter().map(|operation| match operation.action {
        Action::Put { size_bytes, .. } => size_bytes,
        Action::Get { .. }
        | Action::Head
        | Action::Delete
        | Action::Locate { .. }
        | Action::Versions
        | Action::List { .. } => 0,
    });
    Duration::from_micros(sizes.max().unwrap_or(0).saturating_mul(1000) / plan.pace.bytes_per_ms.max(1))
}

/// What is told of a body that does not have the digest that its client gave.
pub(crate) fn mismatch() -> DigestMismatch {
    let requested = RequestedDigests { sha256: Some([0xaa; 32]), md5: None };
    let computed = ComputedDigests { sha256: Some([0xbb; 32]), md5: None };
    match requested.matches(&computed) {
        Err(mismatch) => mismatch,
        Ok(()) => unreachable!("two different hashes do not match"),
    }
}

/// How long a request may take whatever happens: every attempt with all its patience, and the time of a body that stalls.
fn longest_request(plan: &Plan, config: &ApiConfig, body: Duration) -> Duration {
    let attempts = u32::try_from(config.max_attempts).unwrap_or(u32::MAX).min(16);
    if plan.cluster.catalog.is_some() {
        return longest_of_versions(plan, config, body, attempts);
    }
    let attempt = config.timing.locate_deadline() + config.short_patience.max(exchange::STALL_LIMIT);
    attempts * (attempt + body) + body + config.long_patience + 4 * exchange::STALL_LIMIT
}

/// The same where there is a catalog. A read asks each data server once for each version that it begins with; a write asks as
/// many as there are copies and attempts.
fn longest_of_versions(plan: &Plan, config: &ApiConfig, body: Duration, attempts: u32) -> Duration {
    let catalog = 3 * catalog::PATIENCE;
    let one = exchange::CONNECT_LIMIT + config.short_patience.max(exchange::STALL_LIMIT) + body;
    let servers = u32::from(plan.cluster.datas) + u32::try_from(twins_of(plan).len()).unwrap_or(0);
    let read = attempts * (catalog + config.timing.locate_deadline() + servers * one);
    let write = catalog + (attempts + servers) * one + config.long_patience + body;
    read.max(write) + 4 * exchange::STALL_LIMIT + body
}
