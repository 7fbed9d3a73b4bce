//! What happens to a data server, and what it wants done.

mod whole;

use alloc::string::String;
use alloc::vec::Vec;

pub use self::whole::{Checked, Counts, DescribedPage, DrainCommand, DrainReport, ScrubCommand};
use super::scrub::{ScrubPart, ScrubPlace, ScrubRecord, ScrubReport};
use crate::bus::{BusCommand, BusEvent};
use crate::catalog::{BlobId, Description, VersionLabel};
use crate::checksum::Checksum;
use crate::digest::{ComputedDigests, RequestedDigests};
use crate::id::{OperationId, RequestId};
use crate::inventory::{CommittedBlob, FullPage, InventoryPage};
use crate::name::ObjectName;
use crate::refusal::Refusal;
use crate::resource::data::InventoryQuery;
use crate::select::{ObjectHead, Selection};
use crate::space::Space;
use crate::time::Instant;
use crate::transfer::BodyFault;

/// What happens to a data server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataInput {
    /// The instant of [`next_deadline`](crate::machine::Machine::next_deadline) has come.
    DeadlineReached,
    /// Something came from the bus.
    Bus(BusEvent),
    /// Somebody asks for something over HTTP. The number is new.
    Request {
        /// Its number.
        request: RequestId,
        /// What is asked for.
        operation: DataOperation,
    },
    /// The asker is gone, and with it whatever was under way for the request. Stands for the completions that are missing.
    RequestGone {
        /// Which request.
        request: RequestId,
    },
    /// Completes [`DataEffect::LookUp`].
    LookedUp {
        /// Its id.
        lookup: OperationId,
        /// What lies there, if anything.
        outcome: Result<Option<BlobInfo>, DiskFailure>,
    },
    /// Completes [`DataEffect::Receive`].
    Received {
        /// Its id.
        receive: OperationId,
        /// What came; after a failure nothing of it is left.
        outcome: Result<ReceivedBody, ReceiveFailure>,
    },
    /// Completes [`DataEffect::Commit`].
    Committed {
        /// Its id.
        commit: OperationId,
        /// Durable and visible, or neither.
        outcome: Result<(), DiskFailure>,
    },
    /// Completes [`DataEffect::Open`].
    Opened {
        /// Its id.
        open: OperationId,
        /// What lies there, if anything. It stays open for the request.
        outcome: Result<Option<BlobInfo>, DiskFailure>,
    },
    /// Completes [`DataEffect::Send`].
    Sent {
        /// Its id.
        send: OperationId,
        /// How it went. After a failure the connection is broken off, so that no cut body looks whole.
        outcome: Result<(), SendFailure>,
    },
    /// Completes [`DataEffect::Remove`].
    Removed {
        /// Its id.
        removal: OperationId,
        /// Whether there was anything to be removed; if so, it is gone durably.
        outcome: Result<bool, DiskFailure>,
    },
    /// Completes [`DataEffect::Check`].
    Checked {
        /// Its id.
        check: OperationId,
        /// What was seen.
        outcome: Result<Checked, DiskFailure>,
    },
    /// Completes [`DataEffect::List`].
    Listed {
        /// Its id.
        list: OperationId,
        /// What is there.
        outcome: Result<InventoryPage, DiskFailure>,
    },
    /// Completes [`DataEffect::Describe`].
    Described {
        /// Its id.
        describe: OperationId,
        /// What is there.
        outcome: Result<DescribedPage, DiskFailure>,
    },
    /// Completes [`DataEffect::KeepDraining`].
    DrainingKept {
        /// Its id.
        keep: OperationId,
        /// Whether a restart will know.
        outcome: Result<(), DiskFailure>,
    },
    /// Completes [`DataEffect::Count`].
    Counted {
        /// Its id.
        count: OperationId,
        /// What is there.
        outcome: Result<Counts, DiskFailure>,
    },
    /// Completes [`DataEffect::FindFiles`].
    FilesFound {
        /// Its id.
        find: OperationId,
        /// The next files, at most [`SCRUB_PAGE`](super::scrub::SCRUB_PAGE), in their order; none behind the last one.
        outcome: Result<Vec<ScrubPlace>, DiskFailure>,
    },
    /// Completes [`DataEffect::ReadPart`].
    PartRead {
        /// Its id.
        read: OperationId,
        /// What was read; `None` if the file is not there any more.
        outcome: Result<Option<ScrubPart>, DiskFailure>,
    },
    /// Completes [`DataEffect::MeasureSpace`].
    SpaceMeasured {
        /// Its id.
        measurement: OperationId,
        /// The space.
        outcome: Result<Space, DiskFailure>,
    },
}

