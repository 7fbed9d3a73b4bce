//! The ids of blobs: what the data servers keep the content of a version under.

use alloc::string::ToString as _;
use core::fmt;
use core::str::FromStr;

use crate::id::{Incarnation, OperationId, ParseIdError};
use crate::name::ObjectName;

/// The id of a blob, unique over all processes and all their runs and never used again: it is that of the upload that
/// brought it. Written as that is, and so a name that data servers take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(OperationId);

impl BlobId {
    /// The blob that this upload brings.
    #[must_use]
    pub const fn of_upload(upload: OperationId) -> Self {
        Self(upload)
    }

    /// The id in its shortest form: 16 bytes, in the same order as the ids themselves.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// The id whose shortest form this is.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(OperationId::from_bytes(bytes))
    }

    /// The run of the API server that uploaded it.
    #[must_use]
    pub const fn uploader(self) -> Incarnation {
        self.0.incarnation()
    }

    /// The id right before it, if there is one.
    #[must_use]
    pub const fn before(self) -> Option<Self> {
        match u128::from_be_bytes(self.to_bytes()).checked_sub(1) {
            Some(before) => Some(Self::from_bytes(before.to_be_bytes())),
            None => None,
        }
    }

    /// The blob that is kept under this name, if it is that of one.
    #[must_use]
    pub fn of_name(name: &ObjectName) -> Option<Self> {
        name.as_str().parse().ok()
    }

    /// The name under which data servers keep it.
    #[must_use]
    pub fn name(self) -> ObjectName {
        match ObjectName::from_message(&self.to_string()) {
            Ok(name) => name,
            Err(_) => unreachable!("hexadecimal digits and a dash are a name"),
        }
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OperationIds;

    #[test]
    fn a_blob_is_named_after_its_upload() {
        let upload = OperationIds::new(Incarnation::new(0xab)).fresh();
        let blob = BlobId::of_upload(upload);
        assert_eq!(blob.name().as_str(), "00000000000000ab-0000000000000000");
        assert_eq!(blob.name().as_str().parse(), Ok(blob));
        assert_eq!(BlobId::of_name(&blob.name()), Some(blob));
        assert_eq!(BlobId::from_bytes(blob.to_bytes()), blob);
        assert_eq!(blob.uploader(), Incarnation::new(0xab));
        assert_eq!(BlobId::from_bytes([0; 16]).before(), None);
        assert_eq!(blob.before().unwrap().name().as_str(), "00000000000000aa-ffffffffffffffff");
    }
}
