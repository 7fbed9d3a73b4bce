//! Copying a blob from one data server to another.
//!
//! The bytes pass through here piece by piece and are hashed on the way. What the other one has stored must be what the
//! first one said that it was to be, and what it has sent; else the copy has failed, whoever's fault it is.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::upkeep::CopyOutcome;
use lode_core::checksum::Checksum;
use lode_core::inventory::{CommittedBlob, Notes};
use lode_core::name::ObjectName;
use lode_core::transfer::TransferFailure;

use super::super::ask::{finish, target_of};
use super::super::failure::{etag_of, failure_of_status, transfer_failure};
use crate::http::client::{HttpClient, Request, Response, Upload, UploadState};
use crate::http::deadline::Deadline;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// How long the other one may take to make durable what it has got, whatever its length: at least this.
const SYNC_PATIENCE: Duration = Duration::from_secs(60);

/// What is to be copied, as its holder tells of it.
struct Source {
    response: Response,
    size_bytes: u64,
    checksum: Checksum,
    notes: Notes,
}

/// Copies the blob with all that it says of itself. The label of the catalog goes with it, so that it need not be noted
/// afterwards.
pub(super) async fn copy_blob(
    client: &HttpClient,
    blob: &CommittedBlob,
    from: &ServerAddress,
    to: &ServerAddress,
    patience: Duration,
) -> CopyOutcome {
    let name = blob.blob.name();
    let mut source = match open(client, &name, from, patience).await {
        Ok(source) => source,
        Err(outcome) => return outcome,
    };
    // A label goes with a description only: a blob from before there were any says nothing of itself, nor does its copy.
    source.notes.label = source.notes.description.as_ref().map(|_| blob.label());
    let (target, headers): (_, Vec<_>) = (target_of(&name), source.notes.to_headers().collect());
    let mut request = Request::new(Method::Put, &target).head_limit(patience.max(SYNC_PATIENCE));
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let upload = match client.upload(to, &request, Some(source.size_bytes)).await {
        Ok(upload) => upload,
        Err(error) => return CopyOutcome::TargetFailed(transfer_failure(&error)),
    };
    match pass_on(&mut source, upload, patience).await {
        Ok(response) => outcome_of(response, source.checksum).await,
        Err(outcome) => outcome,
    }
}

async fn open(
    client: &HttpClient,
    name: &ObjectName,
    from: &ServerAddress,
    patience: Duration,
) -> Result<Source, CopyOutcome> {
    let target = target_of(name);
    let request = Request::new(Method::Get, &target).head_limit(patience);
    let response = client.send(from, &request).await.map_err(|error| source_failed(transfer_failure(&error)))?;
    match response.status() {
        200 => {}
        404 => {
            finish(response).await;
            return Err(CopyOutcome::SourceMissing);
        }
        status => {
            let is_rotten = says_corrupt(response).await;
            return Err(if is_rotten { CopyOutcome::SourceMissing } else { source_failed(failure_of_status(status)) });
        }
    }
    let headers = response.headers().iter();
    let headers = headers.flat_map(|(name, values)| values.iter().map(|value| (name.as_str(), value.as_str())));
    let notes = Notes::from_headers(name, headers).map_err(|error| source_failed(broken_off(&error)))?;
    match (response.content_length(), etag_of(&response).map(|etag| etag.checksum())) {
        (Some(size_bytes), Some(checksum)) => Ok(Source { response, size_bytes, checksum, notes }),
        _ => Err(source_failed(broken_off(&"it did not say how long its copy is, or its checksum"))),
    }
}

/// Passes the body on, its last piece only once all of it is what it was to be.
async fn pass_on(source: &mut Source, mut upload: Upload, patience: Duration) -> Result<Response, CopyOutcome> {
    let target_failed = |error| CopyOutcome::TargetFailed(transfer_failure(&error));
    let mut checksum = blake3::Hasher::new();
    let mut left_bytes = source.size_bytes;
    let mut piece = vec![0; usize::try_from(left_bytes).unwrap_or(PIECE_BYTES).clamp(1, PIECE_BYTES)];
    let mut deadline = Deadline::new();
    while left_bytes > 0 {
        let read = deadline.within(patience, source.response.read_body(&mut piece)).await;
        let count = match read {
            Ok(Ok(0)) => return Err(source_failed(broken_off(&"its body is shorter than it said"))),
            Ok(Ok(count)) => count,
            // What has begun to send and breaks off has come upon a rotten block, or is gone: others are asked instead.
            Ok(Err(error)) => return Err(source_failed(transfer_failure(&error))),
            Err(_elapsed) => return Err(source_failed(TransferFailure::TimedOut)),
        };
        let bytes = piece.get(..count).unwrap_or_default();
        checksum.update(bytes);
        left_bytes = left_bytes.saturating_sub(count as u64);
        if left_bytes == 0 && Checksum::new(*checksum.finalize().as_bytes()) != source.checksum {
            return Err(CopyOutcome::SourceMissing);
        }
        match deadline.within(patience, upload.write(bytes)).await {
            Ok(Ok(UploadState::Open)) => {}
            Ok(Ok(UploadState::Answered)) => break,
            Ok(Err(error)) => return Err(target_failed(error)),
            Err(_elapsed) => return Err(CopyOutcome::TargetFailed(TransferFailure::TimedOut)),
        }
    }
    upload.finish().await.map_err(target_failed)
}

/// What the other one has made of it.
async fn outcome_of(response: Response, checksum: Checksum) -> CopyOutcome {
    let (status, etag) = (response.status(), etag_of(&response));
    finish(response).await;
    if status != 200 {
        return CopyOutcome::TargetFailed(failure_of_status(status));
    }
    if etag.is_some_and(|etag| etag.checksum() == checksum) {
        CopyOutcome::Copied
    } else {
        CopyOutcome::TargetFailed(broken_off(&"it has stored something else than was sent"))
    }
}

/// Whether a refusal says that what lies there is damaged.
async fn says_corrupt(response: Response) -> bool {
    let body = response.read_whole(64 * 1024).await.unwrap_or_default();
    let error = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
    error.pointer("/error/code").and_then(serde_json::Value::as_str) == Some("corrupt")
}

const fn source_failed(failure: TransferFailure) -> CopyOutcome {
    CopyOutcome::SourceFailed(failure)
}

fn broken_off(reason: &impl ToString) -> TransferFailure {
    TransferFailure::BrokenOff { reason: reason.to_string() }
}
