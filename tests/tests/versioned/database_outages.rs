//! PostgreSQL goes away under HTTP load through two API servers, and comes back: requests wait or are told 503 with
//! Retry-After; none lies; nothing acknowledged is lost; no version is there twice. The history watches all of that.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::history::History;
use lode_tests::mixed::{Mixed, Plan, Why, check_all};
use lode_tests::postgres::Postgres;

/// For so long PostgreSQL stays away, each time: not at all, so long that requests outlast it, and so long that they do not.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(700), Duration::from_secs(4)];

#[test]
fn a_restart_of_the_database_costs_time_and_no_answer() {
    outages(Postgres::stop);
}

#[test]
fn a_crash_of_the_database_costs_time_and_no_answer() {
    outages(Postgres::crash);
}

/// The power goes: the postmaster is killed, and its children find themselves alone.
#[test]
fn a_kill_of_the_database_costs_time_and_no_answer() {
    outages(Postgres::kill);
}

fn outages(end: impl Fn(&Postgres)) {
    let postgres = Postgres::start();
    let cluster = super::cluster(&Broker::shared().vhost(), Some(&postgres.database()), 3);
    let history = Arc::new(History::default());
    let work = Mixed::start(&Plan::everything(&cluster, "o-"), &history);
    let mut down = Vec::new();
    for pause in PAUSES {
        thread::sleep(Duration::from_secs(2));
        let began = work.elapsed();
        end(&postgres);
        thread::sleep(pause);
        postgres.start_again();
        down.push((began, work.elapsed()));
    }
    thread::sleep(Duration::from_secs(2));
    let done = work.stop();
    done.assert_excused(|failed| {
        let ended = failed.began + failed.took;
        let is_of_an_outage = down.iter().any(|(from, until)| failed.began < *until && *from < ended);
        is_of_an_outage && matches!(failed.why, Why::Unavailable(_))
    });
    assert!(done.good() > 500, "too little was done: {done}");
    assert!(!done.failed.is_empty(), "4 s without a database were not noticed: the test has shown nothing");
    check_all(&history, &super::addresses(&cluster), "o-");
    cluster.assert_all_alive();
}
