//! A catalog in memory: what all others are held against, and what the simulator asks.
//!
//! | a blob is | commit              | its version is removed, or falls to retention | settle                | forget: no copy noted, old enough |
//! |-----------|---------------------|-----------------------------------------------|-----------------------|-----------------------------------|
//! | unknown   | → kept              | -                                             | → garbage (condemned) | -                                 |
//! | kept      | stays, same answer  | → garbage (gone)                              | stays                 | -                                 |
//! | garbage   | refused             | -                                             | stays                 | → unknown                         |
//!
//! | a copy is    | noted as held | noted as gone | retire, others noted  | its blob becomes garbage | noted as removed, of garbage |
//! |--------------|---------------|---------------|-----------------------|--------------------------|------------------------------|
//! | (not noted)  | → held        | -             | refused               | -                        | -                            |
//! | held         | stays         | → (not noted) | → retired             | stays                    | → (not noted)                |
//! | retired      | stays         | → (not noted) | stays                 | → held                   | -                            |

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use super::listing::{ListQuery, Listed, Listing, Page, Scan};
use super::write::{self, Before};
use super::{
    BlobId, Bucket, CatalogAnswer, CatalogRequest, Commit, Fate, Found, Garbage, HeldBlob, Key, ObjectPath, Retention,
    State, Version, VersionRecord, Written,
};
use crate::address::ServerAddress;
use crate::id::Incarnation;
use crate::time::WallTime;

/// The whole catalog.
#[derive(Debug, Clone)]
pub struct Catalog {
    buckets: BTreeMap<Bucket, Retention>,
    keys: BTreeMap<ObjectPath, Versions>,
    blobs: BTreeMap<BlobId, Blob>,
    uploaders: BTreeSet<Incarnation>,
}

/// The versions of one key.
#[derive(Debug, Clone)]
struct Versions {
    /// The last number that was given out.
    last: Version,
    kept: BTreeMap<Version, VersionRecord>,
}

#[derive(Debug, Clone)]
struct Blob {
    state: BlobState,
    holders: BTreeSet<ServerAddress>,
    retired: BTreeSet<ServerAddress>,
    claim: Option<Claim>,
}

#[derive(Debug, Clone)]
enum BlobState {
    Kept { path: ObjectPath, version: Version },
    Garbage { was: Option<Version>, since: WallTime },
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    by: Incarnation,
    until: WallTime,
}

impl Catalog {
    /// One that has nothing but the bucket of what is under `/objects/`.
    #[must_use]
    pub fn new() -> Self {
        let buckets = [(Bucket::objects(), Retention::default())].into();
        Self { buckets, keys: BTreeMap::new(), blobs: BTreeMap::new(), uploaders: BTreeSet::new() }
    }

    /// Does what is asked, at this time of its clock.
    pub fn answer(&mut self, now: WallTime, request: &CatalogRequest) -> CatalogAnswer {
        match request {
            CatalogRequest::Commit(commit) => self.commit(now, commit),
            CatalogRequest::RemoveVersion { path, version } => self.remove_version(now, path, *version),
            CatalogRequest::Read { path, version } => CatalogAnswer::Found(self.read(path, *version)),
            CatalogRequest::Versions { path, before, limit } => self.versions(path, *before, *limit),
            CatalogRequest::List(query) => CatalogAnswer::Listed(self.list(query)),
            CatalogRequest::Settle { blobs, held_on } => {
                let settled = blobs.iter().map(|blob| (*blob, self.settle(now, *blob, held_on.as_ref())));
                CatalogAnswer::Settled(settled.collect())
            }
            CatalogRequest::Register { uploader } => {
                self.uploaders.insert(*uploader);
                CatalogAnswer::Uploaders(self.uploaders.iter().copied().collect())
            }
            CatalogRequest::NoteHolders { blob, held, gone } => self.note_holders(*blob, held, gone),
            CatalogRequest::Blobs { on, after, limit } => self.kept_blobs(on.as_ref(), *after, *limit),
            CatalogRequest::Garbage { after, limit } => self.garbage(*after, *limit),
            CatalogRequest::Retire { blob, server, keep } => self.retire(*blob, server, keep),
            CatalogRequest::NoteRemoved { server, blobs } => self.note_removed(server, blobs),
            CatalogRequest::ForgetGarbage { garbage_age, limit } => self.forget_garbage(now, *garbage_age, *limit),
            CatalogRequest::ClaimRepair { blob, by, lasting } => self.claim(now, *blob, *by, *lasting),
            CatalogRequest::ReleaseRepair { blob, by } => self.release(*blob, *by),
            CatalogRequest::Restore { versions } => self.restore(versions),
            CatalogRequest::SetBucket { bucket, retention } => {
                self.buckets.insert(bucket.clone(), *retention);
                CatalogAnswer::Done
            }
            CatalogRequest::Buckets => {
                let buckets = self.buckets.iter().map(|(bucket, retention)| (bucket.clone(), *retention));
                CatalogAnswer::Buckets(buckets.collect())
            }
        }
    }

