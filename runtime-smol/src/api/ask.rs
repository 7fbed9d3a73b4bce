//! Short questions to one data server over HTTP: does it hold an object, will it remove one.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::locate::Probe;
use lode_core::name::ObjectName;
use lode_core::transfer::{DirectAnswer, RemoveOutcome, TransferFailure};

use super::failure::{etag_of, transfer_failure};
use crate::http::client::{HttpClient, Request, Response};
use crate::http::deadline::Deadline;

/// The most that is read of a body which only says more about a status, in bytes; a connection with a longer one is closed.
const SMALL_BODY_BYTES: usize = 64 * 1024;

/// Where an object is found on any server.
pub(super) fn target_of(name: &ObjectName) -> String {
    format!("/objects/{name}")
}

/// Asks whether the server holds the object.
pub(super) async fn ask_directly(
    client: &HttpClient,
    server: &ServerAddress,
    name: &ObjectName,
    probe: Probe,
    patience: Duration,
) -> DirectAnswer {
    let method = match probe {
        Probe::Head => Method::Head,
        Probe::GetHeadOnly => Method::Get,
    };
    let response = match exchange(client, server, name, method, patience).await {
        Ok(response) => response,
        Err(failure) => return DirectAnswer::Failed(failure),
    };
    let answer = match response.status() {
        200 => DirectAnswer::Held {
            size_bytes: response.content_length(),
            checksum: etag_of(&response).map(|etag| etag.checksum()),
        },
        404 => DirectAnswer::NotHeld,
        status => DirectAnswer::Failed(TransferFailure::Refused { status }),
    };
    // The body of a GET is not wanted: its connection is closed with the response.
    if probe == Probe::Head || answer == DirectAnswer::NotHeld {
        finish(response).await;
    }
    answer
}

/// Has the server remove its copy.
pub(super) async fn remove(
    client: &HttpClient,
    server: &ServerAddress,
    name: &ObjectName,
    patience: Duration,
) -> RemoveOutcome {
    let response = match exchange(client, server, name, Method::Delete, patience).await {
        Ok(response) => response,
        Err(failure) => return RemoveOutcome::Failed(failure),
    };
    let outcome = match response.status() {
        200 | 204 => RemoveOutcome::Removed,
        404 => RemoveOutcome::NotHeld,
        405 => RemoveOutcome::CannotDelete,
        status => RemoveOutcome::Failed(TransferFailure::Refused { status }),
    };
    finish(response).await;
    outcome
}

/// Reads a body that is of no interest, so that the connection can be used again.
pub(super) async fn finish(response: Response) {
    // A body that is too long, or breaks, costs the connection and nothing else.
    let _body = response.read_whole(SMALL_BODY_BYTES).await;
}

async fn exchange(
    client: &HttpClient,
    server: &ServerAddress,
    name: &ObjectName,
    method: Method,
    patience: Duration,
) -> Result<Response, TransferFailure> {
    let target = target_of(name);
    let request = Request::new(method, &target).head_limit(patience);
    let answered = Deadline::new().within(patience, client.send(server, &request)).await;
    match answered {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(transfer_failure(&error)),
        Err(_elapsed) => Err(TransferFailure::TimedOut),
    }
}
