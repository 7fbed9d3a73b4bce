//! When a blob is durable, in which order that comes about, and what happens when it cannot.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use rustix::io::Errno;

use super::*;
use crate::disk::sync::SyncCalls;
use crate::disk::{Doing, FolderSyncCounts};

/// Sync calls that do what a test says.
struct Scripted<F, D> {
    file: F,
    folder: D,
}

impl<F, D> SyncCalls for Scripted<F, D>
where
    F: Fn() -> Result<(), Errno> + Send + Sync,
    D: Fn() -> Result<(), Errno> + Send + Sync,
{
    fn sync_file(&self, _file: BorrowedFd<'_>) -> Result<(), Errno> {
        (self.file)()
    }

    fn sync_folder(&self, _folder: BorrowedFd<'_>) -> Result<(), Errno> {
        (self.folder)()
    }
}

fn fixture_with(
    dir: tempfile::TempDir,
    file: impl Fn() -> Result<(), Errno> + Send + Sync + 'static,
    folder: impl Fn() -> Result<(), Errno> + Send + Sync + 'static,
) -> Fixture {
    let (store, _) = BlobStore::open_with(dir.path(), Box::new(Scripted { file, folder })).unwrap();
    Fixture { dir, store }
}

#[test]
fn the_file_is_synced_before_it_is_visible_and_the_folder_before_anybody_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let final_file = dir.path().join("objects").join(BlobPath::of_object(&name("x")).relative());
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let (log, root, final_file) = (Arc::clone(&log), dir.path().to_path_buf(), final_file.clone());
        move || {
            log.lock().unwrap().push((what, temp_files(&root), final_file.exists()));
            Ok(())
        }
    };
    let (on_file, on_folder) = (note("file synced"), note("folder synced"));
    let told = note("told");
    let fixture = fixture_with(dir, on_file, on_folder);
    smol::block_on(put(&fixture.store, &name("x"), b"hello")).unwrap();
    told().unwrap();
    smol::block_on(fixture.store.delete(&name("x"))).unwrap();
    told().unwrap();
    let expected = [
        ("folder synced", 1, false), // The one in which the folder was made.
        ("file synced", 1, false),
        ("folder synced", 0, true),
        ("told", 0, true),
        ("folder synced", 0, false),
        ("told", 0, false),
    ];
    assert_eq!(*log.lock().unwrap(), expected);
}

#[test]
fn all_bytes_are_in_the_file_when_it_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let incoming = dir.path().join("incoming");
    let (seen, was_seen) = mpsc::channel();
    let on_file = move || {
        let entry = fs::read_dir(&incoming).unwrap().next().unwrap().unwrap();
        seen.send(fs::read(entry.path()).unwrap()).unwrap();
        Ok(())
    };
    let fixture = fixture_with(dir, on_file, || Ok(()));
    smol::block_on(put(&fixture.store, &name("x"), &body(200_000))).unwrap();
    assert!(was_seen.recv().unwrap() == fs::read(fixture.file(&name("x"))).unwrap());
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_all_is_still_read() {
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let on_file = move || if is_broken.load(Ordering::Relaxed) { Err(Errno::IO) } else { Ok(()) };
    let fixture = fixture_with(tempfile::tempdir().unwrap(), on_file, || Ok(()));
    let (store, x, y) = (&fixture.store, name("x"), name("y"));
    smol::block_on(async {
        put(store, &x, b"old").await.unwrap();
        let under_way = store.begin(&y, None, WantedDigests::default()).await.unwrap().finish();
        broken.store(true, Ordering::Relaxed);
        let error = put(store, &x, b"new").await.err().unwrap();
        assert!(matches!(error, StoreError::Io { doing: Doing::Syncing, error: Errno::IO, .. }), "{error:?}");
        assert!(store.is_failing());
        broken.store(false, Ordering::Relaxed);
        assert_eq!(under_way.commit().await, Err(StoreError::Failing), "what the kernel says now counts for nothing");
        assert_eq!(store.begin(&y, None, WantedDigests::default()).await.err(), Some(StoreError::Failing));
        assert_eq!(store.delete(&x).await, Err(StoreError::Failing));
        assert_eq!(read_all(store, &x).await, b"old");
        assert_eq!(store.look_up(&y).await, Ok(None));
        assert_eq!(fixture.temp_files(), 0);
    });
    let Fixture { dir, store } = fixture;
    drop(store);
    let (store, _) = BlobStore::open(dir.path()).unwrap();
    smol::block_on(put(&store, &x, b"new")).unwrap();
}

#[test]
fn a_failed_sync_of_the_folder_is_no_success_either() {
    let fixture = fixture_with(tempfile::tempdir().unwrap(), || Ok(()), || Err(Errno::IO));
    let error = smol::block_on(put(&fixture.store, &name("x"), b"new")).err().unwrap();
    assert!(matches!(error, StoreError::Io { doing: Doing::Syncing, .. }), "{error:?}");
    assert!(fixture.store.is_failing());
}

