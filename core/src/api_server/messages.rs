//! What happens to an API server, and what it wants done.

pub mod upkeep;
pub mod versions;

use alloc::vec::Vec;
use core::time::Duration;

use self::upkeep::{UpkeepEffect, UpkeepInput};
use self::versions::{VersionEffect, VersionInput, VersionOperation, VersionResponse};
use crate::address::ServerAddress;
use crate::bus::{BusCommand, BusEvent};
use crate::checksum::Checksum;
use crate::config::ApiConfig;
use crate::id::{OperationId, RequestId};
use crate::locate::{Collect, Holder, Probe};
use crate::name::ObjectName;
use crate::refusal::Refusal;
use crate::select::{ObjectHead, Selection};
use crate::transfer::{DirectAnswer, FetchOutcome, RemoveOutcome, TransferFailure, UploadOutcome};

/// What happens to an API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiInput {
    /// The instant of [`next_deadline`](crate::machine::Machine::next_deadline) has come.
    DeadlineReached,
    /// Something came from the bus.
    Bus(BusEvent),
    /// A client asks for something. The number is new.
    Request {
        /// Its number.
        request: RequestId,
        /// What is asked for.
        operation: ApiOperation,
    },
    /// The client is gone, and with it whatever was under way for the request. Stands for the completions that are missing.
    RequestGone {
        /// Which request.
        request: RequestId,
    },
    /// Completes [`ApiEffect::AskDirectly`].
    AnsweredDirectly {
        /// Its id.
        ask: OperationId,
        /// The answer.
        answer: DirectAnswer,
    },
    /// Completes [`ApiEffect::Upload`].
    Uploaded {
        /// Its id.
        upload: OperationId,
        /// How it went.
        outcome: UploadOutcome,
    },
    /// Completes [`ApiEffect::Fetch`]. Where a body follows, it stays open for [`ApiEffect::Relay`].
    Fetched {
        /// Its id.
        fetch: OperationId,
        /// What was answered.
        outcome: FetchOutcome,
    },
    /// Completes [`ApiEffect::Relay`].
    Relayed {
        /// Its id.
        relay: OperationId,
        /// How it went. After a failure the connection to the client is broken off, so that no cut body looks whole.
        outcome: Result<(), RelayFailure>,
    },
    /// Completes [`ApiEffect::Remove`].
    Removed {
        /// Its id.
        removal: OperationId,
        /// How it went.
        outcome: RemoveOutcome,
    },
    /// Something about versions.
    Version(VersionInput),
    /// Something about keeping up what is stored.
    Upkeep(UpkeepInput),
}

/// What a client can ask of an API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiOperation {
    /// Store the body that follows. Its digests are checked by the driver while it passes, and once more by the data
    /// server.
    Put {
        /// Under this name.
        name: ObjectName,
        /// How long it is, if that was said.
        declared_bytes: Option<u64>,
    },
    /// Send the object, or its head.
    Get {
        /// Of this name.
        name: ObjectName,
        /// Which part, under which conditions.
        selection: Selection,
    },
    /// Remove every copy of the object.
    Delete {
        /// Of this name.
        name: ObjectName,
    },
    /// Say who holds the object.
    Locate {
        /// Of this name.
        name: ObjectName,
        /// Whether one holder will do.
        collect: Collect,
    },
    /// Do something about versions. This needs a catalog.
    Version(VersionOperation),
}

