//! What the answers of data servers mean to the machine: what `runtime-smol/src/api` reads out of HTTP.

use lode_core::select::{Content, ObjectHead};
use lode_core::transfer::{DirectAnswer, FetchOutcome, RemoveOutcome, TransferFailure, UploadOutcome};

use crate::world::exchange::Answer;

pub(super) fn status_of(answer: &Answer) -> u16 {
    match answer {
        Answer::Refused(refusal) => refusal.status(),
        Answer::Status(status) => *status,
        Answer::Object { head, .. } => head.content.status(),
        Answer::Stored { .. } | Answer::Located(..) | Answer::Catalogued(_) => 200,
        Answer::Removed | Answer::Deleted { .. } => 204,
    }
}

pub(super) const fn failure_of(status: u16) -> TransferFailure {
    match status {
        507 => TransferFailure::Full,
        status => TransferFailure::Refused { status },
    }
}

pub(super) fn fetch_outcome(answer: &Answer) -> FetchOutcome {
    let Answer::Object { head, .. } = answer else {
        return match status_of(answer) {
            404 => FetchOutcome::Missing,
            status => FetchOutcome::Failed(failure_of(status)),
        };
    };
    let etag = head.etag;
    match head.content {
        Content::Whole { size_bytes } => FetchOutcome::Whole { size_bytes, etag },
        Content::Part { first, last, size_bytes } => FetchOutcome::Part { first, last, size_bytes, etag },
        Content::NotModified => FetchOutcome::NotModified { etag },
        Content::PreconditionFailed => FetchOutcome::PreconditionFailed,
        Content::Unsatisfiable { size_bytes } => FetchOutcome::Unsatisfiable { size_bytes },
    }
}

pub(super) fn direct_answer(answer: &Answer) -> DirectAnswer {
    match (answer, status_of(answer)) {
        (Answer::Object { head: ObjectHead { content: Content::Whole { size_bytes }, etag }, .. }, _) => {
            DirectAnswer::Held { size_bytes: *size_bytes, checksum: etag.map(|etag| etag.checksum()) }
        }
        (_, 404) => DirectAnswer::NotHeld,
        (_, status) => DirectAnswer::Failed(TransferFailure::Refused { status }),
    }
}

pub(super) fn remove_outcome(answer: &Answer) -> RemoveOutcome {
    match status_of(answer) {
        200 | 204 => RemoveOutcome::Removed,
        404 => RemoveOutcome::NotHeld,
        405 => RemoveOutcome::CannotDelete,
        status => RemoveOutcome::Failed(TransferFailure::Refused { status }),
    }
}

/// What came of storing a blob without content.
pub(super) fn marker_outcome(answer: &Answer) -> UploadOutcome {
    match answer {
        Answer::Stored { content, .. } => {
            UploadOutcome::Stored { size_bytes: 0, checksum: content.map(crate::world::checksum_of) }
        }
        Answer::Removed
        | Answer::Deleted { .. }
        | Answer::Catalogued(_)
        | Answer::Located(..)
        | Answer::Object { .. }
        | Answer::Refused(_)
        | Answer::Status(_) => UploadOutcome::Failed { failure: failure_of(status_of(answer)), resendable: true },
    }
}
