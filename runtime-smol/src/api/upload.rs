//! Carrying a client's body to a data server: held whole while it is small, so that it can go elsewhere; passed on as it
//! comes when it is not.

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::api_server::messages::UploadTerms;
use lode_core::digest::RequestedDigests;
use lode_core::name::ObjectName;
use lode_core::transfer::{BodyFault, TransferFailure, UploadOutcome};

use super::ask::{finish, target_of};
use super::client_body::{ClientBody, PIECE_BYTES};
use super::failure::{etag_of, failure_of_status, transfer_failure};
use crate::http::client::{ClientError, HttpClient, Request, Response, Upload, UploadState};
use crate::http::server::Exchange;

/// The body of one PUT, and what is held of it.
#[derive(Debug)]
pub(super) struct UploadBody {
    body: ClientBody,
    held: Vec<u8>,
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
        Self { body: ClientBody::new(declared_bytes, digests), held: Vec::new(), progress: Progress::Held }
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

    async fn hold(&mut self, exchange: &mut Exchange, limit_bytes: u64) -> Result<(), BodyFault> {
        if self.progress == Progress::Held && self.body.hold(exchange, &mut self.held, limit_bytes).await? {
            self.progress = Progress::HeldWhole;
        }
        Ok(())
    }

    async fn stream(
        &mut self,
        exchange: &mut Exchange,
        client: &HttpClient,
        server: &ServerAddress,
        request: Request<'_>,
    ) -> UploadOutcome {
        let mut upload = match client.upload(server, &request, self.body.declared_bytes()).await {
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
        while !self.body.is_all() {
            let count = self.body.take(exchange, &mut piece).await.map_err(Broken::Client)?;
            if count == 0 {
                break;
            }
            self.progress = Progress::Streaming;
            if self.body.is_all() {
                self.body.verify().map_err(Broken::Client)?;
            }
            write(upload, piece.get(..count).unwrap_or_default()).await?;
        }
        self.body.verify().map_err(Broken::Client)
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
            UploadOutcome::Stored { size_bytes: self.body.taken_bytes(), checksum }
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
