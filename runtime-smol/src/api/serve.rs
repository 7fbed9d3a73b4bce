//! One client's request, from its head to the last byte of its answer.

use std::sync::Arc;

use http_types::StatusCode;
use lode_core::api_server::messages::{ApiEffect, ApiInput, ApiOperation, ApiResponse, RelayBody};
use lode_core::id::OperationId;
use lode_core::locate::{Collect, Holder};
use lode_core::name::ObjectName;
use lode_core::resource::Resource;
use lode_core::select::ObjectHead;
use serde::Serialize;

use super::cluster::Cluster;
use super::node::Node;
use super::upload::UploadBody;
use super::{fetch, figures, versions};
use crate::engine::Engine;
use crate::http::client::Response;
use crate::http::server::{Exchange, Handler};
use crate::mailbox::Mailbox;
use crate::reply::{Misunderstood, Reply};
use crate::request::{self, Asked, ObjectMethod};

/// Serves the clients of one API server.
pub(super) struct Service {
    pub(super) engine: Arc<Engine<Node>>,
    pub(super) address: String,
}

impl Handler for Service {
    async fn handle(&self, exchange: Exchange) {
        let understood = self.understand(&exchange).await;
        if let Some((exchange, operation)) = request::for_the_machine(exchange, understood).await {
            self.serve(exchange, operation).await;
        }
    }
}

impl Service {
    async fn understand(&self, exchange: &Exchange) -> Result<Asked<ApiOperation>, Misunderstood> {
        if self.engine.own.catalog.is_some()
            && let Some(operation) = versions::understand(exchange)?
        {
            return Ok(Asked::Operation(operation.into()));
        }
        match Resource::parse(exchange.target().as_bytes())? {
            Resource::Object(name) => object_operation(exchange, name).map(Asked::Operation),
            Resource::Locate { name, all } => {
                request::only_get(exchange)?;
                let collect = if all { Collect::All } else { Collect::First };
                Ok(Asked::Operation(ApiOperation::Locate { name, collect }))
            }
            page @ (Resource::Cluster | Resource::Healthz | Resource::Readyz | Resource::Metrics) => {
                request::only_get(exchange)?;
                Ok(Asked::Page(self.page(&page).await))
            }
            Resource::Unknown => Err(Misunderstood::Path),
        }
    }

    async fn page(&self, page: &Resource) -> Reply {
        let driver = &self.engine.driver;
        match page {
            Resource::Cluster => {
                let catalog = self.engine.own.look_at_catalog().await;
                let cluster = driver.look(|machine, now| Cluster::of(machine, now, self.address.clone(), catalog));
                Reply::json(StatusCode::Ok, &cluster)
            }
            Resource::Readyz => self.readyz().await,
            Resource::Metrics => request::metrics(figures::of(&self.engine)),
            Resource::Healthz | Resource::Object(_) | Resource::Locate { .. } | Resource::Unknown => request::healthz(),
        }
    }

    /// Whether a PUT could succeed now; if not, why.
    async fn readyz(&self) -> Reply {
        let ready = self.engine.driver.look(|machine, _| machine.is_ready());
        if !ready {
            return request::readyz(Some("no data server that takes objects has been heard of; see /cluster"));
        }
        let trouble = self.engine.own.look_at_catalog().await.and_then(|catalog| catalog.trouble);
        let told = trouble.map(|reason| format!("the catalog cannot be used now: {reason}"));
        request::readyz(told.as_deref())
    }

    /// Puts the operation before the machine, and does what it wants done until the client is answered.
    async fn serve(&self, exchange: Exchange, operation: ApiOperation) {
        let operation = match operation {
            ApiOperation::Version(operation) => return versions::serve(&self.engine, exchange, operation).await,
            operation @ (ApiOperation::Put { .. }
            | ApiOperation::Get { .. }
            | ApiOperation::Delete { .. }
            | ApiOperation::Locate { .. }) => operation,
        };
        let upload = match (&operation, request::digests(&exchange)) {
            (ApiOperation::Put { declared_bytes, .. }, Ok(digests)) => Some(UploadBody::new(*declared_bytes, digests)),
            (ApiOperation::Put { .. }, Err(error)) => {
                return request::respond(exchange, Reply::misunderstood(&error)).await;
            }
            (
                ApiOperation::Get { .. }
                | ApiOperation::Delete { .. }
                | ApiOperation::Locate { .. }
                | ApiOperation::Version(_),
                _,
            ) => None,
        };
        let mailbox = self.engine.mailboxes.open();
        let input = ApiInput::Request { request: mailbox.request(), operation };
        self.engine.feed(input);
        let mut task = RequestTask { engine: &self.engine, mailbox, upload, fetched: None, over: false };
        task.run(exchange).await;
    }
}