#[test]
fn a_failed_sync_beside_the_writing_stops_the_upload() {
    let fixture = fixture_with(tempfile::tempdir().unwrap(), || Err(Errno::IO), || Ok(()));
    smol::block_on(async {
        let mut writer = fixture.store.begin(&name("x"), None, WantedDigests::default()).await.unwrap();
        let piece = body(256 * 1024);
        let mut written = 0_u64;
        let error = loop {
            match writer.write(&piece).await {
                Ok(()) => written += piece.len() as u64,
                Err(error) => break error,
            }
            assert!(written < 200_000_000, "it goes on for ever");
        };
        assert!(matches!(error, StoreError::Io { doing: Doing::Syncing, .. }), "{error:?}");
        drop(writer);
        assert_eq!(fixture.temp_files(), 0);
    });
}

#[test]
fn no_room_found_out_while_syncing_is_only_that() {
    let fixture = fixture_with(tempfile::tempdir().unwrap(), || Err(Errno::DQUOT), || Ok(()));
    let error = smol::block_on(put(&fixture.store, &name("x"), b"new")).err().unwrap();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    assert!(!fixture.store.is_failing());
    assert_eq!(fixture.temp_files(), 0);
    assert_eq!(smol::block_on(fixture.store.look_up(&name("x"))), Ok(None));
}

#[test]
fn commits_to_one_folder_that_come_during_a_sync_share_the_next() {
    let (open_gate, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    // Once the other end is gone, the gate stays open.
    let on_folder = move || {
        let _ = gate.lock().unwrap().recv();
        Ok(())
    };
    let fixture = fixture_with(tempfile::tempdir().unwrap(), || Ok(()), on_folder);
    let folder = BlobPath::of_object(&name("0")).folder;
    let names =
        (0..).map(|number: u32| name(&number.to_string())).filter(|name| BlobPath::of_object(name).folder == folder);
    let names: Vec<_> = names.take(24).collect();
    let commits: Vec<_> = names
        .iter()
        .map(|name| {
            let (store, name) = (fixture.store.clone(), name.clone());
            smol::spawn(async move { put(&store, &name, b"small").await })
        })
        .collect();
    // Lets the sync pass that makes the folder itself durable.
    open_gate.send(()).unwrap();
    let start = std::time::Instant::now();
    while fixture.store.folder_syncs().wanted < 24 {
        assert!(start.elapsed().as_secs() < 60, "the others do not get as far as the folder");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(commits.iter().all(|commit| !commit.is_finished()), "told before the folder is synced");
    drop(open_gate);
    for commit in commits {
        smol::block_on(commit).unwrap();
    }
    let FolderSyncCounts { wanted, made } = fixture.store.folder_syncs();
    // One for the first, one for those behind it, and perhaps one for somebody between counting and queueing.
    assert!(wanted == 24 && made <= 3, "{made} syncs for {wanted} commits");
    smol::block_on(async {
        for name in &names {
            assert_eq!(read_all(&fixture.store, name).await, b"small");
        }
    });
}

#[test]
fn commits_to_one_name_leave_one_of_the_bodies_whole() {
    let fixture = Fixture::new();
    let bodies: Vec<Vec<u8>> = (1..=16).map(|number| body(number * 10_000)).collect();
    let x = name("x");
    let commits: Vec<_> = bodies.iter().map(|body| put(&fixture.store, &x, body)).collect();
    let outcomes = smol::block_on(futures::future::join_all(commits));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(bodies.contains(&smol::block_on(read_all(&fixture.store, &x))));
    assert_eq!(fixture.temp_files(), 0);
}

#[test]
fn a_commit_whose_future_is_dropped_runs_to_its_end() {
    let fixture = Fixture::new();
    smol::block_on(async {
        let mut writer = fixture.store.begin(&name("x"), None, WantedDigests::default()).await.unwrap();
        writer.write(b"hello").await.unwrap();
        let mut commit = Box::pin(writer.finish().commit());
        assert!(futures::poll!(&mut commit).is_pending());
        drop(commit);
        let start = std::time::Instant::now();
        while fixture.store.look_up(&name("x")).await.unwrap().is_none() {
            assert!(start.elapsed().as_secs() < 60, "it never came");
            smol::Timer::after(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(read_all(&fixture.store, &name("x")).await, b"hello");
        assert_eq!(fixture.temp_files(), 0);
    });
}

#[test]
fn the_folder_is_locked_while_somebody_writes() {
    let Fixture { dir, store } = Fixture::new();
    let writer = smol::block_on(store.begin(&name("x"), None, WantedDigests::default())).unwrap();
    drop(store);
    assert!(matches!(BlobStore::open(dir.path()), Err(StoreError::RootLocked { .. })));
    assert_eq!(temp_files(dir.path()), 1, "the second server must not remove what the first one writes");
    drop(writer);
    assert!(BlobStore::open(dir.path()).is_ok());
}
