//! Hexadecimal digits of hashes: lower case, two for each byte.

use alloc::string::String;
use core::fmt;

/// Writes the digits of `bytes`.
pub(crate) fn write<const N: usize>(f: &mut fmt::Formatter<'_>, bytes: &[u8; N]) -> fmt::Result {
    f.write_str(str::from_utf8(bytes.map(digits_of).as_flattened()).unwrap_or_default())
}

/// Writes the 16 digits of a number.
pub(crate) fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    f.write_str(str::from_utf8(&number_digits(number)).unwrap_or_default())
}

/// The 16 digits of a number, as a text.
pub(crate) fn number_text(number: u64) -> String {
    str::from_utf8(&number_digits(number)).unwrap_or_default().into()
}

fn number_digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *pair = digits_of(byte);
    }
    digits
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
    let mut wrong = 0;
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(high), value(low));
        wrong |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    (wrong & NO_DIGIT == 0).then_some(bytes)
}

const fn digits_of(byte: u8) -> [u8; 2] {
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 0xf) as usize]]
}

const DIGITS: [u8; 16] = *b"0123456789abcdef";

const NO_DIGIT: u8 = 0x80;

/// What each byte stands for as a digit: looked up, because ids in messages are read all the time.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const fn value(digit: u8) -> u8 {
    VALUES[digit as usize]
}
