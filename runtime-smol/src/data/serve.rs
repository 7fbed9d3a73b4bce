//! One request to a data server, from its head to the last byte of its answer.

use std::sync::Arc;

use http_types::StatusCode;
use lode_core::data_server::messages::{
    BlobInfo, DataEffect, DataInput, DataOperation, DataResponse, DiskFailure, ReceiveFailure, ReceivedBody,
    SendFailure,
};
use lode_core::inventory::Notes;
use lode_core::inventory::text::held_to_text;
use lode_core::name::ObjectName;
use lode_core::resource::Resource;
use lode_core::resource::data::DataResource;
use lode_core::select::ObjectHead;

use super::node::Node;
use super::receive::{self, Incoming};
use super::{asked, figures, send};
use crate::disk::{self, BlobReader, Written};
use crate::engine::Engine;
use crate::http::server::{Exchange, Handler};
use crate::mailbox::Mailbox;
use crate::reply::{Misunderstood, Reply};
use crate::request::{self, Asked, ObjectMethod};

/// Serves whoever asks one data server.
pub(super) struct Service {
    pub(super) engine: Arc<Engine<Node>>,
}

impl Handler for Service {
    async fn handle(&self, mut exchange: Exchange) {
        let understood = self.understand(&mut exchange).await;
        if let Some((exchange, operation)) = request::for_the_machine(exchange, understood).await {
            self.serve(exchange, operation).await;
        }
    }
}

impl Service {
    async fn understand(&self, exchange: &mut Exchange) -> Result<Asked<DataOperation>, Misunderstood> {
        if let Some(resource) = DataResource::parse(exchange.target().as_bytes())? {
            return asked::operation(exchange, resource).await.map(Asked::Operation);
        }
        match Resource::parse(exchange.target().as_bytes())? {
            Resource::Object(name) => object_operation(exchange, name).map(Asked::Operation),
            page @ (Resource::Healthz | Resource::Readyz | Resource::Metrics) => {
                request::only_get(exchange)?;
                Ok(Asked::Page(self.page(&page)))
            }
            // Who lives and who holds what is the business of API servers.
            Resource::Locate { .. } | Resource::Cluster | Resource::Unknown => Err(Misunderstood::Path),
        }
    }

    fn page(&self, page: &Resource) -> Reply {
        match page {
            Resource::Readyz => {
                let ready = self.engine.driver.look(|machine, _| machine.accepts_writes());
                let reason = "the disk of this data server is full or has failed; its log says which";
                request::readyz((!ready).then_some(reason))
            }
            Resource::Metrics => request::metrics(figures::of(&self.engine)),
            Resource::Healthz
            | Resource::Object(_)
            | Resource::Locate { .. }
            | Resource::Cluster
            | Resource::Unknown => request::healthz(),
        }
    }

    /// Puts the operation before the machine, and does what it wants done until the request is answered.
    async fn serve(&self, exchange: Exchange, operation: DataOperation) {
        let mailbox = self.engine.mailboxes.open();
        self.engine.feed(DataInput::Request { request: mailbox.request(), operation });
        let mut task = RequestTask { engine: &self.engine, mailbox, written: None, opened: None, over: false };
        task.run(exchange).await;
    }
}

/// A request that the machine is working on. If it is dropped before its end, because the client's connection broke or the
/// server stops, the machine is told.
struct RequestTask<'a> {
    engine: &'a Engine<Node>,
    mailbox: Mailbox<DataEffect>,
    written: Option<Written>,
    opened: Option<BlobReader>,
    over: bool,
}

