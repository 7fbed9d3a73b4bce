//! The catalog in PostgreSQL, where it differs from others: how its schema comes about, how many API servers write to it at
//! once, what it answers when the server goes away in each of the ways that a server can, and how API servers start on it. What all catalogs have in
//! common is looked at in the program `catalog`.

mod crowd;
mod ledger;
mod migration;
mod opening;
mod outages;
mod starting;

use lode_core::catalog::{BlobId, Bucket, CatalogRequest, Commit, Metadata, ObjectPath, State, Stored};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_smol::catalog::PostgresCatalog;

fn connect(url: &str) -> PostgresCatalog {
    let url = url.parse().expect("the harness gives good URLs");
    smol::block_on(PostgresCatalog::connect(&url)).unwrap_or_else(|error| panic!("{error}"))
}

/// The blob of the upload with this number, of this incarnation.
fn blob(incarnation: u64, number: u64) -> BlobId {
    format!("{incarnation:016x}-{number:016x}").parse().expect("the id of a blob")
}

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().expect("a key") }
}

fn commit(path: &ObjectPath, blob: BlobId, conditions: &[(&str, &str)]) -> CatalogRequest {
    let (content_type, metadata) = (Some("text/plain".parse().expect("a content type")), Metadata::default());
    let state = State::Object(Stored { size_bytes: 7, checksum: Checksum::new([7; 32]), content_type, metadata });
    let holders = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map(|text| text.parse().expect("an address")).into();
    let conditions = Conditions::from_headers(conditions.iter().copied()).expect("conditions");
    CatalogRequest::Commit(Commit { path: path.clone(), blob, state, holders, conditions })
}
