//! What API servers say to data servers so that every blob has its copies and nothing else is kept.

mod copy;
mod held;
mod list;

#[cfg(test)]
mod tests;

pub(super) use self::copy::copy_blob;
pub(super) use self::held::ask_held;
pub(super) use self::list::list_blobs;

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::transfer::TransferFailure;

use super::failure::{failure_of_status, transfer_failure};
use crate::http::client::{HttpClient, Request};
use crate::http::deadline::Deadline;

/// The longest answer about many blobs that is taken, in bytes: a line has less than 100 for each of 1,000 blobs.
const ANSWER_BYTES: usize = 128 * 1024;

/// Sends the question, and gives the body of the answer; all within the patience.
async fn ask(
    client: &HttpClient,
    server: &ServerAddress,
    question: Request<'_>,
    patience: Duration,
) -> Result<Vec<u8>, TransferFailure> {
    let question = question.head_limit(patience);
    let answered = async {
        let response = client.send(server, &question).await.map_err(|error| transfer_failure(&error))?;
        let status = response.status();
        let body = response.read_whole(ANSWER_BYTES).await.map_err(|error| transfer_failure(&error))?;
        if status == 200 { Ok(body) } else { Err(failure_of_status(status)) }
    };
    Deadline::new().within(patience, answered).await.unwrap_or(Err(TransferFailure::TimedOut))
}

/// An answer that makes no sense is as good as none.
fn nonsense(error: &impl ToString) -> TransferFailure {
    TransferFailure::BrokenOff { reason: format!("its answer cannot be read: {}", error.to_string()) }
}
