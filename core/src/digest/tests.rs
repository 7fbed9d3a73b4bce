use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// RFC 9530's own body, `{"hello": "world"}` and a line feed: its SHA-256 (appendix B.1), and its MD5.
const SHA256_BASE64: &str = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";
const MD5_BASE64: &str = "UFIauregE76D7gDe0/n0JA==";
const MD5: [u8; 16] = [0x50, 0x52, 0x1a, 0xba, 0xb7, 0xa0, 0x13, 0xbe, 0x83, 0xee, 0x00, 0xde, 0xd3, 0xf9, 0xf4, 0x24];
const SHA256: [u8; 32] = [
    0x44, 0xaf, 0xf4, 0xab, 0x2d, 0x7c, 0x32, 0x50, 0x52, 0x56, 0x75, 0xa0, 0x8f, 0x0c, 0xfa, 0x95, 0x91, 0x16, 0x8c,
    0xff, 0xe5, 0x17, 0x91, 0xc5, 0xf5, 0xbb, 0xc4, 0x17, 0xc1, 0x5a, 0x6c, 0x38,
];

fn requested(headers: &[(&str, &str)]) -> Result<RequestedDigests, DigestError> {
    RequestedDigests::from_headers(headers.iter().copied())
}

const BY_SHA256: RequestedDigests = RequestedDigests { sha256: Some(SHA256), md5: None };
const BY_MD5: RequestedDigests = RequestedDigests { sha256: None, md5: Some(MD5) };
const BY_BOTH: RequestedDigests = RequestedDigests { sha256: Some(SHA256), md5: Some(MD5) };
const NOTHING: RequestedDigests = RequestedDigests { sha256: None, md5: None };

#[test]
fn every_notation_is_read() {
    let (sha, md5) = (SHA256_BASE64, MD5_BASE64);
    for (header, value, read) in [
        ("Repr-Digest", format!("sha-256=:{sha}:"), BY_SHA256),
        ("repr-digest", format!("  sha-256=:{sha}: \t, md5=:{md5}:"), BY_BOTH),
        ("Content-Digest", format!("sha-256=:{sha}:;x;y=1;z=\"a,\\\"b\"; w=:YQ==:,md5=:{md5}:"), BY_BOTH),
        ("Repr-Digest", format!("sha-512=:YQ==:,sha-256=:{sha}:"), BY_SHA256),
        ("Repr-Digest", "sha-512=:YQ==:".to_string(), NOTHING),
        ("Repr-Digest", "sha-512=:%%%:".to_string(), NOTHING),
        ("Repr-Digest", String::new(), NOTHING),
        ("Repr-Digest", format!("sha-256=:{}:", sha.trim_end_matches('=')), BY_SHA256),
        ("Repr-Digest", format!("sha-256=:{}:", sha.replace("Dg=", "Dh=")), BY_SHA256),
        ("Digest", format!("SHA-256={sha}"), BY_SHA256),
        ("digest", format!("sha-256={sha}"), BY_SHA256),
        ("Digest", format!("md5={md5}, UNIXsum=30637,,SHA-256={sha},"), BY_BOTH),
        ("Digest", "UNIXsum=30637".to_string(), NOTHING),
        ("Content-MD5", format!(" {md5} "), BY_MD5),
        ("Content-Type", "text/plain".to_string(), NOTHING),
        ("Want-Repr-Digest", "sha-256=9".to_string(), NOTHING),
    ] {
        assert_eq!(requested(&[(header, &value)]), Ok(read), "{header}: {value}");
        assert_eq!(read.is_empty(), read == NOTHING);
    }
}

#[test]
fn digests_of_several_headers_are_gathered() {
    let (digest, repr) = (format!("SHA-256={SHA256_BASE64}"), format!("sha-256=:{SHA256_BASE64}:"));
    let headers = [("Digest", digest.as_str()), ("Content-MD5", MD5_BASE64), ("Repr-Digest", repr.as_str())];
    assert_eq!(requested(&headers), Ok(BY_BOTH));
}

