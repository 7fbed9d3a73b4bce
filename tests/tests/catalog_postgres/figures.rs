//! How fast it is: `cargo test --release -p lode-tests --test catalog_postgres -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use lode_core::catalog::CatalogRequest;
use lode_smol::catalog::{Catalog as _, PostgresCatalog};
use lode_tests::postgres::Postgres;

use super::{blob, commit, connect, path};

const DURATION: Duration = Duration::from_secs(4);

#[test]
#[ignore = "it measures"]
fn figures() {
    let catalog = Arc::new(connect(&Postgres::shared().database()));
    for in_flight in [1, 16, 64] {
        let new = per_second(&catalog, in_flight, |worker, count| {
            commit(&path(&format!("new-{in_flight}-{worker}-{count}")), blob(in_flight * 1000 + worker, count), &[])
        });
        let again = per_second(&catalog, in_flight, |worker, count| {
            commit(&path(&format!("again-{in_flight}-{worker}")), blob(in_flight * 9000 + worker, count), &[])
        });
        let reads = per_second(&catalog, in_flight, |worker, count| {
            let path = path(&format!("new-{in_flight}-{worker}-{}", count % 100));
            CatalogRequest::Read { path, version: None }
        });
        println!("{in_flight} in flight: {new} new keys, {again} overwrites, {reads} reads a second");
    }
}

fn per_second(
    catalog: &Arc<PostgresCatalog>,
    workers: u64,
    request: impl Fn(u64, u64) -> CatalogRequest + Sync,
) -> u64 {
    let began = Instant::now();
    let work = async |worker: u64| {
        let mut count = 0;
        while began.elapsed() < DURATION {
            let answer = catalog.ask(request(worker, count)).await;
            assert!(answer.is_ok(), "{answer:?}");
            count += 1;
        }
        count
    };
    let counts: Vec<u64> = smol::block_on(join_all((0..workers).map(work)));
    counts.iter().sum::<u64>() / DURATION.as_secs()
}
