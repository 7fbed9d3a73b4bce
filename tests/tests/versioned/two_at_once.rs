//! Two of six data servers, each with some of every three copies, are killed at one instant, under load: nothing that was
//! acknowledged is lost once either is back. Until then what had its two copies on just these two is 503, and nothing else is.

use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::http;
use lode_tests::load::{Kind, Load, Outcome, Plan, Record, body_of};
use lode_tests::process::Signal;

const VICTIMS: [usize; 2] = [1, 4];

#[test]
fn nothing_acknowledged_is_lost_when_the_first_of_two_comes_back() {
    kill_two_and_restart(VICTIMS[0]);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_second_of_two_comes_back() {
    kill_two_and_restart(VICTIMS[1]);
}

fn kill_two_and_restart(survivor: usize) {
    let mut cluster = super::cluster(&Broker::shared().vhost(), None, 6);
    let load = Load::start(&Plan::mixed(&cluster));
    thread::sleep(Duration::from_secs(5));
    let killed_at = load.elapsed();
    // The signals go out first, so that collecting the one does not give the other time.
    VICTIMS.iter().for_each(|victim| cluster.datas[*victim].process().signal(Signal::KILL));
    VICTIMS.iter().for_each(|victim| cluster.datas[*victim].kill());
    thread::sleep(Duration::from_secs(12));
    cluster.datas[survivor].start_again();
    thread::sleep(Duration::from_secs(3));
    let records = load.stop();
    cluster.wait_until_ready();
    let failed = records.failed();
    println!("{} requests, {} failed", records.0.len(), failed.len());
    failed.iter().for_each(|record| assert_honest(record, killed_at));
    let acknowledged: Vec<Record> =
        records.of(Kind::Put).0.into_iter().filter(|record| record.outcome == Outcome::Good).collect();
    assert!(acknowledged.len() > 100, "only {} PUTs were acknowledged", acknowledged.len());
    for (turn, put) in acknowledged.iter().enumerate() {
        let api = cluster.apis[turn % 2].address;
        let got = http::get(api, &format!("/objects/{}", put.name)).expect(200).body;
        assert!(got == body_of(&put.name, put.size_bytes), "{} is not what was put", put.name);
    }
    println!("{} acknowledged objects were read again", acknowledged.len());
}

/// 503 with a sentence, or a body seen to be cut short where the kill fell into it: no 404, no other status, no wrong byte.
#[track_caller]
fn assert_honest(record: &Record, killed_at: Duration) {
    assert!(record.began + record.took >= killed_at, "it failed before anything was wrong: {record}");
    match &record.outcome {
        Outcome::Refused(503, body) => {
            let error: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let sentence = error["error"]["message"].as_str().unwrap_or_default();
            assert!(sentence.len() > 10, "503 without a sentence: {record}");
        }
        Outcome::Broken(why) => assert!(why.starts_with("cut short") && record.began <= killed_at, "{record}"),
        Outcome::Good | Outcome::Refused(..) | Outcome::WrongBytes => panic!("{record}"),
    }
}
