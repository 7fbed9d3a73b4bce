//! A data server is emptied before it is taken away for good.

use lode_tests::load::{Kind, Load, Plan};
use lode_tests::lode;

use crate::stage::Stage;

#[test]
fn a_drained_server_holds_nothing_in_the_end_and_can_be_stopped_for_good() {
    let mut stage = Stage::new();
    stage.put(40);
    let load = Load::start(&Plan::mixed(&stage.cluster));
    let drained = stage.cluster.datas[2].address.to_string();
    let output = lode::run(&["drain", &drained]);
    assert!(output.status.success(), "{output:?}");
    let records = load.stop();
    records.of(Kind::Put).assert_no_failure(100);
    records.of(Kind::Get).assert_no_failure(100);
    assert!(stage.held().values().all(|on| !on.contains(&2)), "data server 2 holds something still");
    stage.cluster.datas[2].kill();
    stage.assert_readable();
}
