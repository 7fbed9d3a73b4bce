//! Versions and copies: requests against a catalog in memory and data servers that store, fail and lie.

mod buckets;
mod cluster;
mod delete;
mod get;
mod locate;
mod put;
mod random;
