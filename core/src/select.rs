//! What of an object a GET or HEAD is answered with: the whole, a part, or only the news that nothing has changed.

use crate::conditions::{Access, Conditions, Current, Evaluated};
use crate::content_range::ContentRange;
use crate::etag::ETag;
use crate::range::{ByteRange, Resolved};

/// What a client asks of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Under which conditions.
    pub conditions: Conditions,
    /// Which part, if not all of it.
    pub range: Option<ByteRange>,
    /// Whether only the head of the answer is wanted (HEAD).
    pub head_only: bool,
}

/// What it is answered with: the status and the fields of the head, from which the body follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// What is sent.
    pub content: Content,
    /// The entity tag; `None` only for an object on a node of the seed.
    pub etag: Option<ETag>,
}

/// What is sent of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it (200).
    Whole {
        /// Its size; `None` only where a node of the seed does not say.
        size_bytes: Option<u64>,
    },
    /// A part of it (206): the bytes from `first` to `last`, both included, of `size_bytes`.
    Part {
        /// The position of the first byte.
        first: u64,
        /// The position of the last byte, not before the first.
        last: u64,
        /// The size of the whole object.
        size_bytes: u64,
    },
    /// Nothing: the client has it already (304).
    NotModified,
    /// Nothing: a condition does not hold (412).
    PreconditionFailed,
    /// Nothing: it has no such part (416).
    Unsatisfiable {
        /// Its size.
        size_bytes: u64,
    },
}

impl Content {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Whole { .. } => 200,
            Self::Part { .. } => 206,
            Self::NotModified => 304,
            Self::PreconditionFailed => 412,
            Self::Unsatisfiable { .. } => 416,
        }
    }

    /// Where in the object the body begins, and how long it is; `None` where no body belongs to the answer, or its length
    /// is not known.
    #[must_use]
    pub const fn body(&self) -> Option<(u64, u64)> {
        match self {
            Self::Whole { size_bytes: Some(size_bytes) } => Some((0, *size_bytes)),
            Self::Part { first, last, .. } => Some((*first, *last - *first + 1)),
            Self::Whole { size_bytes: None }
            | Self::NotModified
            | Self::PreconditionFailed
            | Self::Unsatisfiable { .. } => None,
        }
    }

    /// What the field `Content-Range` says, where there is one.
    #[must_use]
    pub const fn content_range(&self) -> Option<ContentRange> {
        match self {
            Self::Part { first, last, size_bytes } => {
                Some(ContentRange::Part { first: *first, last: *last, size_bytes: Some(*size_bytes) })
            }
            Self::Unsatisfiable { size_bytes } => Some(ContentRange::Unsatisfied { size_bytes: *size_bytes }),
            Self::Whole { .. } | Self::NotModified | Self::PreconditionFailed => None,
        }
    }
}

impl Selection {
    /// What is to be sent of an object of this size with this tag: conditions first, then the range, as RFC 9110 §13.2.2
    /// orders them.
    #[must_use]
    pub fn of(&self, size_bytes: u64, etag: Option<ETag>) -> Content {
        let current = etag.map_or(Current::Untagged, Current::Tagged);
        match self.conditions.evaluate(Access::Read, current) {
            Evaluated::NotModified => return Content::NotModified,
            Evaluated::PreconditionFailed => return Content::PreconditionFailed,
            Evaluated::Proceed => {}
        }
        let range = self.range.filter(|_| self.conditions.range_counts(current));
        match range.map(|range| range.resolve(size_bytes)) {
            None | Some(Resolved::Whole) => Content::Whole { size_bytes: Some(size_bytes) },
            Some(Resolved::Part { first, last }) => Content::Part { first, last, size_bytes },
            Some(Resolved::Unsatisfiable) => Content::Unsatisfiable { size_bytes },
        }
    }
}

#[cfg(test)]
mod tests;
