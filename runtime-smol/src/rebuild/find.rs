//! Reading what all data servers hold.

use std::time::Duration;

use async_io::Timer;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::catalog::rebuild::{FoundCopy, Rebuild};
use lode_core::catalog::{BlobId, MAX_KEY_BYTES, MAX_METADATA_BYTES};
use lode_core::inventory::text::InventoryTextError;
use lode_core::inventory::{FullEntry, FullPage};
use lode_core::resource::data::InventoryQuery;

use crate::http::client::{ClientError, HttpClient, Request};

/// How many blobs a page tells of.
const PAGE: usize = 500;

/// The longest page that is taken, in bytes: each character of what clients have said may stand as three.
const PAGE_BYTES: usize = PAGE * (512 + 3 * (MAX_KEY_BYTES + 2 * MAX_METADATA_BYTES));

/// How often a page is asked for before the data server is given up.
const ATTEMPTS: u32 = 3;

/// The wait between two of them.
const PAUSE: Duration = Duration::from_secs(1);

/// What data servers hold.
#[derive(Debug, Default)]
pub struct Found {
    /// Their blobs, ready to be made versions of.
    pub rebuild: Rebuild,
    /// How many copies were told of.
    pub copies: u64,
    /// Those that did not tell all that they hold, and why not.
    pub failed: Vec<(ServerAddress, AskError)>,
}

/// Why a data server has not told what it holds.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It was not reached, or broke off.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It answered with another status than 200.
    #[error("it answered with status {status}; is this a data server of this version of Lode?")]
    Refused {
        /// Which.
        status: u16,
    },
    /// Its answer cannot be read.
    #[error("its answer cannot be read: {0}")]
    Nonsense(#[from] InventoryTextError),
}

/// Asks all of these data servers at once, page by page. Objects of the mode without a catalog are passed over, and so are
/// copies that are known to be damaged. What was found so far is told after each page.
pub async fn find(client: &HttpClient, servers: &[ServerAddress], mut told: impl FnMut(&Found)) -> Found {
    let mut found = Found::default();
    let mut asked: FuturesUnordered<_> = servers.iter().map(|server| page(client, server, None)).collect();
    while let Some((server, outcome)) = asked.next().await {
        match outcome {
            Ok(FullPage { blobs, next }) => {
                blobs.into_iter().for_each(|entry| found.add(server, entry));
                if next.is_some() {
                    asked.push(page(client, server, next));
                }
            }
            Err(error) => found.failed.push((server.clone(), error)),
        }
        told(&found);
    }
    found.failed.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

impl Found {
    fn add(&mut self, on: &ServerAddress, entry: FullEntry) {
        let FullEntry { blob, size_bytes, checksum, stored, label, description } = entry;
        self.copies += 1;
        self.rebuild.add(FoundCopy { on: on.clone(), blob, size_bytes, checksum, description, label, stored });
    }
}

/// What a data server holds behind this blob, in its own order.
async fn page<'a>(
    client: &HttpClient,
    server: &'a ServerAddress,
    after: Option<BlobId>,
) -> (&'a ServerAddress, Result<FullPage, AskError>) {
    let target = InventoryQuery { after, limit: PAGE }.full_target();
    let mut outcome = ask(client, server, &target).await;
    for _ in 1..ATTEMPTS {
        if outcome.is_ok() {
            break;
        }
        Timer::after(PAUSE).await;
        outcome = ask(client, server, &target).await;
    }
    (server, outcome)
}

async fn ask(client: &HttpClient, server: &ServerAddress, target: &str) -> Result<FullPage, AskError> {
    let response = client.send(server, &Request::new(Method::Get, target)).await?;
    match response.status() {
        200 => Ok(FullPage::from_text(&response.read_whole(PAGE_BYTES).await?)?),
        status => Err(AskError::Refused { status }),
    }
}
