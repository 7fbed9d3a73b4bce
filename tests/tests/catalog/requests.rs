//! Requests drawn at random, of few keys, blobs and servers, so that they meet.

use std::time::Duration;

use lode_core::address::ServerAddress;
use lode_core::catalog::listing::ListQuery;
use lode_core::catalog::{
    BlobId, Bucket, CatalogRequest, Commit, HeldBlob, Key, Metadata, ObjectPath, Retention, State, Stored, Version,
    VersionRecord,
};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_core::etag::ETag;
use lode_core::id::Incarnation;
use lode_core::time::WallTime;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Up to a hundred requests. Before most of them the bucket that is written most is set to keep something, so that there are
/// versions to be removed.
pub(crate) fn sequence() -> impl Strategy<Value = Vec<CatalogRequest>> {
    let setting = retention().prop_map(|retention| CatalogRequest::SetBucket { bucket: Bucket::objects(), retention });
    (option::weighted(0.7, setting), vec(request(), 1..100))
        .prop_map(|(setting, requests)| setting.into_iter().chain(requests).collect())
}

/// Any request, most of them writes.
fn request() -> impl Strategy<Value = CatalogRequest> {
    prop_oneof![
        12 => commit(),
        4 => (path(), version()).prop_map(|(path, version)| CatalogRequest::RemoveVersion { path, version }),
        2 => (path(), option::of(version())).prop_map(|(path, version)| CatalogRequest::Read { path, version }),
        2 => (path(), option::of(version()), limit())
            .prop_map(|(path, before, limit)| CatalogRequest::Versions { path, before, limit }),
        3 => list(),
        2 => (btree_set(blob(), 0..4), option::of(server())).prop_map(|(blobs, held_on)| {
            CatalogRequest::Settle { blobs: blobs.into_iter().rev().collect(), held_on }
        }),
        2 => (noted_blob(), servers(), servers())
            .prop_map(|(blob, held, gone)| CatalogRequest::NoteHolders { blob, held, gone }),
        2 => (option::of(server()), option::of(blob()), limit())
            .prop_map(|(on, after, limit)| CatalogRequest::Blobs { on, after, limit }),
        2 => (option::of(blob()), limit()).prop_map(|(after, limit)| CatalogRequest::Garbage { after, limit }),
        4 => (noted_blob(), server(), vec(server(), 0..3))
            .prop_map(|(blob, server, keep)| CatalogRequest::Retire { blob, server, keep }),
        3 => (server(), btree_set(blob(), 0..12)).prop_map(|(server, blobs)| {
            CatalogRequest::NoteRemoved { server, blobs: blobs.into_iter().rev().collect() }
        }),
        1 => (no_time_or_all(), none_or_all())
            .prop_map(|(garbage_age, limit)| CatalogRequest::ForgetGarbage { garbage_age, limit }),
        3 => (noted_blob(), incarnation(), no_time_or_all())
            .prop_map(|(blob, by, lasting)| CatalogRequest::ClaimRepair { blob, by, lasting }),
        1 => (noted_blob(), incarnation()).prop_map(|(blob, by)| CatalogRequest::ReleaseRepair { blob, by }),
        1 => incarnation().prop_map(|uploader| CatalogRequest::Register { uploader }),
        2 => vec(held(), 0..6).prop_map(|versions| CatalogRequest::Restore { versions }),
        1 => (bucket(), retention()).prop_map(|(bucket, retention)| CatalogRequest::SetBucket { bucket, retention }),
        1 => Just(CatalogRequest::Buckets),
    ]
}

/// Requests that together tell all that a catalog has, besides claims.
pub(crate) fn all_that_is_there() -> Vec<CatalogRequest> {
    let mut requests = vec![
        CatalogRequest::Buckets,
        CatalogRequest::Blobs { on: None, after: None, limit: usize::MAX },
        CatalogRequest::Garbage { after: None, limit: usize::MAX },
    ];
    for server in SERVERS {
        let on = Some(server.parse().expect("an address"));
        requests.push(CatalogRequest::Blobs { on, after: None, limit: usize::MAX });
    }
    for bucket in BUCKETS {
        let bucket: Bucket = bucket.parse().expect("a bucket");
        for key in KEYS {
            let path = ObjectPath { bucket: bucket.clone(), key: key.parse().expect("a key") };
            requests.push(CatalogRequest::Read { path: path.clone(), version: None });
            requests.push(CatalogRequest::Versions { path, before: None, limit: usize::MAX });
        }
        let (prefix, delimiter, after) = (String::new(), None, None);
        requests.push(CatalogRequest::List(ListQuery { bucket, prefix, delimiter, after, limit: 1000 }));
    }
    requests
}

const BUCKETS: [&str; 3] = ["objects", "other", "a.third-one"];

/// Among them all that means something in a pattern of SQL, both cases, and the last character there is.
const KEYS: [&str; 10] = ["A", "a", "a/", "a/b", "a/b/c", "a%", "a_\\'\"", "b", "é", "\u{10ffff}"];

const SERVERS: [&str; 4] = ["10.0.0.1:22345", "10.0.0.10:1", "data-1.example:7501", "[::1]:80"];

fn commit() -> impl Strategy<Value = CatalogRequest> {
    (path(), blob(), state(), servers(), conditions()).prop_map(|(path, blob, state, holders, conditions)| {
        CatalogRequest::Commit(Commit { path, blob, state, holders, conditions })
    })
}

