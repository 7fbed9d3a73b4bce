//! Requests about versions: what `runtime-smol/src/api/versions.rs` and the files below it do.

mod fetch;

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::api_server::messages::versions::{
    BrokenRelay, NewVersion, VersionEffect, VersionInput, VersionOperation, VersionResponse,
};
use lode_core::api_server::messages::{ApiInput, ApiOperation, RelayFailure, UploadTerms};
use lode_core::catalog::listing::ListQuery;
use lode_core::catalog::{BlobId, Bucket, CatalogRequest, Key, Metadata, ObjectPath, Version};
use lode_core::conditions::Conditions;
use lode_core::etag::ETag;
use lode_core::id::{OperationId, RequestId};
use lode_core::select::Content;

use super::Upload;
use crate::coverage::Point;
use crate::history::{ContentId, NameId, Required};
use crate::node::Node;
use crate::plan::BodyFlaw;
use crate::world::World;
use crate::world::exchange::{Answer, AnswerBody, Ask, Owner, Party, PutBody, VersionedAsk};

/// How many versions are told of at a time, as in `runtime-smol/src/api/versions/understand.rs`.
const VERSIONS_LIMIT: usize = 1000;

/// What serves a request about versions, beside what serves any.
#[derive(Debug, Default)]
pub(super) struct VersionedTask {
    /// The first and the last position that a data server was asked for.
    wanted: Option<(u64, u64)>,
    /// What the client has got of the body so far.
    got: Option<AnswerBody>,
    /// The answer, while the rest of the client's body is still being passed on to whoever takes it.
    held_back: Option<Answer>,
}

/// What is told of a relay: requests about versions have an input of their own.
pub(super) fn relayed(relay: OperationId, outcome: Result<(), RelayFailure>, is_versioned: bool) -> ApiInput {
    if is_versioned {
        let outcome = outcome.map_err(|failure| BrokenRelay { failure, passed_on_bytes: 0 });
        VersionInput::Relayed { relay, outcome }.into()
    } else {
        ApiInput::Relayed { relay, outcome }
    }
}

