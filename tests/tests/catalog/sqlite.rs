//! The suites, for SQLite.

use std::path::Path;
use std::sync::Arc;

use lode_smol::catalog::Catalog;
use lode_smol::catalog::sqlite::SqliteCatalog;
use lode_tests::scratch::Scratch;

use super::{crashes, garbage, races, sequences};

#[test]
fn answers_are_those_of_the_model() {
    let (folder, number) = (Scratch::new(), std::cell::Cell::new(0));
    sequences::agree_with_the_model(300, || {
        number.set(number.get() + 1);
        Box::new(open(&folder.join(&format!("{}", number.get()))))
    });
}

#[test]
fn of_many_who_create_one_does() {
    races::one_creates(&two_handles(&Scratch::new()), 1000);
}

#[test]
fn no_increment_is_lost() {
    races::no_increment_is_lost(&two_handles(&Scratch::new()), 8, 50);
}

#[test]
fn of_many_who_repair_one_does() {
    races::one_repairs(&two_handles(&Scratch::new()), 100);
}

#[test]
fn commits_and_settlements_agree() {
    races::a_commit_and_a_settlement_agree(&two_handles(&Scratch::new()), 200);
}

#[test]
fn of_two_copies_that_keep_each_other_one_stays() {
    races::one_copy_stays(&two_handles(&Scratch::new()), 200);
}

#[test]
fn the_oldest_garbage_is_forgotten_first() {
    garbage::the_oldest_is_forgotten_first(&two_handles(&Scratch::new()));
}

#[test]
fn garbage_is_forgotten_once() {
    garbage::each_is_forgotten_once(&two_handles(&Scratch::new()), 50);
}

#[test]
fn no_note_of_garbage_is_lost() {
    garbage::no_note_is_lost(&two_handles(&Scratch::new()), 50);
}

#[test]
fn what_is_answered_is_seen_through_every_handle() {
    races::what_is_answered_is_seen(&two_handles(&Scratch::new()), 1000);
}

#[test]
fn what_was_told_outlives_kills() {
    let folder = Scratch::new();
    let file = folder.join("catalog");
    let place = file.to_str().expect("a path of text");
    crashes::what_was_told_is_there(20, "sqlite::child_that_is_killed", place, || Box::new(open(&file)));
}

/// Not a test by itself: the child of the one above.
#[test]
fn child_that_is_killed() {
    if let Some(place) = crashes::place_of_the_child() {
        crashes::write_until_killed(&open(Path::new(&place)));
    }
}

fn open(path: &Path) -> SqliteCatalog {
    SqliteCatalog::open(path).unwrap_or_else(|error| panic!("{error}"))
}

fn two_handles(folder: &Scratch) -> [Arc<dyn Catalog>; 2] {
    [(); 2].map(|()| Arc::new(open(&folder.join("catalog"))) as Arc<dyn Catalog>)
}
