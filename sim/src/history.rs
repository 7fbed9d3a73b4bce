//! What clients asked and were told, and what was true meanwhile: all that the checkers need to know of a run.

use std::fmt;

use lode_core::time::Instant;

use crate::node::Node;
use crate::plan::CatalogSetup;

/// The content of one PUT: the index of its operation in the plan. No two PUTs have the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub u32);

impl ContentId {
    /// That of every blob without content, which says that an object was deleted.
    pub const NOTHING: Self = Self(u32::MAX - 1);
}

/// The name of an object, by its number in the plan; or that of a blob, by a number that the run has given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

impl NameId {
    /// The first number of a blob, where there is a catalog: data servers keep blobs, whose names are not those of objects.
    pub const FIRST_BLOB: Self = Self(1 << 16);

    /// Whether it is a blob, and no object.
    #[must_use]
    pub const fn is_blob(self) -> bool {
        self.0 >= Self::FIRST_BLOB.0
    }
}

/// One call of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The index of its operation in the plan; `None` for one of the last reads, which belong to no plan.
    pub operation: Option<usize>,
    /// Who asked.
    pub client: Node,
    /// Whom.
    pub server: Node,
    /// About which name.
    pub name: NameId,
    /// What was asked.
    pub asked: Asked,
    /// What was to be true of the object, if anything.
    pub only_if: Option<Required>,
    /// Of which version; the current one, if not said.
    pub version: Option<u64>,
    /// When.
    pub began: Instant,
    /// When the outcome was known; `None` if it never was.
    pub ended: Option<Instant>,
    /// What the client was told.
    pub outcome: Outcome,
    /// Of which version it was told so, if it was told.
    pub told_version: Option<u64>,
}

/// What a conditional request requires of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// That there is none.
    Absent,
    /// That there is one.
    Present,
    /// That it is this content; `None` for one that no object has.
    Content(Option<ContentId>),
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("there is none"),
            Self::Present => f.write_str("there is one"),
            Self::Content(Some(content)) => write!(f, "it is content {}", content.0),
            Self::Content(None) => f.write_str("it is no content at all"),
        }
    }
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// PUT of this content.
    Put {
        /// Which.
        content: ContentId,
        /// How long it is.
        size_bytes: u64,
        /// Whether the client kept its side: the body was sent whole, and with the right digest.
        sound: bool,
    },
    /// GET; only the part between two positions, if any.
    Get {
        /// The first and last position.
        range: Option<(u64, u64)>,
    },
    /// HEAD.
    Head,
    /// DELETE.
    Delete,
    /// Where is it?
    Locate {
        /// All holders, or one.
        all: bool,
    },
    /// Which versions are there?
    Versions,
    /// Which objects are there?
    List {
        /// How many at the most.
        limit: u16,
        /// Only those behind the name of the call.
        after: bool,
    },
}

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    /// The connection was refused or broke, or the client's patience ended, before a whole answer: nothing is known.
    Unknown,
    /// The client went away by itself.
    HungUp,
    /// 200 to a PUT: durable.
    Stored,
    /// 204 to a DELETE: every copy is gone.
    Removed,
    /// 200 or 206 with these bytes, whole.
    Body(Body),
    /// 200 or 206 to a HEAD: what it says of the object.
    Described {
        /// The size that it names.
        size_bytes: Option<u64>,
        /// The content whose entity tag it names; `None` if it names none, or one of no content at all.
        content: Option<ContentId>,
    },
    /// The answer ended before its announced end: the client knows that it is not whole.
    CutBody,
    /// 404.
    Missing,
    /// 416: there is an object of this size, without the part that was asked for.
    Unsatisfiable {
        /// Its size.
        size_bytes: u64,
    },
    /// 200 to a locate: these addresses.
    Located {
        /// Who is said to hold it.
        holders: Vec<Node>,
        /// Who is said not to have answered.
        unanswered: Vec<Node>,
    },
    /// 200 to the question for versions: all of the name, the latest first.
    Versions(Vec<(u64, Option<ContentId>)>),
    /// 200 to a listing: this page.
    Listed {
        /// The names on it, in the order of their texts, each with its version and content.
        objects: Vec<(NameId, u64, Option<ContentId>)>,
        /// The name behind which the next page begins, if there is one.
        next: Option<NameId>,
    },
    /// Any other refusal.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The word for it, as [`lode_core::refusal::Refusal::code`] has it.
        code: &'static str,
    },
}

/// As a short sentence.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[Node]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Pending => f.write_str("not answered yet"),
            Self::Unknown => f.write_str("no whole answer came: what became of it is not known"),
            Self::HungUp => f.write_str("the client hung up"),
            Self::Stored => f.write_str("200, stored"),
            Self::Removed => f.write_str("204, removed"),
            Self::Body(Body { content: Some(content), first, length_bytes, .. }) => {
                write!(f, "200, {length_bytes} bytes of content {} from {first} on", content.0)
            }
            Self::Body(Body { content: None, length_bytes, .. }) => {
                write!(f, "200, {length_bytes} bytes of no content")
            }
            Self::Described { content: Some(content), .. } => write!(f, "200, there is content {}", content.0),
            Self::Described { content: None, .. } => f.write_str("200, there is something"),
            Self::CutBody => f.write_str("the body was cut off, and the client knows it"),
            Self::Missing => f.write_str("404, there is none"),
            Self::Unsatisfiable { size_bytes } => write!(f, "416, there are only {size_bytes} bytes"),
            Self::Located { holders, unanswered } if unanswered.is_empty() => write!(f, "200, at {}", list(holders)),
            Self::Located { holders, unanswered } => {
                write!(f, "200, at {}; not answered: {}", list(holders), list(unanswered))
            }
            Self::Versions(versions) => {
                let told: Vec<_> =
                    versions.iter().map(|(version, content)| Told(*version, *content).to_string()).collect();
                write!(f, "200, versions: {}", told.join(", "))
            }
            Self::Listed { objects, next } => {
                let told =
                    objects.iter().map(|(name, version, content)| format!("o{} {}", name.0, Told(*version, *content)));
                let more = if next.is_some() { ", and more" } else { "" };
                write!(f, "200, objects: {}{more}", told.collect::<Vec<_>>().join(", "))
            }
            Self::Refused { status, code } => write!(f, "{status}, {code}"),
        }
    }
}

