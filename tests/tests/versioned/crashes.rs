//! Rounds of kill -9 of processes of every kind (API servers, data servers, RabbitMQ, PostgreSQL) during mixed work, each
//! started again: nothing acknowledged is lost, no part of an object is visible, versions never go back, no temporary file
//! stays, and no queue without a consumer. LODE_CRASH_ROUNDS says how many rounds; [`USUAL_ROUNDS`] unless given.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::{Cluster, is_ready};
use lode_tests::folder;
use lode_tests::history::History;
use lode_tests::lode::Server;
use lode_tests::mixed::{Done, Failed, Mixed, Plan, Why, check_all};
use lode_tests::postgres::Postgres;
use lode_tests::wait;

const USUAL_ROUNDS: u64 = 10;
const DATAS: u8 = 4;
/// After so many rounds the work stops, and everything is looked at.
const ROUNDS_A_LOOK: u64 = 10;
const QUIET_LIMIT: Duration = Duration::from_secs(30);

/// Who is killed in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Api,
    Data,
    TwoDatas,
    Database,
    Broker,
    Everybody,
}

/// One round after the other; the slow ones (a broker takes some seconds to start) come more rarely in a long run.
const USUAL_ORDER: [Victim; 10] = [
    Victim::Data,
    Victim::Api,
    Victim::Database,
    Victim::TwoDatas,
    Victim::Broker,
    Victim::Api,
    Victim::Data,
    Victim::Everybody,
    Victim::Database,
    Victim::TwoDatas,
];

#[test]
fn no_crash_of_anybody_loses_or_doubles_or_shows_a_part() {
    let rounds = super::setting("LODE_CRASH_ROUNDS").unwrap_or(USUAL_ROUNDS);
    let mut world = World::start();
    let (mut done, mut killed) = (Done::default(), BTreeMap::<Victim, u64>::new());
    let mut left = rounds;
    while left > 0 {
        let now = left.min(ROUNDS_A_LOOK);
        let (work, began) = (Mixed::start(&world.plan(), &world.history), Instant::now());
        let down: Vec<Down> = (rounds - left..rounds - left + now)
            .flat_map(|round| {
                let victim = victim_of(round);
                *killed.entry(victim).or_default() += 1;
                world.crash(victim, round, began)
            })
            .collect();
        let part = work.stop();
        part.assert_excused(|failed| is_excused(failed, &down));
        done.add(part);
        world.look();
        left -= now;
    }
    println!("{rounds} rounds, killed {killed:?}: {done}; {} versions known", world.history.versions());
    assert!(done.good() > 20 * usize::try_from(rounds).unwrap(), "too little was done: {done}");
    assert!(!done.failed.is_empty(), "no kill ever fell into a request");
}

fn victim_of(round: u64) -> Victim {
    let index = usize::try_from(round).unwrap() % USUAL_ORDER.len();
    let (victim, tens) = (USUAL_ORDER[index], round / 10);
    let is_slow = matches!(victim, Victim::Broker | Victim::Everybody);
    if is_slow && !tens.is_multiple_of(3) { Victim::Data } else { victim }
}

/// From when to when an API server was away.
struct Down {
    api: SocketAddr,
    from: Duration,
    until: Duration,
}

/// 503 says that something is away. No answer at all is excused where the API server itself was killed, and a body that was
/// seen to be cut short where the last copy went away under it.
fn is_excused(failed: &Failed, down: &[Down]) -> bool {
    match &failed.why {
        Why::Unavailable(_) => true,
        Why::Full => false,
        Why::NotAsked(why) | Why::Broken(why) => {
            let ended = failed.began + failed.took;
            let overlaps = |down: &Down| down.api == failed.api && failed.began <= down.until && down.from <= ended;
            why.starts_with("cut short") || down.iter().any(overlaps)
        }
    }
}

struct World {
    broker: Broker,
    postgres: Postgres,
    cluster: Cluster,
    history: Arc<History>,
}

