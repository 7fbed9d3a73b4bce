//! What is written is what is read, and when it can be read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lode_core::checksum::Checksum;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

const BLOCK: usize = 65_536;

/// The file of a blob of format version 1, part by part. It must never change: files like it lie on disks.
const GOLDEN: [&str; 12] = [
    "68656c6c6f",
    "4cbb719a",
    "0100050000006125324662",
    "020020000000ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f",
    "0300080000007b68e5cf8b010000",
    "0000000000000000000000000000000000000000",
    "05000000000000003f000000",
    "81d1a8f3",
    "bc699688",
    "02000000",
    "466800f7",
    "4c6f6465426c6f62",
];

const GOLDEN_OF_VERSION_1: [&str; 11] = [
    "68656c6c6f",
    "4cbb719a",
    "0100050000006125324662",
    "020020000000ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f",
    "0300080000007b68e5cf8b010000",
    "05000000000000003f000000",
    "81d1a8f3",
    "bc699688",
    "01000000",
    "7fe12295",
    "4c6f6465426c6f62",
];

fn sizes() -> impl Strategy<Value = usize> {
    let borders = [0, 1, 4096, BLOCK, 68 * 1024, 2 * BLOCK, 4 * BLOCK, 5 * BLOCK, 8 * BLOCK];
    prop_oneof![
        (prop::sample::select(borders.to_vec()), 0..400_usize)
            .prop_map(|(border, off)| (border + 200).saturating_sub(off)),
        prop::sample::select(borders.to_vec()),
        0..10 * BLOCK,
    ]
}

#[test]
fn any_range_of_any_body_comes_back() {
    let fixture = Fixture::new();
    let pieces = prop_oneof![1_usize..300_000, Just(BLOCK), Just(4 * BLOCK)];
    let ranges = prop::collection::vec((0.0..1.1, 0.0..1.1), 4);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) });
    let outcome = runner.run(&(sizes(), pieces, ranges), |(size, piece, ranges)| {
        smol::block_on(write_and_read(&fixture.store, size, piece, &ranges))
    });
    outcome.unwrap();
}

async fn write_and_read(
    store: &BlobStore,
    size: usize,
    piece: usize,
    ranges: &[(f64, f64)],
) -> Result<(), TestCaseError> {
    let (body, name) = (body(size), name("x"));
    let mut writer = store.begin(&name, None, WantedDigests { sha256: true, md5: true }).await.unwrap();
    for bytes in body.chunks(piece.max(size / 100 + 1)) {
        writer.write(bytes).await.unwrap();
    }
    let written = writer.finish();
    prop_assert_eq!(written.size_bytes(), size as u64);
    prop_assert!(written.digests().sha256.is_some() && written.digests().md5.is_some());
    let info = written.commit().await.unwrap();
    prop_assert_eq!(info.checksum, Checksum::new(*blake3::hash(&body).as_bytes()));
    prop_assert_eq!(store.look_up(&name).await.unwrap(), Some(info));
    prop_assert!(read_all(store, &name).await == body);
    for (a, b) in ranges {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of a test")]
        let at = |share: &f64| (share * size as f64) as usize;
        let (from, to) = (at(a).min(at(b)), at(a).max(at(b)));
        let (bytes, error) = read(store, &name, from as u64..to as u64).await;
        prop_assert_eq!(error, None);
        prop_assert!(bytes == body[from.min(size)..to.min(size)], "{}..{} of {}", from, to, size);
    }
    Ok(())
}

#[test]
fn the_format_has_not_changed() {
    let fixture = Fixture::new();
    let name = name("a%2Fb");
    let written_at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let info = smol::block_on(async {
        let mut writer = fixture.store.begin(&name, Some(5), WantedDigests::default()).await.unwrap();
        writer.write(b"hello").await.unwrap();
        writer.finish_at(written_at).commit().await.unwrap()
    });
    assert_eq!(info.written_at, written_at);
    let file = fixture.file(&name);
    let hash = "5a444b813c73e541dd3b2d8f5c9ac341c68c880063a7e854f39e12059bc47aa3";
    assert_eq!(file, fixture.dir.path().join("objects").join(&hash[..2]).join(hash));
    let hex: String = fs::read(file).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN.concat());
}

#[test]
fn golden_files_of_every_version_are_read() {
    for digits in [GOLDEN_OF_VERSION_1.concat(), GOLDEN.concat()] {
        let fixture = Fixture::new();
        let name = name("a%2Fb");
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        fs::create_dir(fixture.file(&name).parent().unwrap()).unwrap();
        fs::write(fixture.file(&name), bytes).unwrap();
        smol::block_on(async { assert_eq!(read_all(&fixture.store, &name).await, b"hello") });
    }
}

#[test]
fn an_empty_body_and_the_longest_name_are_fine() {
    let fixture = Fixture::new();
    let long = name(&"%2F".repeat(341));
    smol::block_on(async {
        for name in [name("x"), long] {
            let before = SystemTime::now();
            let info = put(&fixture.store, &name, b"").await.unwrap();
            assert_eq!(info.size_bytes, 0);
            assert!(
                info.written_at.duration_since(before).is_ok_and(|age| age < Duration::from_secs(60))
                    || before.duration_since(info.written_at).is_ok_and(|ahead| ahead < Duration::from_millis(2))
            );
            assert_eq!(fixture.store.look_up(&name).await.unwrap(), Some(info));
            assert_eq!(read_all(&fixture.store, &name).await, b"");
            assert_eq!(read(&fixture.store, &name, 5..7).await, (Vec::new(), None));
        }
    });
}

