//! Sequences of requests that chance seldom comes to, each with a mistake that it would show.

use std::time::Duration;

use lode_core::catalog::{BlobId, Bucket, CatalogRequest, Retention, Version};
use lode_core::id::Incarnation;

use super::{blob, commit, object, path};

/// Each is to be asked of a catalog of its own.
pub(crate) fn all() -> [Vec<CatalogRequest>; 3] {
    [numbers_of_removed_versions(), claims_of_others(), a_blob_that_was_forgotten()]
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
    let gone = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map(|text| text.parse().expect("an address")).into();
    let forget = CatalogRequest::NoteRemoved { blob, gone, garbage_age: Duration::ZERO };
    vec![write(), claim(blob, 1), remove(1), forget, write(), claim(blob, 2)]
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
