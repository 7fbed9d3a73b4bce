//! Asking a data server which of many blobs it holds.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::catalog::BlobId;
use lode_core::inventory::text::{committed_to_text, held_from_text};
use lode_core::inventory::{CommittedBlob, HELD_TARGET};
use lode_core::transfer::TransferFailure;

use super::{ask, nonsense};
use crate::http::client::{HttpClient, Request};

/// Which of the blobs it holds, sound as far as it knows. It notes what the catalog says of those.
///
/// # Errors
/// If it does not answer, or not in time: then nothing is known of any of them.
pub(super) async fn ask_held(
    client: &HttpClient,
    server: &ServerAddress,
    blobs: &[CommittedBlob],
    patience: Duration,
) -> Result<Vec<BlobId>, TransferFailure> {
    let text = committed_to_text(blobs);
    let question = Request::new(Method::Post, HELD_TARGET).body(text.as_bytes()).repeatable();
    let answer = ask(client, server, question, patience).await?;
    held_from_text(&answer).map_err(|error| nonsense(&error))
}
