//! A catalog of an earlier schema is brought to the latest, and nothing of it is lost.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{
    CatalogAnswer, CatalogRequest, Fate, Found, Garbage, HeldBlob, State, Version, VersionRecord,
};
use lode_core::id::Incarnation;
use lode_core::time::WallTime;
use lode_smol::catalog::Catalog as _;
use lode_tests::postgres::Postgres;

use super::{blob, commit, connect, path};

const SCHEMA_1: &str = include_str!("../../../runtime-smol/src/catalog/postgres/schema/1.sql");

/// What the Lode that knew schema 1 has written: the second version of `a`, with its first as garbage; `b`, which was
/// deleted; `c`, of which nothing is left but its last number; and the garbage of an upload, long removed.
const ROWS: &str = "
    CREATE TABLE lode.schema_version (version BIGINT PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT now());
    INSERT INTO lode.schema_version (version) VALUES (1);
    INSERT INTO lode.keys (bucket, key, last, revision, listed) VALUES
        ('objects', 'a', 2, 2, true), ('objects', 'b', 1, 1, false), ('objects', 'c', 3, 6, false);
    INSERT INTO lode.versions VALUES
        (1, 2, '0000000000000001-0000000000000002', 5000, 7, decode(repeat('07', 32), 'hex'), 'text/plain', '{}', '{}'),
        (2, 1, '0000000000000001-0000000000000003', 6000, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO lode.blobs (blob, key_id, version, garbage_since, holders, claimed_by, claimed_until) VALUES
        ('0000000000000001-0000000000000001', 1, 1, 5000, '{10.0.0.1:1}', NULL, NULL),
        ('0000000000000001-0000000000000002', 1, 2, NULL, '{10.0.0.1:1,10.0.0.2:1}', 5, 9000000000000000000),
        ('0000000000000001-0000000000000003', 2, 1, NULL, '{}', NULL, NULL),
        ('0000000000000001-0000000000000004', NULL, NULL, 4000, '{}', NULL, NULL);";

#[test]
fn schema_1_is_brought_to_the_latest_and_nothing_is_lost() {
    let database = Postgres::shared().database();
    Postgres::shared().sql(&database, &format!("CREATE SCHEMA lode; {SCHEMA_1} {ROWS}"));
    let catalog = connect(&database);
    let answer = |request| smol::block_on(catalog.ask(request)).expect("the catalog answers");
    let version = |number| Version::new(number).expect("a version");

    // What was written there is what `commit` writes.
    let CatalogRequest::Commit(like) = commit(&path("a"), blob(1, 2), &[]) else { unreachable!() };
    let written = WallTime::from_millis(5000);
    let record = VersionRecord { version: version(2), blob: blob(1, 2), state: like.state, written };
    let holders: Vec<ServerAddress> = like.holders.into_iter().take(2).collect();
    let found = Found { record: record.clone(), holders: holders.clone() };
    let read = CatalogRequest::Read { path: path("a"), version: None };
    assert_eq!(answer(read), CatalogAnswer::Found(Some(found)));
    let deleted = CatalogRequest::Versions { path: path("b"), before: None, limit: 10 };
    assert!(matches!(answer(deleted), CatalogAnswer::Versions(of) if of.len() == 1 && of[0].state == State::Tombstone));

    let held = HeldBlob { path: path("a"), record, holders: holders.clone(), retired: vec![] };
    let on = || CatalogRequest::Blobs { on: Some(holders[0].clone()), after: None, limit: 10 };
    assert_eq!(answer(on()), CatalogAnswer::Blobs(vec![held]));
    let garbage = vec![Garbage { blob: blob(1, 1), holders: vec![holders[0].clone()] }];
    assert_eq!(answer(CatalogRequest::Garbage { after: None, limit: 10 }), CatalogAnswer::Garbage(garbage));
    let blobs = || (1..=4).map(|number| blob(1, number));
    let fates = [Fate::Gone(version(1)), Fate::Kept(version(2)), Fate::Kept(version(1)), Fate::Condemned];
    let settle = CatalogRequest::Settle { blobs: blobs().collect(), held_on: None };
    assert_eq!(answer(settle), CatalogAnswer::Settled(blobs().zip(fates).collect()));
    let (by, lasting) = (Incarnation::new(6), Duration::from_secs(1));
    assert_eq!(answer(CatalogRequest::ClaimRepair { blob: blob(1, 2), by, lasting }), CatalogAnswer::Claimed(false));
    let next = answer(commit(&path("c"), blob(1, 5), &[]));
    assert!(matches!(&next, CatalogAnswer::Written(written) if written.version == version(4)), "{next:?}");

    let (server, keep) = (holders[0].clone(), vec![holders[1].clone()]);
    assert_eq!(answer(CatalogRequest::Retire { blob: blob(1, 2), server, keep }), CatalogAnswer::Retired(true));
    assert!(matches!(answer(on()), CatalogAnswer::Blobs(held) if held.len() == 2 && held[0].retired == holders[..1]));
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: 10 };
    assert_eq!(answer(forget), CatalogAnswer::Forgotten(1));
}
