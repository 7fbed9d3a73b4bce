//! Why a catalog cannot be opened.

use std::path::PathBuf;

/// What is wrong with the file that was to be opened as a catalog. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no folder for it.
    #[error("there is no folder {}: make it, or correct the path of the catalog", .folder.display())]
    NoFolder {
        /// The folder that is missing.
        folder: PathBuf,
    },
    /// It is a folder, a device or the like.
    #[error("{} is no file: give the path of a file in this or another folder", .path.display())]
    NotAFile {
        /// What was given.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{} is no catalog of Lode and is left as it is: give the path of a catalog, or of a new file", .path.display())]
    NotACatalog {
        /// What was given.
        path: PathBuf,
    },
    /// A later version of Lode has written it.
    #[error(
        "{} has schema {found}, and this version of Lode knows only those up to {known}: use the version of Lode that \
         wrote it, or a later one",
        .path.display()
    )]
    Newer {
        /// What was given.
        path: PathBuf,
        /// The schema that it has.
        found: u32,
        /// The latest schema that is known.
        known: u32,
    },
    /// It, or its file system, takes no writes.
    #[error(
        "{} cannot be written: let this user write the file and its folder, and mount its file system for writing",
        .path.display()
    )]
    ReadOnly {
        /// What was given.
        path: PathBuf,
    },
    /// Its file system has not what several processes need that share a file.
    #[error(
        "{} lies on a file system that cannot keep a catalog (a network file system?): put it on a local disk, or use \
         PostgreSQL",
        .path.display()
    )]
    FileSystem {
        /// What was given.
        path: PathBuf,
    },
    /// Anything else that SQLite or the operating system says.
    #[error(
        "the catalog {} cannot be opened ({reason}): check its permissions, the room on its disk, and whether another \
         process keeps it locked",
        .path.display()
    )]
    Other {
        /// What was given.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
}
