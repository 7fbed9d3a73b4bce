//! Sequences of requests that chance seldom comes to, each with a mistake that it would show.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, Bucket, CatalogRequest, Retention, Version};
use lode_core::id::Incarnation;

use super::{blob, commit, object, path};

/// Each is to be asked of a catalog of its own.
pub(crate) fn all() -> [Vec<CatalogRequest>; 5] {
    [
        numbers_of_removed_versions(),
        claims_of_others(),
        a_blob_that_was_forgotten(),
        copies_that_were_retired(),
        copies_that_are_found_where_one_is_retired(),
    ]
}

/// The number of the last version is given again when an earlier one is removed after it.
fn numbers_of_removed_versions() -> Vec<CatalogRequest> {
    let write = |number| commit(&path("a"), blob(1, number), object(number), &[]);
    let keep = CatalogRequest::SetBucket { bucket: Bucket::objects(), retention: Retention::Unlimited };
    vec![keep, write(1), write(2), write(3), remove(3), remove(1), write(4), remove(4), remove(2), write(5)]
}

/// A claim is given up, or renewed, by one who does not have it.
fn claims_of_others() -> Vec<CatalogRequest> {
    let blob = blob(1, 1);
    let write = commit(&path("a"), blob, object(1), &[]);
    vec![write, claim(blob, 1), release(blob, 2), claim(blob, 2), claim(blob, 1), release(blob, 1), claim(blob, 2)]
}

/// Something of a blob outlives it.
fn a_blob_that_was_forgotten() -> Vec<CatalogRequest> {
    let blob = blob(1, 1);
    let write = || commit(&path("a"), blob, object(1), &[]);
    let removed = |server: &str| CatalogRequest::NoteRemoved { server: address(server), blobs: vec![blob] };
    let [one, two, three] = HOLDERS.map(removed);
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: 1 };
    vec![write(), claim(blob, 1), remove(1), one, two, three, forget, write(), claim(blob, 2)]
}

/// A retired copy is lost when its blob becomes garbage, or is retired still when the next is there.
fn copies_that_were_retired() -> Vec<CatalogRequest> {
    let blob = blob(1, 1);
    let [one, two, three] = HOLDERS.map(address);
    let on = || CatalogRequest::Blobs { on: Some(address(HOLDERS[2])), after: None, limit: 10 };
    let keep = CatalogRequest::SetBucket { bucket: Bucket::objects(), retention: Retention::Unlimited };
    let note = |held, gone| CatalogRequest::NoteHolders { blob, held, gone };
    let retire = |server: &ServerAddress, keep: &[&ServerAddress]| {
        let keep = keep.iter().copied().cloned().collect();
        CatalogRequest::Retire { blob, server: server.clone(), keep }
    };
    vec![
        keep,
        commit(&path("a"), blob, object(1), &[]),
        retire(&three, &[&one, &two]),
        on(),
        note(vec![three.clone()], vec![]),
        on(),
        note(vec![], vec![three.clone()]),
        on(),
        note(vec![three.clone()], vec![]),
        on(),
        retire(&three, &[&one]),
        retire(&two, &[&three]),
        retire(&two, &[]),
        remove(1),
        CatalogRequest::Garbage { after: None, limit: 10 },
        retire(&three, &[]),
    ]
}

/// A copy that is retired counts again because its server was found to hold it.
fn copies_that_are_found_where_one_is_retired() -> Vec<CatalogRequest> {
    let (known, unknown) = (blob(1, 1), blob(1, 2));
    let server = || address(HOLDERS[2]);
    let settle = || CatalogRequest::Settle { blobs: vec![known, unknown], held_on: Some(server()) };
    vec![
        commit(&path("a"), known, object(1), &[]),
        CatalogRequest::Retire { blob: known, server: server(), keep: vec![] },
        settle(),
        CatalogRequest::NoteHolders { blob: known, held: vec![], gone: vec![server()] },
        settle(),
    ]
}

/// Where [`commit`] puts copies.
const HOLDERS: [&str; 3] = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"];

fn address(text: &str) -> ServerAddress {
    text.parse().expect("an address")
}

fn remove(version: u64) -> CatalogRequest {
    CatalogRequest::RemoveVersion { path: path("a"), version: Version::new(version).expect("a version") }
}

fn claim(blob: BlobId, by: u64) -> CatalogRequest {
    CatalogRequest::ClaimRepair { blob, by: Incarnation::new(by), lasting: Duration::MAX }
}

fn release(blob: BlobId, by: u64) -> CatalogRequest {
    CatalogRequest::ReleaseRepair { blob, by: Incarnation::new(by) }
}
