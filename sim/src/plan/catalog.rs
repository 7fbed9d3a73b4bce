//! What a plan says of the catalog, and of requests that need one.

use lode_core::catalog::Retention;
use lode_core::copies::{Copies, MAX_COPIES};
use serde::{Deserialize, Serialize};

/// How the catalog of a cluster is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogSetup {
    /// How many copies of each version there are to be.
    pub copies: u16,
    /// Whether nothing is stored where there are not servers enough for a quorum of so many copies; otherwise there are
    /// fewer copies then.
    pub exactly: bool,
    /// How many versions of each name are kept besides the current one; all of them if not said.
    pub old_versions: Option<u32>,
}

impl CatalogSetup {
    /// What a user gets.
    #[must_use]
    pub const fn usual() -> Self {
        Self { copies: 3, exactly: false, old_versions: Some(0) }
    }

    /// As the API servers are told.
    #[must_use]
    pub fn copies(self) -> Copies {
        let copies = usize::from(self.copies).clamp(1, MAX_COPIES);
        if self.exactly { Copies::Exactly(copies) } else { Copies::UpTo(copies) }
    }

    /// As the catalog is told.
    #[must_use]
    pub const fn retention(self) -> Retention {
        match self.old_versions {
            Some(old) => Retention::Old(old),
            None => Retention::Unlimited,
        }
    }
}

/// What must be true of an object before a client's request changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// There is none: `If-None-Match: *`.
    Absent,
    /// There is one: `If-Match: *`.
    Present,
    /// It is the one that some client was told of last: `If-Match` with its tag, or with one of no object if nobody was told of
    /// any.
    Unchanged,
}
