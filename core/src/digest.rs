//! Digests that a client sends along with a body, so that it is refused if it arrives as anything else.
//!
//! Read are `Repr-Digest` and `Content-Digest` (RFC 9530; for a body without a content range they are the same),
//! `Digest` (RFC 3230, which the seed's later versions use) and `Content-MD5` (RFC 1864), several at once as well. Every
//! digest by an algorithm that we know must match. Other algorithms are passed over, as RFC 9530 §2 has it; but what a known
//! one says must be readable, for a check that was asked for must not be left out in silence.

mod fields;

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A hash of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256.
    Sha256([u8; 32]),
    /// MD5: protects against accidents only.
    Md5([u8; 16]),
}

/// As a member of `Repr-Digest`.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, base64): (_, String) = match self {
            Self::Sha256(hash) => ("sha-256", STANDARD.encode(hash)),
            Self::Md5(hash) => ("md5", STANDARD.encode(hash)),
        };
        write!(f, "{algorithm}=:{base64}:")
    }
}

/// The digests that a request says its body has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestedDigests {
    /// By SHA-256, if it says.
    pub sha256: Option<[u8; 32]>,
    /// By MD5, if it says.
    pub md5: Option<[u8; 16]>,
}

/// The digests that the body turned out to have. One that was not requested need not be computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ComputedDigests {
    /// By SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// By MD5.
    pub md5: Option<[u8; 16]>,
}

impl RequestedDigests {
    /// The digests among the headers of a request; other headers are passed over. Names may be of any case.
    ///
    /// # Errors
    /// If a digest cannot be read, or two contradict each other. HTTP: 400.
    pub fn from_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, DigestError> {
        let mut requested = Self::default();
        for (name, value) in headers {
            fields::read(name, value, &mut |digest| requested.add(digest))?;
        }
        Ok(requested)
    }

    /// Whether the request says nothing that we could check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the body is what the request says.
    ///
    /// # Errors
    /// [`DigestMismatch::Different`] if it is not (HTTP: 400), [`DigestMismatch::NotComputed`] if the caller has not hashed it.
    pub fn matches(&self, computed: &ComputedDigests) -> Result<(), DigestMismatch> {
        let pairs = [
            (self.sha256.map(Digest::Sha256), computed.sha256.map(Digest::Sha256)),
            (self.md5.map(Digest::Md5), computed.md5.map(Digest::Md5)),
        ];
        for (requested, computed) in pairs {
            match (requested, computed) {
                (Some(requested), Some(computed)) if requested != computed => {
                    return Err(DigestMismatch::Different { requested, computed });
                }
                (Some(requested), None) => return Err(DigestMismatch::NotComputed { requested }),
                (Some(_), Some(_)) | (None, _) => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, digest: Digest) -> Result<(), DigestError> {
        let before = match digest {
            Digest::Sha256(hash) => self.sha256.replace(hash).map(Digest::Sha256),
            Digest::Md5(hash) => self.md5.replace(hash).map(Digest::Md5),
        };
        match before {
            Some(before) if before != digest => Err(DigestError::Contradiction { one: before, other: digest }),
            Some(_) | None => Ok(()),
        }
    }
}

/// Why a digest in a request cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// It is malformed.
    #[error("the header {header} cannot be read: write {expected}")]
    Malformed {
        /// Which header.
        header: &'static str,
        /// What a good one looks like.
        expected: &'static str,
    },
    /// Two digests by the same algorithm differ.
    #[error("the request says that its body is {one}, and that it is {other}")]
    Contradiction {
        /// The first of them.
        one: Digest,
        /// The second.
        other: Digest,
    },
}

/// The body is not what the request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestMismatch {
    /// It has another digest.
    #[error("the body that arrived is {computed}, but the request says {requested}; send it again")]
    Different {
        /// What the request says.
        requested: Digest,
        /// What arrived.
        computed: Digest,
    },
    /// A mistake of the server: the digest was not computed, so the body cannot be vouched for.
    #[error("the server did not compute the digest that the request asks for ({requested}): the body was not stored")]
    NotComputed {
        /// What the request says.
        requested: Digest,
    },
}

#[cfg(test)]
mod tests;