    fn commit(&mut self, now: WallTime, commit: &Commit) -> CatalogAnswer {
        let retention = self.buckets.get(&commit.path.bucket).copied();
        let versions = self.keys.get(&commit.path);
        let before = Before {
            bucket: retention,
            last: versions.map(|versions| versions.last),
            current: versions.and_then(Versions::current),
            blob: self.blobs.get(&commit.blob).map(|blob| blob.state.fate()),
        };
        let version = match write::decide(commit, before) {
            Ok(version) => version,
            Err(why) => return why.into(),
        };
        let state = BlobState::Kept { path: commit.path.clone(), version };
        let holders = commit.holders.iter().cloned().collect();
        self.blobs.insert(commit.blob, Blob { holders, ..Blob::new(state) });
        let record = VersionRecord { version, blob: commit.blob, state: commit.state.clone(), written: now };
        let new = || Versions { last: version, kept: BTreeMap::new() };
        let versions = self.keys.entry(commit.path.clone()).or_insert_with(new);
        versions.last = version;
        versions.kept.insert(version, record);
        let surplus = versions.fall_to(retention.unwrap_or_default());
        let garbage = surplus.into_iter().filter_map(|record| self.becomes_garbage(now, &record)).collect();
        CatalogAnswer::Written(Written { version, written: Some(now), garbage })
    }

    fn remove_version(&mut self, now: WallTime, path: &ObjectPath, version: Version) -> CatalogAnswer {
        let removed = self.keys.get_mut(path).and_then(|versions| versions.kept.remove(&version));
        CatalogAnswer::Removed(removed.and_then(|record| self.becomes_garbage(now, &record)))
    }

    fn read(&self, path: &ObjectPath, version: Option<Version>) -> Option<Found> {
        let versions = self.keys.get(path)?;
        let record = match version {
            Some(version) => versions.kept.get(&version)?,
            None => versions.current()?,
        };
        let holders = self.blobs.get(&record.blob).map(Blob::holders).unwrap_or_default();
        Some(Found { record: record.clone(), holders })
    }

    fn versions(&self, path: &ObjectPath, before: Option<Version>, limit: usize) -> CatalogAnswer {
        let kept = self.keys.get(path).into_iter().flat_map(|versions| versions.kept.values().rev());
        let wanted = kept.filter(|record| before.is_none_or(|before| record.version < before));
        CatalogAnswer::Versions(wanted.take(limit).cloned().collect())
    }

    fn list(&self, query: &ListQuery) -> Option<Page> {
        self.buckets.get(&query.bucket)?;
        let mut listing = Listing::new(query);
        while let Some(scan) = listing.scan() {
            let rows = self.scan(&query.bucket, &scan);
            listing.read(&scan, rows);
        }
        Some(listing.page())
    }

    fn scan(&self, bucket: &Bucket, scan: &Scan) -> Vec<Listed> {
        let lies_behind = |key: &Key| match &scan.from {
            Bound::Included(from) => key.as_str() >= from.as_str(),
            Bound::Excluded(from) => key.as_str() > from.as_str(),
            Bound::Unbounded => true,
        };
        let lies_before = |key: &Key| scan.until.as_ref().is_none_or(|until| key.as_str() < until.as_str());
        let in_bucket = self.keys.iter().filter(|(path, _)| path.bucket == *bucket);
        let in_range = in_bucket.filter(|(path, _)| lies_behind(&path.key) && lies_before(&path.key));
        in_range.filter_map(|(path, versions)| listed(&path.key, versions.current()?)).take(scan.most).collect()
    }

