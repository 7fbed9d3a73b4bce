//! Bytes that can be made again from a name, so that nothing needs to be kept to check what came back.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// `size_bytes` bytes that follow from `seed` alone; no two seeds share even a short run of them.
#[must_use]
pub fn bytes(seed: &str, size_bytes: usize) -> Vec<u8> {
    let digest = Sha256::digest(seed.as_bytes());
    let mut state = digest.iter().take(8).fold(0_u64, |state, &byte| (state << 8) | u64::from(byte)) | 1;
    let mut content = Vec::with_capacity(size_bytes + 8);
    while content.len() < size_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(size_bytes);
    content
}

/// The SHA-256 of `content`, in hex.
#[must_use]
pub fn sha256_hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Panics unless `got` is exactly `expected`; says where they part, not all of both.
///
/// # Panics
/// If they differ.
pub fn assert_same(got: &[u8], expected: &[u8], what: &str) {
    let parts_at = got.iter().zip(expected).position(|(one, other)| one != other);
    assert!(
        got == expected,
        "{what}: {} bytes came, {} were expected, the first difference is at {parts_at:?}",
        got.len(),
        expected.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_follows_from_its_name() {
        assert_eq!(bytes("a", 1000), bytes("a", 1000));
        assert_ne!(bytes("a", 1000), bytes("b", 1000));
        assert_eq!(bytes("a", 3), bytes("a", 1000).get(..3).unwrap());
    }

    #[test]
    fn hashes_are_those_of_sha256sum() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
