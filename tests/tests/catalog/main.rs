//! The catalogs that are kept in databases, held against the model of `lode-core` ([`sequences`]), asked by many at once
//! ([`races`], [`garbage`]), and killed ([`crashes`]). Each of these suites is for any catalog; each database has a file that runs them.

mod crashes;
mod garbage;
mod postgres;
mod races;
mod requests;
mod sequences;
mod sqlite;
mod traps;

use lode_core::catalog::{BlobId, Bucket, CatalogAnswer, CatalogRequest, Commit, Metadata, ObjectPath, State, Stored};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_smol::catalog::Catalog;

/// What the catalog answers.
///
/// # Panics
/// If it does not.
fn ask(catalog: &dyn Catalog, request: CatalogRequest) -> CatalogAnswer {
    let asked = format!("{request:?}");
    smol::block_on(catalog.ask(request)).unwrap_or_else(|failure| panic!("{asked}: {failure}"))
}

/// The blob of the upload with this number, of this incarnation.
fn blob(incarnation: u64, number: u64) -> BlobId {
    format!("{incarnation:016x}-{number:016x}").parse().expect("the id of a blob")
}

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().expect("a key") }
}

/// An object with a size, a checksum and a tag of its own for each content.
fn object(content: u64) -> State {
    let mut checksum = [0; 32];
    checksum[24..].copy_from_slice(&content.to_be_bytes());
    let (content_type, metadata) = (None, Metadata::default());
    State::Object(Stored { size_bytes: content, checksum: Checksum::new(checksum), content_type, metadata })
}

fn commit(path: &ObjectPath, blob: BlobId, state: State, conditions: &[(&str, &str)]) -> CatalogRequest {
    let holders = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map(|text| text.parse().expect("an address")).into();
    let conditions = Conditions::from_headers(conditions.iter().copied()).expect("conditions");
    CatalogRequest::Commit(Commit { path: path.clone(), blob, state, holders, conditions })
}