    fn settle(&mut self, now: WallTime, blob: BlobId, held_on: Option<&ServerAddress>) -> Fate {
        let condemned = || Blob::new(BlobState::Garbage { was: None, since: now });
        let blob = self.blobs.entry(blob).or_insert_with(condemned);
        blob.note_held(held_on);
        blob.state.fate()
    }

    fn note_holders(&mut self, blob: BlobId, held: &[ServerAddress], gone: &[ServerAddress]) -> CatalogAnswer {
        if let Some(blob) = self.blobs.get_mut(&blob) {
            blob.note_held(held);
            blob.holders.retain(|holder| !gone.contains(holder));
            blob.retired.retain(|holder| !gone.contains(holder));
        }
        CatalogAnswer::Done
    }

    fn kept_blobs(&self, on: Option<&ServerAddress>, after: Option<BlobId>, limit: usize) -> CatalogAnswer {
        let wanted = self.blobs_after(after).filter(|(_, blob)| on.is_none_or(|on| blob.is_on(on)));
        let held = wanted.filter_map(|(_, blob)| match &blob.state {
            BlobState::Kept { path, version } => {
                let record = self.keys.get(path)?.kept.get(version)?.clone();
                let (holders, retired) = (blob.holders(), blob.retired.iter().cloned().collect());
                Some(HeldBlob { path: path.clone(), record, holders, retired })
            }
            BlobState::Garbage { .. } => None,
        });
        CatalogAnswer::Blobs(held.take(limit).collect())
    }

    fn retire(&mut self, blob: BlobId, server: &ServerAddress, keep: &[ServerAddress]) -> CatalogAnswer {
        let Some(blob @ Blob { state: BlobState::Kept { .. }, .. }) = self.blobs.get_mut(&blob) else {
            return CatalogAnswer::Retired(false);
        };
        let others_count = keep.iter().all(|other| other != server && blob.holders.contains(other));
        if others_count && blob.holders.remove(server) {
            blob.retired.insert(server.clone());
        }
        CatalogAnswer::Retired(blob.retired.contains(server))
    }

    fn garbage(&self, after: Option<BlobId>, limit: usize) -> CatalogAnswer {
        let garbage = self.blobs_after(after).filter_map(|(id, blob)| match blob.state {
            BlobState::Kept { .. } => None,
            BlobState::Garbage { .. } => Some(Garbage { blob: id, holders: blob.holders() }),
        });
        let noted = garbage.filter(|garbage| !garbage.holders.is_empty());
        CatalogAnswer::Garbage(noted.take(limit).collect())
    }

    fn note_removed(&mut self, server: &ServerAddress, blobs: &[BlobId]) -> CatalogAnswer {
        for blob in blobs {
            if let Some(Blob { state: BlobState::Garbage { .. }, holders, .. }) = self.blobs.get_mut(blob) {
                holders.remove(server);
            }
        }
        CatalogAnswer::Done
    }

    fn forget_garbage(&mut self, now: WallTime, age: Duration, limit: usize) -> CatalogAnswer {
        let forgettable = self.blobs.iter().filter_map(|(id, blob)| match blob.state {
            BlobState::Garbage { since, .. } if blob.holders.is_empty() && since + age <= now => Some((since, *id)),
            BlobState::Garbage { .. } | BlobState::Kept { .. } => None,
        });
        let oldest_first: BTreeSet<_> = forgettable.collect();
        let forgotten: Vec<_> = oldest_first.into_iter().take(limit).collect();
        for (_, blob) in &forgotten {
            self.blobs.remove(blob);
        }
        CatalogAnswer::Forgotten(forgotten.len())
    }

