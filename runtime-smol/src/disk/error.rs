//! Why the disk did not do what it was asked to, in kinds that a data server acts upon.

use std::fmt;
use std::path::{Path, PathBuf};

use lode_core::data_server::messages::DiskFailure;
use lode_core::name::ObjectName;
use rustix::io::Errno;

/// What went wrong in a blob store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the quota on it, is full, or would be. Other blobs are not touched; smaller ones may still go in.
    #[error("no room for this on the disk that holds {}: delete objects, or give this data server a larger disk", .path.display())]
    NoSpace {
        /// What was to be written.
        path: PathBuf,
    },
    /// The file system takes no writes.
    #[error(
        "the file system that holds {} is read-only: look in the system's log why, and mount it for writing",
        .path.display()
    )]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
    },
    /// This process, or the whole system, has as many files open as it may. Passes by itself.
    #[error("{} cannot be opened, too many files are open: raise the limit (ulimit -n)", .path.display())]
    TooManyFiles {
        /// What was to be opened.
        path: PathBuf,
    },
    /// Anything else that the operating system refused.
    #[error("{doing} {} failed ({error}): check its permissions, and the system's log for a broken disk", .path.display())]
    Io {
        /// What was being done.
        doing: Doing,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        error: Errno,
    },
    /// What lies in the file is not what was written. None of it was handed out as good.
    #[error("the blob {name} is damaged at byte {at} of its file, {damage}: restore it from another copy")]
    Corrupt {
        /// The blob that was asked for.
        name: ObjectName,
        /// Where, in bytes from the start of its file.
        at: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// A file was written by a version of Lode that this one does not know.
    #[error(
        "{} has format version {found}, and this version of Lode knows none above {known}: use the version of Lode that \
         wrote it, or a later one",
        .path.display()
    )]
    UnknownVersion {
        /// Which file.
        path: PathBuf,
        /// The version that it says.
        found: u32,
        /// The latest version that is known.
        known: u32,
    },
    /// Another process, or another store in this one, uses the same folder.
    #[error("{} is in use by another data server: stop that one, or give this one a folder of its own", .root.display())]
    RootLocked {
        /// The folder.
        root: PathBuf,
    },
    /// The folder holds something else, for instance the objects of a node of the seed.
    #[error(
        "{} holds files that are no blob store of Lode: give an empty folder, and copy objects of other stores into it \
         through an API server",
        .root.display()
    )]
    NotAStore {
        /// The folder.
        root: PathBuf,
    },
    /// A sync failed earlier. What the kernel had not written by then may be lost without another error, so nothing can be
    /// promised any more.
    #[error(
        "an earlier sync to the disk failed, so nothing more is written: check the disk, then start this data server again"
    )]
    Failing,
}

/// What was being done when the operating system refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Opening a file or folder to read it.
    Opening,
    /// Reading.
    Reading,
    /// Making a file or folder.
    Creating,
    /// Writing.
    Writing,
    /// Syncing a file or folder.
    Syncing,
    /// Renaming a temporary file to its final name.
    Renaming,
    /// Removing a file.
    Removing,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "opening",
            Self::Reading => "reading",
            Self::Creating => "creating",
            Self::Writing => "writing",
            Self::Syncing => "syncing",
            Self::Renaming => "renaming",
            Self::Removing => "removing",
        })
    }
}

/// What is wrong with a damaged blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file is shorter than its parts, or longer.
    #[error("its length is not that of its parts")]
    Length,
    /// The end of the file is no footer.
    #[error("it does not end in a footer")]
    NoFooter,
    /// The metadata or the footer do not match their checksum.
    #[error("its metadata do not match their checksum")]
    Metadata,
    /// The table of block checksums does not match its own.
    #[error("its block table does not match its checksum")]
    Table,
    /// A block of the body does not match its checksum.
    #[error("a block does not match its checksum")]
    Block,
    /// It is the file of another blob.
    #[error("it is the file of another blob")]
    OtherName,
}

impl StoreError {
    /// What `error` means when it came while `doing` something to `path`.
    pub(super) fn from_errno(doing: Doing, path: &Path, error: Errno) -> Self {
        let path = path.to_path_buf();
        match error {
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Self::NoSpace { path },
            Errno::ROFS => Self::ReadOnly { path },
            Errno::MFILE | Errno::NFILE => Self::TooManyFiles { path },
            _ => Self::Io { doing, path, error },
        }
    }

    /// What `error` means when it came while `doing` something to `path`.
    pub(super) fn from_io(doing: Doing, path: &Path, error: &std::io::Error) -> Self {
        Self::from_errno(doing, path, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }
}

/// As the core wants to hear it: `Write` means that no write can be trusted until a restart, `Read` passes.
impl From<&StoreError> for DiskFailure {
    fn from(error: &StoreError) -> Self {
        let reason = error.to_string();
        match error {
            StoreError::NoSpace { .. } => Self::Full,
            StoreError::Corrupt { .. } => Self::Corrupt { reason },
            StoreError::ReadOnly { .. } | StoreError::Failing => Self::Write { reason },
            StoreError::Io { doing, .. } => match doing {
                Doing::Opening | Doing::Reading => Self::Read { reason },
                Doing::Creating | Doing::Writing | Doing::Syncing | Doing::Renaming | Doing::Removing => {
                    Self::Write { reason }
                }
            },
            StoreError::TooManyFiles { .. }
            | StoreError::UnknownVersion { .. }
            | StoreError::RootLocked { .. }
            | StoreError::NotAStore { .. } => Self::Read { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_become_kinds_to_act_upon() {
        let path = Path::new("/data/x");
        let kind = |errno| StoreError::from_errno(Doing::Writing, path, errno);
        assert_eq!(DiskFailure::from(&kind(Errno::NOSPC)), DiskFailure::Full);
        assert_eq!(DiskFailure::from(&kind(Errno::DQUOT)), DiskFailure::Full);
        assert!(matches!(DiskFailure::from(&kind(Errno::ROFS)), DiskFailure::Write { .. }));
        assert!(matches!(DiskFailure::from(&kind(Errno::IO)), DiskFailure::Write { .. }));
        assert!(matches!(DiskFailure::from(&kind(Errno::MFILE)), DiskFailure::Read { .. }));
        let reading = StoreError::from_errno(Doing::Reading, path, Errno::IO);
        assert!(matches!(DiskFailure::from(&reading), DiskFailure::Read { .. }));
        assert!(reading.to_string().starts_with("reading /data/x failed (Input/output error"), "{reading}");
    }
}
