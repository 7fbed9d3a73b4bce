//! The journal does not grow without bound.

use super::*;
use std::fs;

fn journal_bytes(file: &Path) -> u64 {
    fs::metadata(file.with_extension("db-wal")).unwrap().len()
}

fn write(catalog: &SqliteCatalog, numbers: std::ops::Range<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(256) {
        let asked = some.iter().map(|number| catalog.ask(commit(&format!("key-{number}"), *number, 1)));
        assert!(smol::block_on(futures::future::join_all(asked)).iter().all(is_written));
    }
}

#[test]
fn the_journal_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.db");
    let catalog = open(&file);
    write(&catalog, 0..20_000);
    let bytes = journal_bytes(&file);
    assert!(bytes < 32 << 20, "{bytes}");
}

#[test]
fn a_reader_that_was_in_its_way_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.db");
    let catalog = open(&file);
    write(&catalog, 0..1);
    let reader = rusqlite::Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM versions").unwrap();
    write(&catalog, 1..25_000);
    assert!(journal_bytes(&file) > 64 << 20, "{}", journal_bytes(&file));
    reader.execute_batch("COMMIT").unwrap();
    write(&catalog, 25_000..26_000);
    assert!(journal_bytes(&file) <= 64 << 20, "{}", journal_bytes(&file));
}
