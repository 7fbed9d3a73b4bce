//! Of many who want to be first, exactly one is, whichever API server each has asked. LODE_RACE_ROUNDS says how many rounds
//! there are; otherwise as many as fit in [`USUAL`].

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::http::{self, Connection, DEFAULT_LIMIT, Request};
use lode_tests::postgres::Postgres;

const WRITERS: usize = 32;
const USUAL: Duration = Duration::from_secs(20);
const LEAST_ROUNDS: u64 = 5;

#[test]
fn one_of_32_is_first_on_sqlite() {
    race(None);
}

#[test]
fn one_of_32_is_first_on_postgres() {
    race(Some(&Postgres::shared().database()));
}

fn race(catalog: Option<&str>) {
    let cluster = super::cluster(&Broker::shared().vhost(), catalog, 3);
    let apis = super::addresses(&cluster);
    let (wanted, began) = (super::setting("LODE_RACE_ROUNDS"), Instant::now());
    let (mut rounds, mut unavailable) = (0, 0);
    while wanted.map_or_else(|| began.elapsed() < USUAL, |wanted| rounds < wanted) {
        unavailable += round(&apis, rounds);
        rounds += 1;
    }
    println!("{rounds} rounds of {WRITERS} in {:?}: one winner each; {unavailable} answers were 503", began.elapsed());
    assert!(rounds >= wanted.unwrap_or(LEAST_ROUNDS).min(LEAST_ROUNDS), "only {rounds} rounds");
    cluster.assert_all_alive();
}

/// All begin at once; gives how many were told that it could not be done now.
fn round(apis: &[SocketAddr], round: u64) -> usize {
    let (target, begin) = (format!("/objects/race-{round}"), Barrier::new(WRITERS));
    let put = &|writer: usize| {
        let mut connection = Connection::open(apis[writer % apis.len()], DEFAULT_LIMIT).expect("a connection");
        let (body, headers) = (format!("writer {writer} of round {round}"), [("If-None-Match", "*")]);
        begin.wait();
        let request = Request { method: "PUT", target: &target, headers: &headers, body: body.as_bytes() };
        (connection.exchange(&request).expect("an answer"), body)
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || put(writer))).collect();
        writers.into_iter().map(|writer| writer.join().expect("it ends")).collect()
    });
    let of = |status: u16| answers.iter().filter(move |(reply, _)| reply.status() == status);
    let winners: Vec<_> = of(200).collect();
    assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
    assert_eq!(of(412).count() + of(503).count(), WRITERS - 1, "round {round}: {answers:?}");
    assert!(of(503).all(|(reply, _)| reply.header("retry-after").is_some()), "round {round}: {answers:?}");
    let (reply, body) = winners[0];
    assert_eq!(reply.header("x-lode-version"), Some("1"));
    for api in apis {
        assert_eq!(&http::get(*api, &target).expect(200).text(), body, "round {round}");
    }
    of(503).count()
}
