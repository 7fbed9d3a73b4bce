//! Everything that is computed over a body while it is written, in one pass; and the check of what is read.

use lode_core::checksum::Checksum;
use lode_core::digest::{ComputedDigests, RequestedDigests};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::format::{BLOCK_BYTES, ENTRY_BYTES};

/// Which digests are computed besides the checksum, because a client wants to compare them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WantedDigests {
    /// SHA-256.
    pub sha256: bool,
    /// MD5.
    pub md5: bool,
}

impl From<&RequestedDigests> for WantedDigests {
    fn from(requested: &RequestedDigests) -> Self {
        Self { sha256: requested.sha256.is_some(), md5: requested.md5.is_some() }
    }
}

/// The checksums of a body of which more is to come.
pub(super) struct RunningChecksums {
    size_bytes: u64,
    /// Those of the blocks that are complete, as they will stand in the file.
    table: Vec<u8>,
    block_crc: u32,
    checksum: blake3::Hasher,
    sha256: Option<Sha256>,
    md5: Option<Md5>,
}

/// The checksums of a whole body.
pub(super) struct BodyChecksums {
    pub(super) size_bytes: u64,
    pub(super) table: Vec<u8>,
    pub(super) checksum: Checksum,
    pub(super) digests: ComputedDigests,
}

impl RunningChecksums {
    pub(super) fn new(wanted: WantedDigests) -> Self {
        Self {
            size_bytes: 0,
            table: Vec::new(),
            block_crc: 0,
            checksum: blake3::Hasher::new(),
            sha256: wanted.sha256.then(Sha256::new),
            md5: wanted.md5.then(Md5::new),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.update_blocks(bytes);
        self.checksum.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    pub(super) fn finish(mut self) -> BodyChecksums {
        if !self.size_bytes.is_multiple_of(BLOCK_BYTES) {
            self.table.extend_from_slice(&self.block_crc.to_le_bytes());
        }
        BodyChecksums {
            size_bytes: self.size_bytes,
            table: self.table,
            checksum: Checksum::new(*self.checksum.finalize().as_bytes()),
            digests: ComputedDigests {
                sha256: self.sha256.map(|sha256| sha256.finalize().into()),
                md5: self.md5.map(|md5| md5.finalize().into()),
            },
        }
    }

    fn update_blocks(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let missing = BLOCK_BYTES - self.size_bytes % BLOCK_BYTES;
            let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX)));
            self.block_crc = crc32c::crc32c_append(self.block_crc, now);
            self.size_bytes += now.len() as u64;
            if self.size_bytes.is_multiple_of(BLOCK_BYTES) {
                self.table.extend_from_slice(&self.block_crc.to_le_bytes());
                self.block_crc = 0;
            }
            bytes = later;
        }
    }
}

/// A part of the block table, as it stands in the file.
#[derive(Debug, Default)]
pub(super) struct TablePart {
    first_block: u64,
    entries: Vec<u8>,
}

impl TablePart {
    /// The entries from that of `first_block` on.
    pub(super) const fn new(first_block: u64, entries: Vec<u8>) -> Self {
        Self { first_block, entries }
    }

    /// Whether the entries of all these blocks are in this part.
    pub(super) const fn covers(&self, blocks: &std::ops::Range<u64>) -> bool {
        let past = self.first_block + self.entries.len() as u64 / ENTRY_BYTES;
        self.first_block <= blocks.start && blocks.end <= past
    }

    /// The first block in `bytes` that does not match its checksum, or has none here. `bytes` begin with `first_block`.
    pub(super) fn first_bad(&self, first_block: u64, bytes: &[u8]) -> Option<u64> {
        let block_bytes = usize::try_from(BLOCK_BYTES).unwrap_or(usize::MAX);
        let mut numbered = (first_block..).zip(bytes.chunks(block_bytes));
        numbered.find(|(block, bytes)| self.entry(*block) != Some(crc32c::crc32c(bytes))).map(|(block, _)| block)
    }

    fn entry(&self, block: u64) -> Option<u32> {
        let index = usize::try_from(block.checked_sub(self.first_block)?).ok()?;
        self.entries.as_chunks::<4>().0.get(index).copied().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_test_values_come_out() {
        let mut running = RunningChecksums::new(WantedDigests { sha256: true, md5: true });
        running.update(b"12345");
        running.update(b"6789");
        let sums = running.finish();
        assert_eq!(sums.table, 0xe306_9283_u32.to_le_bytes());
        assert!(sums.checksum.to_string().starts_with("b7d65b48420d1033"), "{}", sums.checksum);
        assert_eq!(sums.digests.sha256.unwrap()[..4], [0x15, 0xe2, 0xb0, 0xd3]);
        assert_eq!(sums.digests.md5.unwrap()[..4], [0x25, 0xf9, 0xe7, 0x94]);
    }

    #[test]
    fn digests_that_nobody_wants_are_not_computed() {
        assert_eq!(RunningChecksums::new(WantedDigests::default()).finish().digests, ComputedDigests::default());
    }

    #[test]
    fn a_block_without_an_entry_is_bad() {
        let part = TablePart::new(5, crc32c::crc32c(b"x").to_le_bytes().to_vec());
        assert_eq!(part.first_bad(5, b"x"), None);
        assert_eq!(part.first_bad(5, b"y"), Some(5));
        assert_eq!(part.first_bad(4, b"x"), Some(4));
        assert_eq!(part.first_bad(6, b"x"), Some(6));
        assert!(part.covers(&(5..6)) && !part.covers(&(5..7)) && !part.covers(&(4..6)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_pieces_it_comes_in_make_no_difference(
            size in prop_oneof![0_usize..10, 65_530_usize..65_545, 131_060_usize..131_080],
            step in 1_usize..70_000,
        ) {
            let body: Vec<u8> = (0..size).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect();
            let mut running = RunningChecksums::new(WantedDigests::default());
            body.chunks(step).for_each(|piece| running.update(piece));
            let sums = running.finish();
            let table: Vec<u8> = body.chunks(65_536).flat_map(|block| crc32c::crc32c(block).to_le_bytes()).collect();
            prop_assert_eq!(&sums.table, &table);
            prop_assert_eq!(sums.size_bytes, size as u64);
            prop_assert_eq!(sums.checksum, Checksum::new(*blake3::hash(&body).as_bytes()));
            prop_assert_eq!(TablePart::new(0, table).first_bad(0, &body), None);
        }
    }
}