/// A request that the machine is working on. If it is dropped before its end, because the client's connection broke or the
/// server stops, the machine is told.
struct RequestTask<'a> {
    engine: &'a Engine<Node>,
    mailbox: Mailbox<ApiEffect>,
    upload: Option<UploadBody>,
    fetched: Option<Response>,
    over: bool,
}

impl RequestTask<'_> {
    async fn run(&mut self, mut exchange: Exchange) {
        while let Some(effect) = self.mailbox.next().await {
            match effect {
                ApiEffect::Upload { upload, server, name, terms, .. } => {
                    let Some(body) = &mut self.upload else { return };
                    let outcome = body.send(&mut exchange, &self.engine.own.client, &server, &name, terms).await;
                    self.engine.feed(ApiInput::Uploaded { upload, outcome });
                }
                ApiEffect::Fetch { fetch, server, name, head_only, patience, .. } => {
                    let client = &self.engine.own.client;
                    let (outcome, response) =
                        fetch::fetch(&exchange, client, &server, &name, head_only, patience).await;
                    self.fetched = response;
                    self.engine.feed(ApiInput::Fetched { fetch, outcome });
                }
                ApiEffect::Relay { relay, head, body, .. } => return self.relay(exchange, relay, &head, body).await,
                ApiEffect::Respond { response, .. } => {
                    self.over = true;
                    return request::respond(exchange, reply_of(response)).await;
                }
                ApiEffect::Bus(_)
                | ApiEffect::AskDirectly { .. }
                | ApiEffect::Remove { .. }
                | ApiEffect::Upkeep(_)
                | ApiEffect::Version(_) => {
                    unreachable!("these belong to other requests, or to no client's connection")
                }
            }
        }
    }

    async fn relay(&mut self, exchange: Exchange, relay: OperationId, head: &ObjectHead, body: RelayBody) {
        let outcome = fetch::relay(exchange, self.fetched.take(), head, body).await;
        if let Err(failure) = &outcome {
            tracing::debug!(?failure, "an object was not passed on whole");
        }
        self.over = true;
        self.engine.feed(ApiInput::Relayed { relay, outcome });
    }
}

impl Drop for RequestTask<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.engine.feed(ApiInput::RequestGone { request: self.mailbox.request() });
        }
    }
}

fn object_operation(exchange: &Exchange, name: ObjectName) -> Result<ApiOperation, Misunderstood> {
    match request::object_method(exchange)? {
        ObjectMethod::Put => Ok(ApiOperation::Put { name, declared_bytes: exchange.body_bytes() }),
        ObjectMethod::Read => Ok(ApiOperation::Get { name, selection: request::selection(exchange)? }),
        ObjectMethod::Delete => Ok(ApiOperation::Delete { name }),
    }
}

/// The answer, but for one that has a body of an object.
pub(super) fn reply_of(response: ApiResponse) -> Reply {
    match response {
        ApiResponse::Stored { checksum, .. } => Reply::stored(checksum),
        ApiResponse::Removed => Reply::empty(StatusCode::NoContent),
        // The seed's reply, to the byte: a JSON string without a newline (SEED-WIRE.md §3).
        ApiResponse::Located(server) => Reply::json(StatusCode::Ok, &server.as_str()),
        ApiResponse::AllLocated { holders, unanswered } => {
            let rows: Vec<_> = holders.into_iter().map(HolderRow::from).collect();
            let reply = Reply::json(StatusCode::Ok, &rows);
            let unanswered: Vec<_> = unanswered.iter().map(ToString::to_string).collect();
            if unanswered.is_empty() { reply } else { reply.header("lode-unanswered", &unanswered.join(", ")) }
        }
        ApiResponse::Version(response) => versions::reply_of(response),
        ApiResponse::Refused(refusal) => Reply::refusal(&refusal),
    }
}

/// One holder in the answer to `GET /locate/<name>?all=1`.
#[derive(Debug, Serialize)]
struct HolderRow {
    address: String,
    size_bytes: Option<u64>,
    checksum: Option<String>,
}

impl From<Holder> for HolderRow {
    fn from(holder: Holder) -> Self {
        Self {
            address: holder.address.to_string(),
            size_bytes: holder.size_bytes,
            checksum: holder.checksum.map(|checksum| checksum.to_string()),
        }
    }
}
