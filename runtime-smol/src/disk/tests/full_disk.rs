//! A disk that is full, or read-only: a real one, an 8 MiB tmpfs that only the test's own process sees.

use super::*;
use crate::small_disk::{run_again_on_a_small_disk, small_disk};
use std::process::Command;

#[test]
fn a_full_disk_refuses_and_keeps_what_it_has() {
    let Some(root) = small_disk() else {
        return run_again_on_a_small_disk("disk::tests::full_disk::a_full_disk_refuses_and_keeps_what_it_has");
    };
    let (store, _) = BlobStore::open(&root).unwrap();
    let (kept, large) = (name("kept"), name("large"));
    let no_space = |error: Option<StoreError>| assert!(matches!(error, Some(StoreError::NoSpace { .. })), "{error:?}");
    smol::block_on(async {
        put(&store, &kept, &body(1_000_000)).await.unwrap();
        let free_bytes = store.space().unwrap().free_bytes;
        assert!((4_000_000..8_000_000).contains(&free_bytes), "{free_bytes}");

        no_space(store.begin(&large, Some(free_bytes + 1), WantedDigests::default()).await.err());
        no_space(store.begin(&large, Some(u64::MAX), WantedDigests::default()).await.err());
        assert_eq!(temp_files(&root), 0);

        let mut unannounced = store.begin(&large, None, WantedDigests::default()).await.unwrap();
        let piece = body(256 * 1024);
        no_space(loop {
            if let Err(error) = unannounced.write(&piece).await {
                break Some(error);
            }
        });
        drop(unannounced);
        assert_eq!((temp_files(&root), store.space().unwrap().free_bytes), (0, free_bytes));

        let first = store.begin(&large, Some(free_bytes / 2 + 500_000), WantedDigests::default()).await.unwrap();
        assert!(store.space().unwrap().free_bytes < free_bytes / 2, "its room is set aside");
        no_space(store.begin(&kept, Some(free_bytes / 2), WantedDigests::default()).await.err());
        drop(first);

        fs::write(root.join("filler"), vec![0; usize::try_from(free_bytes - 8192).unwrap()]).unwrap();
        no_space(put(&store, &kept, &body(20_000)).await.err());
        let mut late = store.begin(&kept, None, WantedDigests::default()).await.unwrap();
        late.write(&body(20_000)).await.unwrap();
        no_space(late.finish().commit().await.err());
        assert!(!store.is_failing());
        fs::remove_file(root.join("filler")).unwrap();

        assert!(read_all(&store, &kept).await == body(1_000_000));
        assert_eq!(store.look_up(&large).await, Ok(None));
        put(&store, &kept, b"smaller").await.unwrap();
        assert!(store.delete(&kept).await.unwrap());
        assert_eq!(temp_files(&root), 0);
    });
}

#[test]
fn a_read_only_disk_refuses_and_is_still_read() {
    let Some(root) = small_disk() else {
        return run_again_on_a_small_disk("disk::tests::full_disk::a_read_only_disk_refuses_and_is_still_read");
    };
    let (store, _) = BlobStore::open(&root).unwrap();
    let name = name("x");
    smol::block_on(async {
        put(&store, &name, b"hello").await.unwrap();
        // The mapping of user namespaces lets only the mount itself be changed, not the file system below.
        let status = Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&root).status().unwrap();
        assert!(status.success());
        let read_only = |error| assert!(matches!(error, Some(StoreError::ReadOnly { .. })), "{error:?}");
        read_only(store.begin(&name, None, WantedDigests::default()).await.err());
        read_only(store.delete(&name).await.err());
        assert_eq!(read_all(&store, &name).await, b"hello");
        drop(store);
        let (store, _) = BlobStore::open(&root).unwrap();
        assert_eq!(read_all(&store, &name).await, b"hello", "also after a restart");
        read_only(BlobStore::open(&root.join("another")).err());
    });
}

#[test]
fn more_than_the_disk_has_is_refused_before_a_byte_is_taken() {
    let fixture = Fixture::new();
    let space = fixture.store.space().unwrap();
    assert!(space.free_bytes <= space.total_bytes && space.total_bytes > 0);
    let name = name("x");
    let begun = fixture.store.begin(&name, Some(space.total_bytes + 1), WantedDigests::default());
    let error = smol::block_on(begun).err().unwrap();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    assert!(error.to_string().contains("delete objects, or give this data server a larger disk"), "{error}");
    assert_eq!(fixture.temp_files(), 0);
}
