//! The names of our headers, and how their values are read.

use alloc::string::String;
use core::str::FromStr;

use super::WireError;
use crate::bus::BusMessage;

pub(super) const INCARNATION: &str = "lode-incarnation";
pub(super) const FREE_BYTES: &str = "lode-free-bytes";
pub(super) const TOTAL_BYTES: &str = "lode-total-bytes";
pub(super) const ACCEPTS_WRITES: &str = "lode-accepts-writes";
pub(super) const ZONE: &str = "lode-zone";
pub(super) const DRAINING: &str = "lode-draining";
pub(super) const SOFTWARE: &str = "lode-software";
pub(super) const NEGATIVE_ANSWERS: &str = "lode-negative-answers";
pub(super) const WANTS_HEARTBEATS: &str = "lode-wants-heartbeats";
pub(super) const HELD: &str = "lode-held";
pub(super) const SIZE_BYTES: &str = "lode-size-bytes";
pub(super) const CHECKSUM: &str = "lode-checksum";
pub(super) const ADDRESS: &str = "lode-address";

/// The value of a header, if the message has it.
pub(super) fn text<'a>(message: &'a BusMessage, header: &str) -> Option<&'a str> {
    message.headers.get(header)
}

/// The value of a header that must be there.
pub(super) fn required<T>(value: Option<T>, header: &'static str) -> Result<T, WireError> {
    value.ok_or(WireError::MissingHeader { header })
}

/// A value that is read by its own `FromStr`.
pub(super) fn parsed<T: FromStr>(
    message: &BusMessage,
    header: &'static str,
    expected: &'static str,
) -> Result<Option<T>, WireError> {
    let Some(text) = text(message, header) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| WireError::BadHeader { header, expected })
}

/// A decimal number: digits and nothing else.
pub(super) fn number(message: &BusMessage, header: &'static str) -> Result<Option<u64>, WireError> {
    let Some(text) = text(message, header) else { return Ok(None) };
    decimal(text).map(Some).ok_or(WireError::BadHeader { header, expected: "a decimal number below 2^64" })
}

fn decimal(text: &str) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let number = text.bytes().try_fold(0_u64, |number, byte| number.checked_mul(10)?.checked_add(digit(byte)?));
    number.filter(|_| !text.is_empty())
}

/// `yes` or `no`.
pub(super) fn yes_or_no(message: &BusMessage, header: &'static str) -> Result<Option<bool>, WireError> {
    match text(message, header) {
        None => Ok(None),
        Some("yes") => Ok(Some(true)),
        Some("no") => Ok(Some(false)),
        Some(_) => Err(WireError::BadHeader { header, expected: "yes or no" }),
    }
}

/// Adds a header.
pub(super) fn set(message: &mut BusMessage, header: &'static str, value: String) {
    message.headers.set(header.into(), value.into());
}

/// Adds a header whose value is `yes` or `no`.
pub(super) fn set_yes_or_no(message: &mut BusMessage, header: &'static str, value: bool) {
    message.headers.set(header.into(), if value { "yes" } else { "no" }.into());
}
