//! Many at once, through several handles of one catalog.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lode_core::address::ServerAddress;
use lode_core::catalog::{CatalogAnswer, CatalogRequest, Fate, Found, ObjectPath, State, Version, Written};
use lode_core::etag::ETag;
use lode_core::id::Incarnation;
use lode_smol::catalog::Catalog;

use super::{ask, blob, commit, object, path};

/// The handles of one catalog, new and empty, as several processes would have them.
pub(crate) type Handles<'a> = &'a [Arc<dyn Catalog>];

/// How many race.
const RACERS: usize = 32;

/// Of many that create one key, one does; and everybody sees at once that it was this one.
pub(crate) fn one_creates(handles: Handles<'_>, rounds: u64) {
    for round in 0..rounds {
        let path = path(&format!("round-{round:06}"));
        let create = |racer: usize| {
            let blob = blob(racer as u64, round);
            commit(&path, blob, object(racer as u64), &[("If-None-Match", "*")])
        };
        let answers = race(handles, create);
        let winners: Vec<usize> = (0..RACERS).filter(|racer| answers.get(*racer).is_some_and(is_first)).collect();
        let [winner] = winners[..] else { panic!("round {round}: {answers:?}") };
        let refused = answers.iter().filter(|answer| **answer == CatalogAnswer::PreconditionFailed).count();
        assert_eq!(refused, RACERS - 1, "round {round}: {answers:?}");
        for handle in handles {
            let found = found(&**handle, &path).expect("the key is there");
            assert_eq!(found.record.blob, blob(winner as u64, round), "round {round}");
        }
    }
}

/// Nobody's increment is lost, of many who read and then write if nothing has changed.
pub(crate) fn no_increment_is_lost(handles: Handles<'_>, writers: u64, increments: u64) {
    let path = path("counter");
    let zero = ask(&*handles[0], commit(&path, blob(u64::MAX, 0), object(0), &[]));
    assert!(is_first(&zero), "{zero:?}");
    let attempts = std::thread::scope(|scope| {
        let start = |writer: u64| {
            let handle = &handles[usize::try_from(writer).expect("few writers") % handles.len()];
            let path = &path;
            scope.spawn(move || increment(&**handle, path, writer, increments))
        };
        let threads: Vec<_> = (0..writers).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("the writer ends well")).sum::<u64>()
    });
    let record = found(&*handles[0], &path).expect("the key is there").record;
    assert_eq!(record.state, object(writers * increments), "{attempts} attempts");
    assert_eq!(record.version.number(), writers * increments + 1);
}

/// How many attempts it has taken.
fn increment(catalog: &dyn Catalog, path: &ObjectPath, writer: u64, increments: u64) -> u64 {
    let (mut attempts, mut done) = (0, 0);
    while done < increments {
        let found = found(catalog, path).expect("the key is there");
        let State::Object(stored) = found.record.state else { panic!("nobody deletes it") };
        let tag = ETag::new(stored.checksum).to_string();
        let next = object(stored.size_bytes + 1);
        let answer = ask(catalog, commit(path, blob(writer, attempts), next, &[("If-Match", &tag)]));
        let is_written = matches!(answer, CatalogAnswer::Written(_));
        assert!(is_written || answer == CatalogAnswer::PreconditionFailed, "{answer:?}");
        done += u64::from(is_written);
        attempts += 1;
    }
    attempts
}

/// Of many that want to repair a blob, one may; and when it is done, another.
pub(crate) fn one_repairs(handles: Handles<'_>, rounds: u64) {
    for round in 0..rounds {
        let blob = blob(1, round);
        ask(&*handles[0], commit(&path(&format!("{round}")), blob, object(1), &[]));
        let claim = |by: u64| CatalogRequest::ClaimRepair {
            blob,
            by: Incarnation::new(by),
            lasting: Duration::from_secs(1_000_000),
        };
        let answers = race(handles, |racer| claim(racer as u64));
        let granted = |racer: &usize| answers[*racer] == CatalogAnswer::Claimed(true);
        let holders: Vec<usize> = (0..RACERS).filter(granted).collect();
        let [holder] = holders[..] else { panic!("round {round}: {answers:?}") };
        let done = CatalogRequest::ReleaseRepair { blob, by: Incarnation::new(holder as u64) };
        assert_eq!(ask(&*handles[0], done), CatalogAnswer::Done);
        let last = handles.last().expect("a handle");
        assert_eq!(ask(&**last, claim(1000)), CatalogAnswer::Claimed(true));
    }
}

