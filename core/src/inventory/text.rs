//! Questions and answers about many blobs, as texts: one line for each, each with a line feed behind it. There is one way to
//! write each of them, and nothing else is read. Times are milliseconds.
//!
//! | what | a line |
//! |---|---|
//! | the question which of these blobs are held | `BLOB VERSION WRITTEN` |
//! | its answer: those that are | `BLOB` |
//! | a page of an inventory | `BLOB AGE`; the last line is `next BLOB` or `end` |
//!
//! A page without a last line was cut short and is none. No text tells of more than [`MAX_BLOBS_AT_A_TIME`] blobs.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;
use core::time::Duration;

use super::{CommittedBlob, InventoryEntry, InventoryPage, MAX_BLOBS_AT_A_TIME};
use crate::catalog::{BlobId, VersionLabel};
use crate::decimal;

/// Why a text cannot be read. HTTP: 400 if it was a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InventoryTextError {
    /// A line is not as Lode writes it.
    #[error("line {line} is not {expected}, followed by a line feed")]
    Line {
        /// Which, counted from 1.
        line: usize,
        /// What stands there in a good text.
        expected: &'static str,
    },
    /// More than one text may tell of.
    #[error("it tells of more than {MAX_BLOBS_AT_A_TIME} blobs")]
    TooMany,
    /// The last line of a page is missing.
    #[error("it does not end in a line that says where the next page begins")]
    CutShort,
}

/// The question which of these blobs are held.
#[must_use]
pub fn committed_to_text(blobs: &[CommittedBlob]) -> String {
    written(blobs.iter().map(|blob| alloc::format!("{} {}", blob.blob, blob.label())))
}

/// The blobs that a question is about.
///
/// # Errors
/// If it is not as [`committed_to_text`] writes it.
pub fn committed_from_text(text: &[u8]) -> Result<Vec<CommittedBlob>, InventoryTextError> {
    bounded(Lines::new(text).map(|line| line.read("a blob, a version and when that was written", committed)))
}

/// The answer that these blobs are held.
#[must_use]
pub fn held_to_text(blobs: &[BlobId]) -> String {
    written(blobs.iter())
}

/// The blobs that an answer says are held.
///
/// # Errors
/// If it is not as [`held_to_text`] writes it.
pub fn held_from_text(text: &[u8]) -> Result<Vec<BlobId>, InventoryTextError> {
    bounded(Lines::new(text).map(|line| line.read("a blob", |text| text.parse().ok())))
}

impl InventoryPage {
    /// The page as a text. Ages are told in whole milliseconds.
    #[must_use]
    pub fn to_text(&self) -> String {
        page_to_text(
            self.blobs.iter().map(|entry| alloc::format!("{} {}", entry.blob, entry.age.as_millis())),
            self.next,
        )
    }

    /// The page that a text tells.
    ///
    /// # Errors
    /// If it is not as [`to_text`](Self::to_text) writes it.
    pub fn from_text(text: &[u8]) -> Result<Self, InventoryTextError> {
        let (blobs, next) = page_from_text(text, "a blob and its age", entry)?;
        Ok(Self { blobs, next })
    }
}

fn committed(line: &str) -> Option<CommittedBlob> {
    let (blob, label) = line.split_once(' ')?;
    let VersionLabel { version, written } = label.parse().ok()?;
    Some(CommittedBlob { blob: blob.parse().ok()?, version, written })
}

fn entry(line: &str) -> Option<InventoryEntry> {
    let (blob, age) = line.split_once(' ')?;
    Some(InventoryEntry { blob: blob.parse().ok()?, age: Duration::from_millis(decimal::read(age)?) })
}

/// A page whose entries are told by these lines.
pub(super) fn page_to_text(lines: impl Iterator<Item = impl Display>, next: Option<BlobId>) -> String {
    let mut text = written(lines);
    text.push_str(&next.map_or_else(|| "end\n".into(), |next| alloc::format!("next {next}\n")));
    text
}

/// The entries of a page, and behind which blob the next one begins.
pub(super) fn page_from_text<T>(
    text: &[u8],
    expected: &'static str,
    entry: impl Fn(&str) -> Option<T>,
) -> Result<(Vec<T>, Option<BlobId>), InventoryTextError> {
    let mut lines = Lines::new(text);
    let mut next = None;
    let entries = bounded(core::iter::from_fn(|| {
        let line = lines.next()?;
        match last_line(line.text) {
            Some(last) if lines.rest.is_empty() => {
                next = Some(last);
                None
            }
            Some(_) | None => Some(line.read(expected, &entry)),
        }
    }))?;
    Ok((entries, next.ok_or(InventoryTextError::CutShort)?))
}

/// What the last line of a page says, if it is one.
fn last_line(line: Option<&str>) -> Option<Option<BlobId>> {
    match line? {
        "end" => Some(None),
        line => line.strip_prefix("next ")?.parse().ok().map(Some),
    }
}

fn written(lines: impl Iterator<Item = impl Display>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&alloc::format!("{line}\n"));
    }
    text
}

fn bounded<T>(lines: impl Iterator<Item = Result<T, InventoryTextError>>) -> Result<Vec<T>, InventoryTextError> {
    let mut read = Vec::new();
    for line in lines {
        let line = line?;
        if read.len() >= MAX_BLOBS_AT_A_TIME {
            return Err(InventoryTextError::TooMany);
        }
        read.push(line);
    }
    Ok(read)
}

/// The lines of a text.
struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

struct Line<'a> {
    number: usize,
    /// What stands before the line feed; `None` if that is missing, or it is no text.
    text: Option<&'a str>,
}

impl<'a> Lines<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = end.and_then(|end| self.rest.get(..end)).and_then(|line| str::from_utf8(line).ok());
        self.rest = end.and_then(|end| self.rest.get(end + 1..)).unwrap_or_default();
        Some(Line { number: self.number, text: line })
    }
}

impl Line<'_> {
    fn read<T>(&self, expected: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, InventoryTextError> {
        self.text.and_then(read).ok_or(InventoryTextError::Line { line: self.number, expected })
    }
}

#[cfg(test)]
mod tests;
