//! Short texts for what goes in and out of machines and over the wires, for people who read a trace.

mod versions;

use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayBody};
use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute};
use lode_core::data_server::messages::{DataEffect, DataInput, DataOperation, DataResponse};
use lode_core::locate::Collect;
use lode_core::select::{Content, ObjectHead};
use lode_core::transfer::{DirectAnswer, FetchOutcome, RemoveOutcome, UploadOutcome};
use lode_core::wire::{Held, Hello, LocateAnswer, decode_text};

use super::exchange::{Answer, Ask};
use crate::trace::MessageKind;

pub(crate) use self::versions::{catalog_outcome, catalog_request};

pub(crate) fn ask(ask: &Ask) -> String {
    match ask {
        Ask::Put { name, body, only_if } => {
            let condition = only_if.map(|required| format!(" if {required}")).unwrap_or_default();
            format!("PUT o{}{condition} ({} bytes, content {})", name.0, body.size_bytes, body.content.0)
        }
        Ask::Versioned(asked) => versions::ask(asked),
        Ask::Get { name, selection } if selection.head_only => format!("HEAD o{}", name.0),
        Ask::Get { name, selection } => match selection.range {
            Some(range) => format!("GET o{} ({range})", name.0),
            None => format!("GET o{}", name.0),
        },
        Ask::Delete { name } => format!("DELETE o{}", name.0),
        Ask::Locate { name, collect: Collect::First } => format!("locate o{}", name.0),
        Ask::Locate { name, collect: Collect::All } => format!("locate all of o{}", name.0),
    }
}

pub(crate) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Stored { content: Some(content), .. } => format!("200 stored, content {}", content.0),
        Answer::Deleted { version } => format!("204 deleted by version {version}"),
        Answer::Catalogued(answer) => format!("200 {}", versions::catalog_answer(answer)),
        Answer::Stored { content: None, .. } => "200 stored".to_owned(),
        Answer::Removed => "204 removed".to_owned(),
        Answer::Located(holders, _) => {
            let holders: Vec<_> = holders.iter().map(ToString::to_string).collect();
            format!("200 at {}", holders.join(", "))
        }
        Answer::Refused(refusal) => format!("{} {}", refusal.status(), refusal.code()),
        Answer::Status(status) => status.to_string(),
        Answer::Object { head: described, body, .. } => match body.as_ref().and_then(|body| body.content) {
            Some(content) => format!("{}, content {}", head(described), content.0),
            None => head(described),
        },
    }
}

/// What a message on the bus says.
pub(crate) fn bus_message(kind: MessageKind, message: &BusMessage) -> String {
    let text = || decode_text(&message.body).unwrap_or_else(|_| "something unreadable".to_owned());
    match kind {
        MessageKind::Heartbeat if message.headers.is_empty() => format!("{} lives (seed)", text()),
        MessageKind::Heartbeat => format!("{} lives", text()),
        MessageKind::Query if Hello::is_hello(message) => "hello".to_owned(),
        MessageKind::Query => format!("who has {}?", text()),
        MessageKind::Answer => match LocateAnswer::parse(message) {
            Ok(LocateAnswer { address, held: Held::Yes { .. }, .. }) => format!("{address} has it"),
            Ok(LocateAnswer { address, held: Held::No, .. }) => format!("{address} does not have it"),
            Err(_) => "an unreadable answer".to_owned(),
        },
        MessageKind::Request | MessageKind::Response => text(),
    }
}

