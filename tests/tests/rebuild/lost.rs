//! Catalogs that are lost, and what is there again.

use std::collections::{BTreeMap, BTreeSet};

use lode_tests::content;

use crate::stage::Stage;
use crate::view::View;

const KEYS: usize = 300;

#[test]
fn a_lost_catalog_in_sqlite_is_rebuilt_as_it_was() {
    lost_and_rebuilt(Stage::on_sqlite());
}

#[test]
fn a_lost_catalog_in_postgresql_is_rebuilt_as_it_was() {
    lost_and_rebuilt(Stage::on_postgres());
}

#[test]
fn what_was_acknowledged_right_before_is_not_lost_with_sqlite() {
    acknowledged_right_before(Stage::on_sqlite());
}

#[test]
fn what_was_acknowledged_right_before_is_not_lost_with_postgresql() {
    acknowledged_right_before(Stage::on_postgres());
}

/// Once with all data servers, and once more without one of six: with three copies, all is there still.
fn lost_and_rebuilt(mut stage: Stage) {
    let keys = mixed_work(&stage);
    let before = View::of(&stage, 0, &keys);
    let (versions, objects, missing) = (before.versions(), before.objects(), before.missing());
    println!("{versions} versions of {} keys: {objects} are there, {missing} are not", keys.len());
    assert!(versions > keys.len() && objects > KEYS / 2 && missing > KEYS / 20, "the work is not mixed");
    stage.wait_until_all_is_noted(versions);

    stage.stop_apis();
    stage.destroy_catalog();
    let told = stage.rebuilt(&[]);
    assert_eq!(
        (&told["versions"], &told["assumed"], &told["copies"]),
        (&versions.into(), &0.into(), &(3 * versions).into())
    );
    assert_eq!(told["left_out"], serde_json::json!([]));
    stage.start_apis();
    View::of(&stage, 0, &keys).assert_is(&before);
    View::of(&stage, 1, &keys).assert_is(&before);

    stage.stop_apis();
    stage.destroy_catalog();
    stage.cluster.datas[2].kill();
    let missed = stage.rebuild(&[]);
    assert_eq!(missed.status.code(), Some(4), "{missed:?}");
    let without = stage.cluster.datas[2].address.to_string();
    let told = stage.rebuilt(&["--without", &without]);
    assert_eq!((&told["versions"], &told["assumed"]), (&versions.into(), &0.into()));
    stage.start_apis();
    View::of(&stage, 0, &keys).assert_is(&before);

    // It is a catalog like any other: it is written, and numbers go on.
    stage.cluster.datas[2].start_again();
    stage.cluster.wait_until_ready();
    for key in &keys {
        let next = before.latest(key).map_or(1, |latest| latest + 1);
        let written = stage.send(0, "PUT", &format!("/objects/{key}"), &[], b"new").expect(200);
        assert_eq!(written.header("x-lode-version"), Some(next.to_string().as_str()), "{key}");
    }
}

/// API servers are killed while data servers have not been told yet what has become of the last blobs.
fn acknowledged_right_before(mut stage: Stage) {
    let mut written = BTreeMap::new();
    for number in 0..120 {
        let key = format!("last-{}", number % 80);
        let body = content::bytes(&format!("{key} {number}"), 100 + number);
        let reply = stage.send(
            number,
            "PUT",
            &format!("/objects/{key}"),
            &[("X-Lode-Meta-Number", &number.to_string())],
            &body,
        );
        let etag = reply.expect(200).header("etag").map(str::to_owned);
        written.insert(key, (body, etag, number));
    }
    stage.kill_apis();
    let without_note = stage.without_note();
    assert!(
        without_note > 0,
        "data servers have been told of all: the API servers were killed too late to show anything"
    );
    println!("{without_note} blobs without a note");
    stage.destroy_catalog();
    let told = stage.rebuilt(&[]);
    assert_eq!(told["left_out"], serde_json::json!([]));
    stage.start_apis();
    for (key, (body, etag, number)) in written {
        let got = stage.send(number, "GET", &format!("/objects/{key}"), &[], b"").expect(200);
        content::assert_same(&got.body, &body, &key);
        assert_eq!(got.header("etag"), etag.as_deref(), "{key}");
        assert_eq!(got.header("x-lode-meta-number"), Some(number.to_string().as_str()), "{key}");
    }
}

/// Writes some hundred keys, overwrites, deletes and removes; which they are.
fn mixed_work(stage: &Stage) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for number in 0..KEYS {
        let key = match number % 3 {
            0 => format!("flat-{number}"),
            1 => format!("a%20folder/{number}"),
            _ => format!("%C3%A9t%C3%A9/{number}/x%25"),
        };
        for write in 0..=number % 5 {
            let body = content::bytes(&format!("{key} {write}"), (number * 37) % 3000);
            let text = format!("{number} of {write}");
            let headers = [("Content-Type", "text/x-test; a=\"b\""), ("X-Lode-Meta-Text", text.as_str())];
            let headers = if number % 4 == 0 { &headers[..] } else { &[] };
            let _ = stage.send(number + write, "PUT", &format!("/objects/{key}"), headers, &body).expect(200);
        }
        if number % 7 == 0 {
            let _ = stage.send(number, "DELETE", &format!("/objects/{key}"), &[], b"").expect(204);
        }
        if number % 14 == 0 {
            let _ = stage.send(number, "PUT", &format!("/objects/{key}"), &[], b"back").expect(200);
        }
        let last_but_one = number % 5;
        if number % 11 == 0 && number % 7 != 0 && last_but_one > 0 {
            // The last one's number would be lost with it.
            let target = format!("/objects/{key}?version={last_but_one}");
            let _ = stage.send(number, "DELETE", &target, &[], b"").expect(204);
        }
        keys.insert(key);
    }
    let large = content::bytes("large", 5_000_000);
    let _ = stage.send(0, "PUT", "/objects/large", &[], &large).expect(200);
    keys.insert("large".to_owned());
    keys
}
