//! What becomes of garbage: whose turn it is, and what many make of it at once.

use std::thread::sleep;
use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer, CatalogRequest, Fate, Garbage};

use super::races::{Handles, race};
use super::{ask, blob, commit, object, path};

/// Three become garbage one after the other, and two of them are forgotten: a commit of those would not be refused.
pub(crate) fn the_oldest_is_forgotten_first(handles: Handles<'_>) {
    let catalog = &*handles[0];
    for number in [3, 1, 2] {
        ask(catalog, CatalogRequest::Settle { blobs: vec![blob(1, number)], held_on: None });
        sleep(Duration::from_millis(5));
    }
    assert_eq!(ask(catalog, forget(Duration::from_secs(1000), 2)), CatalogAnswer::Forgotten(0));
    assert_eq!(ask(catalog, forget(Duration::ZERO, 2)), CatalogAnswer::Forgotten(2));
    let is_refused = |number: u64| {
        let key = path(&number.to_string());
        ask(catalog, commit(&key, blob(1, number), object(1), &[])) == CatalogAnswer::Condemned
    };
    assert_eq!([1, 2, 3].map(is_refused), [false, true, false]);
}

/// Many forget at once, each a few: each is forgotten by one of them, and told of by that one.
pub(crate) fn each_is_forgotten_once(handles: Handles<'_>, rounds: u64) {
    for round in 0..rounds {
        ask(&*handles[0], CatalogRequest::Settle { blobs: blobs(round), held_on: None });
        let forgotten = race(handles, |_| forget(Duration::ZERO, 7)).into_iter().map(|answer| {
            let CatalogAnswer::Forgotten(count) = answer else { panic!("{answer:?}") };
            count
        });
        assert_eq!(forgotten.sum::<usize>(), blobs(round).len(), "round {round}");
    }
}

/// Many note of the same garbage that copies are gone, and others that they have found one: no note is lost.
pub(crate) fn no_note_is_lost(handles: Handles<'_>, rounds: u64) {
    let server = |number: usize| -> ServerAddress { format!("10.0.0.{number}:1").parse().expect("an address") };
    for round in 0..rounds {
        let blobs = || blobs(round);
        for holder in 0..4 {
            ask(&*handles[0], CatalogRequest::Settle { blobs: blobs(), held_on: Some(server(holder)) });
        }
        let answers = race(handles, |racer| match racer % 6 {
            gone @ 0..4 => CatalogRequest::NoteRemoved { server: server(gone), blobs: blobs() },
            found => {
                CatalogRequest::Settle { blobs: blobs().into_iter().rev().collect(), held_on: Some(server(found)) }
            }
        });
        let condemned = blobs().into_iter().rev().map(|blob| (blob, Fate::Condemned)).collect();
        assert_eq!(answers[4], CatalogAnswer::Settled(condemned), "round {round}");
        let holders = vec![server(4), server(5)];
        let left = blobs().into_iter().map(|blob| Garbage { blob, holders: holders.clone() }).collect();
        let garbage = CatalogRequest::Garbage { after: None, limit: 1000 };
        assert_eq!(ask(&*handles[0], garbage.clone()), CatalogAnswer::Garbage(left), "round {round}");
        for server in holders {
            ask(&*handles[0], CatalogRequest::NoteRemoved { server, blobs: blobs() });
        }
        assert_eq!(ask(&*handles[0], garbage), CatalogAnswer::Garbage(vec![]), "round {round}");
    }
}

fn forget(garbage_age: Duration, limit: usize) -> CatalogRequest {
    CatalogRequest::ForgetGarbage { garbage_age, limit }
}

fn blobs(round: u64) -> Vec<BlobId> {
    (0..40).map(|number| blob(round + 1, number)).collect()
}
