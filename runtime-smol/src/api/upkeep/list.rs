//! Asking a data server what it holds.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::catalog::BlobId;
use lode_core::inventory::InventoryPage;
use lode_core::resource::data::InventoryQuery;
use lode_core::transfer::TransferFailure;

use super::{ask, nonsense};
use crate::http::client::{HttpClient, Request};

/// What it holds behind this blob, in its own order.
///
/// # Errors
/// If it does not answer, or not in time.
pub(super) async fn list_blobs(
    client: &HttpClient,
    server: &ServerAddress,
    after: Option<BlobId>,
    limit: usize,
    patience: Duration,
) -> Result<InventoryPage, TransferFailure> {
    let target = InventoryQuery { after, limit }.target();
    let answer = ask(client, server, Request::new(Method::Get, &target), patience).await?;
    InventoryPage::from_text(&answer).map_err(|error| nonsense(&error))
}