/// An upload whose end is not known is settled while it is still being committed: both hear the same.
pub(crate) fn a_commit_and_a_settlement_agree(handles: Handles<'_>, rounds: u64) {
    for round in 0..rounds {
        let (path, blob) = (path(&format!("{round}")), blob(1, round));
        let answers = race(handles, |racer| match racer % 2 {
            0 => commit(&path, blob, object(1), &[]),
            _ => CatalogRequest::Settle { blobs: vec![blob], held_on: None },
        });
        let is_written = is_first(&answers[0]);
        let settled = if is_written { Fate::Kept(Version::FIRST) } else { Fate::Condemned };
        for (racer, answer) in answers.iter().enumerate() {
            let agrees = match racer % 2 {
                0 if is_written => is_first(answer),
                0 => *answer == CatalogAnswer::Condemned,
                _ => *answer == CatalogAnswer::Settled(vec![(blob, settled)]),
            };
            assert!(agrees, "round {round}: {answers:?}");
        }
        // Whoever has written it is told when; the others have written nothing.
        assert_eq!(
            answers.iter().filter(|answer| tells_when(answer)).count(),
            usize::from(is_written),
            "round {round}"
        );
    }
}

/// Of two copies some want to retire the one, because there is the other, and some the other: one stays.
pub(crate) fn one_copy_stays(handles: Handles<'_>, rounds: u64) {
    let [one, two, three]: [ServerAddress; 3] =
        ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map(|text| text.parse().expect("an address"));
    for round in 0..rounds {
        let (path, blob) = (path(&format!("{round}")), blob(1, round));
        ask(&*handles[0], commit(&path, blob, object(1), &[]));
        ask(&*handles[0], CatalogRequest::NoteHolders { blob, held: vec![], gone: vec![three.clone()] });
        let retire = |server: &ServerAddress, keep: &ServerAddress| CatalogRequest::Retire {
            blob,
            server: server.clone(),
            keep: vec![keep.clone()],
        };
        let answers = race(handles, |racer| if racer % 2 == 0 { retire(&one, &two) } else { retire(&two, &one) });
        let is_one = answers[0] == CatalogAnswer::Retired(true);
        for (racer, answer) in answers.iter().enumerate() {
            assert_eq!(*answer, CatalogAnswer::Retired((racer % 2 == 0) == is_one), "round {round}: {answers:?}");
        }
        let stays = if is_one { &two } else { &one };
        let last = handles.last().expect("a handle");
        assert_eq!(
            found(&**last, &path).expect("the key is there").holders,
            std::slice::from_ref(stays),
            "round {round}"
        );
    }
}

/// What is answered through one handle is seen through all, from then on.
pub(crate) fn what_is_answered_is_seen(handles: Handles<'_>, rounds: u64) {
    let path = path("seen");
    for round in 0..rounds {
        let writer = &handles[usize::try_from(round).expect("few rounds") % handles.len()];
        let answer = ask(&**writer, commit(&path, blob(1, round), object(round), &[]));
        assert!(matches!(answer, CatalogAnswer::Written(_)), "{answer:?}");
        for handle in handles {
            let seen = found(&**handle, &path).expect("the key is there").record;
            assert_eq!((seen.version.number(), seen.blob), (round + 1, blob(1, round)));
        }
    }
}

/// Asks all at once, in turn through all handles; the answers in the order of the racers.
pub(crate) fn race(handles: Handles<'_>, request: impl Fn(usize) -> CatalogRequest) -> Vec<CatalogAnswer> {
    let asked = (0..RACERS).map(|racer| handles[racer % handles.len()].ask(request(racer)));
    let answers = smol::block_on(join_all(asked));
    answers.into_iter().map(|answer| answer.expect("the catalog answers")).collect()
}

/// Whether it has become the first version of its key.
fn is_first(answer: &CatalogAnswer) -> bool {
    let CatalogAnswer::Written(Written { version, garbage, .. }) = answer else { return false };
    *version == Version::FIRST && garbage.is_empty()
}

const fn tells_when(answer: &CatalogAnswer) -> bool {
    matches!(answer, CatalogAnswer::Written(Written { written: Some(_), .. }))
}

fn found(catalog: &dyn Catalog, path: &ObjectPath) -> Option<Found> {
    let CatalogAnswer::Found(found) = ask(catalog, CatalogRequest::Read { path: path.clone(), version: None }) else {
        panic!("a read is answered by what is found")
    };
    found
}
