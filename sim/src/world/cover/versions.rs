//! What a step about versions has touched.

use lode_core::api_server::messages::RelayFailure;
use lode_core::api_server::messages::versions::{VersionEffect, VersionInput, VersionOperation};
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest, Fate};

use crate::coverage::Point;

pub(super) const fn of_operation(operation: &VersionOperation) -> Point {
    match operation {
        VersionOperation::Put(_) => Point::VersionPut,
        VersionOperation::Get { .. } => Point::VersionGet,
        VersionOperation::Delete { .. } => Point::VersionDelete,
        VersionOperation::Remove { .. } => Point::VersionRemove,
        VersionOperation::AskCatalog(_) | VersionOperation::Locate { .. } | VersionOperation::SetBucket { .. } => {
            Point::VersionAsk
        }
    }
}

pub(super) fn of_input(input: &VersionInput) -> Point {
    match input {
        VersionInput::Relayed { outcome: Ok(()), .. } => Point::VersionRelayed,
        VersionInput::Relayed { outcome: Err(broken), .. } => match broken.failure {
            RelayFailure::Client => Point::VersionRelayFailedClient,
            RelayFailure::Server(_) => Point::VersionRelayFailedServer,
        },
        VersionInput::Catalogued { outcome: Err(CatalogFailure::Unavailable { .. }), .. } => Point::CatalogUnavailable,
        VersionInput::Catalogued { outcome: Err(CatalogFailure::Unknown { .. }), .. } => Point::CatalogUnknown,
        VersionInput::Catalogued { outcome: Ok(answer), .. } => of_answer(answer),
    }
}

fn of_answer(answer: &CatalogAnswer) -> Point {
    match answer {
        CatalogAnswer::Written(_) => Point::CatalogWritten,
        CatalogAnswer::PreconditionFailed => Point::CatalogPreconditionFailed,
        CatalogAnswer::NothingToDelete => Point::CatalogNothingToDelete,
        CatalogAnswer::Condemned | CatalogAnswer::NoSuchBucket => Point::CatalogDone,
        CatalogAnswer::Removed(Some(_)) => Point::CatalogRemoved,
        CatalogAnswer::Removed(None) => Point::CatalogRemovedNothing,
        CatalogAnswer::Found(Some(_)) => Point::CatalogFound,
        CatalogAnswer::Found(None) => Point::CatalogFoundNone,
        CatalogAnswer::Versions(_) => Point::CatalogVersions,
        CatalogAnswer::Listed(_) => Point::CatalogListed,
        CatalogAnswer::Settled(fates) => match fates.first() {
            Some((_, Fate::Kept(_) | Fate::Gone(_))) => Point::CatalogSettledKept,
            Some((_, Fate::Condemned)) | None => Point::CatalogSettledCondemned,
        },
        CatalogAnswer::Blobs(_)
        | CatalogAnswer::Garbage(_)
        | CatalogAnswer::Claimed(_)
        | CatalogAnswer::Uploaders(_)
        | CatalogAnswer::Forgotten(_)
        | CatalogAnswer::Retired(_)
        | CatalogAnswer::Buckets(_)
        | CatalogAnswer::Done => Point::CatalogDone,
    }
}

pub(super) const fn of_effect(effect: &VersionEffect) -> Point {
    match effect {
        VersionEffect::AskCatalog { what, .. } => match what {
            CatalogRequest::NoteHolders { .. } => Point::VersionNotesHolders,
            CatalogRequest::Settle { .. } => Point::VersionSettles,
            CatalogRequest::Commit(_)
            | CatalogRequest::RemoveVersion { .. }
            | CatalogRequest::Read { .. }
            | CatalogRequest::Versions { .. }
            | CatalogRequest::List(_)
            | CatalogRequest::Register { .. }
            | CatalogRequest::Retire { .. }
            | CatalogRequest::ForgetGarbage { .. }
            | CatalogRequest::Restore { .. }
            | CatalogRequest::Blobs { .. }
            | CatalogRequest::Garbage { .. }
            | CatalogRequest::NoteRemoved { .. }
            | CatalogRequest::ClaimRepair { .. }
            | CatalogRequest::ReleaseRepair { .. }
            | CatalogRequest::SetBucket { .. }
            | CatalogRequest::Buckets => Point::VersionAsksCatalog,
        },
        VersionEffect::UploadCopies { .. } => Point::VersionUploadsCopies,
        VersionEffect::StoreMarker { .. } => Point::VersionStoresTombstone,
        VersionEffect::Fetch { .. } => Point::VersionFetches,
        VersionEffect::Relay { head: Some(_), .. } => Point::VersionRelays,
        VersionEffect::Relay { head: None, .. } => Point::VersionRelaysTheRest,
        VersionEffect::BreakOff { .. } => Point::VersionBreaksOff,
    }
}
