//! Carrying a client's body to several data servers in one pass: held whole while it is small, so that it can go elsewhere;
//! passed on as it comes when it is not.

use std::sync::Arc;

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
use super::super::failure::{etag_of, failure_of_status, transfer_failure};
use super::super::node::Node;
use crate::digesting::Digesting;
use crate::engine::Engine;
use crate::http::client::{ClientError, Request, Response, Upload, UploadState};
use crate::http::server::Exchange;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// The body of one PUT, as far as it was taken from the client.
pub(super) struct CopiesBody {
    declared_bytes: Option<u64>,
    taken_bytes: u64,
    digesting: Digesting,
    checksum: blake3::Hasher,
    /// What each copy is to say of itself; empty until the first are sent.
    description: String,
    /// All of the body, if all of it is held.
    held: Option<Arc<Vec<u8>>>,
}

/// What was sent, and so what is to be stored.
#[derive(Debug, Clone, Copy)]
struct Sent {
    size_bytes: u64,
    checksum: Checksum,
}

/// One copy that is being sent as the body comes.
struct Copy {
    upload: OperationId,
    to: Upload,
}

impl CopiesBody {
    pub(super) fn new(declared_bytes: Option<u64>, digests: RequestedDigests) -> Self {
        Self {
            declared_bytes,
            taken_bytes: 0,
            digesting: Digesting::new(digests),
            checksum: blake3::Hasher::new(),
            description: String::new(),
            held: None,
        }
    }

