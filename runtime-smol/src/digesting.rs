//! Computing the digests that a client has given for its body, while the body passes.

use lode_core::digest::{ComputedDigests, DigestMismatch, RequestedDigests};
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// Computes those digests of a body that are asked for, and no others.
#[derive(Debug, Clone)]
pub(crate) struct Digesting {
    requested: RequestedDigests,
    sha256: Option<Sha256>,
    md5: Option<Md5>,
}

impl Digesting {
    pub(crate) fn new(requested: RequestedDigests) -> Self {
        Self { sha256: requested.sha256.map(|_| Sha256::new()), md5: requested.md5.map(|_| Md5::new()), requested }
    }

    /// The next piece of the body.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(piece);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(piece);
        }
    }

    /// The digests of what has passed so far.
    pub(crate) fn computed(&self) -> ComputedDigests {
        ComputedDigests {
            sha256: self.sha256.clone().map(|sha256| sha256.finalize().into()),
            md5: self.md5.clone().map(|md5| md5.finalize().into()),
        }
    }

    /// Whether what has passed so far has the digests that the client gave.
    ///
    /// # Errors
    /// If it has others.
    pub(crate) fn verify(&self) -> Result<(), DigestMismatch> {
        self.requested.matches(&self.computed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_asked_for_are_computed_piece_by_piece() {
        let requested = RequestedDigests { sha256: Some([0; 32]), md5: None };
        let mut digesting = Digesting::new(requested);
        digesting.update(b"a");
        digesting.update(b"bc");
        let computed = digesting.computed();
        // FIPS 180-2, appendix B.1.
        assert_eq!(computed.sha256.unwrap()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(computed.md5, None);
        assert!(digesting.verify().is_err());
    }
}
