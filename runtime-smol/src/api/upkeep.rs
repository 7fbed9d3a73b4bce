//! What API servers say to data servers so that every blob has its copies and nothing else is kept.

mod copy;
mod held;
mod list;

#[cfg(test)]
mod tests;

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::upkeep::{UpkeepEffect, UpkeepInput};
use lode_core::transfer::TransferFailure;

use self::copy::copy_blob;
use self::held::ask_held;
use self::list::list_blobs;
use super::failure::{failure_of_status, transfer_failure};
use super::node::Node;
use crate::engine::Engine;
use crate::http::client::{HttpClient, Request};
use crate::http::deadline::Deadline;

/// The longest answer about many blobs that is taken, in bytes: a line has less than 100 for each of 1,000 blobs.
const ANSWER_BYTES: usize = 128 * 1024;

/// Begins what the machine wants done.
pub(super) fn carry_out(engine: &Engine<Node>, effect: UpkeepEffect) {
    engine.spawn(move |engine| async move {
        let client = &engine.own.client;
        let done = match effect {
            UpkeepEffect::AskHeld { ask, server, blobs, patience } => {
                UpkeepInput::Held { ask, outcome: ask_held(client, &server, &blobs, patience).await }
            }
            UpkeepEffect::ListBlobs { ask, server, after, limit, patience } => {
                UpkeepInput::Listed { ask, outcome: list_blobs(client, &server, after, limit, patience).await }
            }
            UpkeepEffect::Copy { copy, blob, from, to, patience } => {
                UpkeepInput::Copied { copy, outcome: copy_blob(client, &blob, &from, &to, patience).await }
            }
        };
        engine.feed(done.into());
    });
}

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
