//! A catalog of an earlier schema is brought to the latest, and nothing of it is lost.

use super::*;
use lode_core::catalog::{Fate, Found, Garbage, HeldBlob, VersionRecord};
use lode_core::id::Incarnation;
use lode_core::time::WallTime;
use rusqlite::params;
use std::time::Duration;

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// As the version of Lode that knew schema 1 has written it: the second version of `a`, with its first as garbage; `b`,
/// which was deleted; `c`, of which nothing is left but its last number; and the garbage of an upload, long removed.
fn make_with_schema_1(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch(include_str!("../schema_1.sql")).unwrap();
    let insert = |statement: &str, values: &[&dyn rusqlite::ToSql]| connection.execute(statement, values).unwrap();
    let [first, second, tombstone, upload] = [1, 2, 3, 4].map(|number| blob(number).to_bytes());
    let versions = "INSERT INTO versions VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let (none, metadata) = (None::<i64>, r#"{"owner":"me"}"#);
    let holders = "10.0.0.1:1 10.0.0.2:1";
    insert(versions, params!["a", 2, second, 5000, 7, [9_u8; 32], "text/plain", metadata, holders]);
    insert(versions, params!["b", 1, tombstone, 6000, none, none, none, none, ""]);
    insert("INSERT INTO listed VALUES (1, 'a')", &[]);
    insert("INSERT INTO removed VALUES (1, 'c', 3)", &[]);
    for (server, blob) in [("10.0.0.1:1", second), ("10.0.0.2:1", second), ("10.0.0.1:1", first)] {
        insert("INSERT INTO held VALUES (?1, ?2)", params![server, blob]);
    }
    insert("INSERT INTO garbage VALUES (?1, 1, 5000, '10.0.0.1:1')", params![first]);
    insert("INSERT INTO garbage VALUES (?1, NULL, 4000, '')", params![upload]);
    insert("INSERT INTO claims VALUES (?1, 5, ?2)", params![second, i64::MAX]);
    connection.pragma_update(None, "application_id", u32::from_be_bytes(*b"LODE")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
}

#[test]
fn schema_1_is_brought_to_the_latest_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    make_with_schema_1(&file);
    let catalog = open(&file);
    let answer = |request| ask(&catalog, request).unwrap();

    let (mut metadata, checksum) = (Metadata::default(), Checksum::new([9; 32]));
    metadata.insert("owner", "me").unwrap();
    let content_type = Some("text/plain".parse().unwrap());
    let state = State::Object(Stored { size_bytes: 7, checksum, content_type, metadata });
    let written = WallTime::from_millis(5000);
    let record = VersionRecord { version: version(2), blob: blob(2), state, written };
    let [one, two] = ["10.0.0.1:1", "10.0.0.2:1"].map(|server| server.parse().unwrap());
    let holders = vec![one, two];
    let found = Found { record: record.clone(), holders: holders.clone() };
    let read = CatalogRequest::Read { path: path("a"), version: None };
    assert_eq!(answer(read), CatalogAnswer::Found(Some(found)));
    let deleted = CatalogRequest::Versions { path: path("b"), before: None, limit: 10 };
    assert!(matches!(answer(deleted), CatalogAnswer::Versions(of) if of.len() == 1 && of[0].state == State::Tombstone));

    let held = HeldBlob { path: path("a"), record, holders: holders.clone(), retired: vec![] };
    let on = || CatalogRequest::Blobs { on: Some(holders[0].clone()), after: None, limit: 10 };
    assert_eq!(answer(on()), CatalogAnswer::Blobs(vec![held]));
    let garbage = vec![Garbage { blob: blob(1), holders: vec![holders[0].clone()] }];
    assert_eq!(answer(CatalogRequest::Garbage { after: None, limit: 10 }), CatalogAnswer::Garbage(garbage));
    let fates = [Fate::Gone(version(1)), Fate::Kept(version(2)), Fate::Kept(version(1)), Fate::Condemned].into_iter();
    let settled = CatalogAnswer::Settled((1..).map(blob).zip(fates).collect());
    assert_eq!(answer(CatalogRequest::Settle { blobs: (1..=4).map(blob).collect(), held_on: None }), settled);
    let claim = CatalogRequest::ClaimRepair { blob: blob(2), by: Incarnation::new(6), lasting: Duration::from_secs(1) };
    assert_eq!(answer(claim), CatalogAnswer::Claimed(false));
    assert!(matches!(answer(commit("c", 5, 1)), CatalogAnswer::Written(written) if written.version == version(4)));

    let retire = CatalogRequest::Retire { blob: blob(2), server: holders[0].clone(), keep: vec![holders[1].clone()] };
    assert_eq!(answer(retire), CatalogAnswer::Retired(true));
    assert!(matches!(answer(on()), CatalogAnswer::Blobs(held) if held.len() == 2 && held[0].retired == holders[..1]));
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: 10 };
    assert_eq!(answer(forget), CatalogAnswer::Forgotten(1));
}
