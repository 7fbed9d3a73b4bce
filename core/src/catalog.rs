//! The catalog: which names exist, at which version, in which order they were written.
//!
//! What an API server wants of it is a [`CatalogRequest`]; what it hears is a [`CatalogAnswer`], or that the catalog has
//! failed ([`CatalogFailure`]). Behind that seam stands a real database (SQLite, PostgreSQL) which the runtime asks, or
//! [`model::Catalog`], which keeps all in memory: it is what the simulator asks, and what the databases are held against.
//!
//! *The contract, whoever keeps it:*
//!
//! 1. **One after the other.** Each request is one transaction. All of them, from whatever API server, have one order, in
//!    which none comes before one that was answered when it was asked.
//! 2. **An answer is durable.** What was answered survives whatever befalls the catalog's process and machine. A request
//!    that has failed with [`CatalogFailure::Unavailable`] has changed nothing and never will; after
//!    [`CatalogFailure::Unknown`] it has or has not, and whoever needs to know asks with [`CatalogRequest::Settle`].
//! 3. **Versions count up.** The versions of a key are 1, 2, 3 … in the order in which they were written, a DELETE
//!    ([`State::Tombstone`]) among them; no number is given twice, also not after its version is removed for good.
//! 4. **Conditions are looked at where the order is made.** Of any number of writers with `If-None-Match: *`, one wins.
//! 5. **A blob belongs to one version.** Its id is never used again. When its version goes, it becomes *garbage*, and then
//!    no commit takes it any more; so it can be removed for good, whatever is still under way somewhere.
//! 6. **Holders are hints.** They say where copies were put. The truth is what the data servers answer.
//!
//! What is to be decided within a transaction is decided here, once for all that keep a catalog: whether a write may be
//! and what it leaves behind ([`mod@write`]), and what a page of a listing shows ([`listing`]).

mod answer;
mod blob;
mod bucket;
mod description;
mod key;
mod label;
pub mod listing;
mod metadata;
pub mod model;
pub mod rebuild;
mod record;
mod request;
mod version;
pub mod write;

#[cfg(test)]
pub(crate) use description::tests as description_tests;

pub use answer::{CatalogAnswer, CatalogFailure, Fate, Garbage, HeldBlob, Written};
pub use blob::BlobId;
pub use bucket::{Bucket, BucketError, MAX_BUCKET_BYTES, Retention, RetentionError};
pub use description::{Described, Description, DescriptionError};
pub use key::{Key, KeyError, MAX_KEY_BYTES, ObjectPath};
pub use label::{ParseLabelError, VersionLabel};
pub use metadata::{ContentType, MAX_METADATA_BYTES, Metadata, MetadataError};
pub use record::{Found, State, Stored, VersionRecord};
pub use request::{CatalogRequest, Commit};
pub use version::{ParseVersionError, Version};
