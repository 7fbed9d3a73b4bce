//! What a step has touched, for the table of coverage.

mod versions;

use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation, RelayBody, RelayFailure};
use lode_core::bus::{BusCommand, BusEvent, ReplyRoute};
use lode_core::data_server::messages::{DataEffect, DataInput, DataOperation, ReceiveFailure, SendFailure};
use lode_core::transfer::{DirectAnswer, FetchOutcome, RemoveOutcome, UploadOutcome};
use lode_core::wire::Hello;

use super::World;
use crate::coverage::Point;
use crate::history::Outcome;

impl World<'_> {
    pub(crate) fn cover_api_input(&mut self, input: &ApiInput) {
        self.hit(match input {
            ApiInput::DeadlineReached => Point::ApiDeadline,
            ApiInput::Version(input) => versions::of_input(input),
            ApiInput::Upkeep(_) => super::no_upkeep(),
            ApiInput::Request { operation: ApiOperation::Version(operation), .. } => versions::of_operation(operation),
            ApiInput::Bus(BusEvent::Up) => Point::ApiBusUp,
            ApiInput::Bus(BusEvent::Down) => Point::ApiBusDown,
            ApiInput::Bus(BusEvent::Heartbeat(_) | BusEvent::Query(_)) => Point::ApiHeartbeat,
            ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Shared, .. }) => Point::ApiAnswerShared,
            ApiInput::Bus(BusEvent::Answer { route: ReplyRoute::Private(_), .. }) => Point::ApiAnswerPrivate,
            ApiInput::Request { operation: ApiOperation::Put { .. }, .. } => Point::ApiPut,
            ApiInput::Request { operation: ApiOperation::Get { .. }, .. } => Point::ApiGet,
            ApiInput::Request { operation: ApiOperation::Delete { .. }, .. } => Point::ApiDelete,
            ApiInput::Request { operation: ApiOperation::Locate { .. }, .. } => Point::ApiLocate,
            ApiInput::RequestGone { .. } => Point::ApiRequestGone,
            ApiInput::AnsweredDirectly { answer, .. } => match answer {
                DirectAnswer::Held { .. } => Point::ApiAskedHeld,
                DirectAnswer::NotHeld => Point::ApiAskedNotHeld,
                DirectAnswer::Failed(_) => Point::ApiAskFailed,
            },
            ApiInput::Uploaded { outcome, .. } => match outcome {
                UploadOutcome::Stored { .. } => Point::ApiUploadStored,
                UploadOutcome::Failed { resendable: true, .. } => Point::ApiUploadFailedResendable,
                UploadOutcome::Failed { resendable: false, .. } => Point::ApiUploadFailedGone,
                UploadOutcome::BodyFault(_) => Point::ApiUploadBodyFault,
            },
            ApiInput::Fetched { outcome, .. } => match outcome {
                FetchOutcome::Whole { .. } | FetchOutcome::NotModified { .. } | FetchOutcome::PreconditionFailed => {
                    Point::ApiFetchedWhole
                }
                FetchOutcome::Part { .. } => Point::ApiFetchedPart,
                FetchOutcome::Unsatisfiable { .. } => Point::ApiFetchedUnsatisfiable,
                FetchOutcome::Missing => Point::ApiFetchedMissing,
                FetchOutcome::Failed(_) => Point::ApiFetchFailed,
            },
            ApiInput::Relayed { outcome: Ok(()), .. } => Point::ApiRelayed,
            ApiInput::Relayed { outcome: Err(RelayFailure::Client), .. } => Point::ApiRelayFailedClient,
            ApiInput::Relayed { outcome: Err(RelayFailure::Server(_)), .. } => Point::ApiRelayFailedServer,
            ApiInput::Removed { outcome, .. } => match outcome {
                RemoveOutcome::Removed => Point::ApiRemoved,
                RemoveOutcome::NotHeld => Point::ApiRemovedNotHeld,
                RemoveOutcome::CannotDelete => Point::ApiRemovedCannot,
                RemoveOutcome::Failed(_) => Point::ApiRemoveFailed,
            },
        });
    }

    pub(crate) fn cover_api_effect(&mut self, effect: &ApiEffect) {
        self.hit(match effect {
            ApiEffect::Version(effect) => versions::of_effect(effect),
            ApiEffect::Upkeep(_) => super::no_upkeep(),
            ApiEffect::Bus(BusCommand::Query { message, .. }) if Hello::is_hello(message) => Point::ApiHello,
            ApiEffect::Bus(BusCommand::Query { route: ReplyRoute::Private(_), .. }) => Point::ApiQueryPrivate,
            ApiEffect::Bus(BusCommand::CloseRoute(_)) => Point::ApiCloseRoute,
            ApiEffect::Bus(BusCommand::Query { .. } | BusCommand::Heartbeat(_) | BusCommand::Answer { .. }) => {
                Point::ApiQueryShared
            }
            ApiEffect::AskDirectly { .. } => Point::ApiAskDirectly,
            ApiEffect::Upload { .. } => Point::ApiUpload,
            ApiEffect::Fetch { .. } => Point::ApiFetch,
            ApiEffect::Relay { body: RelayBody::All, .. } => Point::ApiRelayAll,
            ApiEffect::Relay { body: RelayBody::Cut { .. }, .. } => Point::ApiRelayCut,
            ApiEffect::Relay { body: RelayBody::None, .. } => Point::ApiRelayNone,
            ApiEffect::Remove { .. } => Point::ApiRemove,
            ApiEffect::Respond { .. } => Point::ApiRespond,
        });
    }

    pub(crate) fn cover_data_input(&mut self, input: &DataInput) {
        self.hit(match input {
            DataInput::DeadlineReached => Point::DataDeadline,
            DataInput::Bus(BusEvent::Up) => Point::DataBusUp,
            DataInput::Bus(BusEvent::Down) => Point::DataBusDown,
            DataInput::Bus(BusEvent::Query(_) | BusEvent::Heartbeat(_) | BusEvent::Answer { .. }) => Point::DataQuery,
            DataInput::Request { operation: DataOperation::Put { .. }, .. } => Point::DataPut,
            DataInput::Request { operation: DataOperation::Get { .. }, .. } => Point::DataGet,
            DataInput::Request { operation: DataOperation::Delete { .. }, .. } => Point::DataDelete,
            DataInput::Request {
                operation:
                    DataOperation::Held { .. }
                    | DataOperation::Inventory(_)
                    | DataOperation::FullInventory(_)
                    | DataOperation::Drain(_)
                    | DataOperation::Scrub(_),
                ..
            }
            | DataInput::Checked { .. }
            | DataInput::Listed { .. }
            | DataInput::Described { .. }
            | DataInput::DrainingKept { .. }
            | DataInput::Counted { .. }
            | DataInput::FilesFound { .. }
            | DataInput::PartRead { .. } => {
                unreachable!("nobody here asks about many blobs, nor drains or scrubs a server")
            }
            DataInput::RequestGone { .. } => Point::DataRequestGone,
            DataInput::LookedUp { outcome: Ok(Some(_)), .. } => Point::DataLookedUpHeld,
            DataInput::LookedUp { outcome: Ok(None), .. } => Point::DataLookedUpNotHeld,
            DataInput::LookedUp { outcome: Err(_), .. } => Point::DataLookUpFailed,
            DataInput::Received { outcome: Ok(_), .. } => Point::DataReceived,
            DataInput::Received { outcome: Err(ReceiveFailure::Body(_)), .. } => Point::DataReceiveFailedBody,
            DataInput::Received { outcome: Err(ReceiveFailure::Disk(_)), .. } => Point::DataReceiveFailedDisk,
            DataInput::Committed { outcome: Ok(()), .. } => Point::DataCommitted,
            DataInput::Committed { outcome: Err(_), .. } => Point::DataCommitFailed,
            DataInput::Opened { outcome: Ok(Some(_)), .. } => Point::DataOpened,
            DataInput::Opened { outcome: Ok(None), .. } => Point::DataOpenedNothing,
            DataInput::Opened { outcome: Err(_), .. } => Point::DataOpenFailed,
            DataInput::Sent { outcome: Ok(()), .. } => Point::DataSent,
            DataInput::Sent { outcome: Err(SendFailure::Client), .. } => Point::DataSendFailedClient,
            DataInput::Sent { outcome: Err(SendFailure::Disk(_)), .. } => Point::DataSendFailedDisk,
            DataInput::Removed { outcome: Ok(true), .. } => Point::DataRemoved,
            DataInput::Removed { outcome: Ok(false), .. } => Point::DataRemovedNothing,
            DataInput::Removed { outcome: Err(_), .. } => Point::DataRemoveFailed,
            DataInput::SpaceMeasured { outcome: Ok(_), .. } => Point::DataMeasured,
            DataInput::SpaceMeasured { outcome: Err(_), .. } => Point::DataMeasureFailed,
        });
    }

    pub(crate) fn cover_data_effect(&mut self, effect: &DataEffect) {
        self.hit(match effect {
            DataEffect::Bus(BusCommand::Answer { message, .. }) => {
                let says_no = message.headers.get("lode-held").is_some_and(|held| held == "no");
                if says_no { Point::DataAnswerNotHeld } else { Point::DataAnswerHeld }
            }
            DataEffect::Bus(BusCommand::Heartbeat(_) | BusCommand::Query { .. } | BusCommand::CloseRoute(_)) => {
                Point::DataHeartbeat
            }
            DataEffect::LookUp { .. } => Point::DataLookUp,
            DataEffect::Receive { .. } => Point::DataReceive,
            DataEffect::Commit { .. } => Point::DataCommit,
            DataEffect::Discard { .. } => Point::DataDiscard,
            DataEffect::Open { .. } => Point::DataOpen,
            DataEffect::Send { .. } => Point::DataSend,
            DataEffect::Remove { .. } => Point::DataRemove,
            DataEffect::Check { .. }
            | DataEffect::List { .. }
            | DataEffect::Describe { .. }
            | DataEffect::KeepDraining { .. }
            | DataEffect::Count { .. }
            | DataEffect::FindFiles { .. }
            | DataEffect::ReadPart { .. }
            | DataEffect::KeepScrub { .. } => {
                unreachable!("nobody here asks about many blobs, nor drains or scrubs a server")
            }
            DataEffect::MeasureSpace { .. } => Point::DataMeasure,
            DataEffect::Respond { .. } => Point::DataRespond,
        });
    }

    pub(crate) fn cover_outcome(&mut self, outcome: &Outcome) {
        self.hit(match outcome {
            Outcome::Pending | Outcome::Unknown => Point::OutcomeUnknown,
            Outcome::HungUp => Point::OutcomeHungUp,
            Outcome::Stored => Point::OutcomeStored,
            Outcome::Removed => Point::OutcomeRemoved,
            Outcome::Body(_) => Point::OutcomeBody,
            Outcome::Described { .. } => Point::OutcomeDescribed,
            Outcome::CutBody => Point::OutcomeCutBody,
            Outcome::Missing => Point::OutcomeMissing,
            Outcome::Unsatisfiable { .. } => Point::OutcomeUnsatisfiable,
            Outcome::Located { .. } => Point::OutcomeLocated,
            Outcome::Versions(_) => Point::OutcomeVersions,
            Outcome::Listed { .. } => Point::OutcomeListed,
            Outcome::Refused { code, .. } => match *code {
                "busy" => Point::OutcomeBusy,
                "no_data_server" => Point::OutcomeNoDataServer,
                "unanswered" => Point::OutcomeUnanswered,
                "not_stored" => Point::OutcomeNotStored,
                "no_space" => Point::OutcomeNoSpace,
                "not_removed" => Point::OutcomeNotRemoved,
                "cannot_delete" => Point::OutcomeCannotDelete,
                "broken_body" | "length_mismatch" => Point::OutcomeBrokenBody,
                "digest_mismatch" => Point::OutcomeDigestMismatch,
                "disk_failed" => Point::OutcomeDiskFailed,
                "corrupt" => Point::OutcomeCorrupt,
                "precondition_failed" => Point::OutcomePreconditionFailed,
                "catalog_unavailable" => Point::OutcomeCatalogUnavailable,
                "outcome_unknown" => Point::OutcomeOutcomeUnknown,
                "no_copy" => Point::OutcomeNoCopy,
                _ => return,
            },
        });
    }
}
