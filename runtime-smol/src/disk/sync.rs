//! Syncing to the disk, shared by all who wait for the same (group commit), and the rule for when it fails.
//!
//! The folder of a blob is synced by the first who needs it; whoever comes while that sync runs waits for the next one,
//! which one of them runs for all. A sync that was already running would not do: it may have begun before the rename.
//!
//! Files are synced each by its own call, side by side on the blocking pool, because that measured best: the file
//! system's journal merges such calls by itself. One `syncfs` for a batch was no faster with 16 and 64 writers, and has to
//! wait for the unwritten pages of every large upload on the disk.
//!
//! **A failed sync is never tried again.** The kernel reports a page that it could not write once, marks it clean, and says
//! yes the next time although the bytes are gone. So after the first failure nothing is acknowledged until a restart.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use rustix::io::{Errno, retry_on_intr};

use super::error::{Doing, StoreError};
use super::layout::{FolderId, Layout};

/// The two calls that make things durable; a seam, so that tests can make them slow, fail, and count them.
pub(super) trait SyncCalls: Send + Sync {
    /// Makes the bytes and the length of a file durable.
    fn sync_file(&self, file: BorrowedFd<'_>) -> Result<(), Errno>;
    /// Makes the entries of a folder durable.
    fn sync_folder(&self, folder: BorrowedFd<'_>) -> Result<(), Errno>;
}

/// The calls of the operating system.
pub(super) struct SystemCalls;

impl SyncCalls for SystemCalls {
    fn sync_file(&self, file: BorrowedFd<'_>) -> Result<(), Errno> {
        // An interrupted call has not begun to write; that is no failure.
        retry_on_intr(|| rustix::fs::fdatasync(file))
    }

    fn sync_folder(&self, folder: BorrowedFd<'_>) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::fsync(folder))
    }
}

/// How often folders were asked to be synced, and were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderSyncCounts {
    /// Commits and deletions that needed it.
    pub wanted: u64,
    /// Syncs that were made.
    pub made: u64,
}

/// All syncing of one store.
pub(super) struct Syncer {
    calls: Box<dyn SyncCalls>,
    failing: AtomicBool,
    /// By their [`FolderId::index`].
    folders: Vec<Mutex<Folder>>,
    wanted: AtomicU64,
    made: AtomicU64,
}

#[derive(Default)]
struct Folder {
    /// Whether it is there, and will be after a crash.
    is_made: bool,
    is_syncing: bool,
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Syncer {
    /// `made` are the folders that are durably there.
    pub(super) fn new(calls: Box<dyn SyncCalls>, made: &[FolderId]) -> Self {
        let is_made = |index| made.iter().any(|folder| folder.index() == index);
        let folder = |index| Mutex::new(Folder { is_made: is_made(index), ..Folder::default() });
        Self {
            calls,
            failing: AtomicBool::new(false),
            folders: (0..FolderId::COUNT).map(folder).collect(),
            wanted: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// Whether a sync has failed, so that nothing may be acknowledged any more.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    pub(super) fn counts(&self) -> FolderSyncCounts {
        FolderSyncCounts { wanted: self.wanted.load(Ordering::Relaxed), made: self.made.load(Ordering::Relaxed) }
    }

    /// Makes a temporary file durable. Blocks.
    pub(super) fn sync_file(&self, layout: &Layout, file: BorrowedFd<'_>) -> Result<(), StoreError> {
        self.guarded(&layout.incoming_path(), || self.calls.sync_file(file))
    }

    /// Makes the folder, durably, unless it is there. Blocks.
    pub(super) fn make_folder(&self, layout: &Layout, id: FolderId) -> Result<(), StoreError> {
        let mut folder = self.folder(id);
        if !folder.is_made {
            let path = layout.blob_folder_path(id);
            let made = layout.make_blob_folder(id);
            made.map_err(|error| StoreError::from_errno(Doing::Creating, &path, error))?;
            self.guarded(&path, || self.calls.sync_folder(layout.tree(id.tree)))?;
            folder.is_made = true;
        }
        Ok(())
    }

    /// Whether anything can ever have been in the folder.
    pub(super) fn has_folder(&self, id: FolderId) -> bool {
        self.folder(id).is_made
    }

    /// Makes what was done in the folder before this call durable, and tells `done`. Blocks if nobody is syncing the folder,
    /// and then syncs for all who come meanwhile; `done` is told as soon as its own sync is made.
    pub(super) fn sync_folder(&self, layout: &Layout, id: FolderId, done: oneshot::Sender<Result<(), StoreError>>) {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        {
            let mut folder = self.folder(id);
            folder.waiting.push(done);
            if std::mem::replace(&mut folder.is_syncing, true) {
                return;
            }
        }
        while let Some(batch) = self.next_batch(id) {
            self.made.fetch_add(1, Ordering::Relaxed);
            let path = layout.blob_folder_path(id);
            let outcome = match layout.open_blob_folder(id) {
                Ok(folder) => self.guarded(&path, || self.calls.sync_folder(folder.as_fd())),
                Err(error) => Err(StoreError::from_errno(Doing::Opening, &path, error)),
            };
            for done in batch {
                // One who no longer waits needs no answer.
                drop(done.send(outcome.clone()));
            }
        }
    }

    /// Those who wait, or `None` after noting that nobody syncs any more.
    fn next_batch(&self, id: FolderId) -> Option<Vec<oneshot::Sender<Result<(), StoreError>>>> {
        let mut folder = self.folder(id);
        let batch = std::mem::take(&mut folder.waiting);
        folder.is_syncing = !batch.is_empty();
        folder.is_syncing.then_some(batch)
    }

    #[expect(clippy::indexing_slicing, reason = "there are as many as indices")]
    fn folder(&self, id: FolderId) -> MutexGuard<'_, Folder> {
        self.folders[id.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guarded(&self, path: &Path, sync: impl FnOnce() -> Result<(), Errno>) -> Result<(), StoreError> {
        if self.is_failing() {
            return Err(StoreError::Failing);
        }
        match sync() {
            // One that failed meanwhile may have been given the report that was meant for this one.
            Ok(()) if self.is_failing() => Err(StoreError::Failing),
            Ok(()) => Ok(()),
            Err(error) => {
                // That there is no room is found out when blocks are chosen, and says nothing about other files.
                if !matches!(error, Errno::NOSPC | Errno::DQUOT) && !self.failing.swap(true, Ordering::AcqRel) {
                    tracing::error!(%error, path = %path.display(), "a sync failed; nothing more is written until a restart");
                }
                Err(StoreError::from_errno(Doing::Syncing, path, error))
            }
        }
    }
}

/// Waits for what [`Syncer::sync_folder`] tells.
pub(super) async fn sync_outcome(is_done: oneshot::Receiver<Result<(), StoreError>>) -> Result<(), StoreError> {
    // The other end is only dropped untold if the thread that should have synced panicked.
    is_done.await.unwrap_or(Err(StoreError::Failing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    use super::super::layout::Tree;

    /// Lets each folder sync wait until it is told what to return.
    struct Gate {
        entered: mpsc::Sender<()>,
        outcomes: Mutex<mpsc::Receiver<Result<(), Errno>>>,
    }

    impl SyncCalls for Gate {
        fn sync_file(&self, _file: BorrowedFd<'_>) -> Result<(), Errno> {
            Ok(())
        }

        fn sync_folder(&self, _folder: BorrowedFd<'_>) -> Result<(), Errno> {
            self.entered.send(()).unwrap();
            let patience = std::time::Duration::from_secs(20);
            self.outcomes.lock().unwrap().recv_timeout(patience).unwrap_or(Err(Errno::TIMEDOUT))
        }
    }

    struct Fixture {
        _dir: tempfile::TempDir,
        store: Arc<(Layout, Syncer)>,
        has_entered: mpsc::Receiver<()>,
        outcome: mpsc::Sender<Result<(), Errno>>,
    }

    impl Fixture {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (layout, _) = Layout::open(dir.path()).unwrap();
            let (entered, has_entered) = mpsc::channel();
            let (outcome, outcomes) = mpsc::channel();
            let made = [3, 4].map(Self::id);
            for folder in made {
                layout.make_blob_folder(folder).unwrap();
            }
            let syncer = Syncer::new(Box::new(Gate { entered, outcomes: Mutex::new(outcomes) }), &made);
            Self { _dir: dir, store: Arc::new((layout, syncer)), has_entered, outcome }
        }

        const fn id(number: u8) -> FolderId {
            FolderId { tree: Tree::Blobs, number }
        }

        fn want(&self, folder: u8) -> oneshot::Receiver<Result<(), StoreError>> {
            let (done, is_done) = oneshot::channel();
            let store = Arc::clone(&self.store);
            smol::unblock(move || store.1.sync_folder(&store.0, Self::id(folder), done)).detach();
            is_done
        }

        fn waiting(&self, folder: u8) -> usize {
            self.store.1.folder(Self::id(folder)).waiting.len()
        }
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let start = std::time::Instant::now();
        while !condition() {
            assert!(start.elapsed().as_secs() < 20, "it never came");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    #[test]
    fn all_who_come_during_a_sync_share_the_next_one() {
        let fixture = Fixture::new();
        let first = fixture.want(3);
        fixture.has_entered.recv().unwrap();
        let mut later: Vec<_> = (0..10).map(|_| fixture.want(3)).collect();
        wait_until(|| fixture.waiting(3) == 10);
        fixture.outcome.send(Ok(())).unwrap();
        assert_eq!(smol::block_on(first), Ok(Ok(())));
        fixture.has_entered.recv().unwrap();
        assert!(later.iter_mut().all(|done| done.try_recv() == Ok(None)), "their sync is not made yet");
        fixture.outcome.send(Ok(())).unwrap();
        for done in later {
            assert_eq!(smol::block_on(done), Ok(Ok(())));
        }
        assert_eq!(fixture.store.1.counts(), FolderSyncCounts { wanted: 11, made: 2 });
        wait_until(|| !fixture.store.1.folder(Fixture::id(3)).is_syncing);
    }

    #[test]
    fn a_failure_reaches_all_and_is_never_tried_again() {
        let fixture = Fixture::new();
        let elsewhere = fixture.want(4);
        fixture.has_entered.recv().unwrap();
        let first = fixture.want(3);
        fixture.has_entered.recv().unwrap();
        let later = fixture.want(3);
        wait_until(|| fixture.waiting(3) == 1);
        fixture.outcome.send(Err(Errno::IO)).unwrap();
        wait_until(|| fixture.store.1.is_failing());
        fixture.outcome.send(Ok(())).unwrap();
        let outcomes = [elsewhere, first].map(|done| smol::block_on(done).unwrap());
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Io { doing: Doing::Syncing, .. }))));
        assert!(outcomes.contains(&Err(StoreError::Failing)), "the one that ran beside it is not trusted either");
        assert_eq!(smol::block_on(later), Ok(Err(StoreError::Failing)));
        let (layout, syncer) = &*fixture.store;
        assert_eq!(syncer.sync_file(layout, std::io::stdin().as_fd()), Err(StoreError::Failing));
        assert!(fixture.has_entered.try_recv().is_err(), "the disk was asked again");
    }
}
