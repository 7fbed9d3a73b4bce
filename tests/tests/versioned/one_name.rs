//! One name, overwritten without pause through both API servers while others read it through both (failure 9 of the seed):
//! nobody sees an older version after a newer one was acknowledged or seen, and no body is mixed. The history watches that.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::history::History;
use lode_tests::mixed::{Mixed, Plan, Step, Why, check_all};

#[test]
fn no_reader_sees_an_older_version_after_a_newer_one() {
    let mut cluster = super::cluster(&Broker::shared().vhost(), None, 4);
    let history = Arc::new(History::default());
    let clients = [vec![vec![Step::Put]; 2], vec![vec![Step::Get]; 5], vec![vec![Step::Head, Step::List]; 1]].concat();
    let mut plan = Plan::everything(&cluster, "one-");
    (plan.clients, plan.names, plan.pause) = (clients, 1, Duration::ZERO);
    plan.sizes_bytes = vec![1_500_000, 30, 300_000, 65_536];
    let work = Mixed::start(&plan, &history);
    thread::sleep(Duration::from_secs(6));
    cluster.add_data();
    thread::sleep(Duration::from_secs(8));
    cluster.datas[1].kill();
    let killed_at = work.elapsed();
    thread::sleep(Duration::from_secs(12));
    let done = work.stop();
    // A body of more than 1 MiB is not held, so that the server that is killed while it takes one may cost that PUT.
    done.assert_excused(|failed| {
        let fell_into_it =
            failed.began <= killed_at && killed_at <= failed.began + failed.took + Duration::from_secs(1);
        failed.step == Step::Put && fell_into_it && matches!(failed.why, Why::Unavailable(_))
    });
    println!("{} versions of one name were seen or acknowledged", history.versions());
    assert!(done.good() > 300 && history.versions() > 50, "too little was done: {done}, {}", history.versions());
    check_all(&history, &super::addresses(&cluster), "one-");
}
