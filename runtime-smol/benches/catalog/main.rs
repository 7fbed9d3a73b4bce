//! How fast the catalog in SQLite is, and how large.
//!
//!     cargo bench -p lode-smol --bench catalog
//!
//! Numbers behind `--` are: how many names there are when it is read and listed (1,000,000), and how many seconds each rate
//! is measured for (3). The file lies in the folder for temporary files; set TMPDIR to measure another disk.

mod garbage;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use lode_core::catalog::listing::{ListQuery, Page};
use lode_core::catalog::{BlobId, Bucket, CatalogAnswer, CatalogRequest, Commit, Metadata, ObjectPath, State, Stored};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_smol::catalog::Catalog as _;
use lode_smol::catalog::sqlite::SqliteCatalog;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let names = numbers.next().unwrap_or(1_000_000_u64);
    let lasting = Duration::from_secs(numbers.next().unwrap_or(3));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("catalog");
    let catalog = Arc::new(SqliteCatalog::open(&file)?);
    fill(&catalog, &file, names)?;
    for waiting in [1, 16, 256] {
        commits(&catalog, names, waiting, lasting)?;
    }
    for tasks in [1, 16] {
        reads(&catalog, names, tasks, lasting)?;
    }
    middle_page(&catalog, names)?;
    all_pages(&catalog, names)?;
    garbage::figures(&catalog, names)
}

/// Names that are each a new key, as many at a time as a transaction takes.
fn fill(catalog: &SqliteCatalog, file: &Path, names: u64) -> Outcome<()> {
    let begun = Instant::now();
    for from in (0..names).step_by(512) {
        let some = (from..names.min(from + 512)).map(|number| catalog.ask(commit(number, number)));
        smol::block_on(join_all(some)).into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    report("new names, 512 waiting", rate(names, begun), "commits/s");
    let journal = std::fs::metadata(file.with_file_name("catalog-wal")).map_or(0, |told| told.len());
    let bytes = std::fs::metadata(file)?.len() + journal;
    report("size of the file", bytes.to_string(), "bytes");
    report("", (bytes / names).to_string(), "bytes for each name");
    Ok(())
}

/// Names that are there are written again, each time with so many others waiting.
fn commits(catalog: &SqliteCatalog, names: u64, waiting: u64, lasting: Duration) -> Outcome<()> {
    let (begun, mut count) = (Instant::now(), 0);
    let mut blob = names * (waiting + 1);
    smol::block_on(async {
        let mut under_way = FuturesUnordered::new();
        while begun.elapsed() < lasting {
            while (under_way.len() as u64) < waiting {
                blob += 1;
                under_way.push(catalog.ask(commit(fastrand::u64(..names), blob)));
            }
            if let Some(answer) = under_way.next().await {
                black_box(answer?);
                count += 1;
            }
        }
        Outcome::Ok(())
    })?;
    report(&format!("written again, {waiting} waiting"), rate(count, begun), "commits/s");
    Ok(())
}

/// The current versions of random names, by so many tasks on as many threads as there are processors.
fn reads(catalog: &Arc<SqliteCatalog>, names: u64, tasks: u64, lasting: Duration) -> Outcome<()> {
    let executor = Arc::new(smol::Executor::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let reading = (0..tasks).map(|_| {
        let catalog = Arc::clone(catalog);
        executor.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < lasting {
                let read = CatalogRequest::Read { path: path(fastrand::u64(..names)), version: None };
                black_box(catalog.ask(read).await?);
                count += 1;
                smol::future::yield_now().await;
            }
            Outcome::Ok(count)
        })
    });
    let reading: Vec<_> = reading.collect();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let counts = std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
        }
        let counts = smol::block_on(join_all(reading));
        drop(stop);
        counts
    });
    let count = counts.into_iter().sum::<Outcome<u64>>()?;
    report(&format!("current versions, {tasks} tasks"), rate(count, begun), "reads/s");
    Ok(())
}

/// A page of a thousand from the middle, a hundred times from other places.
fn middle_page(catalog: &SqliteCatalog, names: u64) -> Outcome<()> {
    let mut took: Vec<Duration> = Vec::new();
    for number in 0..100 {
        let begun = Instant::now();
        let page = page(catalog, Some(key(names / 2 + number * 1000)))?;
        took.push(begun.elapsed());
        assert!(names < 500_000 || page.objects.len() == 1000);
    }
    report_times("a page of 1,000 from the middle", took);
    Ok(())
}

fn all_pages(catalog: &SqliteCatalog, names: u64) -> Outcome<()> {
    let (begun, mut count, mut after, mut rss_bytes) = (Instant::now(), 0, None, 0);
    loop {
        let page = page(catalog, after)?;
        count += page.objects.len() as u64;
        rss_bytes = rss_bytes.max(resident_bytes());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(count, names);
    report("listing all names", rate(count, begun), "names/s");
    report("", format!("{:.2}", begun.elapsed().as_secs_f64()), "s");
    report("memory meanwhile (RSS)", rss_bytes.to_string(), "bytes");
    Ok(())
}

fn page(catalog: &SqliteCatalog, after: Option<String>) -> Outcome<Page> {
    let (bucket, prefix, delimiter) = (Bucket::objects(), String::new(), None);
    let query = ListQuery { bucket, prefix, delimiter, after, limit: 1000 };
    let answer = smol::block_on(catalog.ask(CatalogRequest::List(query)))?;
    let CatalogAnswer::Listed(Some(page)) = answer else { return Err(format!("{answer:?}").into()) };
    Ok(page)
}

fn commit(number: u64, blob: u64) -> CatalogRequest {
    let mut checksum = [7; 32];
    checksum.iter_mut().zip(blob.to_be_bytes()).for_each(|(to, from)| *to = from);
    let stored = Stored {
        size_bytes: 4096,
        checksum: Checksum::new(checksum),
        content_type: None,
        metadata: Metadata::default(),
    };
    let holder = |part: u64| format!("10.0.0.{}:22345", (blob + part * 7) % 20).parse();
    let (conditions, state) = (Conditions::default(), State::Object(stored));
    let holders = (0..3).filter_map(|part| holder(part).ok()).collect();
    CatalogRequest::Commit(Commit { path: path(number), blob: blob_of(blob), state, holders, conditions })
}

#[allow(clippy::unwrap_used, reason = "the numbers are made here")]
fn blob_of(number: u64) -> BlobId {
    format!("{:016x}-{number:016x}", 0x1234_5678_9abc_def0_u64).parse().unwrap()
}

#[allow(clippy::unwrap_used, reason = "the numbers are made here")]
fn path(number: u64) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key(number).parse().unwrap() }
}

fn key(number: u64) -> String {
    format!("photos/2026/{number:08}.jpg")
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn rate(count: u64, since: Instant) -> String {
    #[allow(clippy::cast_precision_loss, reason = "nothing is done 2^53 times")]
    let per_second = count as f64 / since.elapsed().as_secs_f64();
    format!("{per_second:.0}")
}

fn report_times(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let millis = |took: Option<&Duration>| took.map(|took| format!("{:.2}", took.as_secs_f64() * 1000.0));
    report(&format!("{what}, median"), millis(took.get(took.len() / 2)).unwrap_or_default(), "ms");
    report(&format!("its slowest of {}", took.len()), millis(took.last()).unwrap_or_default(), "ms");
}

#[allow(clippy::needless_pass_by_value, reason = "what is told is made for it")]
fn report(what: &str, figure: String, unit: &str) {
    println!("{what:<45} {figure:>14} {unit}");
}
