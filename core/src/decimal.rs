//! Whole numbers as texts of ours hold them: digits, without a sign and without leading zeros.

/// The number that is written so.
pub(crate) fn read(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn there_is_one_way_to_write_a_number() {
        assert_eq!(["0", "7", "18446744073709551615"].map(read), [Some(0), Some(7), Some(u64::MAX)]);
        for text in ["", "+1", "-0", "00", "01", " 1", "1 ", "1_0", "18446744073709551616"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
