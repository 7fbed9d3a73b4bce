//! What the client side of HTTP reports, in the words of the core.

use lode_core::etag::ETag;
use lode_core::transfer::TransferFailure;

use crate::http::client::{ClientError, Response};

/// Why nothing, or not everything, came of asking a data server.
pub(super) fn transfer_failure(error: &ClientError) -> TransferFailure {
    match error {
        ClientError::Resolve { reason, .. } => TransferFailure::Unreachable { reason: reason.to_string() },
        ClientError::Connect { reason, .. } => TransferFailure::Unreachable { reason: reason.to_string() },
        ClientError::TooManyConnections { .. } => TransferFailure::Unreachable { reason: error.to_string() },
        ClientError::HeadTimedOut { .. } | ClientError::Stalled { .. } => TransferFailure::TimedOut,
        ClientError::BadRequest(_)
        | ClientError::UploadLength { .. }
        | ClientError::ClosedBeforeAnswer { .. }
        | ClientError::HeadCutShort
        | ClientError::HeadTooLarge { .. }
        | ClientError::MalformedHead { .. }
        | ClientError::TooManyInterimAnswers { .. }
        | ClientError::BodyCutShort { .. }
        | ClientError::MalformedBody { .. }
        | ClientError::BodyTooLarge { .. }
        | ClientError::UploadOver
        | ClientError::Io(_) => TransferFailure::BrokenOff { reason: error.to_string() },
    }
}

/// What a status that is no success says of a data server.
pub(super) const fn failure_of_status(status: u16) -> TransferFailure {
    match status {
        507 => TransferFailure::Full,
        status => TransferFailure::Refused { status },
    }
}

/// The entity tag of an answer, if it is one of ours.
pub(super) fn etag_of(response: &Response) -> Option<ETag> {
    response.headers().get("etag")?.as_str().parse().ok()
}
