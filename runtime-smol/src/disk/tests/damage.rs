//! No damage to a file makes it hand out a wrong byte.

use super::*;
use crate::disk::{Damage, StoreError};

/// Writes `body` under the name `x`; gives the bytes of its file.
fn stored(fixture: &Fixture, body: &[u8]) -> (ObjectName, Vec<u8>) {
    let name = name("x");
    smol::block_on(put(&fixture.store, &name, body)).unwrap();
    let file = fs::read(fixture.file(&name)).unwrap();
    (name, file)
}

/// Where nothing stands that is served, nor anything that is ever damage.
fn version_slot(file: &[u8]) -> std::ops::Range<usize> {
    file.len() - 56..file.len() - 36
}

fn assert_corrupt(error: Option<&StoreError>, what: &str) {
    assert!(matches!(error, Some(StoreError::Corrupt { .. })), "{what}: {error:?}");
}

#[test]
fn a_change_of_any_byte_of_a_small_blob_is_found() {
    let fixture = Fixture::new();
    let body = body(100);
    let (name, file) = stored(&fixture, &body);
    let right = smol::block_on(fixture.store.look_up(&name)).unwrap();
    let slot = version_slot(&file);
    for at in (0..file.len()).filter(|at| !slot.contains(at)) {
        for mask in [0x01, 0x80, 0xff] {
            let mut bad = file.clone();
            bad[at] ^= mask;
            fs::write(fixture.file(&name), bad).unwrap();
            let (bytes, error) = smol::block_on(read(&fixture.store, &name, 0..u64::MAX));
            assert_corrupt(error.as_ref(), &format!("byte {at} xor {mask:#x}"));
            assert_eq!(bytes, b"");
            match smol::block_on(fixture.store.look_up(&name)) {
                Ok(info) => assert!(at < body.len() && info == right, "byte {at} xor {mask:#x}"),
                Err(error) => assert_corrupt(Some(&error), "look up"),
            }
        }
    }
}

#[test]
fn a_file_of_any_other_length_is_damaged() {
    let fixture = Fixture::new();
    let (name, file) = stored(&fixture, &body(100));
    let mut longer = file.clone();
    longer.push(0);
    for bad in (0..file.len()).map(|length| &file[..length]).chain([&longer[..], &file[1..]]) {
        fs::write(fixture.file(&name), bad).unwrap();
        let (bytes, error) = smol::block_on(read(&fixture.store, &name, 0..u64::MAX));
        assert_corrupt(error.as_ref(), &format!("{} bytes", bad.len()));
        assert_eq!(bytes, b"");
        assert_corrupt(smol::block_on(fixture.store.look_up(&name)).err().as_ref(), "look up");
    }
}

#[test]
fn in_a_large_blob_all_that_is_handed_out_is_right_and_the_bad_block_is_named() {
    let fixture = Fixture::new();
    let body = body(1_000_000);
    let (name, file) = stored(&fixture, &body);
    let of_body = [0, 1, 65_535, 65_536, 500_000, 999_999];
    let slot = version_slot(&file);
    let behind_body = (1_000_000..file.len()).step_by(7).filter(|at| !slot.contains(at));
    for at in of_body.into_iter().chain(behind_body) {
        let mut bad = file.clone();
        bad[at] ^= 0x10;
        fs::write(fixture.file(&name), bad).unwrap();
        let (bytes, error) = smol::block_on(read(&fixture.store, &name, 0..u64::MAX));
        assert_corrupt(error.as_ref(), &format!("byte {at}"));
        assert!(bytes.len() <= at && bytes == body[..bytes.len()], "byte {at}");
        if at < body.len() {
            let block = at as u64 / 65_536 * 65_536;
            let expected = StoreError::Corrupt { name: name.clone(), at: block, damage: Damage::Block };
            assert_eq!(error, Some(expected.clone()));
            let (bytes, error) = smol::block_on(read(&fixture.store, &name, block..block + 1));
            assert_eq!((bytes, error), (Vec::new(), Some(expected)));
            let elsewhere = (block + 65_536) % 900_000;
            let (bytes, error) = smol::block_on(read(&fixture.store, &name, elsewhere..elsewhere + 1000));
            let from = usize::try_from(elsewhere).unwrap();
            let next_block = elsewhere.next_multiple_of(65_536).max(elsewhere + 1);
            if block != elsewhere / 65_536 * 65_536 && next_block >= elsewhere + 1000 {
                assert_eq!(error, None);
                assert!(bytes == body[from..from + 1000]);
            }
        }
    }
}