/// What can be asked of a data server over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataOperation {
    /// Store the body that follows.
    Put {
        /// Under this name.
        name: ObjectName,
        /// How long it is, if that was said.
        declared_bytes: Option<u64>,
        /// What it must hash to.
        digests: RequestedDigests,
        /// What the blob says of itself, if its sender knows; its name is then that of a [`BlobId`].
        description: Option<Description>,
        /// Which version it has become, if its sender knows that already.
        label: Option<VersionLabel>,
    },
    /// Send the object, or its head.
    Get {
        /// Of this name.
        name: ObjectName,
        /// Which part, under which conditions.
        selection: Selection,
    },
    /// Remove the object.
    Delete {
        /// Of this name.
        name: ObjectName,
    },
    /// Tell which of these blobs are held, and note what the catalog says of those.
    Held {
        /// At most [`MAX_BLOBS_AT_A_TIME`](crate::inventory::MAX_BLOBS_AT_A_TIME).
        blobs: Vec<CommittedBlob>,
    },
    /// Tell of all blobs that are held, page by page.
    Inventory(InventoryQuery),
    /// Tell of all blobs that are held, page by page, with all that is known of each.
    FullInventory(InventoryQuery),
    /// Be emptied, or not, or tell whether that is so.
    Drain(DrainCommand),
    /// Read all that lies on the disk, now, or tell how far that is.
    Scrub(ScrubCommand),
}

/// What a data server wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataEffect {
    /// Tell the bus.
    Bus(BusCommand),
    /// Look up whether a blob of this name lies on the disk. Completed by [`DataInput::LookedUp`].
    LookUp {
        /// Its id.
        lookup: OperationId,
        /// Which blob.
        name: ObjectName,
    },
    /// Write the body of the request into a temporary file, and compute its checksum and the digests asked for. Completed
    /// by [`DataInput::Received`].
    Receive {
        /// Its id.
        receive: OperationId,
        /// Whose body.
        request: RequestId,
        /// Which blob it is to be.
        name: ObjectName,
        /// How long it will be, if that was said.
        declared_bytes: Option<u64>,
        /// Which digests are to be computed besides the checksum.
        digests: RequestedDigests,
        /// What the blob is to say of itself. One that does lies among the blobs, else it lies among the objects.
        description: Option<Description>,
        /// Which version it has become, if that is known.
        label: Option<VersionLabel>,
    },
    /// Make what was received for the request durable, then visible. Completed by [`DataInput::Committed`].
    Commit {
        /// Its id.
        commit: OperationId,
        /// Which request's.
        request: RequestId,
    },
    /// Throw away what was received for the request. Cannot fail: what is left is cleaned away at the next start.
    Discard {
        /// Which request's.
        request: RequestId,
    },
    /// Open the blob of this name for the request. Completed by [`DataInput::Opened`].
    Open {
        /// Its id.
        open: OperationId,
        /// For which request.
        request: RequestId,
        /// Which blob.
        name: ObjectName,
    },
    /// Send the head and what it announces of the opened blob, verified block by block. Completed by [`DataInput::Sent`],
    /// which ends the request.
    Send {
        /// Its id.
        send: OperationId,
        /// To whom.
        request: RequestId,
        /// The head.
        head: ObjectHead,
        /// Whether no body goes with it, whatever it announces (HEAD).
        head_only: bool,
    },
    /// Remove the blob of this name, durably. Completed by [`DataInput::Removed`].
    Remove {
        /// Its id.
        removal: OperationId,
        /// For which request.
        request: RequestId,
        /// Which blob.
        name: ObjectName,
    },
    /// Look at the end of the file of each of these blobs, and note the label of each that has none. Completed by
    /// [`DataInput::Checked`].
    Check {
        /// Its id.
        check: OperationId,
        /// For which request.
        request: RequestId,
        /// Which blobs.
        blobs: Vec<CommittedBlob>,
    },
    /// List what lies among the blobs, without a look into the files. Completed by [`DataInput::Listed`].
    List {
        /// Its id.
        list: OperationId,
        /// For which request.
        request: RequestId,
        /// Which page.
        query: InventoryQuery,
    },
    /// List what lies among the blobs, with what stands at the ends of the files. Completed by [`DataInput::Described`].
    Describe {
        /// Its id.
        describe: OperationId,
        /// For which request.
        request: RequestId,
        /// Which page.
        query: InventoryQuery,
    },
    /// Keep whether the server is to be emptied, so that a restart does not change that. Completed by
    /// [`DataInput::DrainingKept`].
    KeepDraining {
        /// Its id.
        keep: OperationId,
        /// For which request.
        request: RequestId,
        /// Whether it is.
        draining: bool,
    },
    /// Count what is there. Completed by [`DataInput::Counted`].
    Count {
        /// Its id.
        count: OperationId,
        /// For which request.
        request: RequestId,
    },
    /// Find the next files to be scrubbed. Completed by [`DataInput::FilesFound`].
    FindFiles {
        /// Its id.
        find: OperationId,
        /// Behind which place; from the first one on if not given.
        after: Option<ScrubPlace>,
    },
    /// Read a part of a file, as long as the disk likes, and check it. Completed by [`DataInput::PartRead`].
    ReadPart {
        /// Its id.
        read: OperationId,
        /// Which file.
        place: ScrubPlace,
        /// From which byte of the body on.
        from: u64,
    },
    /// Keep how far a scrub is, as well as that can be done: what is lost is scrubbed anew.
    KeepScrub {
        /// How far.
        record: ScrubRecord,
    },
    /// Measure the space on the disk. Completed by [`DataInput::SpaceMeasured`].
    MeasureSpace {
        /// Its id.
        measurement: OperationId,
    },
    /// Answer the request, which ends it.
    Respond {
        /// Which.
        request: RequestId,
        /// With what.
        response: DataResponse,
    },
}

