//! Carrying a client's body to a data server: held whole while it is small, so that it can go elsewhere; passed on as it
//! comes when it is not.

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::UploadTerms;
use lode_core::digest::RequestedDigests;
use lode_core::name::ObjectName;
use lode_core::transfer::{BodyFault, TransferFailure, UploadOutcome};

use super::ask::{finish, target_of};
use super::failure::{etag_of, failure_of_status, transfer_failure};
use crate::digesting::Digesting;
use crate::http::body::BodyError;
use crate::http::client::{ClientError, HttpClient, Request, Response, Upload, UploadState};
use crate::http::server::Exchange;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// The body of one PUT, as far as it was taken from the client.
#[derive(Debug)]
pub(super) struct UploadBody {
    declared_bytes: Option<u64>,
    held: Vec<u8>,
    taken_bytes: u64,
    digesting: Digesting,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// All that was taken is held.
    Held,
    /// All there is was taken, and is held.
    HeldWhole,
    /// Some of it is gone.
    Streaming,
}

/// How a body being passed on came to an end before its end.
enum Broken {
    Server(TransferFailure),
    Client(BodyFault),
    Answered,
}

impl UploadBody {
    pub(super) fn new(declared_bytes: Option<u64>, digests: RequestedDigests) -> Self {
        Self {
            declared_bytes,
            held: Vec::new(),
            taken_bytes: 0,
            digesting: Digesting::new(digests),
            progress: Progress::Held,
        }
    }

    /// Sends the body to the server, from its beginning.
    pub(super) async fn send(
        &mut self,
        exchange: &mut Exchange,
        client: &HttpClient,
        server: &ServerAddress,
        name: &ObjectName,
        terms: UploadTerms,
    ) -> UploadOutcome {
        if let Err(fault) = self.hold(exchange, terms.hold_up_to_bytes).await {
            return UploadOutcome::BodyFault(fault);
        }
        let target = target_of(name);
        let request = Request::new(Method::Put, &target);
        match self.progress {
            Progress::HeldWhole => {
                let request = request.body(&self.held).head_limit(terms.held_patience);
                self.conclude(client.send(server, &request).await).await
            }
            Progress::Held => self.stream(exchange, client, server, request.head_limit(terms.streamed_patience)).await,
            Progress::Streaming => self.failed(TransferFailure::BrokenOff { reason: "the body is gone".to_owned() }),
        }
    }

    /// Takes the body from the client until it is whole, or longer than what is to be held.
    async fn hold(&mut self, exchange: &mut Exchange, hold_up_to_bytes: u64) -> Result<(), BodyFault> {
        let limit = usize::try_from(hold_up_to_bytes).unwrap_or(usize::MAX);
        while self.progress == Progress::Held && limit > 0 && self.held.len() <= limit {
            let from = self.held.len();
            self.held.resize(from + self.next_piece_bytes(), 0);
            let taken = match self.held.get_mut(from..) {
                Some(room) => exchange.read_body(room).await,
                None => Ok(0),
            };
            let count = *taken.as_ref().unwrap_or(&0);
            self.held.truncate(from + count);
            taken.map_err(|error| broken(&error))?;
            self.take_note(from, count);
            if count == 0 || self.is_all() {
                self.progress = Progress::HeldWhole;
                self.digesting.verify().map_err(BodyFault::DigestMismatch)?;
            }
        }
        Ok(())
    }

    fn take_note(&mut self, from: usize, count: usize) {
        self.digesting.update(self.held.get(from..from + count).unwrap_or_default());
        self.taken_bytes += count as u64;
    }

    async fn stream(
        &mut self,
        exchange: &mut Exchange,
        client: &HttpClient,
        server: &ServerAddress,
        request: Request<'_>,
    ) -> UploadOutcome {
        let mut upload = match client.upload(server, &request, self.declared_bytes).await {
            Ok(upload) => upload,
            Err(error) => return self.failed(transfer_failure(&error)),
        };
        match self.pass_on(exchange, &mut upload).await {
            Ok(()) | Err(Broken::Answered) => self.conclude(upload.finish().await).await,
            Err(Broken::Server(failure)) => self.failed(failure),
            Err(Broken::Client(fault)) => UploadOutcome::BodyFault(fault),
        }
    }

    async fn pass_on(&mut self, exchange: &mut Exchange, upload: &mut Upload) -> Result<(), Broken> {
        let held = std::mem::take(&mut self.held);
        let written = write(upload, &held).await;
        if written.is_err() {
            // Nothing but what is held was taken so far: it can still go elsewhere.
            self.held = held;
            return written;
        }
        drop(held);
        let mut piece = vec![0; PIECE_BYTES];
        while !self.is_all() {
            let count = exchange.read_body(&mut piece).await.map_err(|error| Broken::Client(broken(&error)))?;
            if count == 0 {
                break;
            }
            self.progress = Progress::Streaming;
            let piece = piece.get(..count).unwrap_or_default();
            self.digesting.update(piece);
            self.taken_bytes += count as u64;
            // A body that is not what the client says must not become whole on the other side.
            if self.is_all() {
                self.verify()?;
            }
            write(upload, piece).await?;
        }
        self.verify()
    }

    fn verify(&self) -> Result<(), Broken> {
        self.digesting.verify().map_err(|mismatch| Broken::Client(BodyFault::DigestMismatch(mismatch)))
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

    async fn conclude(&self, answered: Result<Response, ClientError>) -> UploadOutcome {
        let response = match answered {
            Ok(response) => response,
            Err(error) => return self.failed(transfer_failure(&error)),
        };
        let status = response.status();
        let checksum = etag_of(&response).map(|etag| etag.checksum());
        finish(response).await;
        // The seed promises exactly 200, and so do we (SEED-WIRE.md §3).
        if status == 200 {
            UploadOutcome::Stored { size_bytes: self.taken_bytes, checksum }
        } else {
            self.failed(failure_of_status(status))
        }
    }

    fn failed(&self, failure: TransferFailure) -> UploadOutcome {
        UploadOutcome::Failed { failure, resendable: self.progress != Progress::Streaming }
    }
}

async fn write(upload: &mut Upload, piece: &[u8]) -> Result<(), Broken> {
    match upload.write(piece).await {
        Ok(UploadState::Open) => Ok(()),
        Ok(UploadState::Answered) => Err(Broken::Answered),
        Err(error) => Err(Broken::Server(transfer_failure(&error))),
    }
}

fn broken(error: &BodyError) -> BodyFault {
    BodyFault::Broken { reason: error.to_string() }
}
