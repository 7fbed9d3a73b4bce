//! Lists of entity tags, as conditions have them (RFC 9110 §8.8.3, §13.1.1, §5.6.1).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Current;

/// How many tags one header may list.
pub const MAX_TAGS: usize = 128;

/// The value of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagList {
    /// `*`: any content at all.
    Any,
    /// These.
    Of(Vec<ListedTag>),
}

/// A tag that a client sent: ours or another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedTag {
    weak: bool,
    /// With its quotes.
    quoted: String,
}

impl TagList {
    /// Strong comparison: weak tags match nothing.
    pub(super) fn matches_strongly(&self, current: Current) -> bool {
        self.matches(current, |tag| !tag.weak)
    }

    /// Weak comparison: a tag of ours matches in either form.
    pub(super) fn matches_weakly(&self, current: Current) -> bool {
        self.matches(current, |_| true)
    }

    fn matches(&self, current: Current, counts: impl Fn(&ListedTag) -> bool) -> bool {
        match (self, current) {
            (Self::Any | Self::Of(_), Current::Absent) | (Self::Of(_), Current::Untagged) => false,
            (Self::Any, Current::Untagged | Current::Tagged(_)) => true,
            (Self::Of(tags), Current::Tagged(own)) => {
                let own = own.to_string();
                tags.iter().any(|tag| tag.quoted == own && counts(tag))
            }
        }
    }
}

/// Adds one header line to a list that may go over several.
pub(super) fn extend(list: &mut Option<TagList>, header: &'static str, value: &str) -> Result<(), ConditionError> {
    let value = value.trim_matches(WHITE_SPACE);
    match list {
        None if value == "*" => *list = Some(TagList::Any),
        None => *list = Some(TagList::Of(parse(header, value, Vec::new())?)),
        Some(TagList::Of(tags)) => *tags = parse(header, value, core::mem::take(tags))?,
        Some(TagList::Any) => return Err(ConditionError::Malformed { header }),
    }
    Ok(())
}

/// Why a condition cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Neither `*` nor a list of tags.
    #[error("the header {header} must be * or a list of entity tags, each in double quotes, as in \"abc\", W/\"def\"")]
    Malformed {
        /// Which header.
        header: &'static str,
    },
    /// More than [`MAX_TAGS`] tags.
    #[error("the header {header} lists more than {MAX_TAGS} entity tags")]
    TooMany {
        /// Which header.
        header: &'static str,
    },
}

const WHITE_SPACE: [char; 2] = [' ', '\t'];

fn parse(header: &'static str, value: &str, mut tags: Vec<ListedTag>) -> Result<Vec<ListedTag>, ConditionError> {
    let mut rest = value;
    loop {
        // Empty elements of a list are to be passed over.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let (tag, behind) = first_tag(rest).ok_or(ConditionError::Malformed { header })?;
        if tags.len() == MAX_TAGS {
            return Err(ConditionError::TooMany { header });
        }
        tags.push(tag);
        rest = behind.trim_start_matches(WHITE_SPACE);
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(ConditionError::Malformed { header });
        }
    }
    // A list with nothing in it is no condition that anybody could have meant.
    if tags.is_empty() { Err(ConditionError::Malformed { header }) } else { Ok(tags) }
}

fn first_tag(text: &str) -> Option<(ListedTag, &str)> {
    let behind_weak_mark = text.strip_prefix("W/");
    let from_quote = behind_weak_mark.unwrap_or(text);
    let inner_bytes = from_quote.strip_prefix('"')?.find('"')?;
    let (quoted, behind) = from_quote.split_at_checked(inner_bytes + 2)?;
    let sound = quoted.chars().all(|character| character > ' ' && character != '\x7f');
    sound.then(|| (ListedTag { weak: behind_weak_mark.is_some(), quoted: quoted.to_string() }, behind))
}
