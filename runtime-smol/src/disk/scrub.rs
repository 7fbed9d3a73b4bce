//! Going through all files of a store, in one order, to find what is rotten.

use std::collections::BTreeSet;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use lode_core::data_server::scrub::{ScrubPart, ScrubPlace, ScrubRecord};
use lode_core::name::ObjectName;
use rustix::fs::Dir;
use rustix::io::Errno;

use super::error::{Doing, StoreError};
use super::layout::{BlobPath, FolderId, Layout};
use super::{BlobStore, reader};

/// How much of a body is read at a time, in bytes.
const PART_BYTES: u64 = 1 << 20;

impl BlobStore {
    /// The next files behind this place, at most so many; none behind the last one.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn find_files(&self, after: Option<ScrubPlace>, limit: usize) -> Result<Vec<ScrubPlace>, StoreError> {
        let shared = Arc::clone(&self.shared);
        smol::unblock(move || find(&shared.layout, after.as_ref(), limit)).await
    }

    /// Reads a part of a file from this byte of its body on, and checks it; `None` if the file is not there.
    ///
    /// # Errors
    /// If it is damaged, or the disk fails.
    pub async fn check_part(&self, place: &ScrubPlace, from: u64) -> Result<Option<ScrubPart>, StoreError> {
        let path = FolderId::of_index(usize::from(place.folder)).map(|folder| BlobPath::in_folder(folder, &place.file));
        // What cannot be the name of a file of ours is not ours.
        let (Some(path), Ok(name)) = (path, ObjectName::from_message(&place.file)) else { return Ok(None) };
        let Some(opened) = reader::open_at(&self.shared, &path, name).await? else { return Ok(None) };
        let size_bytes = opened.info().size_bytes;
        let mut pieces = opened.stream(from..from + PART_BYTES);
        let mut bytes = 0;
        while let Some(piece) = pieces.next().await? {
            bytes += piece.len() as u64;
        }
        Ok(Some(ScrubPart { bytes, more: from + bytes < size_bytes }))
    }

    /// What was kept of the last scrub.
    #[must_use]
    pub fn scrub_record(&self) -> ScrubRecord {
        self.shared.layout.scrub_record()
    }

    /// Keeps how far a scrub is, as well as that can be done.
    pub fn keep_scrub(&self, record: &ScrubRecord) {
        if let Err(error) = self.shared.layout.keep_scrub(record) {
            tracing::warn!(%error, "how far the scrub is could not be kept; after a restart it is done anew");
        }
    }
}

fn find(layout: &Layout, after: Option<&ScrubPlace>, limit: usize) -> Result<Vec<ScrubPlace>, StoreError> {
    let first = after.map_or(0, |after| usize::from(after.folder));
    let mut found = Vec::new();
    for folder in (first..FolderId::COUNT).filter_map(FolderId::of_index) {
        let number = u16::try_from(folder.index()).unwrap_or(u16::MAX);
        let after = after.filter(|after| after.folder == number).map(|after| after.file.as_str());
        let files = first_files(layout, folder, after, limit - found.len())?;
        found.extend(files.into_iter().map(|file| ScrubPlace { folder: number, file }));
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// The first files of the folder behind this one.
fn first_files(
    layout: &Layout,
    folder: FolderId,
    after: Option<&str>,
    limit: usize,
) -> Result<BTreeSet<String>, StoreError> {
    let failed = |error| StoreError::from_errno(Doing::Reading, &layout.blob_folder_path(folder), error);
    let opened = match layout.open_blob_folder(folder) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut first = BTreeSet::new();
    for entry in Dir::read_from(opened.as_fd()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(file) = entry.file_name().to_str() else { continue };
        if !file.starts_with('.') && after.is_none_or(|after| file > after) {
            first.insert(file.to_owned());
            if first.len() > limit {
                first.pop_last();
            }
        }
    }
    Ok(first)
}