/// What an API server wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiEffect {
    /// Tell the bus.
    Bus(BusCommand),
    /// Ask one data server over HTTP whether it holds the object. Completed by [`ApiInput::AnsweredDirectly`].
    AskDirectly {
        /// Its id.
        ask: OperationId,
        /// Whom.
        server: ServerAddress,
        /// For which object.
        name: ObjectName,
        /// How.
        probe: Probe,
        /// How long to wait for the answer.
        patience: Duration,
    },
    /// Send the body of the request to this data server; after an earlier attempt, what is held of it. Completed by
    /// [`ApiInput::Uploaded`].
    Upload {
        /// Its id.
        upload: OperationId,
        /// Whose body.
        request: RequestId,
        /// Where to.
        server: ServerAddress,
        /// As which object.
        name: ObjectName,
        /// What is to be waited for, and held.
        terms: UploadTerms,
    },
    /// Ask this data server for the object, conditions and range of the client passed on. Completed by
    /// [`ApiInput::Fetched`]; an answer that is then not relayed is dropped.
    Fetch {
        /// Its id.
        fetch: OperationId,
        /// For which request.
        request: RequestId,
        /// Whom.
        server: ServerAddress,
        /// Which object.
        name: ObjectName,
        /// With HEAD, or with GET.
        head_only: bool,
        /// How long to wait for the head of the answer.
        patience: Duration,
    },
    /// Answer the client with this head and pass on the body that was fetched. Completed by [`ApiInput::Relayed`], which
    /// ends the request.
    Relay {
        /// Its id.
        relay: OperationId,
        /// Whose.
        request: RequestId,
        /// The head.
        head: ObjectHead,
        /// Which bytes of the fetched body are passed on.
        body: RelayBody,
    },
    /// Remove the copy on this data server. Completed by [`ApiInput::Removed`].
    Remove {
        /// Its id.
        removal: OperationId,
        /// Which data server.
        server: ServerAddress,
        /// Which object.
        name: ObjectName,
        /// How long to wait for the answer.
        patience: Duration,
    },
    /// Something about versions.
    Version(VersionEffect),
    /// Something about keeping up what is stored.
    Upkeep(UpkeepEffect),
    /// Answer the client, which ends the request.
    Respond {
        /// Which request.
        request: RequestId,
        /// With what.
        response: ApiResponse,
    },
}

/// What is to be waited for, and held, when a body is sent to a data server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadTerms {
    /// A body of up to this many bytes is taken whole before it is sent, and held until it is stored. Zero where the
    /// client has said that it is longer: it is passed on as it comes.
    pub hold_up_to_bytes: u64,
    /// How long to wait for the data server when the whole body was held.
    pub held_patience: Duration,
    /// How long to wait for the data server, at each standstill and for its answer, when it was passed on as it came.
    pub streamed_patience: Duration,
    /// For how long a data server may take no byte of what waits for it, while others go on that are enough without it.
    pub standstill_patience: Duration,
}

impl UploadTerms {
    /// Those for a body of which the client has said that it is so long, if it has.
    #[must_use]
    pub fn of(declared_bytes: Option<u64>, config: &ApiConfig) -> Self {
        let is_too_long = declared_bytes.is_some_and(|bytes| bytes > config.held_body_bytes);
        Self {
            hold_up_to_bytes: if is_too_long { 0 } else { config.held_body_bytes },
            held_patience: config.short_patience,
            streamed_patience: config.long_patience,
            standstill_patience: config.short_patience,
        }
    }
}

/// Which bytes of a fetched body go to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayBody {
    /// None: the head is all (HEAD, 304, 412, 416).
    None,
    /// All of it.
    All,
    /// `length_bytes` of them after the first `skip_bytes`: the data server is a node of the seed and has sent the whole
    /// object where a part was asked for.
    Cut {
        /// How many come before.
        skip_bytes: u64,
        /// How many go to the client.
        length_bytes: u64,
    },
}

/// Why an object was not relayed whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayFailure {
    /// The client went away, or took nothing for too long.
    Client,
    /// The data server broke off.
    Server(TransferFailure),
}

/// How an API server answers, other than with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiResponse {
    /// It is durable (200).
    Stored {
        /// How long it is.
        size_bytes: u64,
        /// Its checksum, if the data server said it.
        checksum: Option<Checksum>,
    },
    /// Every copy is removed (204).
    Removed,
    /// This server holds it (200).
    Located(ServerAddress),
    /// These servers hold it (200).
    AllLocated {
        /// At least one.
        holders: Vec<Holder>,
        /// Servers believed to live that have not answered.
        unanswered: Vec<ServerAddress>,
    },
    /// About a version.
    Version(VersionResponse),
    /// It is not done.
    Refused(Refusal),
}
