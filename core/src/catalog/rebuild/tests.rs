use alloc::format;
use alloc::string::ToString as _;

use proptest::prelude::*;

use super::*;
use crate::catalog::model::Catalog;
use crate::catalog::{Bucket, CatalogAnswer, CatalogRequest, Commit, Metadata};
use crate::conditions::Conditions;
use crate::id::{Incarnation, OperationIds};

const HOUR: Duration = Duration::from_secs(3600);

fn server(number: u8) -> ServerAddress {
    format!("10.0.0.{number}:22345").parse().unwrap()
}

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() }
}

fn at(seconds: u64) -> WallTime {
    WallTime::EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn kept(catalog: &mut Catalog) -> Vec<HeldBlob> {
    match catalog.answer(at(0), &CatalogRequest::Blobs { on: None, after: None, limit: usize::MAX }) {
        CatalogAnswer::Blobs(blobs) => blobs,
        other => panic!("{other:?}"),
    }
}

/// What the data servers say of this version, one copy after the other.
fn copies(held: &HeldBlob, is_labelled: bool) -> Vec<FoundCopy> {
    let HeldBlob { path, record, holders, .. } = held;
    let (what, size_bytes, checksum) = match record.state.clone() {
        State::Object(Stored { size_bytes, checksum, content_type, metadata }) => {
            (Described::Object { content_type, metadata }, size_bytes, checksum)
        }
        State::Tombstone => (Described::Tombstone, 0, Checksum::new([0; 32])),
    };
    let description = Description { path: path.clone(), what };
    let label = is_labelled.then_some(VersionLabel { version: record.version, written: record.written });
    let copy = |on: &ServerAddress| FoundCopy {
        on: on.clone(),
        blob: record.blob,
        size_bytes,
        checksum,
        description: description.clone(),
        label,
        stored: record.written,
    };
    holders.iter().map(copy).collect()
}

/// A catalog in which one key after the other was written: an object of this content, or a tombstone.
fn catalog(writes: &[(u8, Option<u8>)], retention: Retention) -> Catalog {
    let mut ids = OperationIds::new(Incarnation::new(7));
    let mut catalog = Catalog::new();
    catalog.answer(at(0), &CatalogRequest::SetBucket { bucket: Bucket::objects(), retention });
    for (second, (key, content)) in (1..).zip(writes) {
        let object = |content: u8| {
            let (content_type, checksum) = (Some("text/plain".parse().unwrap()), Checksum::new([content; 32]));
            State::Object(Stored {
                size_bytes: u64::from(content),
                checksum,
                content_type,
                metadata: Metadata::default(),
            })
        };
        let commit = Commit {
            path: path(&format!("k{key}")),
            blob: BlobId::of_upload(ids.fresh()),
            state: content.map_or(State::Tombstone, object),
            holders: [*key, key + 1, key + 2].map(server).to_vec(),
            conditions: Conditions::default(),
        };
        catalog.answer(at(second), &CatalogRequest::Commit(commit));
    }
    catalog
}

fn writes() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    prop::collection::vec((0_u8..5, prop::option::weighted(0.8, 1_u8..)), 1..40)
}

