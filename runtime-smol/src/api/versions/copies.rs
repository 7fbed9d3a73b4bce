//! Carrying a client's body to several data servers in one pass: held whole while it is small, so that it can go elsewhere;
//! passed on as it comes (`streams`) when it is not.

use std::sync::Arc;
use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::{ApiInput, UploadTerms};
use lode_core::catalog::Description;
use lode_core::checksum::Checksum;
use lode_core::digest::RequestedDigests;
use lode_core::id::OperationId;
use lode_core::inventory::Notes;
use lode_core::name::ObjectName;
use lode_core::transfer::{BodyFault, TransferFailure, UploadOutcome};

use super::super::ask::{finish, target_of};
use super::super::client_body::{ClientBody, PIECE_BYTES};
use super::super::failure::{etag_of, failure_of_status, transfer_failure};
use super::super::node::Node;
use super::streams::{StreamTerms, Streams};
use crate::engine::Engine;
use crate::http::client::{ClientError, Request, Response};
use crate::http::server::Exchange;

/// The body of one PUT, and all of it, if all of it is held.
pub(super) struct CopiesBody {
    body: ClientBody,
    checksum: blake3::Hasher,
    /// What each copy is to say of itself; empty until the first are sent.
    description: String,
    held: Option<Arc<Vec<u8>>>,
}

/// What was sent, and so what is to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    size_bytes: u64,
    checksum: Checksum,
}

/// To whom it is to be sent, as what, and on which terms.
pub(super) struct CopiesWanted {
    pub(super) copies: Vec<(OperationId, ServerAddress)>,
    pub(super) name: ObjectName,
    pub(super) description: Description,
    pub(super) quorum: usize,
    pub(super) terms: UploadTerms,
}

impl CopiesBody {
    pub(super) fn new(declared_bytes: Option<u64>, digests: RequestedDigests) -> Self {
        let (checksum, description) = (blake3::Hasher::new(), String::new());
        Self { body: ClientBody::new(declared_bytes, digests), checksum, description, held: None }
    }

    /// Sends the body to all of them. Each copy's end is told to the machine, those of the last ones after this has returned.
    pub(super) async fn send(&mut self, exchange: &mut Exchange, engine: &Engine<Node>, wanted: CopiesWanted) {
        let CopiesWanted { copies, name, description, quorum, terms } = wanted;
        self.description = description.to_string();
        let mut beginning = Vec::new();
        let held = self.body.hold(exchange, &mut beginning, terms.hold_up_to_bytes).await;
        self.checksum.update(&beginning);
        match held {
            Ok(true) => {
                self.held = Some(Arc::new(beginning));
                for (upload, server) in copies {
                    self.send_again(engine, upload, server, &name, terms);
                }
            }
            Ok(false) => {
                let terms = StreamTerms {
                    target: target_of(&name),
                    description: self.description.clone(),
                    bytes: self.body.declared_bytes(),
                    quorum,
                    answer_patience: terms.streamed_patience,
                    standstill_patience: terms.standstill_patience,
                };
                self.stream(exchange, &beginning, Streams::open(engine, copies, terms)).await;
            }
            Err(fault) => {
                for (upload, _) in copies {
                    engine.feed(ApiInput::Uploaded { upload, outcome: UploadOutcome::BodyFault(fault.clone()) });
                }
            }
        }
    }

    /// Sends the body, which is held, to one server.
    pub(super) fn send_again(
        &self,
        engine: &Engine<Node>,
        upload: OperationId,
        server: ServerAddress,
        name: &ObjectName,
        terms: UploadTerms,
    ) {
        let Some(held) = self.held.clone() else {
            let failure = TransferFailure::BrokenOff { reason: "the body is gone".to_owned() };
            return engine.feed(ApiInput::Uploaded { upload, outcome: failed(failure, false) });
        };
        let (target, description, sent) = (target_of(name), self.description.clone(), self.sent());
        engine.spawn(move |engine| async move {
            let request = Request::new(Method::Put, &target).header(Notes::DESCRIPTION, &description);
            let request = request.body(&held).head_limit(terms.held_patience);
            let answered = engine.own.client.send(&server, &request).await;
            engine.feed(ApiInput::Uploaded { upload, outcome: outcome_of(answered, sent, true).await });
        });
    }

    async fn stream(&mut self, exchange: &mut Exchange, beginning: &[u8], mut streams: Streams<'_>) {
        if !beginning.is_empty() {
            streams.give(beginning).await;
        }
        match self.pass_on(exchange, &mut streams).await {
            Err(fault) => streams.body_fault(&fault).await,
            Ok(()) if streams.may_count() => streams.finish(self.sent()),
            Ok(()) => streams.give_up().await,
        }
    }

    /// Takes the rest of the body and passes it on, the last piece only once all of it is what the client says.
    async fn pass_on(&mut self, exchange: &mut Exchange, streams: &mut Streams<'_>) -> Result<(), BodyFault> {
        let mut piece = vec![0; PIECE_BYTES];
        while !self.body.is_all() && streams.may_count() {
            let count = self.body.take(exchange, &mut piece).await?;
            if count == 0 {
                break;
            }
            if self.body.is_all() {
                self.body.verify()?;
            }
            let piece = piece.get(..count).unwrap_or_default();
            self.checksum.update(piece);
            streams.give(piece).await;
        }
        // What was not taken to its end says nothing about the client.
        if streams.may_count() { self.body.verify() } else { Ok(()) }
    }

    fn sent(&self) -> Sent {
        Sent { size_bytes: self.body.taken_bytes(), checksum: Checksum::new(*self.checksum.finalize().as_bytes()) }
    }
}

/// Stores a blob without content, that says this of itself, on all of them.
pub(in super::super) fn store_marker(
    engine: &Engine<Node>,
    copies: Vec<(OperationId, ServerAddress)>,
    name: &ObjectName,
    description: &Description,
    patience: Duration,
) {
    let sent = Sent { size_bytes: 0, checksum: Checksum::new(*blake3::hash(&[]).as_bytes()) };
    for (upload, server) in copies {
        let (target, description) = (target_of(name), description.to_string());
        engine.spawn(move |engine| async move {
            let request = Request::new(Method::Put, &target).header(Notes::DESCRIPTION, &description);
            let answered = engine.own.client.send(&server, &request.body(&[]).head_limit(patience)).await;
            engine.feed(ApiInput::Uploaded { upload, outcome: outcome_of(answered, sent, true).await });
        });
    }
}

/// How it went, when it did not.
pub(super) const fn failed(failure: TransferFailure, resendable: bool) -> UploadOutcome {
    UploadOutcome::Failed { failure, resendable }
}

/// What the server has made of the body. One that has stored something else than was sent has failed.
pub(super) async fn outcome_of(answered: Result<Response, ClientError>, sent: Sent, resendable: bool) -> UploadOutcome {
    let response = match answered {
        Ok(response) => response,
        Err(error) => return failed(transfer_failure(&error), resendable),
    };
    let (status, etag) = (response.status(), etag_of(&response));
    finish(response).await;
    if status != 200 {
        return failed(failure_of_status(status), resendable);
    }
    if etag.is_some_and(|etag| etag.checksum() == sent.checksum) {
        return UploadOutcome::Stored { size_bytes: sent.size_bytes, checksum: Some(sent.checksum) };
    }
    let reason = "it has stored something else than was sent".to_owned();
    failed(TransferFailure::BrokenOff { reason }, resendable)
}
