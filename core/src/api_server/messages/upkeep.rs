//! What an API server wants done so that every blob has its copies and nothing else is kept, and what comes of it.
//!
//! Beside these it uses [`VersionEffect::AskCatalog`](super::versions::VersionEffect::AskCatalog), and
//! [`ApiEffect::Remove`] for copies that nobody needs.

use alloc::vec::Vec;
use core::time::Duration;

use super::{ApiEffect, ApiInput};
use crate::address::ServerAddress;
use crate::catalog::BlobId;
use crate::id::OperationId;
use crate::inventory::{CommittedBlob, InventoryPage};
use crate::transfer::TransferFailure;

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpkeepInput {
    /// Completes [`UpkeepEffect::AskHeld`].
    Held {
        /// Its id.
        ask: OperationId,
        /// Which of the blobs the data server holds, sound as far as it knows.
        outcome: Result<Vec<BlobId>, TransferFailure>,
    },
    /// Completes [`UpkeepEffect::ListBlobs`].
    Listed {
        /// Its id.
        ask: OperationId,
        /// What the data server holds.
        outcome: Result<InventoryPage, TransferFailure>,
    },
    /// Completes [`UpkeepEffect::Copy`].
    Copied {
        /// Its id.
        copy: OperationId,
        /// How it went.
        outcome: CopyOutcome,
    },
}

/// What is wanted done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpkeepEffect {
    /// Ask a data server which of these blobs it holds. Completed by [`UpkeepInput::Held`].
    AskHeld {
        /// Its id.
        ask: OperationId,
        /// Whom.
        server: ServerAddress,
        /// At most [`MAX_BLOBS_AT_A_TIME`](crate::inventory::MAX_BLOBS_AT_A_TIME).
        blobs: Vec<CommittedBlob>,
        /// How long to wait for the answer.
        patience: Duration,
    },
    /// Ask a data server what it holds. Completed by [`UpkeepInput::Listed`].
    ListBlobs {
        /// Its id.
        ask: OperationId,
        /// Whom.
        server: ServerAddress,
        /// Behind which blob to go on; from the beginning if not given.
        after: Option<BlobId>,
        /// How many to tell of at the most.
        limit: usize,
        /// How long to wait for the answer.
        patience: Duration,
    },
    /// Copy a blob from one data server to another, with all that it says of itself. Completed by [`UpkeepInput::Copied`].
    Copy {
        /// Its id.
        copy: OperationId,
        /// Which, and what the catalog says that it is.
        blob: CommittedBlob,
        /// From whom.
        from: ServerAddress,
        /// To whom.
        to: ServerAddress,
        /// How long either may stand still.
        patience: Duration,
    },
}

/// What came of copying a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyOutcome {
    /// The same bytes are durable at the other one.
    Copied,
    /// The one that was to send it has none, or a rotten one.
    SourceMissing,
    /// The one that was to send it has failed.
    SourceFailed(TransferFailure),
    /// The one that was to store it has failed.
    TargetFailed(TransferFailure),
}

impl From<UpkeepInput> for ApiInput {
    fn from(input: UpkeepInput) -> Self {
        Self::Upkeep(input)
    }
}

impl From<UpkeepEffect> for ApiEffect {
    fn from(effect: UpkeepEffect) -> Self {
        Self::Upkeep(effect)
    }
}
