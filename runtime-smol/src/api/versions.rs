//! Requests about versions, where there is a catalog: from their heads to the last bytes of their answers.

mod copies;
mod fetch;
mod replies;
mod streams;
mod understand;

use lode_core::api_server::messages::versions::{
    BrokenRelay, VersionEffect, VersionHead, VersionInput, VersionOperation,
};
use lode_core::api_server::messages::{ApiEffect, ApiInput, RelayFailure};
use lode_core::id::OperationId;
use lode_core::select::Content;

pub(super) use self::copies::store_marker;
use self::copies::{CopiesBody, CopiesWanted};
pub(super) use self::replies::reply_of;
pub(super) use self::understand::understand;
use super::node::Node;
use super::serve::reply_of as other_reply_of;
use crate::engine::Engine;
use crate::http::client::Response;
use crate::http::server::{BodyWriter, Exchange};
use crate::mailbox::Mailbox;
use crate::reply::Reply;
use crate::request;

/// A request about versions that the machine is working on. If it is dropped before its end, because the client's
/// connection broke or the server stops, the machine is told.
struct VersionTask<'a> {
    engine: &'a Engine<Node>,
    mailbox: Mailbox<ApiEffect>,
    body: Option<CopiesBody>,
    answer: Answer,
    fetched: Option<Response>,
    over: bool,
}

/// How far the answer to the client has come.
enum Answer {
    /// It is to be begun.
    Waiting(Box<Exchange>),
    /// Its head is out, or waits for the first piece of the body.
    Begun { writer: BodyWriter, left_bytes: u64 },
    /// It has ended, one way or the other.
    Over,
}

/// Puts the operation before the machine, and does what it wants done until the client is answered.
pub(super) async fn serve(engine: &Engine<Node>, exchange: Exchange, operation: VersionOperation) {
    let body = match (&operation, request::digests(&exchange)) {
        (VersionOperation::Put(new), Ok(digests)) => Some(CopiesBody::new(new.declared_bytes, digests)),
        (VersionOperation::Put(_), Err(error)) => {
            return request::respond(exchange, Reply::misunderstood(&error)).await;
        }
        (
            VersionOperation::Get { .. }
            | VersionOperation::Locate { .. }
            | VersionOperation::Delete { .. }
            | VersionOperation::Remove { .. }
            | VersionOperation::SetBucket { .. }
            | VersionOperation::AskCatalog(_),
            _,
        ) => None,
    };
    let mailbox = engine.mailboxes.open();
    engine.feed(ApiInput::Request { request: mailbox.request(), operation: operation.into() });
    let answer = Answer::Waiting(Box::new(exchange));
    VersionTask { engine, mailbox, body, answer, fetched: None, over: false }.run().await;
}

impl VersionTask<'_> {
    async fn run(&mut self) {
        while !self.over
            && let Some(effect) = self.mailbox.next().await
        {
            match effect {
                ApiEffect::Version(VersionEffect::UploadCopies {
                    copies, blob, description, quorum, terms, ..
                }) => {
                    if let (Some(body), Answer::Waiting(exchange)) = (&mut self.body, &mut self.answer) {
                        let wanted = CopiesWanted { copies, name: blob.name(), description, quorum, terms };
                        body.send(exchange, self.engine, wanted).await;
                    }
                }
                ApiEffect::Upload { upload, server, name, terms, .. } => {
                    if let Some(body) = &self.body {
                        body.send_again(self.engine, upload, server, &name, terms);
                    }
                }
                ApiEffect::Version(VersionEffect::Fetch {
                    fetch,
                    server,
                    blob,
                    first,
                    length_bytes,
                    checksum,
                    patience,
                    ..
                }) => {
                    let wanted = fetch::Wanted { server, name: blob.name(), first, length_bytes, checksum, patience };
                    let (outcome, response) = fetch::fetch(&self.engine.own.client, &wanted).await;
                    self.fetched = response;
                    self.engine.feed(ApiInput::Fetched { fetch, outcome });
                }
                ApiEffect::Version(VersionEffect::Relay { relay, head, .. }) => self.relay(relay, head).await,
                ApiEffect::Version(VersionEffect::BreakOff { .. }) => self.over = true,
                ApiEffect::Respond { response, .. } => {
                    self.over = true;
                    if let Answer::Waiting(exchange) = std::mem::replace(&mut self.answer, Answer::Over) {
                        replies::respond(*exchange, response, other_reply_of).await;
                    }
                }
                ApiEffect::Bus(_)
                | ApiEffect::AskDirectly { .. }
                | ApiEffect::Remove { .. }
                | ApiEffect::Fetch { .. }
                | ApiEffect::Relay { .. }
                | ApiEffect::Upkeep(_)
                | ApiEffect::Version(VersionEffect::AskCatalog { .. } | VersionEffect::StoreMarker { .. }) => {
                    unreachable!("these belong to other requests, or to none")
                }
            }
        }
    }

    async fn relay(&mut self, relay: OperationId, head: Option<VersionHead>) {
        let outcome = self.pass_on(head).await;
        self.over = !matches!(&outcome, Err(BrokenRelay { failure: RelayFailure::Server(_), .. }));
        if let Err(broken) = &outcome {
            tracing::debug!(?broken, "a copy was not passed on whole");
        }
        self.engine.feed(VersionInput::Relayed { relay, outcome }.into());
    }

    async fn pass_on(&mut self, head: Option<VersionHead>) -> Result<(), BrokenRelay> {
        let client_gone = || BrokenRelay { failure: RelayFailure::Client, passed_on_bytes: 0 };
        let answer = std::mem::replace(&mut self.answer, Answer::Over);
        let (mut writer, mut left_bytes) = match (answer, head) {
            (Answer::Waiting(exchange), Some(head)) => {
                let length_bytes = length_of(&head.object.content);
                let start = exchange.start(replies::version_head(&head), Some(length_bytes));
                (start.map_err(|_| client_gone())?, length_bytes)
            }
            (Answer::Begun { writer, left_bytes }, _) => (writer, left_bytes),
            (Answer::Waiting(_), None) | (Answer::Over, _) => return Err(client_gone()),
        };
        let before = left_bytes;
        let passed = fetch::pass_on(self.fetched.take(), &mut writer, &mut left_bytes).await;
        if let Err(failure) = passed {
            self.answer = Answer::Begun { writer, left_bytes };
            return Err(BrokenRelay { failure, passed_on_bytes: before - left_bytes });
        }
        writer.finish().await.map_err(|_| client_gone())
    }
}

impl Drop for VersionTask<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.engine.feed(ApiInput::RequestGone { request: self.mailbox.request() });
        }
    }
}

fn length_of(content: &Content) -> u64 {
    content.body().map_or(0, |(_, length_bytes)| length_bytes)
}
