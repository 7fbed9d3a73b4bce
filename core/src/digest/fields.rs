//! The header fields that carry digests, each in its own notation.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Digest, DigestError};

/// Reads one header, and hands each digest of a known algorithm to `add`. Does nothing if the header is another one.
pub(super) fn read(
    name: &str,
    value: &str,
    add: &mut impl FnMut(Digest) -> Result<(), DigestError>,
) -> Result<(), DigestError> {
    let value = value.trim_matches(WHITE_SPACE);
    let is = |header: &str| name.eq_ignore_ascii_case(header);
    if is("Repr-Digest") {
        read_dictionary("Repr-Digest", value, add)
    } else if is("Content-Digest") {
        read_dictionary("Content-Digest", value, add)
    } else if is("Digest") {
        read_list(value, add)
    } else if is("Content-MD5") {
        let hash = bytes(value).ok_or(DigestError::Malformed {
            header: "Content-MD5",
            expected: "the 16 bytes of the MD5 hash in base64",
        })?;
        add(Digest::Md5(hash))
    } else {
        Ok(())
    }
}

/// `Digest: SHA-256=<base64>,md5=<base64>` (RFC 3230 §4.3.2). The names are of any case.
fn read_list(value: &str, add: &mut impl FnMut(Digest) -> Result<(), DigestError>) -> Result<(), DigestError> {
    let malformed = DigestError::Malformed {
        header: "Digest",
        expected: "algorithm=value pairs separated by commas, for example SHA-256=<the hash in base64>",
    };
    for element in
        value.split(',').map(|element| element.trim_matches(WHITE_SPACE)).filter(|element| !element.is_empty())
    {
        let (algorithm, base64) = element.split_once('=').ok_or(malformed)?;
        if let Some(digest) = known(algorithm, base64) {
            add(digest.ok_or(malformed)?)?;
        }
    }
    Ok(())
}

/// `Repr-Digest: sha-256=:<base64>:, md5=:<base64>:`, a dictionary of byte sequences (RFC 9530 §2, RFC 8941 §3.2).
fn read_dictionary(
    header: &'static str,
    value: &str,
    add: &mut impl FnMut(Digest) -> Result<(), DigestError>,
) -> Result<(), DigestError> {
    let malformed = DigestError::Malformed {
        header,
        expected: "algorithm=:value: pairs separated by commas, for example sha-256=:<the hash in base64>:",
    };
    let mut rest = value;
    while !rest.is_empty() {
        let ((algorithm, base64), behind) = first_member(rest).ok_or(malformed)?;
        if let Some(digest) = known(algorithm, base64) {
            add(digest.ok_or(malformed)?)?;
        }
        rest = match behind.trim_start_matches(WHITE_SPACE) {
            "" => "",
            more => match more.strip_prefix(',').map(|more| more.trim_start_matches(WHITE_SPACE)) {
                None | Some("") => return Err(malformed),
                Some(next) => next,
            },
        };
    }
    Ok(())
}

/// `Some(None)` if the algorithm is known and its value is not a hash of it.
fn known(algorithm: &str, base64: &str) -> Option<Option<Digest>> {
    if algorithm.eq_ignore_ascii_case("sha-256") {
        Some(bytes(base64).map(Digest::Sha256))
    } else if algorithm.eq_ignore_ascii_case("md5") {
        Some(bytes(base64).map(Digest::Md5))
    } else {
        None
    }
}

/// The first `key=:base64:` of a dictionary, and what is behind it and its parameters.
fn first_member(text: &str) -> Option<((&str, &str), &str)> {
    let (key, rest) = first_key(text)?;
    let (base64, rest) = rest.strip_prefix("=:")?.split_once(':')?;
    Some(((key, base64), behind_parameters(rest)?))
}

/// Parameters have no meaning here, and one that is not understood is to be passed over.
fn behind_parameters(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(parameter) = rest.strip_prefix(';') {
        let (_, behind_key) = first_key(parameter.trim_start_matches(' '))?;
        rest = match behind_key.strip_prefix('=') {
            None => behind_key,
            Some(value) => match value.strip_prefix('"') {
                Some(string) => behind_string(string)?,
                None => value.trim_start_matches(|character| !matches!(character, ';' | ',' | ' ' | '\t')),
            },
        };
    }
    Some(rest)
}

fn behind_string(text: &str) -> Option<&str> {
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return Some(rest.as_str()),
            '\\' => drop(rest.next()?),
            _ => {}
        }
    }
}

fn first_key(text: &str) -> Option<(&str, &str)> {
    let is_key = |character| matches!(character, 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '*');
    let rest = text.trim_start_matches(is_key);
    let (key, rest) = text.split_at_checked(text.len() - rest.len())?;
    key.starts_with(|first| matches!(first, 'a'..='z' | '*')).then_some((key, rest))
}

fn bytes<const N: usize>(base64: &str) -> Option<[u8; N]> {
    BASE64.decode(base64).ok()?.try_into().ok()
}

const WHITE_SPACE: [char; 2] = [' ', '\t'];

/// RFC 8941 §4.2.7 wants missing padding and stray bits in it let pass; the hash is the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
