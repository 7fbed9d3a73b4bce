//! Where the bytes of an object go: a stream, which takes nothing back, or a file, which appears only when it is whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::stdout_failed;

/// How much of a file is read at a time, in bytes.
const PIECE_BYTES: usize = 256 * 1024;

/// Where the bytes of an object go.
pub(super) enum Sink {
    /// What was written is gone to somebody.
    Stream {
        /// Where to.
        writer: Box<dyn Write>,
        /// Which file it is, unless it is the standard output.
        path: Option<PathBuf>,
    },
    /// What was written is in a file beside the one that is wanted.
    Part(PartFile),
}

/// `FILE.part`, which becomes `FILE`.
pub(super) struct PartFile {
    file: File,
    path: PathBuf,
    wanted: PathBuf,
    length_bytes: u64,
}

impl Sink {
    /// Opens the file, with what an earlier run has left behind; the standard output for none and for `-`.
    ///
    /// # Errors
    /// If it cannot be written, or another process writes it.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Stream { writer: Box::new(io::stdout().lock()), path: None });
        };
        let failed = |error| Failure::Local { action: "write", path: path.to_owned(), error };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(metadata) if !metadata.is_file() || is_descriptor(path) => {
                let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
                Ok(Self::Stream { writer: Box::new(file), path: Some(path.to_owned()) })
            }
            // A link stays one: the file that it leads to is what is replaced.
            Ok(_) => PartFile::open(&fs::canonicalize(path).map_err(failed)?).map(Self::Part),
            Err(_) => PartFile::open(path).map(Self::Part),
        }
    }

    /// Hashes what an earlier run has left behind, and says how many bytes it is.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn hash_left_behind(&mut self, hasher: &mut blake3::Hasher) -> Result<u64, Failure> {
        match self {
            Self::Stream { .. } => Ok(0),
            Self::Part(part) => part.hash(hasher),
        }
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// If they cannot be written, or nobody reads the standard output any more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stream { writer, path } => {
                writer.write_all(bytes).map_err(|error| stream_failed(path.as_deref(), error))
            }
            Self::Part(part) => part.write(bytes),
        }
    }

    /// Whether what was written can be taken back.
    pub(super) const fn can_restart(&self) -> bool {
        matches!(self, Self::Part(_))
    }

    /// Takes back what was written, where that is possible.
    ///
    /// # Errors
    /// If the file cannot be cut.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        match self {
            Self::Stream { .. } => Ok(()),
            Self::Part(part) => part.restart(),
        }
    }

    /// All is written: the file appears under its name.
    ///
    /// # Errors
    /// If it cannot.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stream { mut writer, path } => writer.flush().map_err(|error| stream_failed(path.as_deref(), error)),
            Self::Part(part) => fs::rename(&part.path, &part.wanted).map_err(|error| part.failed("write", error)),
        }
    }

    /// It has failed: what is there is kept for another run, unless it is worthless.
    pub(super) fn abandon(self, worthless: bool) {
        match self {
            Self::Stream { .. } => {}
            Self::Part(part) => {
                if worthless || part.length_bytes == 0 {
                    // The failure that led here is the one to be told.
                    let _removed = fs::remove_file(&part.path);
                }
            }
        }
    }
}

impl PartFile {
    fn open(wanted: &Path) -> Result<Self, Failure> {
        let mut name = OsString::from(wanted);
        name.push(".part");
        let path = PathBuf::from(name);
        let failed = |error| Failure::Local { action: "write", path: path.clone(), error };
        loop {
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let file = options.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(failed(io::Error::other("another process is writing it"))),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // Another process may have had it renamed between the opening and the locking: then it is not ours to cut.
            let ours = file.metadata().map_err(failed)?;
            let is_still_there =
                fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
            if is_still_there {
                return Ok(Self { file, path: path.clone(), wanted: wanted.to_owned(), length_bytes: ours.len() });
            }
        }
    }

    fn hash(&mut self, hasher: &mut blake3::Hasher) -> Result<u64, Failure> {
        let mut piece = vec![0; PIECE_BYTES];
        self.length_bytes = 0;
        loop {
            let count = self.file.read(&mut piece).map_err(|error| self.failed("read", error))?;
            if count == 0 {
                return Ok(self.length_bytes);
            }
            hasher.update(piece.get(..count).unwrap_or_default());
            self.length_bytes += count as u64;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| self.failed("write", error))?;
        self.length_bytes += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(|error| self.failed("write", error))?;
        self.length_bytes = 0;
        Ok(())
    }

    fn failed(&self, action: &'static str, error: io::Error) -> Failure {
        Failure::Local { action, path: self.path.clone(), error }
    }
}

/// Whether the path means something that a process has open. Like a pipe or a device this is no place that a file could be
/// renamed into, even if it leads to one.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|place| path.starts_with(place))
}

fn stream_failed(path: Option<&Path>, error: io::Error) -> Failure {
    match path {
        None => stdout_failed(error),
        Some(path) => Failure::Local { action: "write", path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_appears_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        fs::write(&path, "old").unwrap();
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        sink.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn what_was_begun_is_kept_and_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write(b"first ").unwrap();
        sink.abandon(false);
        let mut sink = Sink::open(Some(&path)).unwrap();
        let mut hasher = blake3::Hasher::new();
        assert_eq!(sink.hash_left_behind(&mut hasher).unwrap(), 6);
        assert_eq!(hasher.finalize(), blake3::hash(b"first "));
        sink.write(b"second").unwrap();
        sink.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first second");
    }

    #[test]
    fn nothing_worthless_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        Sink::open(Some(&path)).unwrap().abandon(false);
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write(b"rotten").unwrap();
        sink.abandon(true);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn two_never_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        let first = Sink::open(Some(&path)).unwrap();
        let told = Sink::open(Some(&path)).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(told.contains("another process is writing it"), "{told}");
        first.finish().unwrap();
        assert!(Sink::open(Some(&path)).is_ok());
    }

    #[test]
    fn a_folder_is_refused_and_a_device_written_to() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Sink::open(Some(folder.path())).is_err());
        assert!(Sink::open(Some(&folder.path().join("missing/object"))).is_err());
        let mut device = Sink::open(Some(Path::new("/dev/null"))).unwrap();
        assert!(!device.can_restart());
        device.write(b"gone").unwrap();
        device.finish().unwrap();
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("object"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut sink = Sink::open(Some(&link)).unwrap();
        sink.write(b"new").unwrap();
        sink.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_a_process_has_open_is_never_replaced() {
        let file = tempfile::tempfile().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)));
        assert!(fs::metadata(&path).unwrap().is_file());
        assert!(!Sink::open(Some(&path)).unwrap().can_restart());
    }
}
