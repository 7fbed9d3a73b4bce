//! What the history says of what the catalog did.

use lode_core::catalog::{CatalogAnswer, CatalogRequest, Commit, Garbage, Key, State, Written};

use crate::history::{Committed, Gone, NameId};
use crate::node::Node;
use crate::trace::MarkKind;
use crate::world::{World, content_of};

impl World<'_> {
    /// The number of the object with this key.
    pub(crate) fn name_of_key(&self, key: &Key) -> NameId {
        let number = key.as_str().strip_prefix('o').and_then(|number| number.parse::<u16>().ok());
        number.map_or(NameId(u32::MAX), |number| NameId(number.into()))
    }

    pub(super) fn note_transaction(&mut self, what: &CatalogRequest, answer: &CatalogAnswer) {
        match (what, answer) {
            (CatalogRequest::Commit(commit), CatalogAnswer::Written(written)) => self.note_commit(commit, written),
            (CatalogRequest::RemoveVersion { .. }, CatalogAnswer::Removed(Some(garbage))) => self.note_gone(garbage),
            (
                CatalogRequest::Commit(_)
                | CatalogRequest::RemoveVersion { .. }
                | CatalogRequest::Read { .. }
                | CatalogRequest::Versions { .. }
                | CatalogRequest::List(_)
                | CatalogRequest::Settle { .. }
                | CatalogRequest::Register { .. }
                | CatalogRequest::Retire { .. }
                | CatalogRequest::ForgetGarbage { .. }
                | CatalogRequest::Restore { .. }
                | CatalogRequest::NoteHolders { .. }
                | CatalogRequest::Blobs { .. }
                | CatalogRequest::Garbage { .. }
                | CatalogRequest::NoteRemoved { .. }
                | CatalogRequest::ClaimRepair { .. }
                | CatalogRequest::ReleaseRepair { .. }
                | CatalogRequest::SetBucket { .. }
                | CatalogRequest::Buckets,
                _,
            ) => {}
        }
    }

    fn note_commit(&mut self, commit: &Commit, written: &Written) {
        let (at, blob) = (self.now, self.blob_id(commit.blob));
        let Some(catalog) = &mut self.catalog else { return };
        if !catalog.committed.insert(commit.blob) {
            return;
        }
        let content = match &commit.state {
            State::Object(stored) => content_of(stored.checksum),
            State::Tombstone => None,
        };
        let holders: Vec<Node> = commit.holders.iter().map(|holder| self.owner_of(holder)).collect();
        let (name, version) = (self.name_of_key(&commit.path.key), written.version.number());
        self.mark(Node::Catalog, MarkKind::Version, || match content {
            Some(content) => format!("version {version} of o{} is content {}", name.0, content.0),
            None => format!("version {version} of o{} is a tombstone", name.0),
        });
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.commits.push(Committed { at, name, version, blob, content, holders });
        }
        for garbage in &written.garbage {
            self.note_gone(garbage);
        }
    }

    fn note_gone(&mut self, garbage: &Garbage) {
        let (at, blob) = (self.now, self.blob_id(garbage.blob));
        self.mark(Node::Catalog, MarkKind::Version, || format!("blob {} is garbage", garbage.blob));
        if let Some(catalogued) = &mut self.history.catalog {
            catalogued.gone.push(Gone { at, blob });
        }
    }
}
