//! Short texts for what goes on about versions, and between API servers and the catalog.

use lode_core::api_server::messages::versions::{
    NewVersion, VersionEffect, VersionInput, VersionOperation, VersionResponse,
};
use lode_core::catalog::{CatalogAnswer, CatalogFailure, CatalogRequest, Fate, State, VersionRecord};

use super::head;
use crate::world::content_of;
use crate::world::exchange::VersionedAsk;

pub(super) fn ask(ask: &VersionedAsk) -> String {
    let of = |version: &Option<u64>| version.map(|version| format!("?version={version}")).unwrap_or_default();
    match ask {
        VersionedAsk::Get { name, selection, version } => {
            let verb = if selection.head_only { "HEAD" } else { "GET" };
            let range = selection.range.map(|range| format!(" ({range})")).unwrap_or_default();
            format!("{verb} o{}{}{range}", name.0, of(version))
        }
        VersionedAsk::Delete { name, only_if: None } => format!("DELETE o{}", name.0),
        VersionedAsk::Delete { name, only_if: Some(required) } => format!("DELETE o{} if {required}", name.0),
        VersionedAsk::Remove { name, version } => format!("DELETE o{}?version={version}", name.0),
        VersionedAsk::Versions { name } => format!("versions of o{}", name.0),
        VersionedAsk::List { behind: None, limit } => format!("list {limit}"),
        VersionedAsk::List { behind: Some(name), limit } => format!("list {limit} behind o{}", name.0),
    }
}

pub(crate) fn catalog_request(request: &CatalogRequest) -> String {
    match request {
        CatalogRequest::Commit(commit) => {
            let holders: Vec<_> = commit.holders.iter().map(ToString::to_string).collect();
            format!("commit {} as {}, on {}", commit.path.key, state(&commit.state), holders.join(", "))
        }
        CatalogRequest::RemoveVersion { path, version } => format!("remove version {version} of {}", path.key),
        CatalogRequest::Read { path, version: None } => format!("read {}", path.key),
        CatalogRequest::Read { path, version: Some(version) } => format!("read version {version} of {}", path.key),
        CatalogRequest::Versions { path, .. } => format!("versions of {}", path.key),
        CatalogRequest::List(query) => format!("list {}", query.limit),
        CatalogRequest::Settle { .. } => "settle".to_owned(),
        CatalogRequest::Register { .. } => "register".to_owned(),
        CatalogRequest::Retire { .. } => "retire a copy".to_owned(),
        CatalogRequest::ForgetGarbage { .. } => "forget garbage".to_owned(),
        CatalogRequest::Restore { .. } => "restore".to_owned(),
        CatalogRequest::NoteHolders { held, gone, .. } => format!("note {} held, {} gone", held.len(), gone.len()),
        CatalogRequest::Blobs { .. } => "blobs".to_owned(),
        CatalogRequest::Garbage { .. } => "garbage".to_owned(),
        CatalogRequest::NoteRemoved { .. } => "note removed".to_owned(),
        CatalogRequest::ClaimRepair { .. } => "claim a repair".to_owned(),
        CatalogRequest::ReleaseRepair { .. } => "release a repair".to_owned(),
        CatalogRequest::SetBucket { .. } => "set the bucket".to_owned(),
        CatalogRequest::Buckets => "buckets".to_owned(),
    }
}

pub(crate) fn catalog_outcome(outcome: &Result<CatalogAnswer, CatalogFailure>) -> String {
    match outcome {
        Ok(answer) => catalog_answer(answer),
        Err(CatalogFailure::Unavailable { reason }) => format!("unavailable: {reason}"),
        Err(CatalogFailure::Unknown { reason }) => format!("outcome unknown: {reason}"),
    }
}