/// How a data server answers, other than with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataResponse {
    /// It is durable (200).
    Stored {
        /// How long it is.
        size_bytes: u64,
        /// Its checksum.
        checksum: Checksum,
    },
    /// It is removed (204).
    Removed,
    /// Which of the blobs asked for are held (200).
    Held(Vec<BlobId>),
    /// What is held (200).
    Inventory(InventoryPage),
    /// What is held, with all that is known of it (200).
    FullInventory(FullPage),
    /// How far the server is emptied (200).
    Drain(DrainReport),
    /// How far a scrub is, or what it has found (200).
    Scrub {
        /// What is known.
        report: ScrubReport,
        /// The instant at which that is so.
        at: Instant,
    },
    /// It is not done.
    Refused(Refusal),
}

/// What a blob says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    /// The length of its body.
    pub size_bytes: u64,
    /// The checksum of its body.
    pub checksum: Checksum,
}

/// A body that was received and lies in a temporary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedBody {
    /// How long it is.
    pub size_bytes: u64,
    /// Its checksum.
    pub checksum: Checksum,
    /// The digests that were asked for.
    pub digests: ComputedDigests,
}

/// Why a body was not received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiveFailure {
    /// The client's fault.
    Body(BodyFault),
    /// The disk's fault.
    Disk(DiskFailure),
}

/// The disk did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskFailure {
    /// No room (ENOSPC, EDQUOT).
    #[error("no space left")]
    Full,
    /// What lies there is damaged.
    #[error("damaged: {reason}")]
    Corrupt {
        /// How.
        reason: String,
    },
    /// It cannot be written any more: an error when writing or syncing, or a read-only file system.
    #[error("writing failed: {reason}")]
    Write {
        /// What the disk said.
        reason: String,
    },
    /// It could not be read.
    #[error("reading failed: {reason}")]
    Read {
        /// What the disk said.
        reason: String,
    },
}

/// Why an object was not sent whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFailure {
    /// The asker went away, or took nothing for too long.
    Client,
    /// The disk failed, or the blob turned out to be damaged.
    Disk(DiskFailure),
}
