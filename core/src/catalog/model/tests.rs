use super::*;
use crate::catalog::Stored;
use crate::checksum::Checksum;
use crate::conditions::Conditions;
use crate::etag::ETag;
use crate::id::OperationIds;
use alloc::string::ToString as _;
use alloc::vec;
use proptest::collection::vec as vec_of;
use proptest::prelude::*;

const NOW: WallTime = WallTime::from_millis(1_000_000);

fn blob(number: usize) -> BlobId {
    let mut ids = OperationIds::new(Incarnation::new(7));
    let mut upload = ids.fresh();
    for _ in 0..number {
        upload = ids.fresh();
    }
    BlobId::of_upload(upload)
}

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() }
}

fn checksum(of: u8) -> Checksum {
    Checksum::new([of; 32])
}

fn object(content: u8) -> State {
    let (content_type, metadata) = (None, super::super::Metadata::default());
    State::Object(Stored { size_bytes: u64::from(content), checksum: checksum(content), content_type, metadata })
}

fn server(number: u8) -> ServerAddress {
    alloc::format!("10.0.0.{number}:22345").parse().unwrap()
}

fn commit(key: &str, number: usize, state: State, conditions: &[(&str, &str)]) -> CatalogRequest {
    let conditions = Conditions::from_headers(conditions.iter().copied()).unwrap();
    CatalogRequest::Commit(Commit { path: path(key), blob: blob(number), state, holders: vec![server(1)], conditions })
}

fn written(version: u64, garbage: &[usize]) -> CatalogAnswer {
    let garbage = garbage.iter().map(|number| Garbage { blob: blob(*number), holders: vec![server(1)] });
    let (version, written) = (Version::new(version).unwrap(), Some(NOW));
    CatalogAnswer::Written(Written { version, written, garbage: garbage.collect() })
}

fn written_before(version: u64) -> CatalogAnswer {
    CatalogAnswer::Written(Written { version: Version::new(version).unwrap(), written: None, garbage: vec![] })
}

fn current(catalog: &mut Catalog, key: &str) -> Option<BlobId> {
    let read = CatalogRequest::Read { path: path(key), version: None };
    match catalog.answer(NOW, &read) {
        CatalogAnswer::Found(found) => found.map(|found| found.record.blob),
        other => panic!("{other:?}"),
    }
}

