//! What `lode rebuild-catalog` does not do.

use std::net::TcpListener;

use crate::stage::Stage;

#[test]
fn what_cannot_be_rebuilt_is_refused_and_nothing_is_written() {
    let mut stage = Stage::on_sqlite();
    for number in 0..5 {
        let _ = stage.send(number, "PUT", &format!("/objects/{number}"), &[], b"bytes").expect(200);
    }
    stage.stop_apis();
    let refused = |more: &[&str], status: i32, code: &str| {
        let output = stage.rebuild(more);
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it tells JSON");
        assert_eq!((output.status.code(), &told["error"]["code"]), (Some(status), &code.into()), "{more:?}: {told}");
        told["error"]["message"].as_str().expect("a sentence").to_owned()
    };
    let told = refused(&[], 1, "catalog_not_new");
    assert!(told.contains("is not empty") && told.contains("give another place"), "{told}");
    stage.destroy_catalog();
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let told = refused(&["--data", &nobody.to_string()], 4, "servers_missed");
    assert!(told.contains(&nobody.to_string()) && told.contains("--without"), "{told}");
    // A dry run tells the same and leaves the place empty; so did the one that was refused.
    let dry = stage.rebuilt(&["--dry-run"]);
    assert_eq!((&dry["versions"], &dry["dry_run"]), (&5.into(), &true.into()));
    let told = stage.rebuilt(&[]);
    assert_eq!((&told["versions"], &told["objects"]), (&5.into(), &5.into()));
}
