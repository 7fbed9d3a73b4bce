//! What goes back to a client about versions.

use std::fmt::Display;

use http_types::StatusCode;
use humantime::Rfc3339Timestamp;
use lode_core::api_server::messages::ApiResponse;
use lode_core::api_server::messages::versions::{VersionHead, VersionResponse};
use lode_core::catalog::listing::{Listed, Page};
use lode_core::catalog::{Bucket, CatalogAnswer, ContentType, Retention, State, Version, VersionRecord};
use lode_core::etag::ETag;
use lode_core::refusal::Refusal;
use lode_core::time::WallTime;
use serde::{Serialize, Serializer};

use crate::http::server::{Exchange, ResponseHead};
use crate::reply::{self, Reply};
use crate::request;

/// Answers the request; what is not about versions in the words of `other`.
pub(super) async fn respond(exchange: Exchange, response: ApiResponse, other: impl Fn(ApiResponse) -> Reply) {
    if let ApiResponse::Version(VersionResponse::Head(head)) = response {
        let answered = request::respond_without_object(exchange, version_head(&head), &head.object.content).await;
        if let Err(error) = answered {
            tracing::debug!(%error, "a client was not there for its answer");
        }
    } else {
        request::respond(exchange, other(response)).await;
    }
}

/// An answer that is about versions, but for heads without bodies.
pub(in super::super) fn reply_of(response: VersionResponse) -> Reply {
    match response {
        VersionResponse::Written { version, checksum, .. } => {
            Reply::stored(Some(checksum)).header("x-lode-version", &version.to_string())
        }
        VersionResponse::Deleted { version } => {
            Reply::empty(StatusCode::NoContent).header("x-lode-version", &version.to_string())
        }
        VersionResponse::Removed => Reply::empty(StatusCode::NoContent),
        VersionResponse::Head(head) => Reply { head: version_head(&head), body: Vec::new() },
        VersionResponse::Catalog(CatalogAnswer::Listed(Some(page))) => Reply::json(StatusCode::Ok, &PageRow::of(&page)),
        VersionResponse::Catalog(CatalogAnswer::Versions(records)) => versions(&records),
        VersionResponse::Catalog(CatalogAnswer::Buckets(buckets)) => Reply::json(StatusCode::Ok, &Buckets::of(buckets)),
        VersionResponse::Catalog(CatalogAnswer::Done) => Reply::empty(StatusCode::NoContent),
        VersionResponse::Catalog(_) => Reply::refusal(&Refusal::NoSuchBucket),
    }
}

/// The head of an answer that is about a version.
pub(super) fn version_head(head: &VersionHead) -> ResponseHead {
    let content_type = head.content_type.as_ref().map_or(reply::OBJECT_TYPE, ContentType::as_str);
    let mut response = reply::object_head(&head.object, content_type)
        .header("x-lode-version", &head.version.to_string())
        .header("last-modified", &http_date(head.written));
    for (name, value) in head.metadata.iter() {
        response = response.header(&format!("x-lode-meta-{name}"), value);
    }
    response
}

/// A page of a listing, written out of what the catalog has told without a copy of it: there may be a thousand rows.
#[derive(Serialize)]
struct PageRow<'a> {
    objects: Vec<ObjectRow<'a>>,
    prefixes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

#[derive(Serialize)]
struct ObjectRow<'a> {
    name: &'a str,
    size: u64,
    version: u64,
    #[serde(serialize_with = "as_text")]
    etag: ETag,
    #[serde(serialize_with = "as_text")]
    modified: Rfc3339Timestamp,
}

impl<'a> PageRow<'a> {
    fn of(page: &'a Page) -> Self {
        let objects = page.objects.iter().map(ObjectRow::from).collect();
        Self { objects, prefixes: &page.prefixes, next: page.next.as_deref() }
    }
}

impl<'a> From<&'a Listed> for ObjectRow<'a> {
    fn from(listed: &'a Listed) -> Self {
        Self {
            name: listed.key.as_str(),
            size: listed.size_bytes,
            version: listed.version.number(),
            etag: ETag::new(listed.checksum),
            modified: timestamp(listed.written),
        }
    }
}

/// All buckets, and what they keep.
#[derive(Serialize)]
struct Buckets {
    buckets: Vec<BucketRow>,
}

#[derive(Serialize)]
struct BucketRow {
    name: String,
    old_versions: OldVersions,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OldVersions {
    Number(u32),
    Word(&'static str),
}

impl Buckets {
    fn of(buckets: Vec<(Bucket, Retention)>) -> Self {
        let row = |(bucket, retention): (Bucket, Retention)| BucketRow {
            name: bucket.to_string(),
            old_versions: match retention {
                Retention::Old(old) => OldVersions::Number(old),
                Retention::Unlimited => OldVersions::Word("unlimited"),
            },
        };
        Self { buckets: buckets.into_iter().map(row).collect() }
    }
}

fn as_text<S: Serializer>(shown: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(shown)
}

/// One line for each version, the latest first: what the book that the seed follows answers, and more.
#[derive(Serialize)]
struct VersionRow {
    version: u64,
    deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(serialize_with = "as_text")]
    modified: Rfc3339Timestamp,
}

fn versions(records: &[VersionRecord]) -> Reply {
    if records.is_empty() {
        return Reply::refusal(&Refusal::NotFound);
    }
    let lines = records.iter().filter_map(|record| serde_json::to_string(&VersionRow::of(record)).ok());
    let text: String = lines.map(|line| line + "\n").collect();
    Reply::text(StatusCode::Ok, "application/x-ndjson", text)
}

impl VersionRow {
    fn of(record: &VersionRecord) -> Self {
        let (version, modified) = (Version::number(record.version), timestamp(record.written));
        match &record.state {
            State::Object(stored) => {
                let (size, hash) = (Some(stored.size_bytes), Some(stored.checksum.to_string()));
                Self { version, deleted: false, size, hash, modified }
            }
            State::Tombstone => Self { version, deleted: true, size: None, hash: None, modified },
        }
    }
}

fn timestamp(time: WallTime) -> Rfc3339Timestamp {
    humantime::format_rfc3339_millis(system_time(time))
}

fn http_date(time: WallTime) -> String {
    httpdate::fmt_http_date(system_time(time))
}

fn system_time(time: WallTime) -> std::time::SystemTime {
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(time.as_millis())
}