#[test]
fn names_that_differ_only_in_their_escapes_are_different_blobs() {
    let fixture = Fixture::new();
    let names = ["a", "%61", "a%2Fb", "a%2fb", "A"].map(name);
    smol::block_on(async {
        for name in &names {
            put(&fixture.store, name, name.as_bytes()).await.unwrap();
        }
        for name in &names {
            assert_eq!(read_all(&fixture.store, name).await, name.as_bytes());
        }
        assert_eq!(fixture.store.look_up(&super::name("b")).await, Ok(None));
    });
}

#[test]
fn a_reader_keeps_the_old_bytes_while_new_ones_take_the_name() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let (old, new, name) = (body(600_000), body(300_000), name("x"));
    smol::block_on(async {
        put(store, &name, &old).await.unwrap();
        let mut stream = store.open_blob(&name).await.unwrap().unwrap().stream(0..u64::MAX);
        let mut seen = stream.next().await.unwrap().unwrap().to_vec();
        put(store, &name, &new).await.unwrap();
        assert!(read_all(store, &name).await == new);
        assert!(store.delete(&name).await.unwrap());
        assert_eq!(stream.remaining_bytes(), 600_000 - seen.len() as u64);
        while let Some(piece) = stream.next().await.unwrap() {
            seen.extend_from_slice(piece);
        }
        assert!(seen == old);
        assert_eq!(store.look_up(&name).await, Ok(None));
        assert!(store.open_blob(&name).await.unwrap().is_none());
        assert!(!store.delete(&name).await.unwrap());
    });
}

#[test]
fn what_is_not_committed_is_not_there_and_leaves_nothing() {
    let fixture = Fixture::new();
    let (store, name) = (&fixture.store, name("x"));
    smol::block_on(async {
        put(store, &name, b"old").await.unwrap();
        let mut dropped = store.begin(&name, None, WantedDigests::default()).await.unwrap();
        let mut aborted = store.begin(&name, Some(2_000_000), WantedDigests::default()).await.unwrap();
        dropped.write(&body(300_000)).await.unwrap();
        aborted.write(&body(300_000)).await.unwrap();
        let aborted = aborted.finish();
        assert_eq!(fixture.temp_files(), 2);
        assert_eq!(read_all(store, &name).await, b"old");
        drop(dropped);
        aborted.abort();
        assert_eq!(fixture.temp_files(), 0);
        assert_eq!(read_all(store, &name).await, b"old");
    });
}

#[test]
fn what_a_crash_left_of_an_upload_is_gone_after_the_next_start() {
    let Fixture { dir, store } = Fixture::new();
    smol::block_on(put(&store, &name("x"), b"kept")).unwrap();
    drop(store);
    fs::write(dir.path().join("incoming/0000000000000000"), b"half an upl").unwrap();
    let (store, report) = BlobStore::open(dir.path()).unwrap();
    assert_eq!((report.created, report.temp_files_removed), (false, 1));
    assert_eq!(smol::block_on(read_all(&store, &name("x"))), b"kept");
    smol::block_on(put(&store, &name("y"), b"new")).unwrap();
    assert_eq!(temp_files(dir.path()), 0);
}

/// Large enough that the table is read in parts, that the file is synced while it is written, and that room was set aside
/// that is not needed.
#[test]
fn a_large_body_comes_back_from_anywhere() {
    let fixture = Fixture::new();
    let (store, name) = (&fixture.store, name("x"));
    let piece = body(4 * BLOCK);
    let size = 1030 * piece.len() as u64;
    smol::block_on(async {
        let mut writer = store.begin(&name, Some(size + 10_000_000), WantedDigests::default()).await.unwrap();
        for _ in 0..1030 {
            writer.write(&piece).await.unwrap();
        }
        let info = writer.finish().commit().await.unwrap();
        assert_eq!(store.look_up(&name).await, Ok(Some(info)));
        let metadata = fs::metadata(fixture.file(&name)).unwrap();
        assert!(metadata.len() < size + 20_000);
        assert!(
            std::os::unix::fs::MetadataExt::blocks(&metadata) * 512 < size + 5_000_000,
            "spare room was given back"
        );
        for from in [0, 5 * BLOCK as u64 + 1, 4090 * BLOCK as u64, size - 10] {
            let (bytes, error) = read(store, &name, from..from + 12 * BLOCK as u64).await;
            let expected = piece.iter().cycle().skip(usize::try_from(from % (4 * BLOCK as u64)).unwrap());
            assert_eq!(error, None);
            assert_eq!(bytes.len() as u64, (12 * BLOCK as u64).min(size - from));
            assert!(bytes.iter().eq(expected.take(bytes.len())), "from {from}");
        }
        let mut across = store.open_blob(&name).await.unwrap().unwrap().stream(BLOCK as u64..size);
        let mut count = 0;
        while let Some(bytes) = across.next().await.unwrap() {
            assert!(bytes.iter().zip(piece.iter().cycle().skip(BLOCK)).step_by(1009).all(|(a, b)| a == b));
            count += bytes.len() as u64;
        }
        assert_eq!(count, size - BLOCK as u64);
    });
}
