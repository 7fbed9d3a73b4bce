//! The store as a whole, on real files.

mod commits;
mod damage;
mod described;
mod full_disk;
mod round_trips;

use std::fs;
use std::path::{Path, PathBuf};

use lode_core::name::ObjectName;

use super::layout::BlobPath;
use super::{BlobInfo, BlobStore, StoreError, WantedDigests};

struct Fixture {
    dir: tempfile::TempDir,
    store: BlobStore,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = BlobStore::open(dir.path()).unwrap();
        Self { dir, store }
    }

    /// The file of a blob.
    fn file(&self, name: &ObjectName) -> PathBuf {
        self.store.shared.layout.display_path(&BlobPath::of_object(name))
    }

    fn temp_files(&self) -> usize {
        temp_files(self.dir.path())
    }
}

fn temp_files(root: &Path) -> usize {
    fs::read_dir(root.join("incoming")).unwrap().count()
}

fn name(text: &str) -> ObjectName {
    ObjectName::from_segment(text.as_bytes()).unwrap()
}

/// Bytes in which every block, and every shift by less than a page, looks different.
fn body(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
}

async fn put(store: &BlobStore, name: &ObjectName, body: &[u8]) -> Result<BlobInfo, StoreError> {
    let declared_bytes = u64::try_from(body.len()).unwrap();
    let mut writer = store.begin(name, Some(declared_bytes), WantedDigests::default()).await?;
    for piece in body.chunks(100_000) {
        writer.write(piece).await?;
    }
    writer.finish().commit().await
}

/// What was handed out before the end or the first error, and that error.
async fn read(store: &BlobStore, name: &ObjectName, range: std::ops::Range<u64>) -> (Vec<u8>, Option<StoreError>) {
    let mut bytes = Vec::new();
    let mut stream = match store.open_blob(name).await {
        Ok(Some(reader)) => reader.stream(range),
        Ok(None) => panic!("there is no blob {name}"),
        Err(error) => return (bytes, Some(error)),
    };
    loop {
        match stream.next().await {
            Ok(Some(piece)) => {
                assert!(!piece.is_empty() && piece.len() <= 256 * 1024);
                bytes.extend_from_slice(piece);
            }
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

async fn read_all(store: &BlobStore, name: &ObjectName) -> Vec<u8> {
    let (bytes, error) = read(store, name, 0..u64::MAX).await;
    assert_eq!(error, None);
    bytes
}
