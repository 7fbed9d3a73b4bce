//! Copies that are still being sent when the client has its answer.
//!
//! | the upload is | stored, as those that count | stored otherwise, or failed |
//! |---------------|-----------------------------|-----------------------------|
//! | committed     | noted in the catalog        | removed                     |
//! | given up      | removed                     | removed                     |

use alloc::collections::BTreeMap;

use super::super::Context;
use super::super::messages::ApiEffect;
use crate::address::ServerAddress;
use crate::catalog::{BlobId, CatalogRequest};
use crate::checksum::Checksum;
use crate::id::OperationId;
use crate::transfer::UploadOutcome;

/// All of them, by the ids of their uploads.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct LateCopies {
    under_way: BTreeMap<OperationId, LateCopy>,
}

#[derive(Debug, Clone)]
struct LateCopy {
    blob: BlobId,
    server: ServerAddress,
    /// What was committed, if anything was.
    committed: Option<Content>,
}

/// What a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Content {
    pub(super) size_bytes: u64,
    pub(super) checksum: Checksum,
}

impl LateCopies {
    pub(super) fn add(&mut self, upload: OperationId, blob: BlobId, server: ServerAddress, committed: Option<Content>) {
        self.under_way.insert(upload, LateCopy { blob, server, committed });
    }

    /// How many there are.
    pub(in super::super) fn len(&self) -> usize {
        self.under_way.len()
    }
}

impl Context<'_> {
    /// An upload has ended that may be such a one. Whether it is.
    pub(in super::super) fn late_copy_ended(&mut self, upload: OperationId, outcome: &UploadOutcome) -> bool {
        let Some(LateCopy { blob, server, committed }) = self.late_copies.under_way.remove(&upload) else {
            return false;
        };
        let stored = match outcome {
            UploadOutcome::Stored { size_bytes, checksum: Some(checksum) } => {
                Some(Content { size_bytes: *size_bytes, checksum: *checksum })
            }
            UploadOutcome::Stored { checksum: None, .. }
            | UploadOutcome::Failed { .. }
            | UploadOutcome::BodyFault(_) => None,
        };
        if stored.is_some() && stored == committed {
            let held = alloc::vec![server];
            self.tell_catalog(CatalogRequest::NoteHolders { blob, held, gone: alloc::vec::Vec::new() });
        } else {
            self.remove_copy(blob, server);
            if committed.is_some() {
                self.look_at_blob(blob);
            }
        }
        true
    }

    /// Removes a copy that does not count. If that fails, it is found as garbage later.
    pub(super) fn remove_copy(&mut self, blob: BlobId, server: ServerAddress) {
        let (removal, patience) = (self.ids.fresh(), self.config.short_patience);
        self.effects.push(ApiEffect::Remove { removal, server, name: blob.name(), patience });
    }
}