    /// Sends the body to all of them. Each copy's end is told to the machine, those of the last ones after this has returned.
    pub(super) async fn send(
        &mut self,
        exchange: &mut Exchange,
        engine: &Engine<Node>,
        copies: Vec<(OperationId, ServerAddress)>,
        name: &ObjectName,
        description: &Description,
        terms: UploadTerms,
    ) {
        self.description = description.to_string();
        let (beginning, is_whole) = match self.take_beginning(exchange, terms.hold_up_to_bytes).await {
            Ok(taken) => taken,
            Err(fault) => return all_fault(engine, copies.iter().map(|(upload, _)| *upload), &fault),
        };
        if is_whole {
            self.held = Some(Arc::new(beginning));
            for (upload, server) in copies {
                self.send_again(engine, upload, server, name, terms);
            }
            return;
        }
        let opened = copies.into_iter().map(|(upload, server)| self.open(engine, upload, server, name, terms));
        let mut copies: Vec<Copy> = futures::future::join_all(opened).await.into_iter().flatten().collect();
        write_to_all(engine, &mut copies, &beginning).await;
        drop(beginning);
        match self.pass_on(exchange, engine, &mut copies).await {
            Ok(()) => self.conclude(engine, copies),
            Err(fault) => all_fault(engine, copies.iter().map(|copy| copy.upload), &fault),
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

    /// Takes the body until it is whole, or longer than what is to be held; and whether it is whole.
    async fn take_beginning(&mut self, exchange: &mut Exchange, limit: u64) -> Result<(Vec<u8>, bool), BodyFault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut taken = Vec::new();
        while limit > 0 && taken.len() <= limit {
            let from = taken.len();
            taken.resize(from + self.next_piece_bytes(), 0);
            let count = self.take(exchange, taken.get_mut(from..).unwrap_or_default()).await?;
            taken.truncate(from + count);
            if count == 0 || self.is_all() {
                self.verify()?;
                return Ok((taken, true));
            }
        }
        Ok((taken, false))
    }

    /// Takes the rest of the body and passes it on, the last piece only once all of it is what the client says.
    async fn pass_on(
        &mut self,
        exchange: &mut Exchange,
        engine: &Engine<Node>,
        copies: &mut Vec<Copy>,
    ) -> Result<(), BodyFault> {
        let mut piece = vec![0; PIECE_BYTES];
        while !self.is_all() && !copies.is_empty() {
            let count = self.take(exchange, &mut piece).await?;
            if count == 0 {
                break;
            }
            if self.is_all() {
                self.verify()?;
            }
            write_to_all(engine, copies, piece.get(..count).unwrap_or_default()).await;
        }
        self.verify()
    }

    async fn take(&mut self, exchange: &mut Exchange, into: &mut [u8]) -> Result<usize, BodyFault> {
        let count = exchange.read_body(into).await.map_err(|error| BodyFault::Broken { reason: error.to_string() })?;
        let piece = into.get(..count).unwrap_or_default();
        self.digesting.update(piece);
        self.checksum.update(piece);
        self.taken_bytes += count as u64;
        Ok(count)
    }

    async fn open(
        &self,
        engine: &Engine<Node>,
        upload: OperationId,
        server: ServerAddress,
        name: &ObjectName,
        terms: UploadTerms,
    ) -> Option<Copy> {
        let target = target_of(name);
        let request = Request::new(Method::Put, &target).header(Notes::DESCRIPTION, &self.description);
        let request = request.head_limit(terms.streamed_patience);
        match engine.own.client.upload(&server, &request, self.declared_bytes).await {
            Ok(to) => Some(Copy { upload, to }),
            Err(error) => {
                engine.feed(ApiInput::Uploaded { upload, outcome: failed(transfer_failure(&error), false) });
                None
            }
        }
    }

    fn conclude(&self, engine: &Engine<Node>, copies: Vec<Copy>) {
        let sent = self.sent();
        for Copy { upload, to } in copies {
            engine.spawn(move |engine| async move {
                let outcome = outcome_of(to.finish().await, sent, false).await;
                engine.feed(ApiInput::Uploaded { upload, outcome });
            });
        }
    }

    fn verify(&self) -> Result<(), BodyFault> {
        self.digesting.verify().map_err(BodyFault::DigestMismatch)
    }

    fn sent(&self) -> Sent {
        Sent { size_bytes: self.taken_bytes, checksum: Checksum::new(*self.checksum.finalize().as_bytes()) }
    }

    /// Whether as much was taken as the client has announced.
    fn is_all(&self) -> bool {
        self.declared_bytes == Some(self.taken_bytes)
    }

    /// How much room the next read gets: no more than is still to come, so that a small body takes little memory.
    fn next_piece_bytes(&self) -> usize {
        let left = self.declared_bytes.map_or(u64::MAX, |declared| declared.saturating_sub(self.taken_bytes));
        usize::try_from(left).unwrap_or(usize::MAX).clamp(1, PIECE_BYTES)
    }
}

/// Writes the piece to all copies at a time; those that fail are told to the machine, and gone.
async fn write_to_all(engine: &Engine<Node>, copies: &mut Vec<Copy>, piece: &[u8]) {
    let written = futures::future::join_all(copies.iter_mut().map(|copy| copy.to.write(piece))).await;
    let mut written = written.into_iter();
    let mut answered = Vec::new();
    copies.retain_mut(|copy| match written.next() {
        Some(Ok(UploadState::Open)) => true,
        Some(Ok(UploadState::Answered)) | None => {
            answered.push(copy.upload);
            false
        }
        Some(Err(error)) => {
            let outcome = failed(transfer_failure(&error), false);
            engine.feed(ApiInput::Uploaded { upload: copy.upload, outcome });
            false
        }
    });
    for upload in answered {
        let failure = TransferFailure::BrokenOff { reason: "it answered before the end of the body".to_owned() };
        engine.feed(ApiInput::Uploaded { upload, outcome: failed(failure, false) });
    }
}

fn all_fault(engine: &Engine<Node>, uploads: impl Iterator<Item = OperationId>, fault: &BodyFault) {
    for upload in uploads {
        engine.feed(ApiInput::Uploaded { upload, outcome: UploadOutcome::BodyFault(fault.clone()) });
    }
}

/// What the server has made of the body. One that has stored something else than was sent has failed.
async fn outcome_of(answered: Result<Response, ClientError>, sent: Sent, resendable: bool) -> UploadOutcome {
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

const fn failed(failure: TransferFailure, resendable: bool) -> UploadOutcome {
    UploadOutcome::Failed { failure, resendable }
}