/// A version that may be put back. Such were written in 2001, which tells them from those that are committed.
fn held() -> impl Strategy<Value = HeldBlob> {
    (path(), 1_u64..8, blob(), state(), servers()).prop_map(|(path, number, blob, state, holders)| {
        let version = Version::new(number).expect("a version");
        let written = WallTime::from_millis(1_000_000_000_000 + number);
        let record = VersionRecord { version, blob, state, written };
        HeldBlob { path, record, holders, retired: Vec::new() }
    })
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![1 => Just(State::Tombstone), 4 => stored().prop_map(State::Object)]
}

fn stored() -> impl Strategy<Value = Stored> {
    let size = select(vec![0, 1, i64::MAX.cast_unsigned()]);
    (content(), size, option::of(select(vec!["text/plain", "a 'b'; \"c\""])), metadata()).prop_map(
        |(checksum, size_bytes, content_type, metadata)| {
            let content_type = content_type.map(|text| text.parse().expect("a content type"));
            Stored { size_bytes, checksum, content_type, metadata }
        },
    )
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let pair = (select(vec!["owner", "note", "x-y_z'|~"]), select(vec!["", "me", "a: b, \"c\\d\"", "{}"]));
    vec(pair, 0..3).prop_map(|pairs| {
        let mut metadata = Metadata::default();
        for (name, value) in pairs {
            // A name that is drawn twice is left at its first value.
            let _ = metadata.insert(name, value);
        }
        metadata
    })
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let tag = content().prop_map(|checksum| ETag::new(checksum).to_string());
    let value = prop_oneof![Just("*".to_owned()), tag];
    let header = (select(vec!["If-Match", "If-None-Match"]), value);
    prop_oneof![
        3 => Just(Conditions::default()),
        2 => header.prop_map(|(name, value)| Conditions::from_headers([(name, value.as_str())]).expect("conditions")),
    ]
}

fn list() -> impl Strategy<Value = CatalogRequest> {
    // No key holds the character NUL, but a client may ask for such.
    let texts = ["a", "a/", "a/b", "a/b/", "A", "b", "é", "\u{10ffff}", "a%", "a\0", "\0"];
    let text = || select(texts.to_vec()).prop_map(str::to_owned);
    let prefix = prop_oneof![1 => Just(String::new()), 2 => text()];
    let delimiter = option::of(select(vec!["/", "b", "/b"]).prop_map(str::to_owned));
    (bucket(), prefix, delimiter, option::of(text()), limit()).prop_map(|(bucket, prefix, delimiter, after, limit)| {
        CatalogRequest::List(ListQuery { bucket, prefix, delimiter, after, limit })
    })
}

fn path() -> impl Strategy<Value = ObjectPath> {
    (bucket(), key()).prop_map(|(bucket, key)| ObjectPath { bucket, key })
}

/// Mostly the one that is always there.
fn bucket() -> impl Strategy<Value = Bucket> {
    prop_oneof![4 => Just(BUCKETS[0]), 1 => select(&BUCKETS[1..])].prop_map(|name| name.parse().expect("a bucket"))
}

/// Mostly one of two, so that they are written often.
fn key() -> impl Strategy<Value = Key> {
    let longest = Just("k".repeat(1024)).prop_map(|text| text.parse().expect("a key"));
    let seldom = select(&KEYS[..]).prop_map(|text| text.parse().expect("a key"));
    let often = select(vec!["a", "a/b"]).prop_map(|text| text.parse().expect("a key"));
    prop_oneof![20 => often, 8 => seldom, 1 => longest]
}

fn version() -> impl Strategy<Value = Version> {
    let number = prop_oneof![12 => 1_u64..6, 1 => Just(i64::MAX.cast_unsigned())];
    number.prop_map(|number| Version::new(number).expect("a version"))
}

fn blob() -> impl Strategy<Value = BlobId> {
    let number = prop_oneof![8 => 0_u64..24, 1 => Just(u64::MAX)];
    (select(vec![1, u64::MAX]), number).prop_map(|(incarnation, number)| super::blob(incarnation, number))
}

/// Mostly one of a few, so that one thing is noted of a blob after the other.
fn noted_blob() -> impl Strategy<Value = BlobId> {
    prop_oneof![3 => (0_u64..5).prop_map(|number| super::blob(1, number)), 1 => blob()]
}

fn content() -> impl Strategy<Value = Checksum> {
    select(vec![0, 1, 0xff]).prop_map(|byte| Checksum::new([byte; 32]))
}

fn retention() -> impl Strategy<Value = Retention> {
    select(vec![
        Retention::Old(0),
        Retention::Old(1),
        Retention::Old(2),
        Retention::Old(u32::MAX),
        Retention::Unlimited,
    ])
}

fn servers() -> impl Strategy<Value = Vec<ServerAddress>> {
    vec(server(), 0..4)
}

fn server() -> impl Strategy<Value = ServerAddress> {
    select(&SERVERS[..]).prop_map(|text| text.parse().expect("an address"))
}

fn incarnation() -> impl Strategy<Value = Incarnation> {
    select(vec![1, 2, u64::MAX]).prop_map(Incarnation::new)
}

fn limit() -> impl Strategy<Value = usize> {
    select(vec![0, 1, 2, 5, 1000, usize::MAX])
}

/// Durations for which the speed of the test does not matter.
fn no_time_or_all() -> impl Strategy<Value = Duration> {
    select(vec![Duration::ZERO, Duration::MAX])
}

/// Which garbage is the oldest is a matter of milliseconds, and of the suite of its own in `garbage.rs`.
fn none_or_all() -> impl Strategy<Value = usize> {
    select(vec![0, 1000, usize::MAX])
}
