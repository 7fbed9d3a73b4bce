//! A name as a row of versions.

use std::collections::BTreeMap;

use lode_core::catalog::Retention;

use crate::check::linearize::Model;
use crate::history::{ContentId, Required};

/// The rule by which old versions go.
pub(super) struct Versions {
    pub(super) retention: Retention,
}

/// The versions of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The last number that was given; 0 before the first.
    last: u64,
    /// What is kept; `None` for a tombstone.
    kept: BTreeMap<u64, Option<ContentId>>,
}

/// What happens to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// A new version, or a tombstone; as this version, if it is known.
    Write { content: Option<ContentId>, only_if: Option<Required>, version: Option<u64> },
    /// A version goes, if it is kept.
    Remove(u64),
    /// The current version is this one, with this content, if it is known.
    ReadCurrent { version: u64, content: Option<ContentId> },
    /// The version that was asked for was told of.
    ReadVersion { asked: u64, version: u64, content: Option<ContentId> },
    /// There is no object.
    ReadNone,
    /// This version is no object, or not kept.
    ReadNoObject(u64),
    /// This version is not kept.
    ReadNotKept(u64),
    /// What was required does not hold.
    ReadOtherwise(Required),
    /// These versions are kept, the latest first.
    ReadAll(Vec<(u64, Option<ContentId>)>),
}

impl Row {
    fn current(&self) -> Option<ContentId> {
        self.kept.last_key_value().and_then(|(_, content)| *content)
    }

    fn meets(&self, required: Option<Required>) -> bool {
        match required {
            None => true,
            Some(Required::Absent) => self.current().is_none(),
            Some(Required::Present) => self.current().is_some(),
            Some(Required::Content(content)) => content.is_some() && self.current() == content,
        }
    }

    fn has(&self, version: u64, content: Option<ContentId>) -> bool {
        self.kept.get(&version).is_some_and(|kept| kept.is_some() && (content.is_none() || *kept == content))
    }

    fn is_current(&self, version: u64) -> bool {
        self.kept.last_key_value().is_some_and(|(last, _)| *last == version)
    }

    fn written(&self, content: Option<ContentId>, retention: Retention) -> Self {
        let mut row = self.clone();
        row.last += 1;
        row.kept.insert(row.last, content);
        while !retention.keeps(row.kept.len() - 1) {
            row.kept.pop_first();
        }
        row
    }
}

impl Model for Versions {
    type State = Row;
    type Op = Op;

    fn initial(&self) -> Row {
        Row::default()
    }

    fn step(&self, row: &Row, op: &Op) -> Option<Row> {
        let holds = match op {
            Op::Write { content, only_if, version } => {
                let deletes_nothing = content.is_none() && row.current().is_none();
                let numbered = version.is_none_or(|version| version == row.last + 1);
                let may_be = row.meets(*only_if) && !deletes_nothing && numbered;
                return may_be.then(|| row.written(*content, self.retention));
            }
            Op::Remove(version) => {
                let mut row = row.clone();
                row.kept.remove(version);
                return Some(row);
            }
            Op::ReadCurrent { version, content } => row.is_current(*version) && row.has(*version, *content),
            Op::ReadVersion { asked, version, content } => asked == version && row.has(*version, *content),
            Op::ReadNone => row.current().is_none(),
            Op::ReadNoObject(version) => !row.has(*version, None),
            Op::ReadNotKept(version) => !row.kept.contains_key(version),
            Op::ReadOtherwise(required) => !row.meets(Some(*required)),
            Op::ReadAll(versions) => {
                row.kept.iter().rev().map(|(version, content)| (*version, *content)).eq(versions.iter().copied())
            }
        };
        holds.then(|| row.clone())
    }

    fn only_reads(&self, op: &Op) -> bool {
        match op {
            Op::Write { .. } | Op::Remove(_) => false,
            Op::ReadCurrent { .. }
            | Op::ReadVersion { .. }
            | Op::ReadNone
            | Op::ReadNoObject(_)
            | Op::ReadNotKept(_)
            | Op::ReadOtherwise(_)
            | Op::ReadAll(_) => true,
        }
    }

    fn can_still_come<'o>(&self, row: &Row, op: &Op, mut left: impl Iterator<Item = &'o Op>) -> bool {
        match op {
            Op::ReadCurrent { version, content } | Op::ReadVersion { version, content, .. } => {
                if *version > row.last {
                    left.any(
                        |left| matches!(left, Op::Write { content: new, .. } if content.is_none() || new == content),
                    )
                } else {
                    row.has(*version, *content)
                }
            }
            Op::Write { .. }
            | Op::Remove(_)
            | Op::ReadNone
            | Op::ReadNoObject(_)
            | Op::ReadNotKept(_)
            | Op::ReadOtherwise(_)
            | Op::ReadAll(_) => true,
        }
    }
}
