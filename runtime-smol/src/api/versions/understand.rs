//! What a request about versions asks for.

use lode_core::api_server::messages::versions::{NewVersion, VersionOperation};
use lode_core::catalog::{CatalogRequest, ContentType, Metadata, ObjectPath, Version};
use lode_core::conditions::Conditions;
use lode_core::locate::Collect;
use lode_core::resource::versions::{VersionResource, VersionResourceError};

use crate::http::server::Exchange;
use crate::reply::Misunderstood;
use crate::request::{self, ObjectMethod};

/// What precedes the name of a header that is kept beside the object.
const METADATA_PREFIX: &str = "x-lode-meta-";

/// How many versions are told of at a time.
const VERSIONS_LIMIT: usize = 1000;

/// What the request asks for, if it is about objects or versions.
///
/// # Errors
/// If it is, and cannot be understood.
pub(in super::super) fn understand(exchange: &Exchange) -> Result<Option<VersionOperation>, Misunderstood> {
    match VersionResource::parse(exchange.target().as_bytes())? {
        None => Ok(None),
        Some(VersionResource::Object { path, version }) => object(exchange, path, version).map(Some),
        Some(VersionResource::Locate { path, all }) => {
            request::only_get(exchange)?;
            let collect = if all { Collect::All } else { Collect::First };
            Ok(Some(VersionOperation::Locate { path, collect }))
        }
        Some(VersionResource::Versions { path }) => {
            request::only_get(exchange)?;
            let what = CatalogRequest::Versions { path, before: None, limit: VERSIONS_LIMIT };
            Ok(Some(VersionOperation::AskCatalog(what)))
        }
        Some(VersionResource::List(query)) => {
            request::only_get(exchange)?;
            Ok(Some(VersionOperation::AskCatalog(CatalogRequest::List(query))))
        }
        Some(VersionResource::Buckets) => {
            request::only_get(exchange)?;
            Ok(Some(VersionOperation::AskCatalog(CatalogRequest::Buckets)))
        }
        Some(VersionResource::Bucket { bucket, retention }) => {
            request::only_put(exchange)?;
            // A body would say something that nobody reads.
            let retention = retention.filter(|_| exchange.body_bytes() == Some(0));
            let retention = retention.ok_or(VersionResourceError::OldVersions)?;
            Ok(Some(VersionOperation::SetBucket { bucket, retention }))
        }
    }
}

fn object(exchange: &Exchange, path: ObjectPath, version: Option<Version>) -> Result<VersionOperation, Misunderstood> {
    match (request::object_method(exchange)?, version) {
        (ObjectMethod::Read, version) => {
            Ok(VersionOperation::Get { path, version, selection: request::selection(exchange)? })
        }
        (ObjectMethod::Put, None) => new_version(exchange, path).map(VersionOperation::Put),
        (ObjectMethod::Put, Some(_)) => Err(Misunderstood::PutOfVersion),
        (ObjectMethod::Delete, None) => {
            let conditions = Conditions::from_headers(request::headers(exchange))?;
            Ok(VersionOperation::Delete { path, conditions })
        }
        (ObjectMethod::Delete, Some(version)) => Ok(VersionOperation::Remove { path, version }),
    }
}

fn new_version(exchange: &Exchange, path: ObjectPath) -> Result<NewVersion, Misunderstood> {
    let mut metadata = Metadata::default();
    for (name, value) in request::headers(exchange) {
        if let Some(name) = name.strip_prefix(METADATA_PREFIX) {
            metadata.insert(name, value)?;
        }
    }
    let content_type = exchange.header("content-type").map(str::parse::<ContentType>).transpose()?;
    let conditions = Conditions::from_headers(request::headers(exchange))?;
    Ok(NewVersion { path, declared_bytes: exchange.body_bytes(), conditions, content_type, metadata })
}
