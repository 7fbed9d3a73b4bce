//! Where things lie under the folder of a data server.
//!
//! ```text
//! ROOT/lode.json                     says that this is a store of Lode, and the version of this layout
//! ROOT/lock                          locked (flock) while a data server uses the folder
//! ROOT/incoming/<number>             uploads under way; removed at start
//! ROOT/objects/<2 digits>/<digits>   the blobs; the 64 hexadecimal digits are BLAKE3 of the name, the 2 their beginning
//! ```
//!
//! Names are hashed because they may be longer than a file name can be, and because folders then fill evenly. Open folders
//! are held, and all else is named relative to them, so that a file system that is unmounted below a running server cannot
//! make it write into the mount point.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lode_core::name::ObjectName;
use lode_core::space::Space;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::{Doing, StoreError};

const LAYOUT_VERSION: u32 = 1;
const MAGIC: &str = "lode data server";
/// How long a lock is waited for: a server that was killed holds it until its last write to the disk has ended.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// What was found when a store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenReport {
    /// Whether there was no store before.
    pub created: bool,
    /// Uploads that the last run left unfinished, and that are removed now.
    pub temp_files_removed: u64,
}

/// An open and locked folder of a data server.
pub(super) struct Layout {
    root: PathBuf,
    objects: OwnedFd,
    incoming: OwnedFd,
    next_temp: AtomicU64,
    _lock: File,
}

/// Where the blob of one name lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlobPath {
    /// Which of the 256 folders.
    pub(super) folder: u8,
    /// Relative to `ROOT/objects`.
    pub(super) relative: String,
}

impl BlobPath {
    pub(super) fn of(name: &ObjectName) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let [folder, ..] = *hash.as_bytes();
        Self { folder, relative: format!("{}/{}", folder_name(folder), hash.to_hex()) }
    }
}

impl Layout {
    /// Opens the store under `root`, or makes one.
    pub(super) fn open(root: &Path) -> Result<(Self, OpenReport), StoreError> {
        fs::create_dir_all(root).map_err(|error| StoreError::from_io(Doing::Creating, root, &error))?;
        let lock = lock(root)?;
        let created = !check_format(root)?;
        if created {
            // First, so that a crash right after leaves something that is known to be ours.
            write_format(root)?;
        }
        make_folders(root)?;
        let temp_files_removed = empty(&root.join("incoming"))?;
        let layout = Self {
            objects: open_folder(&root.join("objects"))?,
            incoming: open_folder(&root.join("incoming"))?,
            root: root.to_path_buf(),
            next_temp: AtomicU64::new(0),
            _lock: lock,
        };
        Ok((layout, OpenReport { created, temp_files_removed }))
    }

    /// The whole path, for messages.
    pub(super) fn display_path(&self, path: &BlobPath) -> PathBuf {
        self.root.join("objects").join(&path.relative)
    }

