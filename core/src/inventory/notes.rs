//! What goes with a blob over HTTP beside its bytes, in both directions, so that a copy says what its source says.

use alloc::string::{String, ToString as _};

use crate::catalog::{BlobId, Description, VersionLabel};
use crate::name::ObjectName;

/// What a blob says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// What it was written for.
    pub description: Option<Description>,
    /// Which version it has become, if its holder has been told.
    pub label: Option<VersionLabel>,
}

impl Notes {
    /// The header of the description.
    pub const DESCRIPTION: &str = "lode-description";
    /// The header of the label.
    pub const LABEL: &str = "lode-version";

    /// Reads what the headers of a request or an answer that carries the blob of this name say of it. Their names are
    /// given in lower case.
    ///
    /// # Errors
    /// If one of them is not as Lode writes it or is there twice, if something is said that is no blob by its name, or
    /// if there is a label and no description.
    pub fn from_headers<'a>(
        name: &ObjectName,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, NotesError> {
        let mut notes = Self::default();
        for (header, value) in headers {
            let is_new = match header {
                Self::DESCRIPTION => parsed(value, Self::DESCRIPTION, &mut notes.description)?,
                Self::LABEL => parsed(value, Self::LABEL, &mut notes.label)?,
                _ => true,
            };
            if !is_new {
                return Err(NotesError::Twice { header: header.to_string() });
            }
        }
        if notes.label.is_some() && notes.description.is_none() {
            return Err(NotesError::LabelAlone);
        }
        if notes.description.is_some() && BlobId::of_name(name).is_none() {
            return Err(NotesError::NoBlob);
        }
        Ok(notes)
    }

    /// The headers that say it.
    pub fn to_headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let description = self.description.as_ref().map(|description| (Self::DESCRIPTION, description.to_string()));
        description.into_iter().chain(self.label.map(|label| (Self::LABEL, label.to_string())))
    }
}

/// Reads the value into its place; false if there is one already.
fn parsed<T: core::str::FromStr>(value: &str, header: &'static str, into: &mut Option<T>) -> Result<bool, NotesError> {
    let value = value.parse().map_err(|_| NotesError::Malformed { header })?;
    Ok(into.replace(value).is_none())
}

/// Why what is said of a blob cannot be. HTTP: 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotesError {
    /// Not as Lode writes it.
    #[error("the header {header} is not as Lode writes it")]
    Malformed {
        /// Which.
        header: &'static str,
    },
    /// Two where there may be one.
    #[error("the header {header} is there twice")]
    Twice {
        /// Which.
        header: String,
    },
    /// Which version something is, and not of what.
    #[error("the header {} goes with {} only", Notes::LABEL, Notes::DESCRIPTION)]
    LabelAlone,
    /// The name is not that of a blob.
    #[error("the header {} goes with the name of a blob only, two groups of 16 hexadecimal digits", Notes::DESCRIPTION)]
    NoBlob,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Version;
    use crate::catalog::description_tests::any_description;
    use crate::time::WallTime;

    fn blob() -> ObjectName {
        BlobId::from_bytes([7; 16]).name()
    }

    fn read(name: &ObjectName, headers: &[(&str, &str)]) -> Result<Notes, NotesError> {
        Notes::from_headers(name, headers.iter().copied())
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let description = ("lode-description", "tombstone objects a");
        assert_eq!(read(&blob(), &[("range", "bytes=0-")]), Ok(Notes::default()));
        assert!(read(&blob(), &[description, ("lode-version", "3 1000")]).unwrap().label.is_some());
        let object = ObjectName::from_message("test2").unwrap();
        assert_eq!(read(&object, &[description]), Err(NotesError::NoBlob));
        assert_eq!(read(&blob(), &[("lode-version", "3 1000")]), Err(NotesError::LabelAlone));
        let twice = NotesError::Twice { header: "lode-description".to_string() };
        assert_eq!(read(&blob(), &[description, description]), Err(twice));
        for header in [Notes::DESCRIPTION, Notes::LABEL] {
            assert_eq!(read(&blob(), &[(header, "x")]), Err(NotesError::Malformed { header }));
        }
    }

    proptest! {
        #[test]
        fn notes_survive_being_sent(description in any_description(), version in prop::option::of(1_u64..9), millis: u64) {
            let written = WallTime::from_millis(millis);
            let label = version.and_then(Version::new).map(|version| VersionLabel { version, written });
            let notes = Notes { description: Some(description), label };
            let headers: Vec<_> = notes.to_headers().collect();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            prop_assert_eq!(read(&blob(), &headers), Ok(notes));
        }
    }
}