pub(crate) fn api_input(input: &ApiInput) -> String {
    match input {
        ApiInput::DeadlineReached => "deadline".to_owned(),
        ApiInput::Version(input) => versions::input(input),
        ApiInput::Upkeep(_) => super::no_upkeep(),
        ApiInput::Bus(event) => bus_event(event),
        ApiInput::Request { request, operation } => format!("request {}: {}", request.0, api_operation(operation)),
        ApiInput::RequestGone { request } => format!("the client of request {} is gone", request.0),
        ApiInput::AnsweredDirectly { answer, .. } => match answer {
            DirectAnswer::Held { .. } => "asked directly: held".to_owned(),
            DirectAnswer::NotHeld => "asked directly: not held".to_owned(),
            DirectAnswer::Failed(failure) => format!("asked directly: it {failure}"),
        },
        ApiInput::Uploaded { outcome, .. } => match outcome {
            UploadOutcome::Stored { .. } => "upload stored".to_owned(),
            UploadOutcome::Failed { failure, resendable } => {
                format!("upload failed: it {failure}{}", if *resendable { ", can be sent again" } else { "" })
            }
            UploadOutcome::BodyFault(_) => "upload failed: the client's body".to_owned(),
        },
        ApiInput::Fetched { outcome, .. } => format!("fetched: {}", fetch_outcome(outcome)),
        ApiInput::Relayed { outcome: Ok(()), .. } => "relayed".to_owned(),
        ApiInput::Relayed { outcome: Err(failure), .. } => format!("relay broke: {failure:?}"),
        ApiInput::Removed { outcome, .. } => match outcome {
            RemoveOutcome::Removed => "copy removed".to_owned(),
            RemoveOutcome::NotHeld => "copy not held".to_owned(),
            RemoveOutcome::CannotDelete => "copy cannot be removed".to_owned(),
            RemoveOutcome::Failed(failure) => format!("copy not removed: it {failure}"),
        },
    }
}

fn api_operation(operation: &ApiOperation) -> String {
    match operation {
        ApiOperation::Version(operation) => versions::operation(operation),
        ApiOperation::Put { name, declared_bytes: Some(bytes) } => format!("PUT {name} ({bytes} bytes)"),
        ApiOperation::Put { name, declared_bytes: None } => format!("PUT {name}"),
        ApiOperation::Get { name, selection } if selection.head_only => format!("HEAD {name}"),
        ApiOperation::Get { name, .. } => format!("GET {name}"),
        ApiOperation::Delete { name } => format!("DELETE {name}"),
        ApiOperation::Locate { name, collect: Collect::First } => format!("locate {name}"),
        ApiOperation::Locate { name, collect: Collect::All } => format!("locate all of {name}"),
    }
}

fn fetch_outcome(outcome: &FetchOutcome) -> String {
    match outcome {
        FetchOutcome::Whole { size_bytes: Some(size_bytes), .. } => format!("whole, {size_bytes} bytes"),
        FetchOutcome::Whole { size_bytes: None, .. } => "whole".to_owned(),
        FetchOutcome::Part { first, last, .. } => format!("bytes {first} to {last}"),
        FetchOutcome::NotModified { .. } => "not modified".to_owned(),
        FetchOutcome::PreconditionFailed => "precondition failed".to_owned(),
        FetchOutcome::Unsatisfiable { .. } => "no such part".to_owned(),
        FetchOutcome::Missing => "missing".to_owned(),
        FetchOutcome::Failed(failure) => format!("it {failure}"),
    }
}

fn bus_event(event: &BusEvent) -> String {
    match event {
        BusEvent::Up => "bus up".to_owned(),
        BusEvent::Down => "bus down".to_owned(),
        BusEvent::Heartbeat(message) => format!("heard: {}", bus_message(MessageKind::Heartbeat, message)),
        BusEvent::Query(message) => format!("asked: {}", bus_message(MessageKind::Query, message)),
        BusEvent::Answer { message, .. } => format!("told: {}", bus_message(MessageKind::Answer, message)),
    }
}

pub(crate) fn api_effect(effect: &ApiEffect) -> String {
    match effect {
        ApiEffect::Bus(command) => bus_command(command),
        ApiEffect::Version(effect) => versions::effect(effect),
        ApiEffect::Upkeep(_) => super::no_upkeep(),
        ApiEffect::AskDirectly { server, name, .. } => format!("ask {server} directly for {name}"),
        ApiEffect::Upload { server, name, .. } => format!("upload {name} to {server}"),
        ApiEffect::Fetch { server, name, .. } => format!("fetch {name} from {server}"),
        ApiEffect::Relay { head: described, body, .. } => {
            let what = match body {
                RelayBody::None => "without a body",
                RelayBody::All => "with the body",
                RelayBody::Cut { .. } => "with a part of the body",
            };
            format!("relay {} {what}", head(described))
        }
        ApiEffect::Remove { server, name, .. } => format!("remove {name} from {server}"),
        ApiEffect::Respond { request, response } => format!("answer request {}: {}", request.0, api_response(response)),
    }
}

