//! Questions about many blobs at a time: which of these are there, and which are there at all.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt as _;
use lode_core::catalog::BlobId;
use lode_core::data_server::messages::{Checked, Counts, DescribedPage};
use lode_core::inventory::{CommittedBlob, FullPage, InventoryEntry, InventoryPage};
use rustix::fs::{AtFlags, Dir};
use rustix::io::Errno;

use super::error::{Doing, StoreError};
use super::layout::{FolderId, Layout, Tree};
use super::{BlobStore, reader};

/// How many blobs are looked at side by side, so that a disk can put its reads into an order of its own.
const LOOKED_AT: usize = 16;

impl BlobStore {
    /// Which of these blobs are there, whole as far as the ends of their files tell, and which are damaged. Notes the label of
    /// each that has none, as well as that can be done: a blob without a label is as good as one with.
    ///
    /// # Errors
    /// If nothing can be said because too many files are open. A blob that cannot be read is not there.
    pub async fn check(&self, blobs: Vec<CommittedBlob>) -> Result<Checked, StoreError> {
        let looked_at = futures::stream::iter(blobs).map(|committed| async move {
            // Most are in memory: without this one question would hold up everybody else for as long as it takes.
            smol::future::yield_now().await;
            (committed.blob, reader::look_up_and_note(&self.shared, &committed).await)
        });
        let mut looked_at = looked_at.buffered(LOOKED_AT);
        let mut checked = Checked::default();
        while let Some((blob, outcome)) = looked_at.next().await {
            match outcome {
                Ok(true) => checked.held.push(blob),
                Ok(false) => {}
                Err(StoreError::Corrupt { .. }) => checked.damaged.push(blob),
                Err(error @ StoreError::TooManyFiles { .. }) => return Err(error),
                Err(error) => tracing::error!(%error, %blob, "a blob could not be looked at"),
            }
        }
        Ok(checked)
    }

    /// A page of the blobs that are there, without a look into their files, in the order of their folders and then of their
    /// ids. How old one is, is how long ago its file was written.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn inventory(&self, after: Option<BlobId>, limit: usize) -> Result<InventoryPage, StoreError> {
        let shared = Arc::clone(&self.shared);
        smol::unblock(move || page(&shared.layout, after, limit)).await
    }
}

impl BlobStore {
    /// As [`inventory`](Self::inventory), with what stands at the ends of the files.
    ///
    /// # Errors
    /// If the disk fails. A blob that cannot be read is left out.
    pub async fn full_inventory(&self, after: Option<BlobId>, limit: usize) -> Result<DescribedPage, StoreError> {
        let InventoryPage { blobs, next } = self.inventory(after, limit).await?;
        let mut described = DescribedPage { page: FullPage { blobs: Vec::new(), next }, damaged: Vec::new() };
        let looked_at = futures::stream::iter(blobs).map(|entry| async move {
            smol::future::yield_now().await;
            (entry.blob, reader::describe(&self.shared, entry.blob).await)
        });
        let mut looked_at = looked_at.buffered(LOOKED_AT);
        while let Some((blob, outcome)) = looked_at.next().await {
            match outcome {
                Ok(entry) => described.page.blobs.extend(entry),
                Err(StoreError::Corrupt { .. }) => described.damaged.push(blob),
                Err(error @ StoreError::TooManyFiles { .. }) => return Err(error),
                Err(error) => tracing::error!(%error, %blob, "a blob could not be looked at"),
            }
        }
        Ok(described)
    }

    /// Counts what is there, by the names of the files.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn count(&self) -> Result<Counts, StoreError> {
        let shared = Arc::clone(&self.shared);
        smol::unblock(move || {
            let in_tree = |tree| -> Result<u64, StoreError> {
                FolderId::of_tree(tree).map(|folder| count(&shared.layout, folder)).sum()
            };
            Ok(Counts { blobs: in_tree(Tree::Blobs)?, objects: in_tree(Tree::Objects)? })
        })
        .await
    }
}

fn count(layout: &Layout, folder: FolderId) -> Result<u64, StoreError> {
    let failed = |error| StoreError::from_errno(Doing::Reading, &layout.blob_folder_path(folder), error);
    let opened = match layout.open_blob_folder(folder) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let mut files = 0;
    for entry in Dir::read_from(opened.as_fd()).map_err(failed)? {
        files += u64::from(!entry.map_err(failed)?.file_name().to_bytes().starts_with(b"."));
    }
    Ok(files)
}

fn page(layout: &Layout, after: Option<BlobId>, limit: usize) -> Result<InventoryPage, StoreError> {
    let (now, first) = (SystemTime::now(), after.map_or(0, |after| FolderId::of_blob(after).number));
    let mut page = InventoryPage { blobs: Vec::new(), next: None };
    let mut left = limit;
    for folder in FolderId::of_tree(Tree::Blobs).skip(usize::from(first)) {
        let after = after.filter(|_| folder.number == first);
        let path = layout.blob_folder_path(folder);
        let failed = |error| StoreError::from_errno(Doing::Reading, &path, error);
        let opened = match layout.open_blob_folder(folder) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(failed(error)),
        };
        let blobs = first_blobs(&opened, folder, after, left).map_err(failed)?;
        left -= blobs.len();
        page.next = blobs.last().copied().filter(|_| left == 0);
        for blob in blobs {
            // One that is not there any more was removed just now.
            if let Some(written) = written(&opened, blob).map_err(failed)? {
                let age = now.duration_since(written).unwrap_or_default();
                page.blobs.push(InventoryEntry { blob, age });
            }
        }
        if left == 0 {
            break;
        }
    }
    Ok(page)
}

/// The first blobs of the folder behind this one. What is none of ours, by its name or its place, is passed over.
fn first_blobs(
    opened: &OwnedFd,
    folder: FolderId,
    after: Option<BlobId>,
    limit: usize,
) -> Result<BTreeSet<BlobId>, Errno> {
    let mut first = BTreeSet::new();
    for entry in Dir::read_from(opened.as_fd())? {
        let entry = entry?;
        let blob = entry.file_name().to_str().ok().and_then(|name| name.parse::<BlobId>().ok());
        let Some(blob) = blob.filter(|blob| FolderId::of_blob(*blob) == folder && Some(*blob) > after) else {
            continue;
        };
        first.insert(blob);
        if first.len() > limit {
            first.pop_last();
        }
    }
    Ok(first)
}

fn written(opened: &OwnedFd, blob: BlobId) -> Result<Option<SystemTime>, Errno> {
    match rustix::fs::statat(opened, blob.to_string(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            let since_epoch = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
            Ok(UNIX_EPOCH.checked_add(since_epoch))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
