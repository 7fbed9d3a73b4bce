//! What is opened, and what is refused with a sentence and left as it is.

use super::*;
use std::fs;

fn refusal(path: &Path) -> OpenError {
    SqliteCatalog::open(path).err().expect("it is refused")
}

#[test]
fn what_was_written_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    fs::write(&file, "").unwrap();
    assert!(is_written(&ask(&open(&file), commit("a", 0, 1))));
    let catalog = open(&file);
    assert!(is_there(&catalog, "a"));
    assert!(is_written(&ask(&catalog, commit("a", 1, 1))));
}

#[test]
fn many_may_open_a_new_one_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let file = &file;
            scope.spawn(move || assert!(is_written(&ask(&open(file), commit("a", number, 1)))));
        }
    });
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&folder.path().join("nowhere/catalog"));
    assert!(matches!(&error, OpenError::NoFolder { folder } if folder.ends_with("nowhere")), "{error:?}");
    assert!(!folder.path().join("nowhere").exists());
    let error = refusal(folder.path());
    assert!(matches!(error, OpenError::NotAFile { .. }), "{error:?}");
}

#[test]
fn a_later_schema_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    drop(open(&file));
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = refusal(&file);
    assert!(matches!(error, OpenError::Newer { found: 7, known: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("use the version of Lode that wrote it, or a later one"), "{error}");
}

#[test]
fn what_becomes_of_a_later_schema_while_it_is_open_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    let catalog = open(&file);
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let outcome = ask(&catalog, commit("a", 0, 1));
    let Err(CatalogFailure::Unavailable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("use that version of Lode here, too"), "{reason}");
}

#[test]
fn what_is_no_catalog_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "not a database, but a text that is longer than the head of one\n".repeat(100)).unwrap();
    let database = folder.path().join("database");
    let other = rusqlite::Connection::open(&database).unwrap();
    other.execute_batch("CREATE TABLE pets (name TEXT)").unwrap();
    drop(other);
    for file in [text, database] {
        let before = fs::read(&file).unwrap();
        let error = refusal(&file);
        assert!(matches!(error, OpenError::NotACatalog { .. }), "{error:?}");
        assert!(error.to_string().contains("give the path of a catalog, or of a new file"), "{error}");
        assert!(fs::read(&file).unwrap() == before);
    }
}

#[test]
fn who_keeps_it_locked_is_waited_for_and_then_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog");
    let catalog = open(&file);
    assert!(is_written(&ask(&catalog, commit("a", 0, 1))));
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let outcome = ask(&catalog, commit("b", 1, 1));
    let Err(CatalogFailure::Unavailable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("another process keeps the catalog locked"), "{reason}");
    assert!(is_there(&catalog, "a"), "reads go on");
    other.execute_batch("COMMIT").unwrap();
    assert!(!is_there(&catalog, "b"));
    assert!(is_written(&ask(&catalog, commit("b", 1, 1))));
}