impl RequestTask<'_> {
    async fn run(&mut self, mut exchange: Exchange) {
        while let Some(effect) = self.mailbox.next().await {
            match effect {
                DataEffect::Receive { receive, name, declared_bytes, digests, description, label, .. } => {
                    let incoming = Incoming { name, declared_bytes, digests, notes: Notes { description, label } };
                    let outcome = self.receive(&mut exchange, incoming).await;
                    self.engine.feed(DataInput::Received { receive, outcome });
                }
                DataEffect::Commit { commit, .. } => {
                    let outcome = self.commit().await;
                    self.engine.feed(DataInput::Committed { commit, outcome });
                }
                DataEffect::Discard { .. } => self.written = None,
                DataEffect::Open { open, name, .. } => {
                    let opened = self.engine.own.store.open_blob(&name).await;
                    let outcome = opened.map_err(|error| DiskFailure::from(&error)).map(|reader| {
                        self.opened = reader;
                        self.opened.as_ref().map(|reader| described(reader.info()))
                    });
                    self.engine.feed(DataInput::Opened { open, outcome });
                }
                DataEffect::Send { send, head, head_only, .. } => {
                    let outcome = self.send(exchange, &head, head_only).await;
                    self.over = true;
                    return self.engine.feed(DataInput::Sent { send, outcome });
                }
                DataEffect::Remove { removal, name, .. } => {
                    let outcome = self.engine.own.store.delete(&name).await.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::Removed { removal, outcome });
                }
                DataEffect::Check { check, blobs, .. } => {
                    let checked = self.engine.own.store.check(blobs).await;
                    let outcome = checked.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::Checked { check, outcome });
                }
                DataEffect::List { list, query, .. } => {
                    let listed = self.engine.own.store.inventory(query.after, query.limit).await;
                    let outcome = listed.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::Listed { list, outcome });
                }
                DataEffect::Describe { describe, query, .. } => {
                    let described = self.engine.own.store.full_inventory(query.after, query.limit).await;
                    let outcome = described.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::Described { describe, outcome });
                }
                DataEffect::KeepDraining { keep, draining, .. } => {
                    let kept = self.engine.own.store.keep_draining(draining).await;
                    let outcome = kept.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::DrainingKept { keep, outcome });
                }
                DataEffect::Count { count, .. } => {
                    let outcome = self.engine.own.store.count().await.map_err(|error| DiskFailure::from(&error));
                    self.engine.feed(DataInput::Counted { count, outcome });
                }
                DataEffect::Respond { response, .. } => {
                    self.over = true;
                    return request::respond(exchange, reply_of(response)).await;
                }
                DataEffect::Bus(_)
                | DataEffect::LookUp { .. }
                | DataEffect::FindFiles { .. }
                | DataEffect::ReadPart { .. }
                | DataEffect::KeepScrub { .. }
                | DataEffect::MeasureSpace { .. } => {
                    unreachable!("these belong to no client's connection and are carried out by the node")
                }
            }
        }
    }

    async fn receive(&mut self, exchange: &mut Exchange, incoming: Incoming) -> Result<ReceivedBody, ReceiveFailure> {
        let (written, body) = receive::receive(exchange, &self.engine.own.store, incoming).await?;
        self.written = Some(written);
        Ok(body)
    }

    async fn commit(&mut self) -> Result<(), DiskFailure> {
        match self.written.take() {
            Some(written) => written.commit().await.map(drop).map_err(|error| DiskFailure::from(&error)),
            None => unreachable!("only what was received is committed"),
        }
    }

    async fn send(&mut self, exchange: Exchange, head: &ObjectHead, head_only: bool) -> Result<(), SendFailure> {
        match self.opened.take() {
            Some(blob) => send::send(exchange, blob, head, head_only).await,
            None => unreachable!("only what was opened is sent"),
        }
    }
}

impl Drop for RequestTask<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.engine.feed(DataInput::RequestGone { request: self.mailbox.request() });
        }
    }
}

fn object_operation(exchange: &Exchange, name: ObjectName) -> Result<DataOperation, Misunderstood> {
    match request::object_method(exchange)? {
        ObjectMethod::Put => {
            let (declared_bytes, digests) = (exchange.body_bytes(), request::digests(exchange)?);
            let Notes { description, label } = Notes::from_headers(&name, request::headers(exchange))?;
            Ok(DataOperation::Put { name, declared_bytes, digests, description, label })
        }
        ObjectMethod::Read => Ok(DataOperation::Get { name, selection: request::selection(exchange)? }),
        ObjectMethod::Delete => Ok(DataOperation::Delete { name }),
    }
}

/// What the disk says of a blob, as far as the machine wants to know it.
pub(super) const fn described(info: &disk::BlobInfo) -> BlobInfo {
    BlobInfo { size_bytes: info.size_bytes, checksum: info.checksum }
}

fn reply_of(response: DataResponse) -> Reply {
    match response {
        DataResponse::Stored { checksum, .. } => Reply::stored(Some(checksum)),
        DataResponse::Removed => Reply::empty(StatusCode::NoContent),
        DataResponse::Held(blobs) => asked::text(held_to_text(&blobs)),
        DataResponse::Inventory(page) => asked::text(page.to_text()),
        DataResponse::FullInventory(page) => asked::text(page.to_text()),
        DataResponse::Drain(report) => asked::drain_report(report),
        DataResponse::Scrub { report, at } => asked::scrub_report(&report, at),
        DataResponse::Refused(refusal) => Reply::refusal(&refusal),
    }
}
