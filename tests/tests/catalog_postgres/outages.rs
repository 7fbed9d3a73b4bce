//! What commits come to when the server goes away under them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest};
use lode_smol::catalog::Catalog as _;
use lode_tests::postgres::Postgres;
use lode_tests::wait;

use super::ledger::{Entry, Load, balance};
use super::{blob, commit, connect, path};

/// Longer than a request may take, whatever befalls the server.
const BOUND: Duration = Duration::from_secs(15);

#[test]
fn restarts_lose_and_double_nothing() {
    outages(Postgres::stop);
}

#[test]
fn crashes_lose_and_double_nothing() {
    outages(Postgres::crash);
}

/// Three times, one of them so short that requests outlast it.
fn outages(end: impl Fn(&Postgres)) {
    let postgres = Postgres::start();
    let database = postgres.database();
    let load = Load::start(&database);
    let mut down = Vec::new();
    for pause in [0, 500, 3000] {
        load.wait_for(500);
        let began = Instant::now();
        end(&postgres);
        std::thread::sleep(Duration::from_millis(pause));
        postgres.start_again();
        down.push((began, Instant::now()));
        load.wait_for(100);
    }
    load.wait_for(500);
    let entries = load.finish();
    let unknown = balance(&database, &entries);
    let failed: Vec<&Entry> = entries.iter().filter(|entry| entry.outcome.is_err()).collect();
    println!("{} commits, {} failed, {unknown} of them unknown", entries.len(), failed.len());
    for entry in &failed {
        let is_of_an_outage = down.iter().any(|(began, ended)| entry.began < *ended && *began < entry.ended);
        assert!(is_of_an_outage, "{entry:?} failed while the server was up");
    }
    // The last outage outlasts the 2 s that a request waits for a connection.
    assert!(!failed.is_empty());
    assert!(entries.iter().all(|entry| entry.ended - entry.began < BOUND));
}

#[test]
fn connections_that_are_cut_in_the_middle_of_commits_cost_no_answer() {
    let postgres = Postgres::start();
    let database = postgres.database();
    let load = Load::start(&database);
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM
               (SELECT pid FROM pg_stat_activity WHERE application_name = 'lode' ORDER BY random() LIMIT 3) those";
    let mut cuts = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        cuts += postgres.sql(&database, cut).parse::<u64>().expect("a number");
    }
    load.wait_for(100);
    let entries = load.finish();
    let unknown = balance(&database, &entries);
    println!("{} commits, {cuts} connections cut", entries.len());
    assert!(cuts > 100, "only {cuts} connections were cut");
    assert_eq!(unknown, 0);
    let failed: Vec<_> = entries.iter().filter(|entry| entry.outcome.is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_server_that_hangs_hangs_nobody() {
    let postgres = Postgres::start();
    let database = postgres.database();
    let load = Load::start(&database);
    load.wait_for(500);
    let paused = Instant::now();
    postgres.pause();
    std::thread::sleep(Duration::from_secs(16));
    postgres.resume();
    let resumed = Instant::now();
    load.wait_for(500);
    let entries = load.finish();
    let unknown = balance(&database, &entries);
    let failed: Vec<_> = entries.iter().filter(|entry| entry.outcome.is_err()).collect();
    println!("{} commits, {} failed, {unknown} of them unknown", entries.len(), failed.len());
    assert!(failed.iter().all(|entry| entry.began < resumed && paused < entry.ended), "{failed:?}");
    assert!(!failed.is_empty() && entries.iter().all(|entry| entry.ended - entry.began < BOUND));
    let here = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lode'";
    wait::until_true(Duration::from_secs(10), "no connection is left behind", || postgres.sql(&database, here) == "0");
}

/// Idle connections are asked for a sign of life, and that must not take its time for each of them.
#[test]
fn a_server_that_hangs_while_nothing_is_asked_is_found_out_soon() {
    let postgres = Postgres::start();
    let catalog = Arc::new(connect(&postgres.database()));
    let read = |number: u64| {
        let (catalog, path) = (Arc::clone(&catalog), path(&format!("{number}")));
        smol::spawn(async move { catalog.ask(CatalogRequest::Read { path, version: None }).await })
    };
    let outcomes = smol::block_on(join_all((0..100).map(read)));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    std::thread::sleep(Duration::from_secs(2));
    postgres.pause();
    let began = Instant::now();
    let outcome = smol::block_on(read(0));
    assert!(matches!(outcome, Err(CatalogFailure::Unavailable { .. })), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    postgres.resume();
    assert!(smol::block_on(read(0)).is_ok());
}

#[test]
fn without_a_server_each_request_ends_soon_and_those_after_it_is_back_do_not_fail() {
    let postgres = Postgres::start();
    let catalog = Arc::new(connect(&postgres.database()));
    postgres.stop();
    let began = Instant::now();
    let read = || CatalogRequest::Read { path: path("a"), version: None };
    let ask = |number: u64| {
        let catalog = Arc::clone(&catalog);
        let request = if number.is_multiple_of(2) { read() } else { commit(&path("a"), blob(1, number), &[]) };
        smol::spawn(async move { catalog.ask(request).await })
    };
    for outcome in smol::block_on(join_all((0..100).map(ask))) {
        assert!(matches!(outcome, Err(CatalogFailure::Unavailable { .. })), "{outcome:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    postgres.start_again();
    assert_eq!(smol::block_on(catalog.ask(read())), Ok(CatalogAnswer::Found(None)));
}

/// A future that is dropped leaves its connection in the midst of something: nobody gets that connection.
#[test]
fn requests_that_are_given_up_spoil_nothing() {
    let postgres = Postgres::shared();
    let catalog = connect(&postgres.database());
    for number in 0..500 {
        let give_up = async {
            smol::Timer::after(Duration::from_micros(20 * number)).await;
            None
        };
        let request = commit(&path("a"), blob(1, number), &[]);
        smol::block_on(smol::future::or(async { Some(catalog.ask(request).await) }, give_up));
        let read = CatalogRequest::Read { path: path("a"), version: None };
        let found = smol::block_on(catalog.ask(read));
        assert!(matches!(found, Ok(CatalogAnswer::Found(_))), "{found:?}");
    }
}