/// A version in a few words.
struct Told(u64, Option<ContentId>);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(version, Some(content)) => write!(f, "{version} is content {}", content.0),
            Self(version, None) => write!(f, "{version} is a tombstone"),
        }
    }
}

/// The bytes that a client got, which it takes for whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Bytes of which content; `None` for bytes that are of no content, or of several.
    pub content: Option<ContentId>,
    /// The position of the first.
    pub first: u64,
    /// How many.
    pub length_bytes: u64,
    /// The size of the whole object, as the answer says it.
    pub size_bytes: Option<u64>,
}

/// A blob was visible on a data server for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// On whose disk.
    pub node: Node,
    /// Under which name.
    pub name: NameId,
    /// Which content.
    pub content: ContentId,
    /// Since when it was visible.
    pub from: Instant,
    /// Since when it was also durable, if it ever was.
    pub durable: Option<Instant>,
    /// When it was no longer visible; `None` if it still is at the end.
    pub until: Option<Instant>,
    /// Why it is not visible any more.
    pub ended_by: Option<HoldingEnd>,
    /// Since when a bit of it has been flipped, if one was.
    pub rotten: Option<Instant>,
}

/// Why a blob is not visible any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldingEnd {
    /// Another content took its place.
    Overwritten,
    /// It was removed.
    Removed,
    /// It was visible and not yet durable when the power went.
    PowerLost,
    /// The disk was replaced by an empty one.
    DiskBlanked,
}

/// What the catalog did, and what was stored for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// How it was set up.
    pub setup: CatalogSetup,
    /// For which PUT each blob was made, in the order in which they were.
    pub blobs: Vec<(NameId, ContentId)>,
    /// What became a version, in the order in which it did.
    pub commits: Vec<Committed>,
    /// The versions that went, each at its time: they were removed, or gave way to later ones.
    pub gone: Vec<Gone>,
}

impl Catalogued {
    /// One that has done nothing yet.
    #[must_use]
    pub const fn of(setup: CatalogSetup) -> Self {
        Self { setup, blobs: Vec::new(), commits: Vec::new(), gone: Vec::new() }
    }
}

/// Something became the current version of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// When.
    pub at: Instant,
    /// Of which name.
    pub name: NameId,
    /// Which version.
    pub version: u64,
    /// Which blob it has.
    pub blob: NameId,
    /// Its content; `None` for a tombstone.
    pub content: Option<ContentId>,
    /// On which data servers it was said to be durable.
    pub holders: Vec<Node>,
}

/// A version went for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// When.
    pub at: Instant,
    /// Which blob it had.
    pub blob: NameId,
}

/// An API server believed that a data server lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belief {
    /// The API server.
    pub api: Node,
    /// Whom it believed to live, by its address: the plan's owner of the address.
    pub member: Node,
    /// Since when.
    pub from: Instant,
    /// When it ended: the member was forgotten, or the API server's process ended.
    pub until: Option<Instant>,
    /// Whether that was a node of the seed.
    pub of_the_seed: bool,
}

/// All that is known of a run when it is over.
#[derive(Debug, Clone)]
pub struct History {
    /// What clients asked, in the order in which they did.
    pub calls: Vec<Call>,
    /// What lay on the disks, in the order in which it became visible.
    pub holdings: Vec<Holding>,
    /// Who was believed to live.
    pub beliefs: Vec<Belief>,
    /// Names that a node of the seed has been asked to store or may hold a part of: of these little can be promised.
    pub tainted: Vec<NameId>,
    /// Data servers whose address another process shared for some time: what is asked at the address may be answered by
    /// either.
    pub shared_addresses: Vec<Node>,
    /// What the catalog did, if there is one.
    pub catalog: Option<Catalogued>,
    /// Whether the settings allow that in the end everybody is known, and answers in time: bounds that are smaller than the
    /// cluster, or periods that are shorter than its messages take, promise neither.
    pub promises_calm: bool,
    /// When everything had had the time to come right after the last fault: what begins later are the last reads.
    pub calm: Instant,
    /// When the run ended.
    pub end: Instant,
}

impl Default for History {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            holdings: Vec::new(),
            beliefs: Vec::new(),
            tainted: Vec::new(),
            shared_addresses: Vec::new(),
            catalog: None,
            promises_calm: true,
            calm: Instant::START,
            end: Instant::START,
        }
    }
}

/// Something that must hold does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When it was seen.
    pub at: Instant,
    /// The checker that says so: the name of its file.
    pub checker: &'static str,
    /// Where it was seen.
    pub node: Node,
    /// What is wrong, as a sentence with its facts.
    pub text: String,
}
