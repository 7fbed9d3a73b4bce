//! Rebuilding a catalog that is lost from what the data servers hold: what [`lode_core::catalog::rebuild`] asks for, carried
//! out.
//!
//! Three steps, each of which can be had alone: [`find`] reads what all data servers hold; the core makes versions of it
//! ([`Rebuild::finish`](lode_core::catalog::rebuild::Rebuild::finish)); [`put_back`] writes those into a new catalog. Nothing
//! may be written to the cluster meanwhile: stop its API servers first. All that is found is kept in memory, some 500 bytes
//! for each blob.
//!
//! *Why a rebuild that is cut short does no harm:* API servers clear away what a catalog does not know only if whoever
//! uploaded it is registered there, and that is the very last step. Until then, and for good if a data server was missed, the
//! blobs that the new catalog does not know stay where they are.

mod find;
mod put_back;
#[cfg(test)]
mod tests;

pub use self::find::{AskError, Found, find};
pub use self::put_back::{PutBackError, Scope, assert_new, put_back};