impl World {
    fn start() -> Self {
        let (broker, postgres) = (Broker::start(), Postgres::start());
        let cluster = super::cluster(&broker.url(), Some(&postgres.database()), DATAS);
        Self { broker, postgres, cluster, history: Arc::new(History::default()) }
    }

    fn plan(&self) -> Plan {
        Plan { pause: Duration::from_millis(3), ..Plan::everything(&self.cluster, "c-") }
    }

    /// Kills at a moment that is another in each round, leaves it so for as long, and starts again.
    fn crash(&mut self, victim: Victim, round: u64, began: Instant) -> Vec<Down> {
        thread::sleep(Duration::from_millis(200 + round * 37 % 300));
        let from = began.elapsed();
        let (apis, datas) = self.indices(victim, round);
        apis.iter().for_each(|index| self.cluster.apis[*index].kill());
        datas.iter().for_each(|index| self.cluster.datas[*index].kill());
        let (database, broker) = match victim {
            Victim::Api | Victim::Data | Victim::TwoDatas => (false, false),
            Victim::Database => (true, false),
            Victim::Broker => (false, true),
            Victim::Everybody => (true, true),
        };
        if database {
            self.postgres.kill();
        }
        if broker {
            self.broker.kill();
        }
        thread::sleep(Duration::from_millis(50 + round * 53 % 500));
        if database {
            self.postgres.start_again();
        }
        if broker {
            self.broker.start_again();
        }
        datas.iter().for_each(|index| self.cluster.datas[*index].start_again());
        apis.iter().for_each(|index| self.cluster.apis[*index].start_again());
        let again = apis.iter().map(|index| &self.cluster.apis[*index]);
        for server in again.chain(datas.iter().map(|index| &self.cluster.datas[*index])) {
            wait::until_true(QUIET_LIMIT, "who was killed is ready again", || is_ready(server.address));
        }
        let until = began.elapsed();
        let down = |index: &usize| Down { api: self.cluster.apis[*index].address, from, until };
        apis.iter().map(down).collect()
    }

    /// Which API servers and data servers are killed.
    fn indices(&self, victim: Victim, round: u64) -> (Vec<usize>, Vec<usize>) {
        let turn = usize::try_from(round).unwrap();
        let (api, datas) = (turn / 3 % self.cluster.apis.len(), self.cluster.datas.len());
        match victim {
            Victim::Api => (vec![api], vec![]),
            Victim::Data => (vec![], vec![turn % datas]),
            Victim::TwoDatas => (vec![], vec![turn % datas, (turn + 1) % datas]),
            Victim::Database | Victim::Broker => (vec![], vec![]),
            Victim::Everybody => ((0..self.cluster.apis.len()).collect(), (0..datas).collect()),
        }
    }

    /// With nothing under way, and everybody there.
    fn look(&self) {
        self.cluster.wait_until_ready();
        check_all(&self.history, &super::addresses(&self.cluster), "c-");
        for (index, server) in self.cluster.datas.iter().enumerate() {
            let incoming = self.cluster.root(index).join("incoming");
            let what = format!("no temporary file is left on {}", server.address);
            wait::until_true(QUIET_LIMIT, &what, || folder::files(&incoming).is_empty());
        }
        wait::until_true(QUIET_LIMIT, "no queue is left without a consumer", || {
            self.broker.queues(&self.broker.url()).iter().all(|queue| queue.consumers > 0)
        });
        assert_eq!(self.servers().filter(|server| !server.is_alive()).count(), 0);
        self.look_for_orphans();
    }

    /// Blobs that no version refers to stay where an upload was cut off by a crash, until they are as old as the garbage age:
    /// an hour here, so they are only told of. That they are collected is shown in `upkeep/garbage.rs`.
    fn look_for_orphans(&self) {
        let of = |index: usize| folder::files(&self.cluster.root(index).join("blobs")).len();
        let blobs: usize = (0..self.cluster.datas.len()).map(of).sum();
        println!("{blobs} copies lie on the disks, for {} names", self.history.names().len());
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.cluster.apis.iter().chain(&self.cluster.datas)
    }
}
