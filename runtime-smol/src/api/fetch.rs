//! Asking a data server for an object, and passing its answer on to the client.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::{RelayBody, RelayFailure};
use lode_core::content_range::ContentRange;
use lode_core::name::ObjectName;
use lode_core::select::ObjectHead;
use lode_core::transfer::{FetchOutcome, TransferFailure};

use super::ask::target_of;
use super::failure::{etag_of, failure_of_status, transfer_failure};
use crate::http::client::{ClientError, HttpClient, Request, Response};
use crate::http::server::{BodyWriter, Exchange};
use crate::{reply, request};

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// What of the client's request a data server of ours needs to know. One of the seed ignores it.
const PASSED_ON: [&str; 4] = ["range", "if-range", "if-match", "if-none-match"];

/// Asks the server for the object. The response holds the body that [`relay`] passes on.
pub(super) async fn fetch(
    exchange: &Exchange,
    client: &HttpClient,
    server: &ServerAddress,
    name: &ObjectName,
    head_only: bool,
    patience: Duration,
) -> (FetchOutcome, Option<Response>) {
    let target = target_of(name);
    let method = if head_only { Method::Head } else { Method::Get };
    let mut request = Request::new(method, &target).head_limit(patience);
    for name in PASSED_ON {
        for value in exchange.headers().get(name).into_iter().flatten() {
            request = request.header(name, value.as_str());
        }
    }
    match client.send(server, &request).await {
        Ok(response) => (outcome_of(&response), Some(response)),
        Err(error) => (FetchOutcome::Failed(transfer_failure(&error)), None),
    }
}

/// Answers the client with this head, and passes on what it announces of the fetched body.
///
/// # Errors
/// If not all of it was passed on. The client's connection is then broken off.
pub(super) async fn relay(
    exchange: Exchange,
    response: Option<Response>,
    head: &ObjectHead,
    body: RelayBody,
) -> Result<(), RelayFailure> {
    let (mut response, skip_bytes) = match (response, body) {
        (_, RelayBody::None) | (None, RelayBody::All | RelayBody::Cut { .. }) => {
            let answer = reply::object_head(head, reply::OBJECT_TYPE);
            return request::respond_without_object(exchange, answer, &head.content)
                .await
                .map_err(|_| RelayFailure::Client);
        }
        (Some(response), RelayBody::All) => (response, 0),
        (Some(response), RelayBody::Cut { skip_bytes, .. }) => (response, skip_bytes),
    };
    let mut piece = vec![0; piece_bytes(response.body_bytes())];
    skip(&mut response, skip_bytes, &mut piece).await?;
    let mut left_bytes = head.content.body().map(|(_, length_bytes)| length_bytes);
    let mut writer =
        exchange.start(reply::object_head(head, reply::OBJECT_TYPE), left_bytes).map_err(|_| RelayFailure::Client)?;
    pass_on(&mut response, &mut writer, &mut left_bytes, &mut piece).await?;
    writer.finish().await.map_err(|_| RelayFailure::Client)
}

async fn pass_on(
    response: &mut Response,
    writer: &mut BodyWriter,
    left_bytes: &mut Option<u64>,
    piece: &mut [u8],
) -> Result<(), RelayFailure> {
    while *left_bytes != Some(0) {
        let count = response.read_body(piece).await.map_err(|error| server_failed(&error))?;
        if count == 0 {
            break;
        }
        let count = left_bytes.map_or(count, |left| usize::try_from(left).unwrap_or(usize::MAX).min(count));
        *left_bytes = left_bytes.map(|left| left - count as u64);
        writer.write_all(piece.get(..count).unwrap_or_default()).await.map_err(|_| RelayFailure::Client)?;
    }
    match left_bytes {
        None | Some(0) => Ok(()),
        Some(left) => {
            let reason = format!("its body is {left} bytes shorter than it said");
            Err(RelayFailure::Server(TransferFailure::BrokenOff { reason }))
        }
    }
}

async fn skip(response: &mut Response, mut skip_bytes: u64, piece: &mut [u8]) -> Result<(), RelayFailure> {
    while skip_bytes > 0 {
        let room = usize::try_from(skip_bytes).unwrap_or(usize::MAX).min(piece.len());
        let count = response.read_body(piece.get_mut(..room).unwrap_or_default()).await;
        match count.map_err(|error| server_failed(&error))? {
            0 => {
                let reason = "its body ended before the part that was asked for".to_owned();
                return Err(RelayFailure::Server(TransferFailure::BrokenOff { reason }));
            }
            count => skip_bytes -= count as u64,
        }
    }
    Ok(())
}

/// What a data server has answered.
pub(super) fn outcome_of(response: &Response) -> FetchOutcome {
    let etag = etag_of(response);
    let range = || response.headers().get("content-range")?.as_str().parse::<ContentRange>().ok();
    match response.status() {
        200 => FetchOutcome::Whole { size_bytes: response.content_length(), etag },
        206 => match range() {
            Some(ContentRange::Part { first, last, size_bytes: Some(size_bytes) }) => {
                FetchOutcome::Part { first, last, size_bytes, etag }
            }
            Some(ContentRange::Part { size_bytes: None, .. } | ContentRange::Unsatisfied { .. }) | None => {
                FetchOutcome::Failed(TransferFailure::Refused { status: 206 })
            }
        },
        304 => FetchOutcome::NotModified { etag },
        404 => FetchOutcome::Missing,
        412 => FetchOutcome::PreconditionFailed,
        416 => match range() {
            Some(ContentRange::Unsatisfied { size_bytes }) => FetchOutcome::Unsatisfiable { size_bytes },
            Some(ContentRange::Part { .. }) | None => FetchOutcome::Failed(TransferFailure::Refused { status: 416 }),
        },
        status => FetchOutcome::Failed(failure_of_status(status)),
    }
}

fn server_failed(error: &ClientError) -> RelayFailure {
    RelayFailure::Server(transfer_failure(error))
}

fn piece_bytes(body_bytes: Option<u64>) -> usize {
    let body_bytes = body_bytes.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    body_bytes.clamp(1, PIECE_BYTES)
}
