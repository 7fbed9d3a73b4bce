//! How fast the catalog in PostgreSQL is.
//!
//!     cargo bench -p lode-smol --bench catalog_postgres -- postgres://lode@127.0.0.1/bench
//!
//! The database is to be an empty one, made for it. A number behind it is how many seconds each rate is measured for (4).

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use lode_core::catalog::{BlobId, Bucket, CatalogRequest, Commit, Metadata, ObjectPath, State, Stored};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_smol::catalog::postgres::PostgresUrl;
use lode_smol::catalog::{Catalog as _, PostgresCatalog};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let Some(url) = std::env::args().find_map(|argument| argument.parse::<PostgresUrl>().ok()) else {
        println!("NOT MEASURED: give the URL of an empty database behind --, as in postgres://lode@127.0.0.1/bench");
        return Ok(());
    };
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(4);
    let catalog = smol::block_on(PostgresCatalog::connect(&url))?;
    for in_flight in [1, 16, 64] {
        figures(&catalog, in_flight, Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn figures(catalog: &PostgresCatalog, in_flight: u64, lasting: Duration) -> Outcome<()> {
    // No blob is committed twice, however often this is run on one database.
    let run = fastrand::u64(1..u64::MAX / 1000) * 1000;
    let new = per_second(catalog, in_flight, lasting, |worker, count| {
        commit(format!("new-{run}-{worker}-{count}"), run + worker, count)
    })?;
    let again = per_second(catalog, in_flight, lasting, |worker, count| {
        commit(format!("again-{run}-{worker}"), run + 500 + worker, count)
    })?;
    let reads = per_second(catalog, in_flight, lasting, |worker, count| {
        Ok(CatalogRequest::Read { path: path(format!("new-{run}-{worker}-{}", count % 100))?, version: None })
    })?;
    println!("{in_flight:>3} in flight: {new:>7} new keys, {again:>7} overwrites, {reads:>7} reads a second");
    Ok(())
}

/// How many requests are answered, with so many asked at a time.
fn per_second(
    catalog: &PostgresCatalog,
    workers: u64,
    lasting: Duration,
    request: impl Fn(u64, u64) -> Outcome<CatalogRequest>,
) -> Outcome<u64> {
    let began = Instant::now();
    let work = async |worker: u64| {
        let mut count = 0;
        while began.elapsed() < lasting {
            catalog.ask(request(worker, count)?).await?;
            count += 1;
        }
        Outcome::Ok(count)
    };
    let counts = smol::block_on(try_join_all((0..workers).map(work)))?;
    Ok(counts.iter().sum::<u64>() / lasting.as_secs().max(1))
}

fn commit(key: String, incarnation: u64, number: u64) -> Outcome<CatalogRequest> {
    let blob: BlobId = format!("{incarnation:016x}-{number:016x}").parse()?;
    let content_type = Some("text/plain".parse()?);
    let stored =
        Stored { size_bytes: 7, checksum: Checksum::new([7; 32]), content_type, metadata: Metadata::default() };
    let holders = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].into_iter().map(str::parse).collect::<Result<_, _>>()?;
    let (conditions, state) = (Conditions::default(), State::Object(stored));
    Ok(CatalogRequest::Commit(Commit { path: path(key)?, blob, state, holders, conditions }))
}

#[allow(clippy::needless_pass_by_value, reason = "it is made for this")]
fn path(key: String) -> Outcome<ObjectPath> {
    Ok(ObjectPath { bucket: Bucket::objects(), key: key.parse()? })
}