impl World<'_> {
    pub(super) fn carry_out_version(&mut self, asker: Party, effect: VersionEffect) {
        match effect {
            VersionEffect::AskCatalog { ask, what } => self.ask_catalog(asker, ask, what),
            // What a copy says of itself goes with it, and nobody here asks for it.
            VersionEffect::UploadCopies { request, copies, blob, description: _, quorum: _, terms } => {
                self.begin_copies(asker, request, copies, blob, terms);
            }
            VersionEffect::StoreMarker { copies, blob, description: _, patience } => {
                self.store_markers(asker, copies, blob, patience);
            }
            VersionEffect::Fetch { fetch, request, server, blob, first, length_bytes, checksum, patience } => {
                let (target, name) = (self.owner_of(&server), self.blob_id(blob));
                let wanted = fetch::Wanted { name, first, last: first + length_bytes - 1, checksum, patience };
                self.fetch_version(asker, target, request, fetch, &wanted);
            }
            VersionEffect::Relay { relay, request, head } => self.relay_version(asker, request, relay, head),
            VersionEffect::BreakOff { request } => {
                let Some(client) = self.task(asker.node, request).map(|task| task.client) else { return };
                self.hit(Point::VersionBrokenOff);
                self.forget_task(asker.node, request);
                self.break_later(client, "no data server can send the rest");
            }
        }
    }

    /// One body goes to several data servers: once it is held whole, or as it comes.
    fn begin_copies(
        &mut self,
        asker: Party,
        request: RequestId,
        copies: Vec<(OperationId, ServerAddress)>,
        blob: BlobId,
        terms: UploadTerms,
    ) {
        let name = self.blob_id(blob);
        let Some(body) = self.task(asker.node, request).and_then(|task| task.body) else { return };
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.blobs.push((name, body.body.content));
        }
        for (upload, server) in copies {
            let target = self.owner_of(&server);
            self.begin_upload(asker, request, Upload { upload, target, name, terms });
        }
        // What is passed on as it comes is gone as soon as that begins.
        let is_held = terms.hold_up_to_bytes > 0 && body.body.size_bytes <= terms.hold_up_to_bytes;
        if let Some(body) = self.task(asker.node, request).and_then(|task| task.body.as_mut()) {
            body.gone |= !is_held;
        }
    }

    /// A blob without content goes to several data servers.
    fn store_markers(
        &mut self,
        asker: Party,
        copies: Vec<(OperationId, ServerAddress)>,
        blob: BlobId,
        patience: Duration,
    ) {
        let name = self.blob_id(blob);
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.blobs.push((name, ContentId::NOTHING));
        }
        let (content, flaw) = (ContentId::NOTHING, BodyFlaw::None);
        let body = PutBody { content, size_bytes: 0, declared: true, flaw, whole: true };
        for (upload, server) in copies {
            let target = self.owner_of(&server);
            let ask = Ask::Put { name, body, only_if: None };
            self.open_exchange(asker, target, ask, Owner::Marker(upload), Some(patience));
        }
    }

    /// What a client wants stored, as the machine is asked for it.
    pub(super) fn put_of_version(&self, name: NameId, body: &PutBody, only_if: Option<Required>) -> ApiOperation {
        let new = NewVersion {
            path: self.object_path(name),
            declared_bytes: body.declared.then_some(body.size_bytes),
            conditions: conditions_of(only_if),
            content_type: None,
            metadata: Metadata::default(),
        };
        VersionOperation::Put(new).into()
    }

    pub(super) fn version_operation(&self, asked: VersionedAsk) -> ApiOperation {
        let operation = match asked {
            VersionedAsk::Get { name, selection, version } => {
                let version = version.and_then(Version::new);
                VersionOperation::Get { path: self.object_path(name), version, selection }
            }
            VersionedAsk::Delete { name, only_if } => {
                VersionOperation::Delete { path: self.object_path(name), conditions: conditions_of(only_if) }
            }
            VersionedAsk::Remove { name, version } => {
                let version = Version::new(version).unwrap_or(Version::FIRST);
                VersionOperation::Remove { path: self.object_path(name), version }
            }
            VersionedAsk::Versions { name } => {
                let (path, before, limit) = (self.object_path(name), None, VERSIONS_LIMIT);
                VersionOperation::AskCatalog(CatalogRequest::Versions { path, before, limit })
            }
            VersionedAsk::List { behind, limit } => VersionOperation::AskCatalog(CatalogRequest::List(ListQuery {
                bucket: Bucket::objects(),
                prefix: String::new(),
                delimiter: None,
                after: behind.map(|name| self.object_name(name).as_str().to_owned()),
                limit: usize::from(limit),
            })),
        };
        operation.into()
    }

    fn object_path(&self, name: NameId) -> ObjectPath {
        match self.object_name(name).as_str().parse::<Key>() {
            Ok(key) => ObjectPath { bucket: Bucket::objects(), key },
            Err(_) => unreachable!("the name of an object is a key"),
        }
    }

    pub(super) fn respond_version(&mut self, node: Node, request: RequestId, response: VersionResponse) {
        let answer = match response {
            VersionResponse::Written { version, checksum, .. } => {
                let content = crate::world::content_of(checksum);
                Answer::Stored { content, version: Some(version.number()) }
            }
            VersionResponse::Deleted { version } => Answer::Deleted { version: version.number() },
            VersionResponse::Removed => Answer::Removed,
            VersionResponse::Head(head) => {
                let empty = AnswerBody { content: None, first: 0, length_bytes: 0, breaks: false };
                let content = head.object.etag.and_then(|etag| crate::world::content_of(etag.checksum()));
                // A GET of an object without a byte has a body, and nothing has to be fetched for it.
                let has_body =
                    head.object.content == Content::Whole { size_bytes: Some(0) } && !self.is_head(node, request);
                let body = has_body.then_some(AnswerBody { content, ..empty });
                Answer::Object { head: head.object, body, version: Some(head.version.number()) }
            }
            VersionResponse::Catalog(answer) => Answer::Catalogued(answer),
        };
        self.end_request(node, request, answer);
    }

    /// The request is answered; but while the rest of a body is still being passed on, only when that is over.
    pub(super) fn end_request(&mut self, node: Node, request: RequestId, answer: Answer) {
        let Some(task) = self.task(node, request) else { return };
        let is_sending = !task.uploads.is_empty() || !task.waiting.is_empty();
        let is_passing_on = task.body.is_some_and(|body| body.end.is_none()) && is_sending;
        if let Some(versioned) = task.versioned.as_mut().filter(|_| is_passing_on) {
            versioned.held_back = Some(answer);
            return;
        }
        let client = task.client;
        self.forget_task(node, request);
        let body = match &answer {
            Answer::Object { body, .. } => *body,
            Answer::Stored { .. }
            | Answer::Removed
            | Answer::Deleted { .. }
            | Answer::Located(..)
            | Answer::Refused(_)
            | Answer::Status(_)
            | Answer::Catalogued(_) => None,
        };
        self.answer(client, answer);
        if let Some(body) = body {
            self.pass_body(client, body, Duration::ZERO);
        }
    }

    /// An answer that was held back is given once nothing of the body is being passed on any more.
    pub(super) fn end_held_back_request(&mut self, node: Node, request: RequestId) {
        let held_back = self.task(node, request).and_then(|task| task.versioned.as_mut()?.held_back.take());
        if let Some(answer) = held_back {
            self.hit(Point::AnswerHeldBack);
            self.end_request(node, request, answer);
        }
    }
}

fn conditions_of(required: Option<Required>) -> Conditions {
    let tag = |content| ETag::new(crate::world::checksum_of(content)).to_string();
    let header = required.map(|required| match required {
        Required::Absent => ("if-none-match", "*".to_owned()),
        Required::Present => ("if-match", "*".to_owned()),
        Required::Content(content) => ("if-match", tag(content.unwrap_or(ContentId(u32::MAX)))),
    });
    let headers = header.as_ref().map(|(name, value)| (*name, value.as_str()));
    match Conditions::from_headers(headers) {
        Ok(conditions) => conditions,
        Err(_) => unreachable!("a tag of ours can be read"),
    }
}