proptest! {
    /// Whatever was written: where every blob has its note, the catalog that is rebuilt is the one that was lost.
    #[test]
    fn what_is_rebuilt_is_what_was_lost(writes in writes(), old in prop::option::of(0_u32..3)) {
        let retention = old.map_or(Retention::Unlimited, Retention::Old);
        let mut lost = catalog(&writes, retention);
        let was = kept(&mut lost);
        let mut rebuild = Rebuild::default();
        was.iter().flat_map(|held| copies(held, true)).for_each(|copy| rebuild.add(copy));
        let rebuilt = rebuild.finish(retention, HOUR);
        prop_assert_eq!((rebuilt.assumed, rebuilt.left_out.len()), (0, 0));
        let mut new = catalog(&[], retention);
        new.answer(at(0), &CatalogRequest::Restore { versions: rebuilt.versions.clone() });
        prop_assert_eq!(&kept(&mut new), &was);
        // Nothing may be swept before all of it is back.
        let uploader = Incarnation::new(8);
        let alone = CatalogAnswer::Uploaders(alloc::vec![uploader]);
        prop_assert_eq!(new.answer(at(0), &CatalogRequest::Register { uploader }), alone);
        // Twice is as once.
        new.answer(at(0), &CatalogRequest::Restore { versions: rebuilt.versions });
        let write = CatalogRequest::Commit(Commit {
            path: path("k0"),
            blob: BlobId::from_bytes([9; 16]),
            state: State::Object(Stored {
                size_bytes: 1,
                checksum: Checksum::new([1; 32]),
                content_type: None,
                metadata: Metadata::default(),
            }),
            holders: Vec::new(),
            conditions: Conditions::default(),
        });
        let next = |catalog: &mut Catalog| match catalog.answer(at(99), &write) {
            CatalogAnswer::Written(written) => written.version,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(next(&mut new), next(&mut lost));
    }

    /// Where the last writes have no note yet, the current versions are those that were, whatever their numbers.
    #[test]
    fn what_was_written_last_is_current_without_a_note(writes in writes(), unlabelled in 0_usize..10) {
        let mut lost = catalog(&writes, Retention::Old(0));
        let mut was = kept(&mut lost);
        was.sort_by_key(|held| held.record.written);
        let labelled = was.len().saturating_sub(unlabelled);
        let mut rebuild = Rebuild::default();
        for (number, held) in was.iter().enumerate() {
            copies(held, number < labelled).into_iter().for_each(|copy| rebuild.add(copy));
        }
        let rebuilt = rebuild.finish(Retention::Old(0), HOUR);
        prop_assert_eq!(rebuilt.assumed, was.len() - labelled);
        let current = |versions: &[HeldBlob]| {
            let current = versions.iter().map(|held| (held.path.to_string(), held.record.blob));
            current.collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(current(&rebuilt.versions), current(&was));
    }
}

#[test]
fn an_old_blob_without_a_note_and_versions_that_are_not_kept_are_left_out() {
    let mut lost = catalog(&[(0, Some(1)), (0, Some(2)), (1, Some(3))], Retention::Unlimited);
    let was = kept(&mut lost);
    let mut rebuild = Rebuild::default();
    for (number, held) in was.iter().enumerate() {
        for mut copy in copies(held, number != 2) {
            copy.stored = at(0);
            rebuild.add(copy);
        }
    }
    let mut late = copies(&was[0], true).remove(0);
    let label = VersionLabel { version: Version::FIRST, written: at(3601) };
    (late.blob, late.description.path, late.label) = (BlobId::from_bytes([8; 16]), path("k9"), Some(label));
    rebuild.add(late);
    assert_eq!(rebuild.blobs(), 4);
    let rebuilt = rebuild.finish(Retention::Old(0), HOUR);
    let kept: Vec<_> =
        rebuilt.versions.iter().map(|held| (held.path.key.as_str(), held.record.version.number())).collect();
    assert_eq!(kept, [("k0", 2), ("k9", 1)]);
    assert_eq!(rebuilt.left_out, [was[2].record.blob, was[0].record.blob]);
}

#[test]
fn of_two_blobs_with_one_number_the_later_is_current_and_nothing_is_lost() {
    let mut lost = catalog(&[(0, Some(1)), (1, Some(2))], Retention::Unlimited);
    let mut was = kept(&mut lost);
    was[1].path = path("k0");
    let mut rebuild = Rebuild::default();
    was.iter().flat_map(|held| copies(held, true)).for_each(|copy| rebuild.add(copy));
    let rebuilt = rebuild.finish(Retention::Unlimited, HOUR);
    let order: Vec<_> = rebuilt.versions.iter().map(|held| (held.record.version.number(), held.record.blob)).collect();
    assert_eq!(order, [(1, was[0].record.blob), (2, was[1].record.blob)]);
    assert_eq!(rebuilt.assumed, 1);
}

/// The numbers of what becomes of blobs of one key, each stored at a second and, if that is noted, committed as a version then.
fn numbers_of(blobs: &[(u64, Option<u64>)], retention: Retention) -> Vec<(u64, u64)> {
    let mut lost = catalog(&[(0, Some(1))], Retention::Unlimited);
    let mut rebuild = Rebuild::default();
    for (number, (second, version)) in (0..).zip(blobs) {
        let mut copy = copies(&kept(&mut lost)[0], false).remove(0);
        copy.blob = BlobId::from_bytes([number; 16]);
        copy.stored = at(*second);
        copy.label =
            version.map(|version| VersionLabel { version: Version::new(version).unwrap(), written: at(*second) });
        rebuild.add(copy);
    }
    let Rebuilt { versions, left_out, .. } = rebuild.finish(retention, HOUR);
    assert_eq!(versions.len() + left_out.len(), blobs.len());
    let second = |held: &HeldBlob| blobs[usize::from(held.record.blob.to_bytes()[0])].0;
    versions.iter().map(|held| (held.record.version.number(), second(held))).collect()
}

#[test]
fn what_a_later_write_has_overtaken_is_not_current() {
    let all = Retention::Unlimited;
    // An upload that broke off; a version that an API server died with before it told; one that was still on its way.
    assert_eq!(numbers_of(&[(1, Some(1)), (300, None), (600, Some(2))], all), [(1, 1), (2, 600)]);
    assert_eq!(numbers_of(&[(1, Some(1)), (300, None), (600, Some(3))], all), [(1, 1), (2, 300), (3, 600)]);
    assert_eq!(numbers_of(&[(1, Some(1)), (580, None), (600, Some(2))], all), [(1, 1), (2, 600), (3, 580)]);
    assert_eq!(numbers_of(&[(300, None), (600, Some(1))], all), [(1, 600)]);
    assert_eq!(numbers_of(&[(300, None), (301, None), (600, Some(7))], Retention::Old(1)), [(2, 301), (7, 600)]);
    assert_eq!(numbers_of(&[(300, None), (600, Some(7))], Retention::Old(0)), [(7, 600)]);
}

#[test]
fn a_number_that_was_given_twice_moves_up_what_has_followed() {
    let found = [(1, Some(4)), (2, Some(5)), (600, Some(5)), (700, Some(6)), (800, Some(9)), (801, None)];
    let numbers = [(4, 1), (5, 2), (6, 600), (7, 700), (9, 800), (10, 801)];
    assert_eq!(numbers_of(&found, Retention::Unlimited), numbers);
    assert_eq!(numbers_of(&found, Retention::Old(0)), [(10, 801)]);
}

#[test]
fn the_content_that_most_hold_is_believed() {
    let mut lost = catalog(&[(0, Some(1))], Retention::Unlimited);
    let mut found = copies(&kept(&mut lost)[0], true);
    found[1].checksum = Checksum::new([0xee; 32]);
    let mut rebuild = Rebuild::default();
    found.into_iter().for_each(|copy| rebuild.add(copy));
    let rebuilt = rebuild.finish(Retention::Unlimited, HOUR);
    assert_eq!(rebuilt.versions[0].holders, [0, 2].map(server));
    assert_eq!(Rebuild::default().finish(Retention::Unlimited, HOUR), Rebuilt::default());
}

#[test]
fn a_note_of_a_number_that_cannot_be_is_none() {
    let mut lost = catalog(&[(0, Some(1)), (0, Some(2))], Retention::Unlimited);
    let was = kept(&mut lost);
    let mut rebuild = Rebuild::default();
    for (held, number) in was.iter().zip([1, i64::MAX.cast_unsigned()]) {
        for mut copy in copies(held, true) {
            copy.label = copy.label.map(|label| VersionLabel { version: Version::new(number).unwrap(), ..label });
            rebuild.add(copy);
        }
    }
    let rebuilt = rebuild.finish(Retention::Unlimited, HOUR);
    assert_eq!(rebuilt.versions.iter().map(|held| held.record.version.number()).collect::<Vec<_>>(), [1, 2]);
}
