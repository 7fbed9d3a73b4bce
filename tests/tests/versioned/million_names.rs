//! A million names in one bucket, listed through an API server: all pages, in order, none twice; the memory of the server stays as
//! it is. LODE_NAMES=1000000 for all of them; [`USUAL_NAMES`] unless given. The speeds are printed; what is asserted of them
//! is loose, since the machine may be busy, and nothing at all where the program was built for debugging.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use lode_core::catalog::{Bucket, CatalogRequest, Commit, Metadata, ObjectPath, State, Stored};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_smol::catalog::Catalog as _;
use lode_smol::catalog::sqlite::SqliteCatalog;
use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::http::{Connection, DEFAULT_LIMIT, Reply, Request};
use lode_tests::lode;

/// What a debug build writes in about half a minute. All that is asserted holds for a million too.
const USUAL_NAMES: u64 = 250_000;
const PAGE: u64 = 1000;
/// So often all is listed, and the median told.
const TIMES: usize = 3;
const PAGES_FROM_ANYWHERE: u64 = 200;
/// What the server's memory may grow by, once all has been listed once.
const FLAT_BYTES: u64 = 8 << 20;
const LEAST_NAMES_A_SECOND: f64 = 50_000.0;
const MOST_FOR_A_PAGE: Duration = Duration::from_millis(50);

#[test]
fn a_million_names_are_listed_in_order_and_cost_no_memory() {
    let names = super::setting("LODE_NAMES").unwrap_or(USUAL_NAMES);
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let began = Instant::now();
    let catalog = cluster.catalog();
    fill(Path::new(catalog.trim_start_matches("sqlite:")), names);
    println!("{names} names were filled in within {:?}", began.elapsed());
    cluster.add_data();
    super::add_api(&mut cluster, None);
    cluster.wait_until_ready();

    let mut pages = Pages::open(&cluster);
    pages.from(&key(names / 2));
    let before_bytes = cluster.apis[0].process().rss_bytes();
    let first = list_all(&mut pages, names);
    let once_bytes = cluster.apis[0].process().rss_bytes();
    let mut speeds = vec![first, list_all(&mut pages, names), list_all(&mut pages, names)];
    let from_anywhere = pages_from_anywhere(&mut pages, names);
    let after_bytes = cluster.apis[0].process().rss_bytes();

    speeds.sort_by(f64::total_cmp);
    let median = speeds[TIMES / 2];
    println!("all {names} names: {median:.0} a second (median of {speeds:.0?})");
    let (middle, slowest) = (from_anywhere[from_anywhere.len() / 2], from_anywhere[from_anywhere.len() - 1]);
    println!("a page of {PAGE} from anywhere: median {middle:?}, slowest of {} {slowest:?}", from_anywhere.len());
    println!("resident: {before_bytes} bytes before, {once_bytes} after all was listed once, {after_bytes} at the end");
    assert!(after_bytes < once_bytes + FLAT_BYTES, "memory grew from {once_bytes} to {after_bytes} bytes");
    if lode::is_release() {
        assert!(median > LEAST_NAMES_A_SECOND, "{median:.0} names a second");
        assert!(middle < MOST_FOR_A_PAGE, "{middle:?} for a page");
    }
}

/// One kept connection; only the exchanges are timed, not what this client then does with the pages.
struct Pages {
    connection: Connection,
    took: Duration,
}

impl Pages {
    fn open(cluster: &Cluster) -> Self {
        let connection = Connection::open(cluster.apis[0].address, DEFAULT_LIMIT).expect("a connection");
        Self { connection, took: Duration::ZERO }
    }

    fn from(&mut self, after: &str) -> Reply {
        let target = format!("/objects/?limit={PAGE}&after={after}");
        self.connection.extend(DEFAULT_LIMIT);
        let began = Instant::now();
        let reply = self.connection.exchange(&Request { method: "GET", target: &target, ..Request::default() });
        self.took = began.elapsed();
        reply.expect("a page").expect(200)
    }
}

/// Sees that each name comes once and in order; gives how many came a second.
fn list_all(pages: &mut Pages, names: u64) -> f64 {
    let (mut number, mut after, mut took) = (0, String::new(), Duration::ZERO);
    loop {
        let page = pages.from(&after).json();
        took += pages.took;
        for row in page["objects"].as_array().expect("objects") {
            assert_eq!(row["name"], key(number));
            number += 1;
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(number, names);
    per_second(names, took)
}

/// How long each took, sorted.
fn pages_from_anywhere(pages: &mut Pages, names: u64) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..PAGES_FROM_ANYWHERE {
        let number = fastrand::u64(..names.saturating_sub(PAGE + 1).max(1));
        let page = pages.from(&key(number)).json();
        assert_eq!(page["objects"][0]["name"], key(number + 1));
        times.push(pages.took);
    }
    times.sort();
    times
}

/// Written straight into the catalog, with no copies behind the names.
fn fill(file: &Path, names: u64) {
    let catalog = SqliteCatalog::open(file).unwrap_or_else(|error| panic!("{error}"));
    for from in (0..names).step_by(512) {
        let some = (from..names.min(from + 512)).map(|number| catalog.ask(commit(number)));
        let answers = smol::block_on(join_all(some));
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
}

fn commit(number: u64) -> CatalogRequest {
    let mut checksum = [7; 32];
    checksum.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    let (checksum, metadata) = (Checksum::new(checksum), Metadata::default());
    let state = State::Object(Stored { size_bytes: 4096, checksum, content_type: None, metadata });
    let path = ObjectPath { bucket: Bucket::objects(), key: key(number).parse().expect("a key") };
    let blob = format!("{:016x}-{number:016x}", 1).parse().expect("the id of a blob");
    let holders = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map(|text| text.parse().expect("an address")).into();
    CatalogRequest::Commit(Commit { path, blob, state, holders, conditions: Conditions::default() })
}

fn key(number: u64) -> String {
    format!("photos/2026/{number:08}.jpg")
}

fn per_second(count: u64, took: Duration) -> f64 {
    let count = u32::try_from(count).expect("some millions at the most");
    f64::from(count) / took.as_secs_f64()
}
