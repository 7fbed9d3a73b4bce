//! Asking a data server for a part of a blob, and passing it on to the client.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::RelayFailure;
use lode_core::checksum::Checksum;
use lode_core::etag::ETag;
use lode_core::name::ObjectName;
use lode_core::transfer::{FetchOutcome, TransferFailure};

use super::super::ask::target_of;
use super::super::failure::transfer_failure;
use super::super::fetch::outcome_of;
use crate::http::client::{HttpClient, Request, Response};
use crate::http::server::BodyWriter;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// A part of a blob, and who is to send it.
pub(super) struct Wanted {
    pub(super) server: ServerAddress,
    pub(super) name: ObjectName,
    pub(super) first: u64,
    pub(super) length_bytes: u64,
    pub(super) checksum: Checksum,
    pub(super) patience: Duration,
}

/// Asks for it. The response holds the body that [`pass_on`] passes on.
pub(super) async fn fetch(client: &HttpClient, wanted: &Wanted) -> (FetchOutcome, Option<Response>) {
    let Wanted { server, name, first, length_bytes, checksum, patience } = wanted;
    let (target, last) = (target_of(name), first + length_bytes - 1);
    let (range, etag) = (format!("bytes={first}-{last}"), ETag::new(*checksum).to_string());
    let request = Request::new(Method::Get, &target).header("range", &range).header("if-match", &etag);
    match client.send(server, &request.head_limit(*patience)).await {
        Ok(response) => match outcome_of(&response) {
            outcome @ FetchOutcome::Part { first: from, last: to, .. } if (from, to) == (*first, last) => {
                (outcome, Some(response))
            }
            FetchOutcome::Part { .. } | FetchOutcome::Whole { .. } => {
                let reason = "it did not send the part that was asked for".to_owned();
                (FetchOutcome::Failed(TransferFailure::BrokenOff { reason }), None)
            }
            outcome @ (FetchOutcome::NotModified { .. }
            | FetchOutcome::PreconditionFailed
            | FetchOutcome::Unsatisfiable { .. }
            | FetchOutcome::Missing
            | FetchOutcome::Failed(_)) => (outcome, None),
        },
        Err(error) => (FetchOutcome::Failed(transfer_failure(&error)), None),
    }
}

/// Passes the body on until `left_bytes`, which is kept up to date, is zero.
///
/// # Errors
/// If the body breaks off, or the client does.
pub(super) async fn pass_on(
    response: Option<Response>,
    writer: &mut BodyWriter,
    left_bytes: &mut u64,
) -> Result<(), RelayFailure> {
    let broken = |reason: &str| RelayFailure::Server(TransferFailure::BrokenOff { reason: reason.to_owned() });
    let mut response = response.ok_or_else(|| broken("nothing was fetched"))?;
    let mut piece = vec![0; usize::try_from(*left_bytes).unwrap_or(PIECE_BYTES).clamp(1, PIECE_BYTES)];
    while *left_bytes > 0 {
        let read = response.read_body(&mut piece).await;
        let count = read.map_err(|error| RelayFailure::Server(transfer_failure(&error)))?;
        if count == 0 {
            return Err(broken("its body is shorter than it said"));
        }
        let count = usize::try_from(*left_bytes).unwrap_or(usize::MAX).min(count);
        writer.write_all(piece.get(..count).unwrap_or_default()).await.map_err(|_| RelayFailure::Client)?;
        *left_bytes -= count as u64;
    }
    Ok(())
}