/// Where copies of the current version are noted.
fn held(catalog: &mut Catalog, key: &str) -> Vec<ServerAddress> {
    match catalog.answer(NOW, &CatalogRequest::Read { path: path(key), version: None }) {
        CatalogAnswer::Found(found) => found.map(|found| found.holders).unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_follow_each_other_and_old_ones_become_garbage() {
    let mut catalog = Catalog::new();
    assert_eq!(catalog.answer(NOW, &commit("a", 0, object(1), &[])), written(1, &[]));
    assert_eq!(catalog.answer(NOW, &commit("a", 1, State::Tombstone, &[])), written(2, &[0]));
    assert_eq!(catalog.answer(NOW, &commit("a", 2, State::Tombstone, &[])), CatalogAnswer::NothingToDelete);
    assert_eq!(catalog.answer(NOW, &commit("a", 3, object(2), &[])), written(3, &[1]));
    assert_eq!(current(&mut catalog, "a"), Some(blob(3)));
}

#[test]
fn conditions_are_held_against_the_current_version() {
    let mut catalog = Catalog::new();
    let refused = CatalogAnswer::PreconditionFailed;
    let (first, second) = (ETag::new(checksum(1)).to_string(), ETag::new(checksum(2)).to_string());
    assert_eq!(catalog.answer(NOW, &commit("a", 0, object(1), &[("If-Match", "*")])), refused);
    assert_eq!(catalog.answer(NOW, &commit("a", 1, object(1), &[("If-None-Match", "*")])), written(1, &[]));
    assert_eq!(catalog.answer(NOW, &commit("a", 2, object(2), &[("If-None-Match", "*")])), refused);
    assert_eq!(catalog.answer(NOW, &commit("a", 3, object(2), &[("If-Match", &second)])), refused);
    assert_eq!(catalog.answer(NOW, &commit("a", 4, object(2), &[("If-Match", &first)])), written(2, &[1]));
    assert_eq!(catalog.answer(NOW, &commit("a", 5, State::Tombstone, &[("If-Match", &first)])), refused);
    assert_eq!(catalog.answer(NOW, &commit("a", 6, State::Tombstone, &[])), written(3, &[4]));
    assert_eq!(catalog.answer(NOW, &commit("a", 7, object(3), &[("If-None-Match", "*")])), written(4, &[6]));
}

#[test]
fn a_blob_is_committed_once_and_never_after_it_was_settled() {
    let mut catalog = Catalog::new();
    assert_eq!(catalog.answer(NOW, &commit("a", 0, object(1), &[])), written(1, &[]));
    assert_eq!(catalog.answer(NOW, &commit("a", 0, object(1), &[("If-None-Match", "*")])), written_before(1));
    let settle = CatalogRequest::Settle { blobs: vec![blob(0), blob(1)], held_on: None };
    let fates = vec![(blob(0), Fate::Kept(Version::FIRST)), (blob(1), Fate::Condemned)];
    assert_eq!(catalog.answer(NOW, &settle), CatalogAnswer::Settled(fates));
    assert_eq!(catalog.answer(NOW, &commit("a", 1, object(2), &[])), CatalogAnswer::Condemned);
    assert_eq!(catalog.answer(NOW, &commit("a", 2, object(2), &[])), written(2, &[0]));
    assert_eq!(catalog.answer(NOW, &commit("a", 0, object(1), &[])), written_before(1));
    let settled = CatalogAnswer::Settled(vec![(blob(0), Fate::Gone(Version::FIRST))]);
    assert_eq!(catalog.answer(NOW, &CatalogRequest::Settle { blobs: vec![blob(0)], held_on: None }), settled);
}

#[test]
fn a_version_that_is_removed_uncovers_the_one_before_and_its_number_is_not_given_again() {
    let mut catalog = Catalog::new();
    let bucket = Bucket::objects();
    catalog.answer(NOW, &CatalogRequest::SetBucket { bucket, retention: Retention::Unlimited });
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    catalog.answer(NOW, &commit("a", 1, State::Tombstone, &[]));
    let remove = |number| CatalogRequest::RemoveVersion { path: path("a"), version: Version::new(number).unwrap() };
    let garbage = |number| Some(Garbage { blob: blob(number), holders: vec![server(1)] });
    assert_eq!(catalog.answer(NOW, &remove(2)), CatalogAnswer::Removed(garbage(1)));
    assert_eq!(catalog.answer(NOW, &remove(2)), CatalogAnswer::Removed(None));
    assert_eq!(current(&mut catalog, "a"), Some(blob(0)));
    assert_eq!(catalog.answer(NOW, &remove(1)), CatalogAnswer::Removed(garbage(0)));
    assert_eq!(current(&mut catalog, "a"), None);
    assert_eq!(catalog.answer(NOW, &commit("a", 2, object(2), &[])), written(3, &[]));
}

#[test]
fn garbage_is_forgotten_when_no_copy_is_left_and_it_is_old() {
    let mut catalog = Catalog::new();
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    catalog.answer(NOW, &commit("a", 1, object(2), &[]));
    let all = CatalogRequest::Garbage { after: None, limit: 10 };
    let garbage_age = Duration::from_secs(10);
    let removed = |from: u8| CatalogRequest::NoteRemoved { server: server(from), blobs: vec![blob(0), blob(1)] };
    let forget = CatalogRequest::ForgetGarbage { garbage_age, limit: 10 };
    let old = NOW + garbage_age;
    catalog.answer(old, &removed(2));
    let left = vec![Garbage { blob: blob(0), holders: vec![server(1)] }];
    assert_eq!(catalog.answer(NOW, &all), CatalogAnswer::Garbage(left));
    assert_eq!(catalog.answer(old, &forget), CatalogAnswer::Forgotten(0));
    catalog.answer(old, &removed(1));
    assert_eq!(catalog.answer(NOW, &all), CatalogAnswer::Garbage(vec![]));
    assert_eq!(catalog.answer(NOW + Duration::from_millis(9999), &forget), CatalogAnswer::Forgotten(0));
    assert_eq!(catalog.answer(NOW, &commit("b", 0, object(1), &[])), written_before(1));
    assert_eq!(catalog.answer(old, &forget), CatalogAnswer::Forgotten(1));
    assert_eq!(held(&mut catalog, "a"), [server(1)]);
}

#[test]
fn the_oldest_garbage_is_forgotten_first() {
    let mut catalog = Catalog::new();
    for (number, at) in [(3, 0), (1, 1), (2, 2)] {
        let settle = CatalogRequest::Settle { blobs: vec![blob(number)], held_on: None };
        catalog.answer(NOW + Duration::from_millis(at), &settle);
    }
    let forget = CatalogRequest::ForgetGarbage { garbage_age: Duration::ZERO, limit: 2 };
    assert_eq!(catalog.answer(NOW + Duration::from_secs(1), &forget), CatalogAnswer::Forgotten(2));
    assert_eq!(catalog.blobs.keys().copied().collect::<Vec<_>>(), [blob(2)]);
}

#[test]
fn what_a_server_is_found_to_hold_is_noted_with_its_fate() {
    let mut catalog = Catalog::new();
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    let settle = CatalogRequest::Settle { blobs: vec![blob(0), blob(1)], held_on: Some(server(2)) };
    let fates = vec![(blob(0), Fate::Kept(Version::FIRST)), (blob(1), Fate::Condemned)];
    assert_eq!(catalog.answer(NOW, &settle), CatalogAnswer::Settled(fates));
    assert_eq!(held(&mut catalog, "a"), [server(1), server(2)]);
    let garbage = vec![Garbage { blob: blob(1), holders: vec![server(2)] }];
    let all = CatalogRequest::Garbage { after: None, limit: 10 };
    assert_eq!(catalog.answer(NOW, &all), CatalogAnswer::Garbage(garbage));
}

#[test]
fn a_copy_is_retired_only_while_others_are_enough_and_does_not_count_again_before_it_is_gone() {
    let mut catalog = Catalog::new();
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    let note = |held: &[u8], gone: &[u8]| {
        let servers = |of: &[u8]| of.iter().map(|number| server(*number)).collect();
        CatalogRequest::NoteHolders { blob: blob(0), held: servers(held), gone: servers(gone) }
    };
    let retire = |from, keep: &[u8]| {
        let keep = keep.iter().map(|number| server(*number)).collect();
        CatalogRequest::Retire { blob: blob(0), server: server(from), keep }
    };
    let (yes, no) = (CatalogAnswer::Retired(true), CatalogAnswer::Retired(false));
    catalog.answer(NOW, &note(&[2], &[]));
    assert_eq!(catalog.answer(NOW, &retire(2, &[1, 3])), no);
    assert_eq!(catalog.answer(NOW, &retire(3, &[1])), no);
    assert_eq!(catalog.answer(NOW, &retire(2, &[1, 2])), no);
    assert_eq!(catalog.answer(NOW, &retire(2, &[1])), yes);
    assert_eq!(catalog.answer(NOW, &retire(1, &[2])), no);
    assert_eq!(catalog.answer(NOW, &retire(2, &[1])), yes);
    catalog.answer(NOW, &note(&[2], &[]));
    assert_eq!(held(&mut catalog, "a"), [server(1)]);
    let on = |number| CatalogRequest::Blobs { on: Some(server(number)), after: None, limit: 10 };
    let told = catalog.answer(NOW, &on(2));
    assert!(matches!(told, CatalogAnswer::Blobs(blobs) if blobs.len() == 1 && blobs[0].retired == [server(2)]));
    catalog.answer(NOW, &note(&[], &[2]));
    catalog.answer(NOW, &note(&[2], &[]));
    assert_eq!(held(&mut catalog, "a"), [server(1), server(2)]);
    assert_eq!(catalog.answer(NOW, &retire(1, &[2])), yes);
    let garbage = vec![Garbage { blob: blob(0), holders: vec![server(1), server(2)] }];
    assert_eq!(catalog.answer(NOW, &commit("a", 1, object(2), &[])), {
        CatalogAnswer::Written(Written { version: Version::new(2).unwrap(), written: Some(NOW), garbage })
    });
    assert_eq!(catalog.answer(NOW, &retire(2, &[])), no);
}

#[test]
fn one_repairs_at_a_time() {
    let mut catalog = Catalog::new();
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    let lasting = Duration::from_secs(10);
    let claim = |by| CatalogRequest::ClaimRepair { blob: blob(0), by: Incarnation::new(by), lasting };
    let mut claimed = |now, request| catalog.answer(now, &request) == CatalogAnswer::Claimed(true);
    assert!(claimed(NOW, claim(1)));
    assert!(claimed(NOW, claim(1)));
    assert!(!claimed(NOW, claim(2)));
    assert!(claimed(NOW + lasting, claim(2)));
    let release = |by| CatalogRequest::ReleaseRepair { blob: blob(0), by: Incarnation::new(by) };
    assert!(!claimed(NOW + lasting, release(1)) && !claimed(NOW + lasting, claim(1)));
    assert!(!claimed(NOW + lasting, release(2)) && claimed(NOW + lasting, claim(1)));
    let unknown = CatalogRequest::ClaimRepair { blob: blob(9), by: Incarnation::new(1), lasting };
    assert!(!claimed(NOW, unknown));
}

#[test]
fn holders_are_noted_and_blobs_told_by_them() {
    let mut catalog = Catalog::new();
    catalog.answer(NOW, &commit("a", 0, object(1), &[]));
    let note = CatalogRequest::NoteHolders { blob: blob(0), held: vec![server(3), server(2)], gone: vec![server(1)] };
    catalog.answer(NOW, &note);
    let record = VersionRecord { version: Version::FIRST, blob: blob(0), state: object(1), written: NOW };
    let held = HeldBlob { path: path("a"), record, holders: vec![server(2), server(3)], retired: vec![] };
    let on = |number| CatalogRequest::Blobs { on: Some(server(number)), after: None, limit: 10 };
    assert_eq!(catalog.answer(NOW, &on(2)), CatalogAnswer::Blobs(vec![held]));
    assert_eq!(catalog.answer(NOW, &on(1)), CatalogAnswer::Blobs(vec![]));
    let behind = CatalogRequest::Blobs { on: None, after: Some(blob(0)), limit: 10 };
    assert_eq!(catalog.answer(NOW, &behind), CatalogAnswer::Blobs(vec![]));
}

#[test]
fn there_is_no_writing_and_listing_where_there_is_no_bucket() {
    let mut catalog = Catalog::new();
    let bucket: Bucket = "other".parse().unwrap();
    let (key, state) = (path("a").key, object(1));
    let write = |number| {
        let (path, state) = (ObjectPath { bucket: bucket.clone(), key: key.clone() }, state.clone());
        let (holders, conditions) = (vec![], Conditions::default());
        CatalogRequest::Commit(Commit { path, blob: blob(number), state, holders, conditions })
    };
    let (prefix, delimiter, after) = (alloc::string::String::new(), None, None);
    let list = CatalogRequest::List(ListQuery { bucket: bucket.clone(), prefix, delimiter, after, limit: 10 });
    assert_eq!(catalog.answer(NOW, &write(0)), CatalogAnswer::NoSuchBucket);
    assert_eq!(catalog.answer(NOW, &list), CatalogAnswer::Listed(None));
    catalog.answer(NOW, &CatalogRequest::SetBucket { bucket: bucket.clone(), retention: Retention::Old(1) });
    assert_eq!(catalog.answer(NOW, &write(0)), written_elsewhere(1));
    assert!(matches!(catalog.answer(NOW, &list), CatalogAnswer::Listed(Some(page)) if page.objects.len() == 1));
    let buckets = vec![(Bucket::objects(), Retention::Old(0)), (bucket.clone(), Retention::Old(1))];
    assert_eq!(catalog.answer(NOW, &CatalogRequest::Buckets), CatalogAnswer::Buckets(buckets));
}

#[test]
fn pages_follow_each_other_through_one_bucket() {
    let mut catalog = Catalog::new();
    let other: Bucket = "other".parse().unwrap();
    catalog.answer(NOW, &CatalogRequest::SetBucket { bucket: other.clone(), retention: Retention::default() });
    for (number, key) in ["a", "b/1", "b/2", "c", "d"].into_iter().enumerate() {
        catalog.answer(NOW, &commit(key, number, object(1), &[]));
    }
    catalog.answer(NOW, &commit("c", 9, State::Tombstone, &[]));
    let in_other = ObjectPath { bucket: other, key: path("b/3").key };
    let (holders, conditions) = (vec![], Conditions::default());
    let elsewhere = Commit { path: in_other, blob: blob(10), state: object(1), holders, conditions };
    catalog.answer(NOW, &CatalogRequest::Commit(elsewhere));
    let mut page = |prefix: &str, delimiter: Option<&str>, after: Option<&str>| {
        let (prefix, delimiter, after) = (prefix.to_string(), delimiter.map(str::to_string), after.map(str::to_string));
        let query = ListQuery { bucket: Bucket::objects(), prefix, delimiter, after, limit: 2 };
        match catalog.answer(NOW, &CatalogRequest::List(query)) {
            CatalogAnswer::Listed(Some(page)) => {
                let keys: Vec<_> = page.objects.iter().map(|listed| listed.key.to_string()).collect();
                (keys.join(" "), page.prefixes.join(" "), page.next)
            }
            other => panic!("{other:?}"),
        }
    };
    let told = |keys: &str, prefixes: &str, next: Option<&str>| {
        (keys.to_string(), prefixes.to_string(), next.map(str::to_string))
    };
    assert_eq!(page("", None, None), told("a b/1", "", Some("b/1")));
    assert_eq!(page("", None, Some("b/1")), told("b/2 d", "", None));
    assert_eq!(page("", Some("/"), None), told("a", "b/", Some("b/")));
    assert_eq!(page("", Some("/"), Some("b/")), told("d", "", None));
    assert_eq!(page("b/", None, None), told("b/1 b/2", "", None));
}

fn written_elsewhere(version: u64) -> CatalogAnswer {
    CatalogAnswer::Written(Written { version: Version::new(version).unwrap(), written: Some(NOW), garbage: vec![] })
}

proptest! {
    /// Whatever is written and removed: numbers go up, no more is kept than the bucket says, and each blob is kept by one
    /// version or is garbage.
    #[test]
    fn each_blob_has_one_place(
        old in prop::option::of(0_u32..3),
        steps in vec_of((0_usize..12, "[ab]", prop::bool::ANY, 1_u64..5), 1..60),
    ) {
        let retention = old.map_or(Retention::Unlimited, Retention::Old);
        let mut catalog = Catalog::new();
        catalog.answer(NOW, &CatalogRequest::SetBucket { bucket: Bucket::objects(), retention });
        let mut last: BTreeMap<alloc::string::String, u64> = BTreeMap::new();
        for (number, key, is_removal, version) in steps {
            if is_removal && number % 3 == 0 {
                let version = Version::new(version).unwrap();
                catalog.answer(NOW, &CatalogRequest::RemoveVersion { path: path(&key), version });
                continue;
            }
            let state = if is_removal { State::Tombstone } else { object(1) };
            let is_new = !catalog.blobs.contains_key(&blob(number));
            if let CatalogAnswer::Written(written) = catalog.answer(NOW, &commit(&key, number, state, &[])) && is_new {
                let before = last.insert(key, written.version.number()).unwrap_or(0);
                prop_assert_eq!(written.version.number(), before + 1);
            }
        }
        for (path, versions) in &catalog.keys {
            for record in versions.kept.values() {
                let kept = matches!(&catalog.blobs[&record.blob].state, BlobState::Kept { path: of, version }
                    if (of, *version) == (path, record.version));
                prop_assert!(kept);
            }
            prop_assert!(old.is_none_or(|old| versions.kept.len() <= old as usize + 1));
        }
        let kept = catalog.blobs.values().filter(|blob| matches!(blob.state, BlobState::Kept { .. })).count();
        prop_assert_eq!(kept, catalog.keys.values().map(|versions| versions.kept.len()).sum::<usize>());
    }
}
