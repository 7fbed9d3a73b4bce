//! How blobs become visible, durable, damaged and gone on a simulated disk, and what the history says of it.

use lode_core::data_server::messages::{DataInput, DiskFailure};
use lode_core::id::{OperationId, RequestId};

use super::World;
use super::disk::{Blob, DiskStep, File, Pending, WRITE_BACK};
use super::process::End;
use super::queue::Event;
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::history::{Holding, HoldingEnd, NameId};
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::trace::MarkKind;

impl World<'_> {
    /// The temporary file of an upload is synced, or could not be.
    pub(crate) fn file_synced(&mut self, node: Node, request: RequestId, commit: OperationId) {
        if self.sync_fails(node) {
            if let Some(data) = self.data_mut(node) {
                data.disk.temporary.remove(&request);
            }
            return self.feed_data(node, DataInput::Committed { commit, outcome: Err(write_error()) });
        }
        if let Some(file) = self.data_mut(node).and_then(|data| data.disk.temporary.get_mut(&request)) {
            file.synced = true;
        }
        self.disk_goes_on(node, DiskStep::Renamed { request, commit });
    }

    /// It has its final name: it is visible.
    pub(crate) fn file_renamed(&mut self, node: Node, request: RequestId, commit: OperationId) {
        let Some(file) = self.data_mut(node).and_then(|data| data.disk.temporary.remove(&request)) else { return };
        let holding = self.becomes_visible(node, file);
        if self.process(node).power_fails_at_rename {
            return self.ends(node, End::PowerLost);
        }
        self.disk_goes_on(node, DiskStep::FolderSynced { commit, file, holding });
    }

    /// Its folder is synced: it is durable, whatever comes.
    pub(crate) fn folder_synced(&mut self, node: Node, commit: OperationId, file: File, holding: usize) {
        if self.sync_fails(node) {
            return self.feed_data(node, DataInput::Committed { commit, outcome: Err(write_error()) });
        }
        self.becomes_durable(node, file, holding);
        self.feed_data(node, DataInput::Committed { commit, outcome: Ok(()) });
    }

    /// A blob is removed, durably, or was not there.
    pub(crate) fn blob_removed(&mut self, node: Node, removal: OperationId, name: NameId) {
        if self.sync_fails(node) {
            return self.feed_data(node, DataInput::Removed { removal, outcome: Err(write_error()) });
        }
        let blob = self.data_mut(node).and_then(|data| data.disk.blobs.remove(&name));
        if let Some(blob) = blob {
            self.end_holding(node, blob.holding, HoldingEnd::Removed);
        }
        self.feed_data(node, DataInput::Removed { removal, outcome: Ok(blob.is_some()) });
    }

    /// The file takes its place among the blobs of the disk; the index of its entry in the history comes back.
    pub(crate) fn becomes_visible(&mut self, node: Node, file: File) -> usize {
        let now = self.now;
        let before = self.data(node).and_then(|data| data.disk.blobs.get(&file.name)).copied();
        if let Some(before) = before {
            self.end_holding(node, before.holding, HoldingEnd::Overwritten);
        }
        let durable_before = before.and_then(|blob| match blob.pending {
            None => Some((blob.file, blob.holding, blob.rotten)),
            Some(pending) => pending.before,
        });
        let holding = self.begin_holding(node, file);
        let pending = Some(Pending { since: now, before: durable_before });
        if let Some(data) = self.data_mut(node) {
            data.disk.blobs.insert(file.name, Blob { file, holding, pending, rotten: false });
        }
        self.mark(node, MarkKind::Disk, || format!("{} is visible as content {}", Shown(file.name), file.content.0));
        holding
    }

    fn becomes_durable(&mut self, node: Node, file: File, holding: usize) {
        let now = self.now;
        let Some(entry) = self.history.holdings.get_mut(holding) else { return };
        entry.durable = Some(now);
        let rotten = entry.rotten.is_some();
        let Some(blob) = self.data_mut(node).and_then(|data| data.disk.blobs.get_mut(&file.name)) else { return };
        if blob.holding == holding {
            blob.pending = None;
        } else if let Some(Pending { before, .. }) = &mut blob.pending
            && before.is_none_or(|(_, durable, _)| durable < holding)
        {
            // It was overwritten meanwhile: it is what a loss of power would bring back, unless a later one is durable.
            *before = Some((File { synced: true, ..file }, holding, rotten));
        }
        self.mark(node, MarkKind::Disk, || format!("{} is durable as content {}", Shown(file.name), file.content.0));
    }

    /// The power is gone: what was renamed lately, and not synced, may be undone; what was not even written through may be
    /// torn.
    pub(crate) fn lose_what_was_not_synced(&mut self, node: Node) {
        let now = self.now;
        let Some(data) = self.data(node) else { return };
        if data.disk.temporary.values().any(|file| !file.synced) {
            self.hit(Point::FaultTornWrite);
        }
        let Some(data) = self.data(node) else { return };
        let pending: Vec<(NameId, Blob, Pending)> = data
            .disk
            .blobs
            .iter()
            .filter_map(|(name, blob)| blob.pending.map(|pending| (*name, *blob, pending)))
            .filter(|(_, _, pending)| now - pending.since < WRITE_BACK)
            .collect();
        for (name, blob, pending) in pending {
            let chance = self.chance.of(node, Purpose::Damage);
            let (is_undone, is_torn) = (chance.bool(), chance.bool());
            if is_undone {
                self.hit(Point::FaultRenameLost);
                self.undo_rename(node, name, &blob, pending);
            } else if !blob.file.synced && is_torn {
                self.rot(node, name);
            }
        }
    }

    fn undo_rename(&mut self, node: Node, name: NameId, blob: &Blob, pending: Pending) {
        self.end_holding(node, blob.holding, HoldingEnd::PowerLost);
        let now = self.now;
        if let Some(data) = self.data_mut(node) {
            data.disk.blobs.remove(&name);
        }
        let Some((file, _, rotten)) = pending.before else { return };
        let holding = self.begin_holding(node, file);
        if let Some(entry) = self.history.holdings.get_mut(holding) {
            entry.durable = Some(now);
            entry.rotten = rotten.then_some(now);
        }
        if let Some(data) = self.data_mut(node) {
            data.disk.blobs.insert(name, Blob { file, holding, pending: None, rotten });
        }
    }

    /// The disk is replaced by an empty one.
    pub(crate) fn blank_disk(&mut self, node: Node) {
        let Some(data) = self.data_mut(node) else { return };
        data.disk.temporary.clear();
        let blobs = std::mem::take(&mut data.disk.blobs);
        for blob in blobs.into_values() {
            self.end_holding(node, blob.holding, HoldingEnd::DiskBlanked);
        }
    }

    /// A bit of some blob flips.
    pub(crate) fn some_blob_rots(&mut self, node: Node) {
        let names: Vec<NameId> =
            self.data(node).map(|data| data.disk.blobs.keys().copied().collect()).unwrap_or_default();
        if let Some(name) = self.chance.of(node, Purpose::Damage).choice(names) {
            self.hit(Point::FaultBitRot);
            self.rot(node, name);
        }
    }

    fn rot(&mut self, node: Node, name: NameId) {
        let now = self.now;
        let Some(blob) = self.data_mut(node).and_then(|data| data.disk.blobs.get_mut(&name)) else { return };
        blob.rotten = true;
        let holding = blob.holding;
        if let Some(entry) = self.history.holdings.get_mut(holding) {
            entry.rotten.get_or_insert(now);
        }
        self.mark(node, MarkKind::Disk, || format!("{} is damaged", Shown(name)));
    }

    fn begin_holding(&mut self, node: Node, file: File) -> usize {
        let File { name, content, .. } = file;
        let from = self.now;
        // Who shares an address shares its history: nobody can tell the two apart.
        let node = self.twins.get(&node).copied().unwrap_or(node);
        let holding = Holding { node, name, content, from, durable: None, until: None, ended_by: None, rotten: None };
        self.history.holdings.push(holding);
        self.history.holdings.len() - 1
    }

    fn end_holding(&mut self, node: Node, holding: usize, end: HoldingEnd) {
        let now = self.now;
        let Some(entry) = self.history.holdings.get_mut(holding) else { return };
        entry.until = Some(now);
        entry.ended_by = Some(end);
        let (name, content) = (entry.name, entry.content);
        self.mark(node, MarkKind::Disk, || format!("{} is no longer content {}: {end:?}", Shown(name), content.0));
    }

    fn sync_fails(&mut self, node: Node) -> bool {
        let fails = self.faults.on(Kind::DiskWriteError, node);
        if fails {
            self.hit(Point::FaultDiskSync);
        }
        fails
    }

    fn disk_goes_on(&mut self, node: Node, step: DiskStep) {
        let (at, run) = (self.now + self.disk_delay(node), self.process(node).run);
        self.queue.push(at, Event::Disk { node, run, step });
    }
}

fn write_error() -> DiskFailure {
    DiskFailure::Write { reason: "EIO".to_owned() }
}

/// A name as it is printed.
struct Shown(NameId);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "o{}", self.0.0)
    }
}
