//! What is going to happen in a run, written down before it begins: the cluster, what its clients do, and every fault.
//!
//! A plan is data. It is drawn from a seed ([`crate::draw`]), or written by hand ([`crate::scenario`]), saved as JSON and
//! replayed; [`crate::shrink`] takes entries out of it. All that chance decides during the run (the delay of a message,
//! whether a lossy link loses it) comes from streams keyed by [`Plan::seed`] and by who draws for what, so that one entry
//! less does not shift the others.

mod catalog;
pub mod kind;
mod usual;
pub mod validate;

use serde::{Deserialize, Serialize};

pub use self::catalog::{CatalogSetup, Condition};
use crate::node::Node;

/// One run. Times are microseconds of virtual time since its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the streams of chance are keyed by.
    pub seed: u64,
    /// Who takes part, under which settings.
    pub cluster: Cluster,
    /// How long things take where no fault makes them longer.
    pub pace: Pace,
    /// What the clients do, in order of time.
    pub operations: Vec<Operation>,
    /// What goes wrong, in order of time.
    pub faults: Vec<Fault>,
    /// When the last fault is over and the last operation begun. The run goes on until all must have come right.
    pub calm_at_us: u64,
}

/// Who takes part, under which settings. Servers start at the beginning unless a fault says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// API servers of ours.
    pub apis: u16,
    /// Data servers of ours.
    pub datas: u16,
    /// API servers of the seed.
    pub seed_apis: u16,
    /// Data servers of the seed.
    pub seed_datas: u16,
    /// How often a data server says that it lives.
    pub heartbeat_period_us: u64,
    /// After how much silence it is forgotten; above the heartbeat period.
    pub expiry_us: u64,
    /// How long a locate query may take.
    pub locate_deadline_us: u64,
    /// After how much silence on the bus a data server is asked over HTTP; below the deadline.
    pub ask_directly_after_us: u64,
    /// How long a data server may take when a held body was sent, or an object asked for.
    pub short_patience_us: u64,
    /// The same once a body of any length was sent.
    pub long_patience_us: u64,
    /// Up to which length bodies are held and can be sent elsewhere.
    pub held_body_bytes: u64,
    /// Bound on the requests of one server at a time.
    pub max_requests: u32,
    /// Bound on the data servers that an API server knows.
    pub max_members: u32,
    /// Bound on direct questions at a time while the bus is down.
    pub max_direct_asks: u32,
    /// Bound on direct questions at a time beside a bus that is up.
    pub max_direct_asks_beside_bus: u32,
    /// Bound on the data servers tried for one request.
    pub max_attempts: u32,
    /// Bound on the lookups of one data server at a time.
    pub max_lookups: u32,
    /// The size of each data server's disk.
    pub disk_bytes: u64,
    /// What it keeps back.
    pub reserve_bytes: u64,
    /// The catalog, if there is one: then objects have versions and copies. Without it names are found by asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<CatalogSetup>,
}

/// How long things take where no fault makes them longer: each is drawn evenly between the two bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// One way over a network link.
    pub link_us: (u64, u64),
    /// From a publisher through the broker to one queue.
    pub bus_us: (u64, u64),
    /// One step of a disk: a lookup, an open, a sync; a transaction of the catalog.
    pub disk_us: (u64, u64),
    /// From a lost bus connection, or the start of a process, to the next attempt.
    pub reconnect_us: (u64, u64),
    /// How fast bodies move, in bytes per millisecond.
    pub bytes_per_ms: u64,
}

/// One thing that a client does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When.
    pub at_us: u64,
    /// Which client: [`Node::Client`].
    pub client: Node,
    /// Through which server: [`Node::Api`], [`Node::SeedApi`], or a data server directly.
    pub server: Node,
    /// The number of the object's name.
    pub name: u16,
    /// What.
    pub action: Action,
    /// Only if this is true of the object; of a PUT and of a DELETE, where there is a catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Condition>,
    /// Of which version, the current one if not said; of a GET, a HEAD and a DELETE, where there is a catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// What a client does with an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// PUT. Every PUT of a plan has a content of its own.
    Put {
        /// The length of the body.
        size_bytes: u64,
        /// Whether the client says the length beforehand.
        declared: bool,
        /// What is wrong with the body.
        flaw: BodyFlaw,
    },
    /// GET of the whole, or of the part between two positions.
    Get {
        /// The first and the last position, if only a part is wanted.
        range: Option<(u64, u64)>,
        /// The client goes away while the answer is on its way.
        hangs_up: bool,
    },
    /// HEAD.
    Head,
    /// DELETE.
    Delete,
    /// `GET /locate/<name>`.
    Locate {
        /// With `?all=1`.
        all: bool,
    },
    /// `GET /versions/<name>`, where there is a catalog.
    Versions,
    /// `GET /objects/?limit=…&after=…`: one page of a listing, where there is a catalog. The name of the operation says
    /// behind which name the page begins; it begins at the first one where that is no name of the plan.
    List {
        /// How many objects at the most.
        limit: u16,
        /// Behind the name of the operation, and not at the beginning.
        after: bool,
    },
}

/// What is wrong with the body of a PUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyFlaw {
    /// Nothing.
    None,
    /// The client is gone half way.
    Cut,
    /// It comes to a standstill half way for this long.
    Stalls {
        /// How long.
        for_us: u64,
    },
    /// It does not have the digest that the client gave.
    WrongDigest,
}

