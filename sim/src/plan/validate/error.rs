//! What can be wrong with a plan, in sentences.

use lode_core::config::ConfigError;

use crate::node::Node;
use crate::plan::kind::{Kind, Lane, Place, Subject};

/// A plan that contradicts itself. Entries are counted from 0, as in its JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Settings that the machines refuse.
    #[error("cluster: {0}")]
    Settings(#[from] ConfigError),
    /// No data server would ever take an object.
    #[error(
        "cluster: disks of {disk_bytes} bytes that keep back {reserve_bytes} never take an object: give a reserve_bytes of \
         at most disk_bytes"
    )]
    ReserveAboveDisk {
        /// What is kept back.
        reserve_bytes: u64,
        /// The size of the disk.
        disk_bytes: u64,
    },
    /// A pace whose bounds are the wrong way round.
    #[error("pace: {setting} goes from {least_us} to {most_us}: give the shorter time first")]
    PaceBackwards {
        /// Which.
        setting: &'static str,
        /// What was given first.
        least_us: u64,
        /// What was given second.
        most_us: u64,
    },
    /// Bodies that never move.
    #[error("pace: at a bytes_per_ms of 0 no body ever arrives: give at least 1")]
    NoThroughput,
    /// A period that would never end.
    #[error("a {setting} of {period_us} is too long: times are in microseconds, and none is above {longest_us}")]
    PeriodTooLong {
        /// Which.
        setting: &'static str,
        /// What was given.
        period_us: u64,
        /// The longest possible.
        longest_us: u64,
    },
    /// A catalog and nodes of the seed in one cluster.
    #[error("there is a catalog beside nodes of the seed, which know of none: leave out one or the other")]
    CatalogBesideTheSeed,
    /// A number of copies that cannot be.
    #[error("{copies} copies of each object cannot be: give from 1 to {most}")]
    Copies {
        /// What was given.
        copies: u16,
        /// The most possible.
        most: usize,
    },
    /// Something is wrong with an operation.
    #[error("operation {index}: {problem}")]
    Operation {
        /// Which.
        index: usize,
        /// What.
        problem: OperationError,
    },
    /// Something is wrong with a fault.
    #[error("fault {index} ({kind}): {problem}")]
    Fault {
        /// Which.
        index: usize,
        /// Of which kind.
        kind: Kind,
        /// What.
        problem: FaultError,
    },
    /// Two faults want the same thing at the same time.
    #[error(
        "faults {first} and {second} overlap, and both act on {lane}, to which only one thing can happen at a time: let \
         the second begin at {until_us} or later, or take one out"
    )]
    Overlap {
        /// The earlier one.
        first: usize,
        /// The later one.
        second: usize,
        /// On what both act.
        lane: Lane,
        /// When the earlier one ends.
        until_us: u64,
    },
}

/// What is wrong with an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// It stands behind a later one.
    #[error("at_us is {at_us}, but the operation before it is at {before_us}: put operations in order of time")]
    OutOfOrder {
        /// Its time.
        at_us: u64,
        /// The time of the one before.
        before_us: u64,
    },
    /// It begins when nothing more may begin.
    #[error("at_us is {at_us}, after the calm begins: give an earlier time, or a calm_at_us above {calm_at_us}")]
    AfterCalm {
        /// Its time.
        at_us: u64,
        /// When the calm begins.
        calm_at_us: u64,
    },
    /// Only clients ask for something.
    #[error("{node} is no client: name a client-N, N from 1")]
    NotAClient {
        /// Who was named.
        node: Node,
    },
    /// Only servers can be asked.
    #[error("{node} is no server: name an api-N or a seed-api-N, or a data-N or a seed-data-N to go there directly")]
    NotAServer {
        /// Who was named.
        node: Node,
    },
    /// The cluster has no such server.
    #[error("there is no {node} in the cluster: name another, or have more of them")]
    NoSuchNode {
        /// Who was named.
        node: Node,
    },
    /// Data servers are not asked where something is.
    #[error("{node} is a data server, and only API servers answer a locate: name an api-N or a seed-api-N")]
    LocateAtDataServer {
        /// Who was named.
        node: Node,
    },
    /// Data servers keep blobs where there is a catalog, not objects.
    #[error("{node} is asked for an object, and where there is a catalog only API servers know objects: name an api-N")]
    PastTheCatalog {
        /// Who was named.
        node: Node,
    },
    /// Nobody can say where an object with versions is.
    #[error("a locate knows nothing of versions: take it out, or the catalog")]
    LocateOfVersions,
    /// Versions, listings and conditions need a catalog.
    #[error("it needs a catalog, and the cluster has none: take it out, or add a catalog to the cluster")]
    NoCatalog,
    /// A condition on what changes nothing, or on what names a version.
    #[error("only_if belongs to a PUT, or to a DELETE without a version: take it out")]
    StrayCondition,
    /// A version of something that has none.
    #[error("a version belongs to a GET, a HEAD or a DELETE, and is 1 or more: take it out, or correct it")]
    StrayVersion,
    /// A part that ends before it begins.
    #[error("the range from {first} to {last} ends before it begins: give the first position, then the last")]
    RangeBackwards {
        /// What was given first.
        first: u64,
        /// What was given second.
        last: u64,
    },
    /// A body that never comes.
    #[error("a body that stalls for {for_us} never comes: times are in microseconds; give at most {longest_us}")]
    StallsTooLong {
        /// What was given.
        for_us: u64,
        /// The longest possible.
        longest_us: u64,
    },
}

/// What is wrong with a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It stands behind a later one.
    #[error("from_us is {from_us}, but the fault before it is from {before_us}: put faults in order of from_us")]
    OutOfOrder {
        /// When it begins.
        from_us: u64,
        /// When the one before begins.
        before_us: u64,
    },
    /// It is over before it begins.
    #[error("it is from {from_us} until {until_us}: give an until_us above its from_us")]
    EndsBeforeItBegins {
        /// When it begins.
        from_us: u64,
        /// When it ends.
        until_us: u64,
    },
    /// It goes on when all must come right.
    #[error("until_us is {until_us}, after the calm begins: end it earlier, or give a calm_at_us above {calm_at_us}")]
    AfterCalm {
        /// When it ends.
        until_us: u64,
        /// When the calm begins.
        calm_at_us: u64,
    },
    /// Who has started already cannot start late.
    #[error(
        "from_us is {from_us}, but servers start at 0 unless they start late: give a from_us of 0, or make it a kill"
    )]
    NotFromTheBeginning {
        /// When it begins.
        from_us: u64,
    },
    /// The cluster has no such node.
    #[error("there is no {node} in the cluster: name another, or have more of them")]
    NoSuchNode {
        /// Who was named.
        node: Node,
    },
    /// It cannot happen there.
    #[error("it cannot happen to {subject}: name {place}")]
    WrongPlace {
        /// What was named.
        subject: Subject,
        /// What can be named.
        place: Place,
    },
    /// More often than always.
    #[error("a permille of {permille} is more than always: give at most 1000")]
    Permille {
        /// What was given.
        permille: i128,
    },
    /// A clock that is hardly one.
    #[error("a clock that is off by {ppm} millionths is hardly a clock: give at most {most_ppm}, or a clock-pause")]
    Drift {
        /// What was given.
        ppm: i128,
        /// The most possible.
        most_ppm: u32,
    },
    /// So slow that it never comes.
    #[error(
        "up_to_us is {up_to_us}, so slow that it never comes: times are in microseconds; give at most {longest_us}"
    )]
    TooSlow {
        /// What was given.
        up_to_us: i128,
        /// The most possible.
        longest_us: u64,
    },
}
