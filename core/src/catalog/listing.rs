//! A page of a listing: what is on it, and what has to be read for it.
//!
//! Whoever keeps a catalog reads ranges of keys, in their order; [`Listing`] says which, and makes a page of them. Where a
//! delimiter folds many keys into one prefix, the range behind them is asked for next, so that they are not all read.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound;

use super::key::after_all_with;
use super::{Bucket, Key, Version};
use crate::checksum::Checksum;
use crate::time::WallTime;

/// The most objects and prefixes on one page.
pub const MAX_PAGE: usize = 1000;

/// Which objects are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Of which bucket.
    pub bucket: Bucket,
    /// Only keys that begin with this.
    pub prefix: String,
    /// Keys with this text behind the prefix are told as one: as what they have in common up to the end of its first place
    /// there. Not empty.
    pub delimiter: Option<String>,
    /// Only what comes after this: a key, or one of the prefixes told, with all that begins with it.
    pub after: Option<String>,
    /// How many keys and prefixes at the most, together: at least 1, and [`MAX_PAGE`] if it is more.
    pub limit: usize,
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Objects, in the order of their keys.
    pub objects: Vec<Listed>,
    /// Prefixes that stand for keys, in their order.
    pub prefixes: Vec<String>,
    /// Where the next page goes on, if there is one: its `after`.
    pub next: Option<String>,
}

/// One object of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// Its current version.
    pub version: Version,
    /// The length of its content.
    pub size_bytes: u64,
    /// The checksum of its content.
    pub checksum: Checksum,
    /// When that version was written.
    pub written: WallTime,
}

/// A range of keys to be read: those whose current version is an object, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Where it begins.
    pub from: Bound<String>,
    /// The first text that does not belong to it, if there is one.
    pub until: Option<String>,
    /// How many are to be read at the most.
    pub most: usize,
}

/// A page that is being made.
#[derive(Debug, Clone)]
pub struct Listing<'a> {
    query: &'a ListQuery,
    page: Page,
    /// The last key or prefix on the page.
    last: Option<String>,
    /// From where on is to be read; `None` when the page is done.
    from: Option<Bound<String>>,
    /// How many are read at a time while keys may fold.
    step: usize,
}

/// How many keys are read at first where keys may fold.
const FIRST_STEP: usize = 32;

impl<'a> Listing<'a> {
    /// An empty page.
    #[must_use]
    pub fn new(query: &'a ListQuery) -> Self {
        let from = match &query.after {
            Some(after) if *after >= query.prefix => match query.fold(after) {
                Some(folded) if folded == after => after_all_with(after).map(Bound::Included),
                Some(_) | None => Some(Bound::Excluded(after.clone())),
            },
            Some(_) | None => Some(Bound::Included(query.prefix.clone())),
        };
        Self { query, page: Page::default(), last: None, from, step: FIRST_STEP }
    }

    /// What is to be read next; `None` when the page is done.
    #[must_use]
    pub fn scan(&self) -> Option<Scan> {
        let from = self.from.clone()?;
        // One more than there is room for tells whether there is another page.
        let most = self.room() + 1;
        let most = if self.query.delimiter.is_some() { most.min(self.step) } else { most };
        Some(Scan { from, until: after_all_with(&self.query.prefix), most })
    }

    /// What was read: all of the range, or as many as were asked for.
    pub fn read(&mut self, scan: &Scan, rows: Vec<Listed>) {
        let is_all = rows.len() < scan.most;
        let mut folded_away = 0;
        for row in rows {
            if self.is_folded_already(&row.key) {
                folded_away += 1;
                continue;
            }
            if self.room() == 0 {
                self.page.next = self.last.take();
                self.from = None;
                return;
            }
            self.add(row);
        }
        self.step = if folded_away > 0 { FIRST_STEP } else { self.step.saturating_mul(2) };
        if is_all {
            self.from = None;
        }
    }

    /// The page, when nothing more is to be read.
    #[must_use]
    pub fn page(self) -> Page {
        self.page
    }

    fn add(&mut self, row: Listed) {
        let folded = self.query.fold(row.key.as_str());
        if let Some(prefix) = folded {
            let prefix = String::from(prefix);
            self.from = after_all_with(&prefix).map(Bound::Included);
            self.last = Some(prefix.clone());
            self.page.prefixes.push(prefix);
        } else {
            let key = String::from(row.key.as_str());
            self.from = Some(Bound::Excluded(key.clone()));
            self.last = Some(key);
            self.page.objects.push(row);
        }
    }

    fn is_folded_already(&self, key: &Key) -> bool {
        self.page.prefixes.last().is_some_and(|prefix| key.as_str().starts_with(prefix.as_str()))
    }

    fn room(&self) -> usize {
        let limit = self.query.limit.clamp(1, MAX_PAGE);
        limit.saturating_sub(self.page.objects.len() + self.page.prefixes.len())
    }
}

impl ListQuery {
    /// The prefix that stands for this key, if one does.
    fn fold<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.as_deref()?;
        let behind = key.strip_prefix(self.prefix.as_str())?;
        let at = behind.find(delimiter)?;
        key.get(..self.prefix.len() + at + delimiter.len())
    }
}

#[cfg(test)]
mod tests;
