//! The file that says what a folder is, and the lock on it.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::super::error::{Doing, StoreError};
use super::place::Tree;
use super::sync_folder;

const LAYOUT_VERSION: u32 = 2;
const MAGIC: &str = "lode data server";
/// How long a lock is waited for: a server that was killed holds it until its last write to the disk has ended.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// What a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A store of this version.
    Store,
    /// A store of an older version, to be upgraded.
    Older,
    /// Nothing yet.
    Nothing,
}

#[derive(Serialize, Deserialize)]
struct FormatFile {
    magic: String,
    layout_version: u32,
}

/// Takes the lock on the folder.
pub(super) fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    // Not open for writing, so that the lock does not keep anybody from remounting the file system read-only.
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::CLOEXEC;
    let file = rustix::fs::open(&path, flags, Mode::from_raw_mode(0o640));
    let file = File::from(file.map_err(|error| StoreError::from_errno(Doing::Creating, &path, error))?);
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::RootLocked { root: root.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(StoreError::from_io(Doing::Opening, &path, &error)),
        }
    }
}

/// What is in the folder.
pub(super) fn check_format(root: &Path) -> Result<Found, StoreError> {
    let path = root.join("lode.json");
    let not_ours = || StoreError::NotAStore { root: root.to_path_buf() };
    match fs::read(&path) {
        Ok(text) => {
            let format: FormatFile = serde_json::from_slice(&text).map_err(|_| not_ours())?;
            if format.magic != MAGIC {
                return Err(not_ours());
            }
            match format.layout_version {
                LAYOUT_VERSION => Ok(Found::Store),
                1..LAYOUT_VERSION => Ok(Found::Older),
                found => Err(StoreError::UnknownVersion { path, found, known: LAYOUT_VERSION }),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            for folder in Tree::ALL.map(Tree::name).into_iter().chain(["incoming"]) {
                if !is_empty(&root.join(folder))? {
                    return Err(not_ours());
                }
            }
            Ok(Found::Nothing)
        }
        Err(error) => Err(StoreError::from_io(Doing::Reading, &path, &error)),
    }
}

fn is_empty(folder: &Path) -> Result<bool, StoreError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(StoreError::from_io(Doing::Reading, folder, &error)),
    }
}

/// Says that the folder is a store of this version.
pub(super) fn write_format(root: &Path) -> Result<(), StoreError> {
    let path = root.join("lode.json");
    let temp = root.join("lode.json.new");
    let format = FormatFile { magic: MAGIC.to_owned(), layout_version: LAYOUT_VERSION };
    let write = || {
        let mut text = serde_json::to_vec_pretty(&format)?;
        text.push(b'\n');
        fs::write(&temp, text)?;
        File::open(&temp)?.sync_all()?;
        fs::rename(&temp, &path)
    };
    write().map_err(|error| StoreError::from_io(Doing::Creating, &path, &error))?;
    sync_folder(root)?;
    // The folder itself may be new, too.
    root.canonicalize().ok().as_deref().and_then(Path::parent).map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests {
    use super::super::Layout;
    use super::*;

    #[test]
    fn two_servers_cannot_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let first = Layout::open(dir.path()).unwrap();
        let second = Layout::open(dir.path()).err().unwrap();
        assert_eq!(second, StoreError::RootLocked { root: dir.path().to_path_buf() });
        assert!(second.to_string().contains("in use by another data server"), "{second}");
        drop(first);
        assert!(Layout::open(dir.path()).is_ok());
    }

    #[test]
    fn a_layout_of_another_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"magic":"lode data server","layout_version":3,"more":[]}"#;
        fs::write(dir.path().join("lode.json"), text).unwrap();
        let error = Layout::open(dir.path()).err().unwrap();
        assert!(matches!(error, StoreError::UnknownVersion { found: 3, known: 2, .. }), "{error:?}");
        assert!(error.to_string().contains("or a later one"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("lode.json")).unwrap(), text);
        assert!(!dir.path().join("objects").exists());
    }

    #[test]
    fn a_layout_of_version_1_is_upgraded_with_all_that_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lode.json");
        fs::write(&path, r#"{"magic":"lode data server","layout_version":1}"#).unwrap();
        fs::create_dir_all(dir.path().join("objects/07")).unwrap();
        fs::write(dir.path().join("objects/07/blob"), "kept").unwrap();
        let (_, report) = Layout::open(dir.path()).unwrap();
        assert!(!report.created);
        assert!(fs::read_to_string(&path).unwrap().contains("\"layout_version\": 2"));
        assert_eq!(fs::read_to_string(dir.path().join("objects/07/blob")).unwrap(), "kept");
        assert!(dir.path().join("blobs").is_dir());
    }

    #[test]
    fn a_folder_of_something_else_is_refused() {
        for (path, text) in
            [("objects/a", ""), ("blobs/a", ""), ("incoming/1", ""), ("lode.json", "{}"), ("lode.json", "")]
        {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            let error = Layout::open(dir.path()).err().unwrap();
            assert_eq!(error, StoreError::NotAStore { root: dir.path().to_path_buf() }, "{path}");
            assert!(file.exists());
        }
    }
}
