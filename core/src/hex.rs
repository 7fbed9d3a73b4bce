//! Hexadecimal digits of hashes: lower case, two for each byte.

use core::fmt;

/// Writes the digits of `bytes`.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| f.write_str(str::from_utf8(&digits_of(*byte)).unwrap_or_default()))
}

/// Writes the 16 digits of a number.
pub(crate) fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    let mut digits = [0; 16];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *pair = digits_of(byte);
    }
    f.write_str(str::from_utf8(&digits).unwrap_or_default())
}

/// Reads exactly 16 digits of a number.
pub(crate) fn read_number(text: &str) -> Option<u64> {
    read(text).map(u64::from_be_bytes)
}

/// Reads exactly `N` bytes; `None` if `text` is anything but their digits.
pub(crate) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

const fn digits_of(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 0xf)]
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
