//! Sending a blob, or a part of it, verified block by block.

use lode_core::data_server::messages::{DiskFailure, SendFailure};
use lode_core::data_server::receiving::refusal_of;
use lode_core::select::ObjectHead;

use crate::disk::{BlobReader, StoreError};
use crate::http::server::Exchange;
use crate::reply::{self, Reply};
use crate::request;

/// Sends the head and what it announces of the blob.
///
/// # Errors
/// If not all of it was sent. The connection is then broken off.
pub(super) async fn send(
    exchange: Exchange,
    blob: BlobReader,
    head: &ObjectHead,
    head_only: bool,
) -> Result<(), SendFailure> {
    let mut answer = reply::object_head(head, reply::OBJECT_TYPE);
    for (name, value) in blob.notes().to_headers() {
        answer = answer.header(name, &value);
    }
    let Some((first, length_bytes)) = head.content.body().filter(|_| !head_only) else {
        return request::respond_without_object(exchange, answer, &head.content).await.map_err(|_| SendFailure::Client);
    };
    let mut pieces = blob.stream(first..first + length_bytes);
    // Read before the head goes out: a blob whose first piece is rotten is refused with a sentence.
    let mut piece = match pieces.next().await {
        Ok(piece) => piece,
        Err(error) => {
            let failure = disk_failure(&error);
            request::respond(exchange, Reply::refusal(&refusal_of(&failure))).await;
            return Err(SendFailure::Disk(failure));
        }
    };
    let started = exchange.start(answer, Some(length_bytes));
    let mut writer = started.map_err(|_| SendFailure::Client)?;
    while let Some(bytes) = piece {
        writer.write_all(bytes).await.map_err(|_| SendFailure::Client)?;
        piece = pieces.next().await.map_err(|error| SendFailure::Disk(disk_failure(&error)))?;
    }
    writer.finish().await.map_err(|_| SendFailure::Client)
}

fn disk_failure(error: &StoreError) -> DiskFailure {
    tracing::error!(%error, "a blob could not be sent");
    DiskFailure::from(error)
}
