//! What only data servers are asked: by API servers about many blobs at a time, and by operators.

use http_types::StatusCode;
use lode_core::data_server::messages::{Counts, DataOperation, DrainCommand, DrainReport, ScrubCommand};
use lode_core::data_server::scrub::{SCRUB_FOLDERS, ScrubReport};
use lode_core::inventory::text::committed_from_text;
use lode_core::resource::data::DataResource;
use lode_core::time::Instant;
use serde_json::json;

use crate::http::server::Exchange;
use crate::reply::{Misunderstood, Reply};
use crate::request::{self, CommandMethod};

/// The longest question that is taken, in bytes: a line has less than 100 for each of 1,000 blobs.
const QUESTION_BYTES: u64 = 128 * 1024;

/// What is asked for.
///
/// # Errors
/// If it cannot be understood.
pub(super) async fn operation(exchange: &mut Exchange, resource: DataResource) -> Result<DataOperation, Misunderstood> {
    match resource {
        DataResource::Held => {
            request::only_post(exchange)?;
            let body = exchange.read_whole_body(QUESTION_BYTES).await;
            let body = body.map_err(|error| Misunderstood::Body { reason: error.to_string() })?;
            Ok(DataOperation::Held { blobs: committed_from_text(&body)? })
        }
        DataResource::Inventory(query) => {
            request::only_get(exchange)?;
            Ok(DataOperation::Inventory(query))
        }
        DataResource::FullInventory(query) => {
            request::only_get(exchange)?;
            Ok(DataOperation::FullInventory(query))
        }
        DataResource::Scrub => match request::command_method(exchange)? {
            CommandMethod::Begin => Ok(DataOperation::Scrub(ScrubCommand::Begin)),
            CommandMethod::Tell => Ok(DataOperation::Scrub(ScrubCommand::Tell)),
            CommandMethod::Cancel => Err(request::not_served(exchange.method(), "GET, HEAD, POST")),
        },
        DataResource::Drain => {
            let command = match request::command_method(exchange)? {
                CommandMethod::Begin => DrainCommand::Begin,
                CommandMethod::Cancel => DrainCommand::Cancel,
                CommandMethod::Tell => DrainCommand::Tell,
            };
            Ok(DataOperation::Drain(command))
        }
    }
}

/// How far the server is emptied.
pub(super) fn drain_report(report: DrainReport) -> Reply {
    let DrainReport { draining, kept, counts: Counts { blobs, objects } } = report;
    Reply::json(StatusCode::Ok, &json!({ "draining": draining, "kept": kept, "blobs": blobs, "objects": objects }))
}

/// How far a scrub is, or what it has found.
pub(super) fn scrub_report(report: &ScrubReport, at: Instant) -> Reply {
    let ago_ms = |then: Instant| u64::try_from((at - then).as_millis()).unwrap_or(u64::MAX);
    let ScrubReport { running, began, ended, folder, files, bytes, damaged, unreadable, found } = report;
    Reply::json(
        StatusCode::Ok,
        &json!({
            "running": running, "began_ms_ago": began.map(ago_ms), "ended_ms_ago": ended.map(ago_ms),
            "folder": folder, "folders": SCRUB_FOLDERS, "files": files, "bytes": bytes,
            "damaged": damaged, "unreadable": unreadable, "found": found,
        }),
    )
}

/// An answer of lines.
pub(super) fn text(lines: String) -> Reply {
    Reply::text(StatusCode::Ok, "text/plain", lines)
}