/// One thing that goes wrong, for a while. For a kind that happens at one instant, `until_us` is when it is mended: a
/// killed process starts again then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When it begins.
    pub from_us: u64,
    /// When it ends.
    pub until_us: u64,
    /// What it is.
    pub kind: FaultKind,
}

/// What goes wrong. Chances are in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Messages between the node and the broker are lost.
    BusLoss {
        /// Whose.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// Messages between the node and the broker are held up, each for another time, and so overtake each other.
    BusDelay {
        /// Whose.
        node: Node,
        /// The longest time.
        up_to_us: u64,
    },
    /// Messages between the node and the broker come twice.
    BusDuplicates {
        /// Whose.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// Messages for the node arrive mangled.
    BusMalformed {
        /// Whose.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// The node is told that it is connected, but its queue is bound only when this is over.
    LateBinding {
        /// Whose.
        node: Node,
    },
    /// The broker has lost the node's queue; the node finds out when this is over, and connects anew.
    QueueLost {
        /// Whose.
        node: Node,
    },
    /// The broker is down, and every connection to it cut.
    BrokerDown,
    /// The broker hangs: connections stand, and nothing moves. Who notices is cut off when this is over.
    BrokerHangs,
    /// The node's connection to the broker is cut, and cannot be made again before this is over.
    BusCut {
        /// Whose.
        node: Node,
    },
    /// Nothing passes between the two.
    Partition {
        /// One.
        a: Node,
        /// The other.
        b: Node,
    },
    /// Nothing passes from one to the other; the way back is open.
    OneWay {
        /// From whom.
        from: Node,
        /// To whom.
        to: Node,
    },
    /// Nothing passes between the node and anybody, broker included.
    Isolated {
        /// Whom.
        node: Node,
    },
    /// Connections to the node are refused, though it lives.
    Refused {
        /// By whom.
        node: Node,
    },
    /// Exchanges with the node are reset in the middle of a body, or before the answer.
    Reset {
        /// With whom.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// Exchanges with the node come to a standstill in the middle.
    Stall {
        /// With whom.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// Bodies that the node sends end early.
    Truncated {
        /// From whom.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// What the node was asked to do is done, and the answer is lost.
    AnswerLost {
        /// From whom.
        node: Node,
        /// How often.
        permille: u16,
    },
    /// Everything over the network to and from the node takes longer.
    SlowLink {
        /// Whose.
        node: Node,
        /// By how much at the most.
        up_to_us: u64,
    },
    /// Writing and syncing fail (EIO).
    DiskWriteError {
        /// On whose disk.
        node: Node,
    },
    /// Reading fails (EIO).
    DiskReadError {
        /// On whose disk.
        node: Node,
    },
    /// No room is left (ENOSPC).
    DiskFull {
        /// On whose disk.
        node: Node,
    },
    /// Writes end early: some of the body is written, then there is no room.
    ShortWrite {
        /// On whose disk.
        node: Node,
    },
    /// Each step of the disk takes longer.
    SlowDisk {
        /// Whose.
        node: Node,
        /// By how much at the most.
        up_to_us: u64,
    },
    /// A bit of a blob that lies there has flipped.
    BitRot {
        /// On whose disk.
        node: Node,
    },
    /// The process is killed, and starts again when this is over.
    Kill {
        /// Whose.
        node: Node,
    },
    /// The process is killed between two effects of one step: as soon as it has carried out `after_effects` more.
    KillBetweenEffects {
        /// Whose.
        node: Node,
        /// How many effects it still carries out.
        after_effects: u32,
    },
    /// The machine loses power: as [`FaultKind::Kill`], and of what was not synced nothing is certain.
    PowerLoss {
        /// Whose.
        node: Node,
    },
    /// The process starts again on an empty disk.
    BlankDisk {
        /// Whose.
        node: Node,
    },
    /// The process stands still.
    Pause {
        /// Whose.
        node: Node,
    },
    /// The node starts only when this is over. To be given from the beginning.
    StartsLate {
        /// Who.
        node: Node,
    },
    /// A second process takes the address of this data server, with a disk of its own, and gets some of its connections.
    SharedAddress {
        /// Whose address.
        node: Node,
    },
    /// The node's clock is too fast or too slow, by millionths.
    ClockDrift {
        /// Whose.
        node: Node,
        /// By how much; below zero it is slow.
        ppm: i32,
    },
    /// The node's clock stands still, though its process works.
    ClockPause {
        /// Whose.
        node: Node,
    },
    /// The node's wall clock is set to another time.
    WallClockStep {
        /// Whose.
        node: Node,
        /// By how much.
        by_us: i64,
    },
    /// The catalog refuses whatever it is asked, and changes nothing.
    CatalogDown {
        /// [`Node::Catalog`].
        node: Node,
    },
    /// Connections to the catalog break off before the answer: what was asked is done, or will be, or never is.
    CatalogBreaksOff {
        /// [`Node::Catalog`].
        node: Node,
        /// How often.
        permille: u16,
    },
    /// The catalog goes over to another machine: all that it is at breaks off, and until this is over it refuses all. What it
    /// has answered is kept.
    CatalogFailover {
        /// [`Node::Catalog`].
        node: Node,
    },
    /// Each transaction of the catalog takes longer.
    SlowCatalog {
        /// [`Node::Catalog`].
        node: Node,
        /// By how much at the most.
        up_to_us: u64,
    },
}