#[test]
fn digests_that_contradict_each_other_are_refused() {
    let empty = "1B2M2Y8AsgTpgAmY7PhCfg==";
    let both = format!("md5={MD5_BASE64},md5={empty}");
    for headers in [
        &[("Content-MD5", MD5_BASE64), ("Content-MD5", empty)][..],
        &[("Content-MD5", MD5_BASE64), ("Digest", &format!("md5={empty}"))],
        &[("Digest", &both)],
    ] {
        assert!(matches!(requested(headers), Err(DigestError::Contradiction { .. })), "{headers:?}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let (sha, md5) = (SHA256_BASE64, MD5_BASE64);
    for (header, value) in [
        ("Content-MD5", String::new()),
        ("Content-MD5", "%%%".to_string()),
        ("Content-MD5", sha.to_string()),
        ("Content-MD5", format!("{md5}, {md5}")),
        ("Digest", "SHA-256".to_string()),
        ("Digest", "SHA-256=".to_string()),
        ("Digest", format!("SHA-256={md5}")),
        ("Digest", format!("SHA-256=:{sha}:")),
        ("Digest", "SHA-256=é".to_string()),
        ("Repr-Digest", format!("sha-256={sha}")),
        ("Repr-Digest", format!("sha-256=:{sha}")),
        ("Repr-Digest", format!("sha-256=:{md5}:")),
        ("Repr-Digest", "sha-256=::".to_string()),
        ("Repr-Digest", format!("SHA-256=:{sha}:")),
        ("Repr-Digest", format!("sha-256=:{sha}:,")),
        ("Repr-Digest", format!("sha-256=:{sha}: x")),
        ("Repr-Digest", format!("sha-256=:{sha}:;")),
        ("Repr-Digest", format!("sha-256=:{sha}:;a=\"")),
        ("Repr-Digest", format!(",sha-256=:{sha}:")),
        ("Repr-Digest", format!("sha-256 =:{sha}:")),
        ("Repr-Digest", "sha-512=1".to_string()),
        ("Repr-Digest", "sha-256".to_string()),
    ] {
        let refused = requested(&[(header, &value)]);
        assert!(matches!(refused, Err(DigestError::Malformed { .. })), "{header}: {value}: {refused:?}");
    }
}

#[test]
fn a_body_must_match_all_that_was_asked_for() {
    let computed = |sha256, md5| ComputedDigests { sha256, md5 };
    let right = computed(Some(SHA256), Some(MD5));
    for asked in [NOTHING, BY_MD5, BY_SHA256, BY_BOTH] {
        assert_eq!(asked.matches(&right), Ok(()));
    }
    assert_eq!(NOTHING.matches(&computed(None, None)), Ok(()));
    assert_eq!(BY_MD5.matches(&computed(Some([0; 32]), Some(MD5))), Ok(()));
    for (asked, wrong) in [
        (BY_SHA256, computed(Some([0; 32]), None)),
        (BY_MD5, computed(None, Some([0; 16]))),
        (BY_BOTH, computed(Some(SHA256), Some([0; 16]))),
        (BY_BOTH, computed(Some([0; 32]), Some(MD5))),
    ] {
        assert!(matches!(asked.matches(&wrong), Err(DigestMismatch::Different { .. })), "{asked:?}");
    }
    for (asked, partial) in [(BY_BOTH, computed(Some(SHA256), None)), (BY_SHA256, computed(None, Some(MD5)))] {
        assert!(matches!(asked.matches(&partial), Err(DigestMismatch::NotComputed { .. })), "{asked:?}");
    }
}

#[test]
fn a_refusal_names_both_digests() {
    let computed = ComputedDigests { sha256: None, md5: Some([0; 16]) };
    let sentence = BY_MD5.matches(&computed).unwrap_err().to_string();
    assert_eq!(
        sentence,
        "the body that arrived is md5=:AAAAAAAAAAAAAAAAAAAAAA==:, but the request says md5=:UFIauregE76D7gDe0/n0JA==:; send \
         it again"
    );
}

proptest! {
    #[test]
    fn a_digest_survives_being_written_and_read(sha256: [u8; 32], md5: [u8; 16]) {
        let value = format!("{}, {}", Digest::Sha256(sha256), Digest::Md5(md5));
        let read = RequestedDigests { sha256: Some(sha256), md5: Some(md5) };
        prop_assert_eq!(requested(&[("Repr-Digest", &value)]), Ok(read));
    }

    #[test]
    fn no_header_makes_it_panic(value: String, pieces in prop::collection::vec("(sha-256|md5|=:?|:|;|,|\"|\\\\| |a|é)", 0..12)) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        for value in [value.as_str(), &pieces.concat()] {
            for header in ["Digest", "Repr-Digest", "Content-MD5"] {
                let _ = requested(&[(header, value)]);
            }
        }
    }
}
