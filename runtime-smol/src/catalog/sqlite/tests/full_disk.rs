//! A disk that is full, or read-only: a real one, an 8 MiB tmpfs that only the test's own process sees.

use super::*;
use crate::small_disk::{run_again_on_a_small_disk, small_disk};
use lode_core::catalog::Fate;
use std::fs;
use std::process::Command;

fn assert_no_room(outcome: &Result<CatalogAnswer, CatalogFailure>) {
    let Err(CatalogFailure::Unavailable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("make room on the disk that holds the catalog"), "{reason}");
}

#[test]
fn a_full_disk_refuses_and_keeps_what_it_has() {
    let Some(root) = small_disk() else {
        return run_again_on_a_small_disk(
            "catalog::sqlite::tests::full_disk::a_full_disk_refuses_and_keeps_what_it_has",
        );
    };
    let (file, filler) = (root.join("catalog"), root.join("filler"));
    let catalog = open(&file);
    // To the last page, and once more when there is no room from the beginning on.
    let mut number = 0;
    for free_bytes in [4 << 20, 100 << 10, 4096, 0] {
        fs::write(&filler, vec![0; 9 << 20]).unwrap_err();
        let filled = fs::metadata(&filler).unwrap().len();
        fs::File::options().write(true).open(&filler).unwrap().set_len(filled.saturating_sub(free_bytes)).unwrap();
        let first = number;
        let refused = loop {
            let outcome = ask(&catalog, commit(&number.to_string(), number, 1));
            if !is_written(&outcome) {
                break outcome;
            }
            number += 1;
        };
        assert_no_room(&refused);
        assert!(free_bytes < 1 << 20 || number > first + 100, "{first} to {number}");
        let many = (0..200).map(|more| catalog.ask(commit(&format!("many-{more}"), 1_000_000 + more, 1)));
        smol::block_on(futures::future::join_all(many))
            .iter()
            .filter(|outcome| !is_written(outcome))
            .for_each(assert_no_room);
        assert!(!is_there(&catalog, &number.to_string()));
        assert!((0..number).all(|number| is_there(&catalog, &number.to_string())));
        fs::remove_file(&filler).unwrap();
        assert!(is_written(&ask(&catalog, commit(&number.to_string(), number, 1))), "there is room again");
        number += 1;
    }
    drop(catalog);
    let catalog = open(&file);
    assert!((0..number).all(|number| is_there(&catalog, &number.to_string())));
    assert!(!is_there(&catalog, &number.to_string()));
}

/// Where a file system never overwrites in place, a full disk takes nothing any more, not even what the journal has had room
/// for. Here the journal has room that the disk has not: a hole.
#[test]
fn what_can_be_neither_written_nor_overwritten_is_not_known_until_it_is_settled() {
    let Some(root) = small_disk() else {
        return run_again_on_a_small_disk(
            "catalog::sqlite::tests::full_disk::what_can_be_neither_written_nor_overwritten_is_not_known_until_it_is_settled",
        );
    };
    let (file, filler) = (root.join("catalog"), root.join("filler"));
    let catalog = open(&file);
    assert!(is_written(&ask(&catalog, commit("a", 0, 1))));
    fs::File::options().write(true).open(root.join("catalog-wal")).unwrap().set_len(6 << 20).unwrap();
    fs::write(&filler, vec![0; 9 << 20]).unwrap_err();
    let open_end = ask(&catalog, commit("b", 1, 1));
    let Err(CatalogFailure::Unknown { reason }) = open_end else { panic!("{open_end:?}") };
    assert!(reason.contains("make room on the disk that holds the catalog"), "{reason}");
    assert!(is_there(&catalog, "a"), "reads go on");
    fs::remove_file(&filler).unwrap();
    let settle = CatalogRequest::Settle { blobs: vec![blob(1)], held_on: None };
    let condemned = CatalogAnswer::Settled(vec![(blob(1), Fate::Condemned)]);
    assert_eq!(ask(&catalog, settle), Ok(condemned));
    assert!(is_written(&ask(&catalog, commit("c", 2, 1))));
    drop(catalog);
    let catalog = open(&file);
    assert_eq!(["a", "b", "c"].map(|key| is_there(&catalog, key)), [true, false, true]);
}

#[test]
fn a_read_only_disk_is_told_of_at_the_start() {
    let Some(root) = small_disk() else {
        return run_again_on_a_small_disk(
            "catalog::sqlite::tests::full_disk::a_read_only_disk_is_told_of_at_the_start",
        );
    };
    let file = root.join("catalog");
    let catalog = open(&file);
    assert!(is_written(&ask(&catalog, commit("a", 0, 1))));
    drop(catalog);
    // As soon as the writer has closed its files.
    let remount =
        || Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&root).output().unwrap().status.success();
    while !remount() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for file in [file, root.join("another")] {
        let error = SqliteCatalog::open(&file).err().unwrap();
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    }
}