fn api_response(response: &ApiResponse) -> String {
    match response {
        ApiResponse::Stored { size_bytes, .. } => format!("200 stored, {size_bytes} bytes"),
        ApiResponse::Removed => "204 removed".to_owned(),
        ApiResponse::Version(response) => versions::response(response),
        ApiResponse::Located(server) => format!("200 at {server}"),
        ApiResponse::AllLocated { holders, .. } => format!("200, {} holders", holders.len()),
        ApiResponse::Refused(refusal) => format!("{} {}: {refusal}", refusal.status(), refusal.code()),
    }
}

fn bus_command(command: &BusCommand) -> String {
    match command {
        BusCommand::Heartbeat(_) => "say that it lives".to_owned(),
        BusCommand::Query { route, message } => {
            let own = if *route == ReplyRoute::Shared { "" } else { " (with a queue of its own)" };
            format!("ask all: {}{own}", bus_message(MessageKind::Query, message))
        }
        BusCommand::CloseRoute(_) => "remove the queue".to_owned(),
        BusCommand::Answer { message, .. } => format!("answer: {}", bus_message(MessageKind::Answer, message)),
    }
}

pub(crate) fn data_input(input: &DataInput) -> String {
    match input {
        DataInput::DeadlineReached => "deadline".to_owned(),
        DataInput::Bus(event) => bus_event(event),
        DataInput::Request { request, operation } => match operation {
            DataOperation::Put { name, .. } => format!("request {}: PUT {name}", request.0),
            DataOperation::Get { name, selection } if selection.head_only => {
                format!("request {}: HEAD {name}", request.0)
            }
            DataOperation::Get { name, .. } => format!("request {}: GET {name}", request.0),
            DataOperation::Delete { name } => format!("request {}: DELETE {name}", request.0),
            DataOperation::Held { blobs } => format!("request {}: which of {} blobs are held", request.0, blobs.len()),
            DataOperation::Inventory(query) => format!("request {}: GET {}", request.0, query.target()),
            DataOperation::FullInventory(query) => format!("request {}: GET {}", request.0, query.full_target()),
            DataOperation::Scrub(command) => format!("request {}: scrub: {command:?}", request.0),
            DataOperation::Drain(command) => format!("request {}: drain: {command:?}", request.0),
        },
        DataInput::RequestGone { request } => format!("the asker of request {} is gone", request.0),
        DataInput::LookedUp { outcome, .. } => format!("looked up: {}", found(outcome)),
        DataInput::Received { outcome: Ok(body), .. } => format!("received {} bytes", body.size_bytes),
        DataInput::Received { outcome: Err(failure), .. } => format!("not received: {failure:?}"),
        DataInput::Committed { outcome: Ok(()), .. } => "committed".to_owned(),
        DataInput::Committed { outcome: Err(failure), .. } => format!("not committed: {failure}"),
        DataInput::Opened { outcome, .. } => format!("opened: {}", found(outcome)),
        DataInput::Sent { outcome: Ok(()), .. } => "sent".to_owned(),
        DataInput::Sent { outcome: Err(failure), .. } => format!("not sent whole: {failure:?}"),
        DataInput::Removed { outcome: Ok(true), .. } => "removed".to_owned(),
        DataInput::Removed { outcome: Ok(false), .. } => "was not there".to_owned(),
        DataInput::Removed { outcome: Err(failure), .. } => format!("not removed: {failure}"),
        DataInput::Checked { outcome: Ok(checked), .. } => format!("{} of them are held", checked.held.len()),
        DataInput::Checked { outcome: Err(failure), .. } => format!("not looked at: {failure}"),
        DataInput::Listed { outcome: Ok(page), .. } => format!("{} blobs are there", page.blobs.len()),
        DataInput::Listed { outcome: Err(failure), .. } => format!("not listed: {failure}"),
        DataInput::Described { outcome: Ok(described), .. } => {
            format!("{} blobs are there", described.page.blobs.len())
        }
        DataInput::Described { outcome: Err(failure), .. } => format!("not listed: {failure}"),
        DataInput::DrainingKept { outcome: Ok(()), .. } => "kept".to_owned(),
        DataInput::DrainingKept { outcome: Err(failure), .. } => format!("not kept: {failure}"),
        DataInput::Counted { outcome: Ok(counts), .. } => format!("{} blobs, {} objects", counts.blobs, counts.objects),
        DataInput::Counted { outcome: Err(failure), .. } => format!("not counted: {failure}"),
        DataInput::FilesFound { outcome: Ok(files), .. } => format!("{} files are to be scrubbed", files.len()),
        DataInput::FilesFound { outcome: Err(failure), .. } => format!("no files were found: {failure}"),
        DataInput::PartRead { outcome: Ok(Some(part)), .. } => format!("{} bytes are sound", part.bytes),
        DataInput::PartRead { outcome: Ok(None), .. } => "the file is not there any more".to_owned(),
        DataInput::PartRead { outcome: Err(failure), .. } => format!("not sound: {failure}"),
        DataInput::SpaceMeasured { outcome: Ok(space), .. } => format!("{} bytes free", space.free_bytes),
        DataInput::SpaceMeasured { outcome: Err(failure), .. } => format!("space not measured: {failure}"),
    }
}

