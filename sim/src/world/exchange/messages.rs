//! What is asked in an exchange, and what it is answered with.

use lode_core::catalog::CatalogAnswer;
use lode_core::locate::Collect;
use lode_core::refusal::Refusal;
use lode_core::select::{ObjectHead, Selection};

use crate::history::{ContentId, NameId, Required};
use crate::node::Node;
use crate::plan::BodyFlaw;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// `only_if` is said by clients alone, where there is a catalog.
    Put {
        name: NameId,
        body: PutBody,
        only_if: Option<Required>,
    },
    Get {
        name: NameId,
        selection: Selection,
    },
    Delete {
        name: NameId,
    },
    Locate {
        name: NameId,
        collect: Collect,
    },
    /// Of an API server that has a catalog.
    Versioned(VersionedAsk),
}

/// What a client asks beside PUT where there is a catalog.
#[derive(Debug, Clone)]
pub(crate) enum VersionedAsk {
    Get { name: NameId, selection: Selection, version: Option<u64> },
    Delete { name: NameId, only_if: Option<Required> },
    Remove { name: NameId, version: u64 },
    Versions { name: NameId },
    List { behind: Option<NameId>, limit: u16 },
}

/// The body of a PUT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PutBody {
    pub(crate) content: ContentId,
    pub(crate) size_bytes: u64,
    pub(crate) declared: bool,
    pub(crate) flaw: BodyFlaw,
    /// Whether the sender has all of it; a body that is passed on ends when it is told.
    pub(crate) whole: bool,
}

/// What an exchange is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Stored {
        content: Option<ContentId>,
        version: Option<u64>,
    },
    Removed,
    /// This version is a tombstone.
    Deleted {
        version: u64,
    },
    Located(Vec<Node>, Vec<Node>),
    Refused(Refusal),
    /// A node of the seed says no in its own way.
    Status(u16),
    Object {
        head: ObjectHead,
        body: Option<AnswerBody>,
        version: Option<u64>,
    },
    /// The versions of a name, or a page of a listing.
    Catalogued(CatalogAnswer),
}

/// The body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerBody {
    /// `None` where the bytes are of no content.
    pub(crate) content: Option<ContentId>,
    pub(crate) first: u64,
    pub(crate) length_bytes: u64,
    /// Where it will break off, because the disk cannot give more.
    pub(crate) breaks: bool,
}
