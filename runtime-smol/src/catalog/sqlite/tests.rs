//! What is particular to SQLite. That the answers are right is for the suites in `tests/tests/catalog`, which are for all
//! catalogs.

mod full_disk;
mod growing;
mod migration;
mod opening;

use super::*;
use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, Bucket, Commit, Metadata, ObjectPath, State, Stored, Version};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use std::time::Duration;

fn open(path: &Path) -> SqliteCatalog {
    SqliteCatalog::open(path).unwrap()
}

fn ask(catalog: &SqliteCatalog, request: CatalogRequest) -> Result<CatalogAnswer, CatalogFailure> {
    smol::block_on(catalog.ask(request))
}

fn blob(number: u64) -> BlobId {
    format!("{:016x}-{number:016x}", 1).parse().unwrap()
}

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() }
}

/// Writes an object of this size, with metadata of 2,000 bytes, so that few writes fill a lot.
fn commit(key: &str, number: u64, size_bytes: u64) -> CatalogRequest {
    let mut metadata = Metadata::default();
    metadata.insert("note", &"x".repeat(2000)).unwrap();
    let state = State::Object(Stored { size_bytes, checksum: Checksum::new([1; 32]), content_type: None, metadata });
    let (holders, conditions) = (vec!["10.0.0.1:1".parse().unwrap()], Conditions::default());
    CatalogRequest::Commit(Commit { path: path(key), blob: blob(number), state, holders, conditions })
}

fn is_there(catalog: &SqliteCatalog, key: &str) -> bool {
    let read = CatalogRequest::Read { path: path(key), version: None };
    matches!(ask(catalog, read), Ok(CatalogAnswer::Found(Some(_))))
}

fn is_written(outcome: &Result<CatalogAnswer, CatalogFailure>) -> bool {
    matches!(outcome, Ok(CatalogAnswer::Written(_)))
}

#[test]
fn what_is_wrong_with_one_write_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(&folder.path().join("catalog"));
    let too_large = i64::MAX.cast_unsigned() + 1;
    let size = |number: u64| if number % 7 == 3 { too_large } else { number };
    let asked = (0..100).map(|number| catalog.ask(commit(&number.to_string(), number, size(number))));
    let outcomes = smol::block_on(futures::future::join_all(asked));
    for (number, outcome) in (0..).zip(outcomes) {
        let is_sound = size(number) != too_large;
        assert_eq!(is_written(&outcome), is_sound, "{outcome:?}");
        assert_eq!(is_there(&catalog, &number.to_string()), is_sound);
        assert!(is_sound || matches!(outcome, Err(CatalogFailure::Unavailable { .. })), "{outcome:?}");
    }
}

#[test]
fn nothing_is_left_of_a_blob_that_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    let catalog = open(&file);
    let (blob, lasting, garbage_age) = (blob(0), Duration::MAX, Duration::ZERO);
    let by = lode_core::id::Incarnation::new(1);
    let [one, two]: [ServerAddress; 2] = ["10.0.0.1:1", "10.0.0.2:1"].map(|server| server.parse().unwrap());
    for request in [
        commit("a", 0, 1),
        CatalogRequest::NoteHolders { blob, held: vec![two.clone()], gone: vec![] },
        CatalogRequest::ClaimRepair { blob, by, lasting },
        CatalogRequest::Retire { blob, server: two.clone(), keep: vec![one.clone()] },
        CatalogRequest::RemoveVersion { path: path("a"), version: Version::FIRST },
        CatalogRequest::NoteRemoved { server: two, blobs: vec![blob] },
        CatalogRequest::NoteRemoved { server: one, blobs: vec![blob] },
        CatalogRequest::ForgetGarbage { garbage_age, limit: 1 },
    ] {
        ask(&catalog, request).unwrap();
    }
    let connection = rusqlite::Connection::open(&file).unwrap();
    for (table, rows) in [("versions", 0), ("listed", 0), ("held", 0), ("garbage", 0), ("claims", 0), ("removed", 1)] {
        let count = connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0));
        assert_eq!(count, Ok(rows), "{table}");
    }
}