    fn claim(&mut self, now: WallTime, blob: BlobId, by: Incarnation, lasting: Duration) -> CatalogAnswer {
        let Some(Blob { state: BlobState::Kept { .. }, claim, .. }) = self.blobs.get_mut(&blob) else {
            return CatalogAnswer::Claimed(false);
        };
        let is_free = claim.is_none_or(|held| held.by == by || held.until <= now);
        if is_free {
            *claim = Some(Claim { by, until: now + lasting });
        }
        CatalogAnswer::Claimed(is_free)
    }

    fn release(&mut self, blob: BlobId, by: Incarnation) -> CatalogAnswer {
        if let Some(blob) = self.blobs.get_mut(&blob) {
            blob.claim.take_if(|claim| claim.by == by);
        }
        CatalogAnswer::Done
    }

    fn restore(&mut self, versions: &[HeldBlob]) -> CatalogAnswer {
        for HeldBlob { path, record, holders, .. } in versions {
            let number = record.version;
            let of_key = self.keys.get(path);
            let is_known = of_key.is_some_and(|of_key| of_key.kept.contains_key(&number));
            if !self.buckets.contains_key(&path.bucket) || is_known || self.blobs.contains_key(&record.blob) {
                continue;
            }
            let state = BlobState::Kept { path: path.clone(), version: number };
            self.blobs.insert(record.blob, Blob { holders: holders.iter().cloned().collect(), ..Blob::new(state) });
            let new = || Versions { last: number, kept: BTreeMap::new() };
            let of_key = self.keys.entry(path.clone()).or_insert_with(new);
            of_key.last = of_key.last.max(number);
            of_key.kept.insert(number, record.clone());
        }
        CatalogAnswer::Done
    }

    fn becomes_garbage(&mut self, now: WallTime, record: &VersionRecord) -> Option<Garbage> {
        let blob = self.blobs.get_mut(&record.blob)?;
        blob.state = BlobState::Garbage { was: Some(record.version), since: now };
        blob.claim = None;
        blob.holders.append(&mut blob.retired);
        Some(Garbage { blob: record.blob, holders: blob.holders() })
    }

    fn blobs_after(&self, after: Option<BlobId>) -> impl Iterator<Item = (BlobId, &Blob)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.blobs.range((from, Bound::Unbounded)).map(|(id, blob)| (*id, blob))
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Versions {
    fn current(&self) -> Option<&VersionRecord> {
        self.kept.last_key_value().map(|(_, record)| record)
    }

    /// Takes out what is not kept any more, the latest first.
    fn fall_to(&mut self, retention: Retention) -> Vec<VersionRecord> {
        let latest_first: Vec<Version> = self.kept.keys().rev().copied().collect();
        let surplus = latest_first.into_iter().enumerate().filter(|(later, _)| !retention.keeps(*later));
        surplus.filter_map(|(_, version)| self.kept.remove(&version)).collect()
    }
}

impl Blob {
    const fn new(state: BlobState) -> Self {
        Self { state, holders: BTreeSet::new(), retired: BTreeSet::new(), claim: None }
    }

    fn note_held<'a>(&mut self, on: impl IntoIterator<Item = &'a ServerAddress>) {
        let counting = on.into_iter().filter(|server| !self.retired.contains(*server));
        self.holders.extend(counting.cloned());
    }

    fn is_on(&self, server: &ServerAddress) -> bool {
        self.holders.contains(server) || self.retired.contains(server)
    }

    fn holders(&self) -> Vec<ServerAddress> {
        self.holders.iter().cloned().collect()
    }
}

impl BlobState {
    const fn fate(&self) -> Fate {
        match self {
            Self::Kept { version, .. } => Fate::Kept(*version),
            Self::Garbage { was: Some(version), .. } => Fate::Gone(*version),
            Self::Garbage { was: None, .. } => Fate::Condemned,
        }
    }
}

fn listed(key: &Key, current: &VersionRecord) -> Option<Listed> {
    match &current.state {
        State::Object(stored) => Some(Listed {
            key: key.clone(),
            version: current.version,
            size_bytes: stored.size_bytes,
            checksum: stored.checksum,
            written: current.written,
        }),
        State::Tombstone => None,
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names the one answer that it expects")]
mod tests;
