//! The suites, for PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use lode_smol::catalog::{Catalog, PostgresCatalog};
use lode_tests::postgres::Postgres;
use lode_tests::wait;

use super::{crashes, garbage, races, sequences};

#[test]
fn answers_are_those_of_the_model() {
    let database = Postgres::shared().database();
    sequences::agree_with_the_model(200, || {
        Postgres::shared().sql(&database, "DROP SCHEMA IF EXISTS lode CASCADE");
        Box::new(open(&database))
    });
}

#[test]
fn of_many_who_create_one_does() {
    races::one_creates(&two_handles(), 1000);
}

#[test]
fn no_increment_is_lost() {
    races::no_increment_is_lost(&two_handles(), 8, 50);
}

#[test]
fn of_many_who_repair_one_does() {
    races::one_repairs(&two_handles(), 100);
}

#[test]
fn commits_and_settlements_agree() {
    races::a_commit_and_a_settlement_agree(&two_handles(), 200);
}

#[test]
fn of_two_copies_that_keep_each_other_one_stays() {
    races::one_copy_stays(&two_handles(), 200);
}

#[test]
fn the_oldest_garbage_is_forgotten_first() {
    garbage::the_oldest_is_forgotten_first(&two_handles());
}

#[test]
fn garbage_is_forgotten_once() {
    garbage::each_is_forgotten_once(&two_handles(), 50);
}

#[test]
fn no_note_of_garbage_is_lost() {
    garbage::no_note_is_lost(&two_handles(), 50);
}

#[test]
fn what_is_answered_is_seen_through_every_handle() {
    races::what_is_answered_is_seen(&two_handles(), 1000);
}

#[test]
fn what_was_told_outlives_kills() {
    let place = Postgres::shared().database();
    crashes::what_was_told_is_there(20, "postgres::child_that_is_killed", &place, || {
        // What the child had sent may still be carried out behind its end.
        let here = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'lode' AND datname = current_database()";
        let nobody_writes = || Postgres::shared().sql(&place, here) == "0";
        wait::until_true(Duration::from_secs(10), "the server is done with the child", nobody_writes);
        Box::new(open(&place))
    });
}

/// Not a test by itself: the child of the one above.
#[test]
fn child_that_is_killed() {
    if let Some(place) = crashes::place_of_the_child() {
        // That of SQLite has a path.
        if place.starts_with("postgres:") {
            crashes::write_until_killed(&open(&place));
        }
    }
}

fn open(url: &str) -> PostgresCatalog {
    let url = url.parse().expect("the harness gives good URLs");
    smol::block_on(PostgresCatalog::connect(&url)).unwrap_or_else(|error| panic!("{error}"))
}

fn two_handles() -> [Arc<dyn Catalog>; 2] {
    let database = Postgres::shared().database();
    [(); 2].map(|()| Arc::new(open(&database)) as Arc<dyn Catalog>)
}
