//! Conditional requests (RFC 9110 §13): `If-Match`, `If-None-Match` and `If-Range`, by entity tags.
//!
//! Objects have no modification time that HTTP could compare, so the conditions by date are not looked at, as the RFC
//! allows, and an `If-Range` with a date never holds: the client then gets the whole object, which is never wrong.

mod tags;

use tags::TagList;
pub use tags::{ConditionError, MAX_TAGS};

use crate::etag::ETag;

/// What a request asks to be true of the object before anything is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<TagList>,
    if_none_match: Option<TagList>,
    if_range: Option<IfRange>,
}

/// The object as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Current {
    /// There is none.
    Absent,
    /// There is one, and its tag is not known, because it is kept by a node of the seed. It matches `*` and no tag.
    Untagged,
    /// There is one with this tag.
    Tagged(ETag),
}

/// What the request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `GET` or `HEAD`.
    Read,
    /// A method that changes the object.
    Write,
}

/// What the conditions say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    /// Do what the request asks.
    Proceed,
    /// The reader has this content already. HTTP: 304.
    NotModified,
    /// The object is not what the client believes. HTTP: 412.
    PreconditionFailed,
}

impl Conditions {
    /// The conditions among the headers of a request; other headers are passed over. Names may be of any case.
    ///
    /// # Errors
    /// If `If-Match` or `If-None-Match` is malformed: a condition that cannot be read must not count as met. HTTP: 400.
    pub fn from_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ConditionError> {
        let mut conditions = Self::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("if-match") {
                tags::extend(&mut conditions.if_match, "If-Match", value)?;
            } else if name.eq_ignore_ascii_case("if-none-match") {
                tags::extend(&mut conditions.if_none_match, "If-None-Match", value)?;
            } else if name.eq_ignore_ascii_case("if-range") {
                let again = conditions.if_range.is_some();
                let tag = value.trim_matches([' ', '\t']).parse().ok().filter(|_| !again);
                conditions.if_range = Some(tag.map_or(IfRange::Never, IfRange::Tag));
            }
        }
        Ok(conditions)
    }

    /// Whether there is anything that could keep a write from going on.
    #[must_use]
    pub const fn restrict_writes(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Whether the request may go on, in the order of RFC 9110 §13.2.2. Reading an object that does not exist always
    /// may: that is a 404, whatever the conditions say (§13.2.1).
    #[must_use]
    pub fn evaluate(&self, access: Access, current: Current) -> Evaluated {
        if (access, current) == (Access::Read, Current::Absent) {
            return Evaluated::Proceed;
        }
        if self.if_match.as_ref().is_some_and(|tags| !tags.matches_strongly(current)) {
            return Evaluated::PreconditionFailed;
        }
        let unwanted = self.if_none_match.as_ref().is_some_and(|tags| tags.matches_weakly(current));
        match (unwanted, access) {
            (false, Access::Read | Access::Write) => Evaluated::Proceed,
            (true, Access::Read) => Evaluated::NotModified,
            (true, Access::Write) => Evaluated::PreconditionFailed,
        }
    }

    /// Whether a `Range` of the request counts; if not, the whole object is to be sent. To be asked after
    /// [`evaluate`](Self::evaluate) has said [`Evaluated::Proceed`].
    #[must_use]
    pub fn range_counts(&self, current: Current) -> bool {
        match self.if_range {
            None => true,
            Some(IfRange::Tag(tag)) => current == Current::Tagged(tag),
            Some(IfRange::Never) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfRange {
    /// The client has a part of the object with this tag.
    Tag(ETag),
    /// A date, a weak tag, the tag of another server: nothing that an object of ours could match.
    Never,
}

#[cfg(test)]
mod tests;
