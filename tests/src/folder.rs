//! Looking at a server's files from outside, and a disk that is soon full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scratch::Scratch;

/// All files under `root`, at any depth, with their sizes in bytes.
#[must_use]
pub fn files(root: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => found.extend(files(&entry.path())),
            Ok(metadata) => found.push((entry.path(), metadata.len())),
            // Renamed or removed since it was listed.
            Err(_) => {}
        }
    }
    found
}

/// How many bytes the files under `root` have together.
#[must_use]
pub fn size_bytes(root: &Path) -> u64 {
    files(root).iter().map(|(_, size_bytes)| size_bytes).sum()
}

/// A file system in memory of a given size, unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    folder: Scratch,
}

impl SmallDisk {
    /// Mounts one.
    ///
    /// # Panics
    /// If that is refused: it takes root, and a container that may mount.
    #[must_use]
    pub fn mount(size_bytes: u64) -> Self {
        let folder = Scratch::new();
        let option = format!("size={size_bytes}");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(folder.path()).output();
        let output = output.expect("there is a program `mount`");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cannot mount a small tmpfs; run as root, where mounting is allowed: {said}");
        Self { folder }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