#[test]
fn asking_again_after_an_error_does_not_look_like_the_end() {
    let fixture = Fixture::new();
    let (name, mut file) = stored(&fixture, &body(300_000));
    file[290_000] ^= 1;
    fs::write(fixture.file(&name), file).unwrap();
    smol::block_on(async {
        let mut stream = fixture.store.open_blob(&name).await.unwrap().unwrap().stream(0..u64::MAX);
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 4 * 65_536);
        let first = stream.next().await.err().unwrap();
        assert_eq!(stream.next().await.err(), Some(first));
    });
}

/// The table of a body of this size is not read with the description.
#[test]
fn rot_in_a_long_table_is_found_where_it_is_used() {
    let fixture = Fixture::new();
    let size: u64 = 70_000_000;
    let (name, mut file) = stored(&fixture, &vec![7; usize::try_from(size).unwrap()]);
    file[usize::try_from(size + 4 * 10).unwrap()] ^= 1;
    fs::write(fixture.file(&name), file).unwrap();
    smol::block_on(async {
        let (bytes, error) = read(&fixture.store, &name, 0..u64::MAX).await;
        let damage = Damage::Block;
        assert_eq!(error, Some(StoreError::Corrupt { name: name.clone(), at: 10 * 65_536, damage }));
        assert_eq!(bytes.len(), 8 * 65_536);
        assert_eq!(read(&fixture.store, &name, 60_000_000..60_000_001).await, (vec![7], None));
    });
}

#[test]
fn files_that_changed_places_are_not_each_others_blobs() {
    let fixture = Fixture::new();
    let (x, y) = (name("x"), name("y"));
    smol::block_on(async {
        put(&fixture.store, &x, b"of x").await.unwrap();
        put(&fixture.store, &y, b"of y").await.unwrap();
        let aside = fixture.dir.path().join("aside");
        fs::rename(fixture.file(&x), &aside).unwrap();
        fs::rename(fixture.file(&y), fixture.file(&x)).unwrap();
        fs::rename(&aside, fixture.file(&y)).unwrap();
        for name in [x, y] {
            let error = fixture.store.look_up(&name).await.err().unwrap();
            assert!(matches!(error, StoreError::Corrupt { damage: Damage::OtherName, .. }), "{error:?}");
            assert_eq!(read(&fixture.store, &name, 0..u64::MAX).await, (Vec::new(), Some(error)));
        }
    });
}

#[test]
fn a_blob_of_a_later_version_is_refused_with_what_to_do() {
    let fixture = Fixture::new();
    let (name, mut file) = stored(&fixture, b"hello");
    let at = file.len() - 16;
    file[at..at + 4].copy_from_slice(&9_u32.to_le_bytes());
    let crc = crc32c::crc32c(&9_u32.to_le_bytes());
    file[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    fs::write(fixture.file(&name), file).unwrap();
    let error = smol::block_on(fixture.store.look_up(&name)).err().unwrap();
    assert!(matches!(error, StoreError::UnknownVersion { found: 9, known: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("has format version 9"), "{error}");
    assert!(error.to_string().contains("use the version of Lode that wrote it, or a later one"), "{error}");
}

#[test]
fn a_damaged_blob_can_be_replaced_and_removed() {
    let fixture = Fixture::new();
    let (name, file) = stored(&fixture, b"hello");
    smol::block_on(async {
        fs::write(fixture.file(&name), &file[1..]).unwrap();
        put(&fixture.store, &name, b"good").await.unwrap();
        assert_eq!(read_all(&fixture.store, &name).await, b"good");
        fs::write(fixture.file(&name), b"").unwrap();
        assert_eq!(fixture.store.delete(&name).await, Ok(true));
        assert_eq!(fixture.store.look_up(&name).await, Ok(None));
    });
}

#[test]
fn a_file_cut_while_it_is_read_is_damaged() {
    let fixture = Fixture::new();
    let (name, file) = stored(&fixture, &body(1_000_000));
    smol::block_on(async {
        let mut stream = fixture.store.open_blob(&name).await.unwrap().unwrap().stream(0..u64::MAX);
        stream.next().await.unwrap();
        fs::File::options().write(true).open(fixture.file(&name)).unwrap().set_len(300_000).unwrap();
        let error = stream.next().await.err().unwrap();
        assert_eq!(error, StoreError::Corrupt { name: name.clone(), at: 300_000, damage: Damage::Length });
        fs::write(fixture.file(&name), file).unwrap();
    });
}
