//! Which version a blob has become: known only once the catalog has committed, and so noted beside the blob afterwards.

use core::fmt;
use core::str::FromStr;

use super::Version;
use crate::decimal;
use crate::time::WallTime;

/// What the catalog has made of a blob. Written as the number of the version, a space, and the milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionLabel {
    /// Which version of its key it is.
    pub version: Version,
    /// When that was written, by the clock of the catalog.
    pub written: WallTime,
}

/// A text that is not the label of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the label of a version is its number, a space, and the milliseconds since 1970 when it was written")]
pub struct ParseLabelError;

impl fmt::Display for VersionLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.written.as_millis())
    }
}

impl FromStr for VersionLabel {
    type Err = ParseLabelError;

    fn from_str(text: &str) -> Result<Self, ParseLabelError> {
        let (version, written) = text.split_once(' ').ok_or(ParseLabelError)?;
        let millis = decimal::read(written).ok_or(ParseLabelError)?;
        let written = WallTime::from_millis(millis);
        if written.as_millis() != millis {
            return Err(ParseLabelError);
        }
        Ok(Self { version: version.parse().map_err(|_| ParseLabelError)?, written })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_label_is_refused() {
        for text in ["", "1", "1 ", " 1", "0 1", "1 01", "+1 1", "1 -1", "1  1", "1 1 ", "1 9223372036854775808"] {
            assert_eq!(text.parse::<VersionLabel>(), Err(ParseLabelError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_label_survives_being_written_and_read(version in 1..=i64::MAX.cast_unsigned(), millis: u64) {
            let label = VersionLabel { version: Version::new(version).unwrap(), written: WallTime::from_millis(millis) };
            prop_assert_eq!(label.to_string().parse(), Ok(label));
        }
    }
}
