//! Blobs that say of themselves what they are.

use lode_core::catalog::{BlobId, Description};
use lode_core::inventory::Notes;

use super::*;

fn blob(number: u128) -> BlobId {
    BlobId::from_bytes(number.to_be_bytes())
}

fn notes(label: Option<&str>) -> Notes {
    let description: Description = "object objects a/b =text/plain note=x".parse().unwrap();
    Notes { description: Some(description), label: label.map(|label| label.parse().unwrap()) }
}

async fn put_noted(store: &BlobStore, blob: BlobId, body: &[u8], notes: Notes) {
    let mut writer = store.begin_noted(&blob.name(), None, WantedDigests::default(), notes).await.unwrap();
    writer.write(body).await.unwrap();
    writer.finish().commit().await.unwrap();
}

async fn notes_of(store: &BlobStore, blob: BlobId) -> Notes {
    store.open_blob(&blob.name()).await.unwrap().unwrap().notes().clone()
}

#[test]
fn a_blob_says_what_it_is_and_lies_among_the_blobs() {
    let fixture = Fixture::new();
    smol::block_on(async {
        for (number, label) in [(1, None), (2, Some("7 1000"))] {
            put_noted(&fixture.store, blob(number), b"bytes", notes(label)).await;
            assert_eq!(notes_of(&fixture.store, blob(number)).await, notes(label));
            assert_eq!(read_all(&fixture.store, &blob(number).name()).await, b"bytes");
        }
    });
    assert_eq!(fs::read_dir(fixture.dir.path().join("objects")).unwrap().count(), 0);
    let files: Vec<_> = fs::read_dir(fixture.dir.path().join("blobs"))
        .unwrap()
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!([1, 2].iter().all(|number| files.contains(&blob(*number).to_string())), "{files:?}");
}

#[test]
fn an_object_that_is_called_like_a_blob_is_another_thing() {
    let fixture = Fixture::new();
    let name = blob(1).name();
    smol::block_on(async {
        put(&fixture.store, &name, b"object").await.unwrap();
        assert_eq!(read_all(&fixture.store, &name).await, b"object");
        put_noted(&fixture.store, blob(1), b"blob", notes(None)).await;
        assert_eq!(read_all(&fixture.store, &name).await, b"blob", "what is among the blobs is found first");
        assert_eq!(fixture.store.delete(&name).await, Ok(true));
        assert_eq!(read_all(&fixture.store, &name).await, b"object");
        assert_eq!(fixture.store.delete(&name).await, Ok(true));
        assert_eq!(fixture.store.delete(&name).await, Ok(false));
    });
}

#[test]
fn a_blob_that_was_written_before_there_were_descriptions_is_found() {
    let fixture = Fixture::new();
    let name = blob(1).name();
    // As version 1 of the format has written it: without a version slot, and with its number and the checksum of that.
    smol::block_on(put(&fixture.store, &name, b"old")).unwrap();
    let file = fixture.file(&name);
    let bytes = fs::read(&file).unwrap();
    let (start, end) = bytes.split_at(bytes.len() - 56);
    let mut end = end[20..].to_vec();
    end[20..24].copy_from_slice(&1_u32.to_le_bytes());
    end[24..28].copy_from_slice(&crc32c::crc32c(&1_u32.to_le_bytes()).to_le_bytes());
    fs::write(&file, [start, &end].concat()).unwrap();
    smol::block_on(async {
        assert_eq!(read_all(&fixture.store, &name).await, b"old");
        assert_eq!(notes_of(&fixture.store, blob(1)).await, Notes::default());
        assert_eq!(fixture.store.delete(&name).await, Ok(true));
    });
}
