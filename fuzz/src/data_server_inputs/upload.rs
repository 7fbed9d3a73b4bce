//! What an upload may go through, seen from the disk: one temporary file, committed or discarded, never both.

use lode_core::checksum::Checksum;

/// Where the body of a PUT is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upload {
    /// Being received.
    Receiving,
    /// In a temporary file, whole.
    Received { size_bytes: u64, checksum: Checksum },
    /// Being made durable.
    Committing { size_bytes: u64, checksum: Checksum },
    /// Durable.
    Committed { size_bytes: u64, checksum: Checksum },
    /// Nothing of it is left.
    Gone,
}

impl Upload {
    /// Its commit is wanted.
    pub(super) fn commit(&mut self) {
        let Self::Received { size_bytes, checksum } = *self else { panic!("nothing to be committed: {self:?}") };
        *self = Self::Committing { size_bytes, checksum };
    }

    /// It is to be thrown away.
    pub(super) fn discard(&mut self) {
        assert!(matches!(self, Self::Received { .. }), "nothing to be discarded: {self:?}");
        *self = Self::Gone;
    }

    /// The disk has committed it, or has failed to, and then nothing is left.
    pub(super) fn committed(&mut self, is_durable: bool) {
        let Self::Committing { size_bytes, checksum } = *self else { panic!("nobody wanted a commit: {self:?}") };
        *self = if is_durable { Self::Committed { size_bytes, checksum } } else { Self::Gone };
    }
}
