//! Whether the server is to be emptied: a file that is there or is not, so that a restart does not change it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::super::error::{Doing, StoreError};
use super::sync_folder;

const MARK: &str = "draining";

/// Whether it is.
pub(super) fn is_kept(root: &Path) -> bool {
    root.join(MARK).exists()
}

/// Keeps whether it is, durably.
pub(super) fn keep(root: &Path, draining: bool) -> Result<(), StoreError> {
    let path = root.join(MARK);
    if draining {
        File::create(&path).map_err(|error| StoreError::from_io(Doing::Creating, &path, &error))?;
    } else {
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::from_io(Doing::Removing, &path, &error)),
        }
    }
    sync_folder(root)
}
