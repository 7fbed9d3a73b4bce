//! Where things lie under the folder of a data server.
//!
//! ```text
//! ROOT/lode.json                     says that this is a store of Lode, and the version of this layout
//! ROOT/lock                          locked (flock) while a data server uses the folder
//! ROOT/draining                      there while the server is to be emptied
//! ROOT/scrub.json                    how far a scrub is, or when the last one has ended
//! ROOT/incoming/<number>             uploads under way; removed at start
//! ROOT/objects/<2 digits>/<digits>   what has come without a description: objects of the mode without a catalog; the 64
//!                                    hexadecimal digits are BLAKE3 of the name, the 2 their beginning
//! ROOT/blobs/<2 digits>/<blob id>    what has come with one, under the id of a blob; the 2 digits begin BLAKE3 of the id
//! ```
//!
//! Names are hashed because they may be longer than a file name can be, and because folders then fill evenly. The ids of
//! blobs stand as they are, so that what is there can be told without a look into any file. What is under `objects` is
//! never among that, whatever it is called: so no collection of garbage comes upon it. A name that is the id of a blob is
//! looked for among the blobs first, and then among the objects, where versions of Lode before this layout have put it.
//!
//! Version 1 of the layout had no `blobs`; a folder of that version is upgraded when it is opened. Open folders are held, and all else is named relative to them, so that a file system that is unmounted below a running server cannot
//! make it write into the mount point.

mod draining;
mod format_file;
mod place;
mod scrubbed;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lode_core::data_server::scrub::ScrubRecord;
use lode_core::space::Space;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use self::format_file::{Found, check_format, lock, write_format};
pub(super) use self::place::{BlobPath, FolderId, Tree};
use super::error::{Doing, StoreError};

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
    blobs: OwnedFd,
    incoming: OwnedFd,
    next_temp: AtomicU64,
    _lock: File,
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To be read.
    Read,
    /// To be read, and to have its version slot written.
    Note,
}

impl Access {
    const fn flag(self) -> OFlags {
        match self {
            Self::Read => OFlags::RDONLY,
            Self::Note => OFlags::RDWR,
        }
    }
}

impl Layout {
    /// Opens the store under `root`, or makes one.
    pub(super) fn open(root: &Path) -> Result<(Self, OpenReport), StoreError> {
        fs::create_dir_all(root).map_err(|error| StoreError::from_io(Doing::Creating, root, &error))?;
        let lock = lock(root)?;
        let found = check_format(root)?;
        if found == Found::Nothing {
            // First, so that a crash right after leaves something that is known to be ours.
            write_format(root)?;
        }
        make_folders(root)?;
        if found == Found::Older {
            // Last, so that a crash before leaves what is upgraded again.
            write_format(root)?;
        }
        let temp_files_removed = empty(&root.join("incoming"))?;
        let layout = Self {
            objects: open_folder(&root.join("objects"))?,
            blobs: open_folder(&root.join("blobs"))?,
            incoming: open_folder(&root.join("incoming"))?,
            root: root.to_path_buf(),
            next_temp: AtomicU64::new(0),
            _lock: lock,
        };
        Ok((layout, OpenReport { created: found == Found::Nothing, temp_files_removed }))
    }

    /// The whole path, for messages.
    pub(super) fn display_path(&self, path: &BlobPath) -> PathBuf {
        self.tree_path(path.folder.tree).join(path.relative())
    }

