//! What goes back to a client, in HTTP: the same words from API servers and from data servers.

use http_types::StatusCode;
use lode_core::catalog::{KeyError, MetadataError};
use lode_core::checksum::Checksum;
use lode_core::conditions::ConditionError;
use lode_core::digest::DigestError;
use lode_core::etag::ETag;
use lode_core::inventory::NotesError;
use lode_core::inventory::text::InventoryTextError;
use lode_core::name::NameError;
use lode_core::refusal::Refusal;
use lode_core::resource::data::DataResourceError;
use lode_core::resource::versions::VersionResourceError;
use lode_core::select::{Content, ObjectHead};
use serde::Serialize;

use crate::http::server::ResponseHead;

/// A whole answer: its head and its body.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) head: ResponseHead,
    pub(crate) body: Vec<u8>,
}

/// A request that was not understood, or asks for what is not served: it never reaches a machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misunderstood {
    #[error("the name of the object cannot be: {0}")]
    Name(#[from] NameError),
    #[error("a condition cannot be read: {0}")]
    Condition(#[from] ConditionError),
    #[error("a digest cannot be read: {0}")]
    Digest(#[from] DigestError),
    #[error("the request cannot be understood: {0}")]
    Versions(#[from] VersionResourceError),
    #[error("what is to be kept beside the object cannot be: {0}")]
    Metadata(#[from] MetadataError),
    #[error("what is said of the blob cannot be: {0}")]
    Notes(#[from] NotesError),
    #[error("the body did not arrive: {reason}")]
    Body { reason: String },
    #[error("the request cannot be understood: {0}")]
    Blobs(#[from] DataResourceError),
    #[error("the body cannot be understood: {0}")]
    BlobsText(#[from] InventoryTextError),
    #[error("a version cannot be put: PUT /objects/KEY writes a new one")]
    PutOfVersion,
    #[error("{method} is not served here; this resource takes {allowed}")]
    Method { method: String, allowed: &'static str },
    #[error(
        "nothing is served under this path; objects are under /objects/NAME, see also /locate/NAME, /cluster, /healthz, /readyz and /metrics, and /versions/KEY and /buckets of an API server with a catalog"
    )]
    Path,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorText<'a>,
}

#[derive(Serialize)]
struct ErrorText<'a> {
    code: &'a str,
    message: &'a str,
}

impl Reply {
    /// An answer without a body.
    pub(crate) const fn empty(status: StatusCode) -> Self {
        Self { head: ResponseHead::new(status), body: Vec::new() }
    }

    /// An answer whose body is JSON.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // What is serialised here are our own structures with text keys, which always can be.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { head: ResponseHead::new(status).header("content-type", "application/json"), body }
    }

    /// An answer whose body is plain text.
    pub(crate) fn text(status: StatusCode, content_type: &str, body: String) -> Self {
        Self { head: ResponseHead::new(status).header("content-type", content_type), body: body.into_bytes() }
    }

    /// An error: a code for programs, a sentence for people.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        Self::json(status, &ErrorBody { error: ErrorText { code, message } })
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head = self.head.header(name, value);
        self
    }

    /// A request that the machine has refused.
    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        let status = status(refusal.status());
        let reply = Self::error(status, refusal.code(), &refusal.to_string());
        match refusal.retry_after() {
            Some(wait) => reply.header("retry-after", &wait.as_secs().max(1).to_string()),
            None => reply,
        }
    }

    /// A request that was not understood.
    pub(crate) fn misunderstood(error: &Misunderstood) -> Self {
        let (status, code) = match error {
            Misunderstood::Name(NameError::TooLong { .. }) => (StatusCode::UriTooLong, "name_too_long"),
            Misunderstood::Name(_) => (StatusCode::BadRequest, "bad_name"),
            Misunderstood::Condition(_) => (StatusCode::BadRequest, "bad_condition"),
            Misunderstood::Digest(_) => (StatusCode::BadRequest, "bad_digest"),
            Misunderstood::Versions(VersionResourceError::Key(KeyError::TooLong { .. })) => {
                (StatusCode::UriTooLong, "name_too_long")
            }
            Misunderstood::Versions(VersionResourceError::Key(_)) => (StatusCode::BadRequest, "bad_name"),
            Misunderstood::Versions(_) => (StatusCode::BadRequest, "bad_target"),
            Misunderstood::Metadata(_) => (StatusCode::BadRequest, "bad_metadata"),
            Misunderstood::Notes(_) => (StatusCode::BadRequest, "bad_notes"),
            Misunderstood::Body { .. } => (StatusCode::BadRequest, "broken_body"),
            Misunderstood::Blobs(_) => (StatusCode::BadRequest, "bad_target"),
            Misunderstood::BlobsText(_) => (StatusCode::BadRequest, "bad_body"),
            Misunderstood::PutOfVersion => (StatusCode::BadRequest, "put_of_version"),
            Misunderstood::Method { .. } => (StatusCode::MethodNotAllowed, "method_not_allowed"),
            Misunderstood::Path => (StatusCode::NotFound, "no_such_path"),
        };
        let reply = Self::error(status, code, &error.to_string());
        match error {
            Misunderstood::Method { allowed, .. } => reply.header("allow", allowed),
            Misunderstood::Name(_)
            | Misunderstood::Condition(_)
            | Misunderstood::Digest(_)
            | Misunderstood::Versions(_)
            | Misunderstood::Metadata(_)
            | Misunderstood::Notes(_)
            | Misunderstood::Body { .. }
            | Misunderstood::Blobs(_)
            | Misunderstood::BlobsText(_)
            | Misunderstood::PutOfVersion
            | Misunderstood::Path => reply,
        }
    }

    /// An object that is durable now.
    pub(crate) fn stored(checksum: Option<Checksum>) -> Self {
        let reply = Self::empty(StatusCode::Ok);
        match checksum {
            Some(checksum) => reply.header("etag", &ETag::new(checksum).to_string()),
            None => reply,
        }
    }
}

/// The content type of an object of which nobody has said another.
pub(crate) const OBJECT_TYPE: &str = "application/octet-stream";

/// The head of an answer that is about an object, whose content is of this type.
pub(crate) fn object_head(head: &ObjectHead, content_type: &str) -> ResponseHead {
    let mut response = ResponseHead::new(status(head.content.status())).header("accept-ranges", "bytes");
    if let Some(etag) = head.etag {
        response = response.header("etag", &etag.to_string());
    }
    if let Some(range) = head.content.content_range() {
        response = response.header("content-range", &range.to_string());
    }
    match head.content {
        Content::Whole { .. } | Content::Part { .. } => response.header("content-type", content_type),
        Content::NotModified | Content::PreconditionFailed | Content::Unsatisfiable { .. } => response,
    }
}

/// The body that explains an answer about an object which has none of the object in it.
pub(crate) fn explanation(content: &Content) -> Vec<u8> {
    let (code, message) = match content {
        Content::Whole { .. } | Content::Part { .. } | Content::NotModified => return Vec::new(),
        Content::PreconditionFailed => {
            ("precondition_failed", "the object is not the one that the request's conditions ask for".to_owned())
        }
        Content::Unsatisfiable { size_bytes } => {
            ("range_not_satisfiable", format!("the object has {size_bytes} bytes and none of those asked for"))
        }
    };
    Reply::error(StatusCode::Ok, code, &message).body
}

fn status(code: u16) -> StatusCode {
    StatusCode::try_from(code).unwrap_or(StatusCode::InternalServerError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_code_sentence_and_when_to_come_back() {
        let reply = Reply::refusal(&Refusal::Busy);
        assert_eq!(reply.head.status(), StatusCode::ServiceUnavailable);
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["error"]["code"], "busy");
        assert!(body["error"]["message"].as_str().unwrap().contains("come back"));
    }

    #[test]
    fn every_status_of_the_core_is_one_of_http() {
        for code in [200, 206, 304, 400, 404, 412, 416, 501, 503, 507] {
            assert_eq!(u16::from(status(code)), code);
        }
    }
}