pub(super) fn catalog_answer(answer: &CatalogAnswer) -> String {
    match answer {
        CatalogAnswer::Written(written) => format!("written, version {}", written.version),
        CatalogAnswer::PreconditionFailed => "precondition failed".to_owned(),
        CatalogAnswer::NothingToDelete => "nothing to delete".to_owned(),
        CatalogAnswer::Condemned => "condemned".to_owned(),
        CatalogAnswer::NoSuchBucket => "no such bucket".to_owned(),
        CatalogAnswer::Removed(Some(_)) => "removed".to_owned(),
        CatalogAnswer::Removed(None) => "no such version".to_owned(),
        CatalogAnswer::Found(Some(found)) => format!("found {}", record(&found.record)),
        CatalogAnswer::Found(None) => "none".to_owned(),
        CatalogAnswer::Versions(records) => {
            format!("versions {}", records.iter().map(record).collect::<Vec<_>>().join("; "))
        }
        CatalogAnswer::Listed(None) => "no such bucket".to_owned(),
        CatalogAnswer::Listed(Some(page)) => {
            let keys: Vec<_> = page.objects.iter().map(|listed| listed.key.as_str()).collect();
            format!("listed {}{}", keys.join(", "), if page.next.is_some() { ", and more" } else { "" })
        }
        CatalogAnswer::Settled(fates) => match fates.first() {
            Some((_, Fate::Kept(version))) => format!("settled: version {version}"),
            Some((_, Fate::Gone(version))) => format!("settled: was version {version}"),
            Some((_, Fate::Condemned)) | None => "settled: condemned".to_owned(),
        },
        CatalogAnswer::Blobs(blobs) => format!("{} blobs", blobs.len()),
        CatalogAnswer::Garbage(garbage) => format!("{} blobs of garbage", garbage.len()),
        CatalogAnswer::Claimed(granted) => format!("claimed: {granted}"),
        CatalogAnswer::Uploaders(uploaders) => format!("{} uploaders", uploaders.len()),
        CatalogAnswer::Forgotten(forgotten) => format!("forgotten: {forgotten}"),
        CatalogAnswer::Retired(granted) => format!("retired: {granted}"),
        CatalogAnswer::Buckets(buckets) => format!("{} buckets", buckets.len()),
        CatalogAnswer::Done => "done".to_owned(),
    }
}

fn record(record: &VersionRecord) -> String {
    format!("version {}: {}", record.version, state(&record.state))
}

fn state(state: &State) -> String {
    match state {
        State::Object(stored) => match content_of(stored.checksum) {
            Some(content) => format!("content {}", content.0),
            None => "no content".to_owned(),
        },
        State::Tombstone => "tombstone".to_owned(),
    }
}

pub(super) fn input(input: &VersionInput) -> String {
    match input {
        VersionInput::Catalogued { outcome, .. } => format!("catalog: {}", catalog_outcome(outcome)),
        VersionInput::Relayed { outcome: Ok(()), .. } => "relayed".to_owned(),
        VersionInput::Relayed { outcome: Err(broken), .. } => {
            format!("relay broke after {} bytes: {:?}", broken.passed_on_bytes, broken.failure)
        }
    }
}

pub(super) fn operation(operation: &VersionOperation) -> String {
    match operation {
        VersionOperation::Put(NewVersion { path, declared_bytes: Some(bytes), .. }) => {
            format!("PUT {} ({bytes} bytes)", path.key)
        }
        VersionOperation::Put(NewVersion { path, declared_bytes: None, .. }) => format!("PUT {}", path.key),
        VersionOperation::Get { path, version, selection } => {
            let verb = if selection.head_only { "HEAD" } else { "GET" };
            let version = version.map(|version| format!("?version={version}")).unwrap_or_default();
            format!("{verb} {}{version}", path.key)
        }
        VersionOperation::Delete { path, .. } => format!("DELETE {}", path.key),
        VersionOperation::Remove { path, version } => format!("DELETE {}?version={version}", path.key),
        VersionOperation::Locate { path, .. } => format!("locate {}", path.key),
        VersionOperation::SetBucket { bucket, .. } => format!("set bucket {bucket}"),
        VersionOperation::AskCatalog(what) => catalog_request(what),
    }
}

pub(super) fn effect(effect: &VersionEffect) -> String {
    match effect {
        VersionEffect::AskCatalog { what, .. } => format!("ask the catalog: {}", catalog_request(what)),
        VersionEffect::UploadCopies { copies, blob, .. } => {
            let servers: Vec<_> = copies.iter().map(|(_, server)| server.to_string()).collect();
            format!("upload {} to {}", blob.name(), servers.join(", "))
        }
        VersionEffect::StoreMarker { copies, blob, .. } => {
            let servers: Vec<_> = copies.iter().map(|(_, server)| server.to_string()).collect();
            format!("store the tombstone {} on {}", blob.name(), servers.join(", "))
        }
        VersionEffect::Fetch { server, first, length_bytes, .. } => {
            format!("fetch {length_bytes} bytes from {first} on from {server}")
        }
        VersionEffect::Relay { head: Some(described), .. } => {
            format!("relay {}, version {}", head(&described.object), described.version)
        }
        VersionEffect::Relay { head: None, .. } => "relay the rest".to_owned(),
        VersionEffect::BreakOff { request } => format!("break off the answer to request {}", request.0),
    }
}

pub(super) fn response(response: &VersionResponse) -> String {
    match response {
        VersionResponse::Written { version, .. } => format!("200 version {version}"),
        VersionResponse::Deleted { version } => format!("204 deleted by version {version}"),
        VersionResponse::Removed => "204 removed".to_owned(),
        VersionResponse::Head(described) => format!("{}, version {}", head(&described.object), described.version),
        VersionResponse::Catalog(answer) => format!("200 {}", catalog_answer(answer)),
    }
}