    /// The folder of the uploads, for messages.
    pub(super) fn incoming_path(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The folder of blobs, for messages.
    pub(super) fn blob_folder_path(&self, folder: FolderId) -> PathBuf {
        self.tree_path(folder.tree).join(folder.name())
    }

    /// The file of a blob, if there is one.
    pub(super) fn open_blob(&self, path: &BlobPath, access: Access) -> Result<Option<OwnedFd>, Errno> {
        let flags = access.flag() | OFlags::CLOEXEC;
        match rustix::fs::openat(self.tree(path.folder.tree), path.relative(), flags, Mode::empty()) {
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
        rustix::fs::renameat(&self.incoming, temp, self.tree(path.folder.tree), path.relative())
    }

    /// Removes a temporary file.
    pub(super) fn remove_temp(&self, temp: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.incoming, temp, AtFlags::empty())
    }

    /// Removes a blob; false if there is none.
    pub(super) fn remove_blob(&self, path: &BlobPath) -> Result<bool, Errno> {
        match rustix::fs::unlinkat(self.tree(path.folder.tree), path.relative(), AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The folder, to be synced or listed.
    pub(super) fn open_blob_folder(&self, folder: FolderId) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(self.tree(folder.tree), folder.name(), flags, Mode::empty())
    }

    /// Makes the folder, unless it is there.
    pub(super) fn make_blob_folder(&self, folder: FolderId) -> Result<(), Errno> {
        match rustix::fs::mkdirat(self.tree(folder.tree), folder.name(), Mode::from_raw_mode(0o750)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The folder of the folders of a tree, to be synced.
    pub(super) fn tree(&self, tree: Tree) -> BorrowedFd<'_> {
        match tree {
            Tree::Objects => self.objects.as_fd(),
            Tree::Blobs => self.blobs.as_fd(),
        }
    }

    /// The folders that are there.
    pub(super) fn blob_folders(&self) -> Result<Vec<FolderId>, StoreError> {
        let mut folders = Vec::new();
        for tree in Tree::ALL {
            let path = self.tree_path(tree);
            let read_dir =
                || -> std::io::Result<Vec<_>> { fs::read_dir(&path)?.map(|entry| Ok(entry?.file_name())).collect() };
            let names = read_dir().map_err(|error| StoreError::from_io(Doing::Reading, &path, &error))?;
            folders.extend(FolderId::of_tree(tree).filter(|folder| names.contains(&folder.name().into())));
        }
        Ok(folders)
    }

    /// Whether the server is to be emptied.
    pub(super) fn is_draining(&self) -> bool {
        draining::is_kept(&self.root)
    }

    /// Keeps whether the server is to be emptied.
    pub(super) fn keep_draining(&self, draining: bool) -> Result<(), StoreError> {
        draining::keep(&self.root, draining)
    }

    /// How far a scrub is.
    pub(super) fn scrub_record(&self) -> ScrubRecord {
        scrubbed::record(&self.root)
    }

    /// Keeps how far a scrub is.
    pub(super) fn keep_scrub(&self, record: &ScrubRecord) -> Result<(), StoreError> {
        scrubbed::keep(&self.root, record)
    }

    /// The room on the file system.
    pub(super) fn space(&self) -> Result<Space, Errno> {
        let stat = rustix::fs::fstatvfs(&self.objects)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Space { free_bytes: bytes(stat.f_bavail), total_bytes: bytes(stat.f_blocks) })
    }

    fn tree_path(&self, tree: Tree) -> PathBuf {
        self.root.join(tree.name())
    }
}

/// Makes those that are missing. Those of the blobs are made when they are first needed: on some file systems all 256 would
/// take half a second.
fn make_folders(root: &Path) -> Result<(), StoreError> {
    let trees = Tree::ALL.map(|tree| root.join(tree.name()));
    for folder in [&root.join("incoming")].into_iter().chain(&trees) {
        match fs::create_dir(folder) {
            Ok(()) => sync_folder(root)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::from_io(Doing::Creating, folder, &error)),
        }
    }
    // The last run may have been killed between making a folder and syncing it.
    trees.iter().try_for_each(|tree| sync_folder(tree))
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
        let folder = |tree, number| FolderId { tree, number };
        let folders = vec![folder(Tree::Objects, 7), folder(Tree::Objects, 255), folder(Tree::Blobs, 7)];
        for folder in folders.iter().chain(&folders) {
            layout.make_blob_folder(*folder).unwrap();
        }
        drop(layout);
        let (layout, report) = Layout::open(&root).unwrap();
        assert_eq!(report, OpenReport { created: false, temp_files_removed: 2 });
        assert_eq!(fs::read_dir(root.join("incoming")).unwrap().count(), 0);
        assert_eq!(layout.blob_folders(), Ok(folders));
    }
}