    /// The folder of the uploads, for messages.
    pub(super) fn incoming_path(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The folder of blobs of that number, for messages.
    pub(super) fn blob_folder_path(&self, folder: u8) -> PathBuf {
        self.root.join("objects").join(folder_name(folder))
    }

    /// The file of a blob, if there is one, for reading.
    pub(super) fn open_blob(&self, path: &BlobPath) -> Result<Option<OwnedFd>, Errno> {
        match rustix::fs::openat(&self.objects, &path.relative, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A new temporary file, and its name.
    pub(super) fn create_temp(&self) -> Result<(OwnedFd, String), Errno> {
        // The folder was empty at the start and is locked, so a counter never meets a name that is taken.
        let name = format!("{:016x}", self.next_temp.fetch_add(1, Ordering::Relaxed));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.incoming, &name, flags, Mode::from_raw_mode(0o640))?;
        Ok((file, name))
    }

    /// Makes a temporary file the blob of that path; if there was one, it is replaced in one step.
    pub(super) fn publish(&self, temp: &str, path: &BlobPath) -> Result<(), Errno> {
        rustix::fs::renameat(&self.incoming, temp, &self.objects, &path.relative)
    }

    /// Removes a temporary file.
    pub(super) fn remove_temp(&self, temp: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.incoming, temp, AtFlags::empty())
    }

    /// Removes a blob; false if there is none.
    pub(super) fn remove_blob(&self, path: &BlobPath) -> Result<bool, Errno> {
        match rustix::fs::unlinkat(&self.objects, &path.relative, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The folder of that number, to be synced.
    pub(super) fn open_blob_folder(&self, folder: u8) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.objects, folder_name(folder), flags, Mode::empty())
    }

    /// Makes the folder of that number, unless it is there.
    pub(super) fn make_blob_folder(&self, folder: u8) -> Result<(), Errno> {
        match rustix::fs::mkdirat(&self.objects, folder_name(folder), Mode::from_raw_mode(0o750)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The folder of these folders, to be synced.
    pub(super) fn objects_folder(&self) -> BorrowedFd<'_> {
        self.objects.as_fd()
    }

    /// The numbers of the folders that are there.
    pub(super) fn blob_folders(&self) -> Result<Vec<u8>, StoreError> {
        let objects = self.root.join("objects");
        let read_dir = || -> std::io::Result<Vec<u8>> {
            let names = fs::read_dir(&objects)?.map(|entry| Ok(entry?.file_name()));
            let names = names.collect::<std::io::Result<Vec<_>>>()?;
            Ok((0..=u8::MAX).filter(|folder| names.contains(&folder_name(*folder).into())).collect())
        };
        read_dir().map_err(|error| StoreError::from_io(Doing::Reading, &objects, &error))
    }

    /// The room on the file system.
    pub(super) fn space(&self) -> Result<Space, Errno> {
        let stat = rustix::fs::fstatvfs(&self.objects)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Space { free_bytes: bytes(stat.f_bavail), total_bytes: bytes(stat.f_blocks) })
    }
}

#[derive(Serialize, Deserialize)]
struct FormatFile {
    magic: String,
    layout_version: u32,
}

fn lock(root: &Path) -> Result<File, StoreError> {
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

/// Whether there is a store of ours; false if there is nothing yet.
fn check_format(root: &Path) -> Result<bool, StoreError> {
    let path = root.join("lode.json");
    let not_ours = || StoreError::NotAStore { root: root.to_path_buf() };
    match fs::read(&path) {
        Ok(text) => {
            let format: FormatFile = serde_json::from_slice(&text).map_err(|_| not_ours())?;
            if format.magic != MAGIC {
                return Err(not_ours());
            }
            let found = format.layout_version;
            if found == LAYOUT_VERSION {
                Ok(true)
            } else {
                Err(StoreError::UnknownVersion { path, found, known: LAYOUT_VERSION })
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if is_empty(&root.join("objects"))? && is_empty(&root.join("incoming"))? {
                Ok(false)
            } else {
                Err(not_ours())
            }
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

fn write_format(root: &Path) -> Result<(), StoreError> {
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

/// Makes those that are missing. Those of the blobs are made when they are first needed: on some file systems all 256 would
/// take half a second.
fn make_folders(root: &Path) -> Result<(), StoreError> {
    let objects = root.join("objects");
    for folder in [root.join("incoming"), objects.clone()] {
        match fs::create_dir(&folder) {
            Ok(()) => sync_folder(root)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::from_io(Doing::Creating, &folder, &error)),
        }
    }
    // The last run may have been killed between making a folder and syncing it.
    sync_folder(&objects)
}

/// Removes all files in the folder, and says how many there were.
fn empty(folder: &Path) -> Result<u64, StoreError> {
    let entries = fs::read_dir(folder).map_err(|error| StoreError::from_io(Doing::Reading, folder, &error))?;
    let mut removed = 0;
    for entry in entries {
        let path = entry.map_err(|error| StoreError::from_io(Doing::Reading, folder, &error))?.path();
        fs::remove_file(&path).map_err(|error| StoreError::from_io(Doing::Removing, &path, &error))?;
        removed += 1;
    }
    Ok(removed)
}

fn open_folder(path: &Path) -> Result<OwnedFd, StoreError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|error| StoreError::from_errno(Doing::Opening, path, error))
}

fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::from_io(Doing::Syncing, path, &error))
}

fn folder_name(folder: u8) -> String {
    format!("{folder:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_made_once_and_found_again_with_its_temporary_files_gone() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        let (layout, report) = Layout::open(&root).unwrap();
        assert_eq!(report, OpenReport { created: true, temp_files_removed: 0 });
        layout.create_temp().unwrap();
        layout.create_temp().unwrap();
        assert_eq!(layout.blob_folders(), Ok(vec![]));
        for folder in [7, 255, 7] {
            layout.make_blob_folder(folder).unwrap();
        }
        drop(layout);
        let (layout, report) = Layout::open(&root).unwrap();
        assert_eq!(report, OpenReport { created: false, temp_files_removed: 2 });
        assert_eq!(fs::read_dir(root.join("incoming")).unwrap().count(), 0);
        assert_eq!(layout.blob_folders(), Ok(vec![7, 255]));
    }

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
        let text = r#"{"magic":"lode data server","layout_version":2,"more":[]}"#;
        fs::write(dir.path().join("lode.json"), text).unwrap();
        let error = Layout::open(dir.path()).err().unwrap();
        assert!(matches!(error, StoreError::UnknownVersion { found: 2, known: 1, .. }), "{error:?}");
        assert!(error.to_string().contains("or a later one"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("lode.json")).unwrap(), text);
        assert!(!dir.path().join("objects").exists());
    }

    #[test]
    fn a_folder_of_something_else_is_refused() {
        for (path, text) in [("objects/a", ""), ("incoming/1", ""), ("lode.json", "{}"), ("lode.json", "")] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            let error = Layout::open(dir.path()).err().unwrap();
            assert_eq!(error, StoreError::NotAStore { root: dir.path().to_path_buf() }, "{path}");
            assert!(file.exists());
        }
    }

    #[test]
    fn names_of_any_length_have_a_path_of_their_own() {
        let long = ObjectName::from_segment(&[b'x'; 1024]).unwrap();
        let path = BlobPath::of(&long);
        assert_eq!(path.relative.len(), 67);
        assert!(path.relative.starts_with(&format!("{0:02x}/{0:02x}", path.folder)));
        assert_ne!(path, BlobPath::of(&ObjectName::from_segment(b"x").unwrap()));
    }
}
