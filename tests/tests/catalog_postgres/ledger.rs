//! A load of commits of which each answer is written down, and held against what the catalog has in the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lode_core::catalog::{BlobId, CatalogAnswer, CatalogFailure, CatalogRequest, ObjectPath, Retention, Version};
use lode_smol::catalog::{Catalog as _, PostgresCatalog};

use super::{blob, commit, connect, path};

const WRITERS: u64 = 24;
/// Fewer than there are writers, so that they meet.
const KEYS: u64 = 6;

/// The writers, and what each of their commits came to.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writers: Vec<std::thread::JoinHandle<()>>,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: ObjectPath,
    pub(crate) blob: BlobId,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) outcome: Result<CatalogAnswer, CatalogFailure>,
}

impl Load {
    /// Starts the writers, through two catalogs on this database.
    pub(crate) fn start(database: &str) -> Self {
        let catalogs = [Arc::new(connect(database)), Arc::new(connect(database))];
        let all = CatalogRequest::SetBucket { bucket: path("a").bucket, retention: Retention::Unlimited };
        assert_eq!(smol::block_on(catalogs[0].ask(all)), Ok(CatalogAnswer::Done));
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let entries = Arc::new(Mutex::new(Vec::new()));
        let writer = |number: u64| {
            let catalog = Arc::clone(&catalogs[usize::from(number.is_multiple_of(2))]);
            let (stop, written, entries) = (Arc::clone(&stop), Arc::clone(&written), Arc::clone(&entries));
            std::thread::spawn(move || {
                for count in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let entry = write(&catalog, number, count);
                    written.fetch_add(u64::from(entry.outcome.is_ok()), Ordering::Relaxed);
                    entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
                }
            })
        };
        let writers = (0..WRITERS).map(writer).collect();
        Self { stop, written, writers, entries }
    }

    /// Waits until so many more commits are answered.
    pub(crate) fn wait_for(&self, more: u64) {
        let goal = self.written.load(Ordering::Relaxed) + more;
        lode_tests::wait::until_true(Duration::from_secs(30), "commits are answered", || {
            self.written.load(Ordering::Relaxed) >= goal
        });
    }

    /// Ends the load: all that was asked, with its answers.
    pub(crate) fn finish(mut self) -> Vec<Entry> {
        self.stop.store(true, Ordering::Relaxed);
        for writer in std::mem::take(&mut self.writers) {
            writer.join().expect("a writer does not panic");
        }
        std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Load {
    /// Writers that outlive a test that has failed would write to the server of the next, at the same port.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for writer in std::mem::take(&mut self.writers) {
            let _ = writer.join();
        }
    }
}

fn write(catalog: &PostgresCatalog, writer: u64, count: u64) -> Entry {
    let (path, blob) = (path(&format!("key-{}", writer % KEYS)), blob(writer + 1, count));
    let began = Instant::now();
    let outcome = smol::block_on(catalog.ask(commit(&path, blob, &[])));
    let failed = outcome.is_err();
    let entry = Entry { path, blob, began, ended: Instant::now(), outcome };
    if failed {
        std::thread::sleep(Duration::from_millis(5));
    }
    entry
}

/// What is answered is there, once; what was refused is not; and no version is left out. Gives how many commits ended
/// without it being known how.
pub(crate) fn balance(database: &str, entries: &[Entry]) -> usize {
    let catalog = connect(database);
    let mut there: BTreeMap<BlobId, (ObjectPath, Version)> = BTreeMap::new();
    for key in 0..KEYS {
        let path = path(&format!("key-{key}"));
        let everything = CatalogRequest::Versions { path: path.clone(), before: None, limit: usize::MAX };
        let answer = smol::block_on(catalog.ask(everything));
        let Ok(CatalogAnswer::Versions(records)) = answer else { panic!("{answer:?}") };
        let numbers: Vec<u64> = records.iter().rev().map(|record| record.version.number()).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "a number of {path} is left out: {numbers:?}");
        for record in records {
            let twice = there.insert(record.blob, (path.clone(), record.version));
            assert_eq!(twice, None, "{:?} is there twice", record.blob);
        }
    }
    let (mut accounted_for, mut unknown) = (0, 0);
    for entry in entries {
        let found = there.get(&entry.blob);
        match &entry.outcome {
            Ok(CatalogAnswer::Written(written)) => {
                assert_eq!(found, Some(&(entry.path.clone(), written.version)), "{entry:?}");
            }
            Err(CatalogFailure::Unavailable { .. }) => assert_eq!(found, None, "{entry:?}"),
            Err(CatalogFailure::Unknown { .. }) => unknown += 1,
            Ok(_) => panic!("{entry:?}"),
        }
        accounted_for += usize::from(found.is_some());
    }
    assert_eq!(accounted_for, there.len(), "nothing is there that nobody wrote");
    unknown
}