fn found<T, E: std::fmt::Display>(outcome: &Result<Option<T>, E>) -> String {
    match outcome {
        Ok(Some(_)) => "there".to_owned(),
        Ok(None) => "not there".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

pub(crate) fn data_effect(effect: &DataEffect) -> String {
    match effect {
        DataEffect::Bus(command) => bus_command(command),
        DataEffect::LookUp { name, .. } => format!("look up {name}"),
        DataEffect::Receive { name, .. } => format!("receive {name}"),
        DataEffect::Commit { .. } => "commit".to_owned(),
        DataEffect::Discard { .. } => "discard".to_owned(),
        DataEffect::Open { name, .. } => format!("open {name}"),
        DataEffect::Send { head: described, .. } => format!("send {}", head(described)),
        DataEffect::Remove { name, .. } => format!("remove {name}"),
        DataEffect::Check { blobs, .. } => format!("look at {} blobs", blobs.len()),
        DataEffect::List { query, .. } => format!("list what GET {} asks for", query.target()),
        DataEffect::Describe { query, .. } => format!("list what GET {} asks for", query.full_target()),
        DataEffect::KeepDraining { draining, .. } => format!("keep that it is draining: {draining}"),
        DataEffect::Count { .. } => "count what is there".to_owned(),
        DataEffect::FindFiles { .. } => "find files to be scrubbed".to_owned(),
        DataEffect::ReadPart { place, from, .. } => format!("scrub {} from byte {from} on", place.file),
        DataEffect::KeepScrub { .. } => "keep how far the scrub is".to_owned(),
        DataEffect::MeasureSpace { .. } => "measure the space".to_owned(),
        DataEffect::Respond { request, response } => match response {
            DataResponse::Stored { .. } => format!("answer request {}: 200 stored", request.0),
            DataResponse::Removed => format!("answer request {}: 204 removed", request.0),
            DataResponse::Held(blobs) => format!("answer request {}: 200, {} are held", request.0, blobs.len()),
            DataResponse::Inventory(page) => format!("answer request {}: 200, {} blobs", request.0, page.blobs.len()),
            DataResponse::FullInventory(page) => {
                format!("answer request {}: 200, {} blobs", request.0, page.blobs.len())
            }
            DataResponse::Scrub { report, .. } => format!("answer request {}: 200, {} files", request.0, report.files),
            DataResponse::Drain(report) => format!("answer request {}: 200, {} blobs", request.0, report.counts.blobs),
            DataResponse::Refused(refusal) => {
                format!("answer request {}: {} {}", request.0, refusal.status(), refusal.code())
            }
        },
    }
}

fn head(head: &ObjectHead) -> String {
    match head.content {
        Content::Whole { size_bytes: Some(size_bytes) } => format!("200, {size_bytes} bytes"),
        Content::Whole { size_bytes: None } => "200".to_owned(),
        Content::Part { first, last, .. } => format!("206, bytes {first} to {last}"),
        Content::NotModified => "304".to_owned(),
        Content::PreconditionFailed => "412".to_owned(),
        Content::Unsatisfiable { .. } => "416".to_owned(),
    }
}
