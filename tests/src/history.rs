//! What is known of each name while many write and read it, and whether what comes back fits that: versions never go back,
//! each has one content and one entity tag, no content has two versions, what was acknowledged is never gone, and what was
//! refused never shows.
//!
//! Every note is made when an answer has come, and every rule compares with what was noted before its request began. So
//! nothing is assumed about requests that overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::content;

/// All that is known. A method panics, with a sentence, where an answer does not fit it.
#[derive(Debug, Default)]
pub struct History {
    names: Mutex<BTreeMap<String, Name>>,
    labels: AtomicUsize,
}

/// What was known of a name when a request about it began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    version: u64,
    deletes: bool,
}

/// A version as an answer tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub version: u64,
    /// Its entity tag.
    pub etag: String,
}

/// What is known of one name.
#[derive(Debug, Default)]
struct Name {
    versions: BTreeMap<u64, State>,
    etags: BTreeMap<u64, String>,
    contents: BTreeMap<String, u64>,
    refused: BTreeSet<String>,
    /// DELETEs under way, and those of which nobody knows what came.
    deletes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The object with the content of this label, where it is known.
    Object(Option<String>),
    Tombstone,
}

impl History {
    /// A label for a content of `name` that no other content has.
    #[must_use]
    pub fn new_label(&self, name: &str) -> String {
        format!("{name} {}", self.labels.fetch_add(1, Ordering::Relaxed))
    }

    /// What is known of `name` now: to be asked before each request.
    #[must_use]
    pub fn before(&self, name: &str) -> Before {
        self.lock().get(name).map(Name::before).unwrap_or_default()
    }

    /// The same for every name that is known.
    #[must_use]
    pub fn before_all(&self) -> BTreeMap<String, Before> {
        self.lock().iter().map(|(name, known)| (name.clone(), known.before())).collect()
    }

    /// All names that were ever written.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// How many versions are known, of all names.
    #[must_use]
    pub fn versions(&self) -> usize {
        self.lock().values().map(|name| name.versions.len()).sum()
    }

    /// A PUT of the content with this label was acknowledged.
    pub fn wrote(&self, name: &str, before: Before, label: &str, told: &Told) {
        let mut names = self.lock();
        let known = names.entry(name.to_owned()).or_default();
        assert!(told.version > before.version, "a PUT of {name} became {told:?}, after {before:?}");
        known.see(name, before, told, Some(label));
    }

    /// A PUT of the content with this label was refused, in words that say that nothing was changed.
    pub fn refused(&self, name: &str, label: &str) {
        let mut names = self.lock();
        let known = names.entry(name.to_owned()).or_default();
        let seen = known.contents.get(label);
        assert!(seen.is_none(), "{label} of {name} was refused and is version {seen:?}");
        known.refused.insert(label.to_owned());
    }

    /// A GET gave a version, with this body; gives the label of the body.
    pub fn read(&self, name: &str, before: Before, told: &Told, body: &[u8]) -> String {
        let label = label_in(body).unwrap_or_else(|why| panic!("GET of {name} gave {told:?}, which is {why}"));
        assert!(label.starts_with(&format!("{name} ")), "GET of {name} gave the content of another: {label}");
        let mut names = self.lock();
        names.entry(name.to_owned()).or_default().see(name, before, told, Some(&label));
        label
    }

    /// A HEAD or a listing told of a version.
    pub fn told_of(&self, name: &str, before: Before, told: &Told) {
        self.lock().entry(name.to_owned()).or_default().see(name, before, told, None);
    }

    /// A DELETE begins.
    pub fn delete_begins(&self, name: &str) {
        self.lock().entry(name.to_owned()).or_default().deletes += 1;
    }

    /// It was acknowledged: this version is the tombstone.
    pub fn deleted(&self, name: &str, before: Before, version: u64) {
        self.delete_did_nothing(name);
        let mut names = self.lock();
        let known = names.entry(name.to_owned()).or_default();
        assert!(version > before.version, "a DELETE of {name} became version {version}, after {before:?}");
        let other = known.versions.insert(version, State::Tombstone);
        assert_eq!(other, None, "version {version} of {name} is a tombstone, and was something else");
    }

    /// It is known to have changed nothing.
    pub fn delete_did_nothing(&self, name: &str) {
        self.lock().entry(name.to_owned()).or_default().deletes -= 1;
    }

    /// The name was said not to be there.
    pub fn missing(&self, name: &str, before: Before) {
        let names = self.lock();
        let Some(known) = names.get(name) else { return };
        let is_deleted = known.versions.range(before.version..).any(|(_, state)| *state == State::Tombstone);
        let excused = before.version == 0 || before.deletes || known.deletes > 0 || is_deleted;
        assert!(excused, "{name} is said not to be there, after {before:?}");
    }

    /// With nothing under way, the name is not there, and its history ends with this tombstone, or there is none at all. That
    /// an unknown DELETE would excuse it is not enough here: what was lost leaves no tombstone.
    pub fn gone(&self, name: &str, before: Before, tombstone: Option<u64>) {
        let mut names = self.lock();
        let known = names.entry(name.to_owned()).or_default();
        let Some(version) = tombstone else {
            assert_eq!(before.version, 0, "{name} is not there, and no tombstone says why");
            return;
        };
        assert!(version >= before.version, "{name} ends with the tombstone {version}, after {before:?}");
        let state = known.versions.entry(version).or_insert(State::Tombstone);
        assert_eq!(*state, State::Tombstone, "version {version} of {name} became a tombstone");
    }

    /// With nothing under way, all was looked at: DELETEs of which nobody knows what came excuse nothing any more.
    pub fn settled(&self, name: &str) {
        self.lock().entry(name.to_owned()).or_default().deletes = 0;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    fn before(&self) -> Before {
        Before { version: self.versions.keys().next_back().copied().unwrap_or(0), deletes: self.deletes > 0 }
    }

    fn see(&mut self, name: &str, before: Before, told: &Told, label: Option<&str>) {
        let Told { version, etag } = told;
        assert!(*version >= before.version, "version {version} of {name} was seen after {before:?}");
        let known = self.etags.entry(*version).or_insert_with(|| etag.clone());
        assert_eq!(known, etag, "version {version} of {name} has two entity tags");
        match self.versions.entry(*version).or_insert(State::Object(None)) {
            State::Tombstone => panic!("version {version} of {name} is a tombstone, and was read"),
            State::Object(known) => {
                if let Some(label) = label {
                    let known = known.get_or_insert_with(|| label.to_owned());
                    assert_eq!(known, label, "version {version} of {name} has two contents");
                }
            }
        }
        if let Some(label) = label {
            assert!(!self.refused.contains(label), "{label} was refused, and is version {version} of {name}");
            let known = self.contents.entry(label.to_owned()).or_insert(*version);
            assert_eq!(known, version, "{label} of {name} was put once and has two versions");
        }
    }
}

/// A body that tells its label and is otherwise filled with what follows from that, to about this size.
#[must_use]
pub fn body(label: &str, size_bytes: usize) -> Vec<u8> {
    let mut body = format!("{label} {size_bytes}\n").into_bytes();
    body.extend(content::bytes(label, size_bytes));
    body
}

/// The label of a body.
///
/// # Errors
/// If it is not exactly what [`body`] makes of that label: then it is mixed from several, or part of one.
pub fn label_in(got: &[u8]) -> Result<String, String> {
    let length = got.len();
    let first = got.split(|byte| *byte == b'\n').next().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
    let parts = first.rsplit_once(' ').and_then(|(label, size)| Some((label, size.parse::<usize>().ok()?)));
    match parts {
        Some((label, size)) if got == body(label, size) => Ok(label.to_owned()),
        Some((label, size)) => Err(format!("{length} bytes that begin as {label:?} of {size} bytes and are not that")),
        None => Err(format!("{length} bytes that no writer has put")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: u64) -> Told {
        Told { version, etag: format!("\"{version}\"") }
    }

    fn fails(what: impl FnOnce(&History) + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(|| {
            let history = History::default();
            history.wrote("a", Before::default(), "a 00", &told(1));
            history.wrote("a", history.before("a"), "a 01", &told(2));
            what(&history);
        })
        .is_err()
    }

    #[test]
    fn what_fits_passes() {
        assert!(!fails(|history| {
            let before = history.before("a");
            history.read("a", before, &told(2), &body("a 01", 1000));
            history.delete_begins("a");
            history.missing("a", history.before("a"));
            history.deleted("a", before, 3);
            history.missing("a", history.before("a"));
            history.wrote("a", history.before("a"), "a 10", &told(4));
            history.missing("a", before);
        }));
    }

    #[test]
    fn each_lie_is_found() {
        let older: fn(&History) = |history| history.told_of("a", history.before("a"), &told(1));
        let other_tag = |history: &History| {
            let told = Told { version: 2, etag: "other".to_owned() };
            history.told_of("a", history.before("a"), &told);
        };
        let mixed = |history: &History| {
            let mixed = [body("a 01", 500), body("a 00", 500)].concat();
            history.read("a", history.before("a"), &told(2), &mixed);
        };
        let other_content = |history: &History| {
            history.read("a", history.before("a"), &told(2), &body("a 99", 10));
        };
        let twice = |history: &History| history.wrote("a", history.before("a"), "a 01", &told(3));
        let same_version = |history: &History| history.wrote("a", Before::default(), "a 77", &told(2));
        let gone = |history: &History| history.missing("a", history.before("a"));
        let refused = |history: &History| {
            history.refused("a", "a 55");
            history.read("a", history.before("a"), &told(3), &body("a 55", 10));
        };
        let undead = |history: &History| {
            history.delete_begins("a");
            history.deleted("a", history.before("a"), 3);
            history.told_of("a", history.before("a"), &told(3));
        };
        let lost = |history: &History| {
            history.delete_begins("a");
            history.gone("a", history.before("a"), None);
        };
        let old_tombstone = |history: &History| {
            history.delete_begins("a");
            history.gone("a", history.before("a"), Some(1));
        };
        let excused_for_good = |history: &History| {
            history.delete_begins("a");
            history.settled("a");
            history.missing("a", history.before("a"));
        };
        let lies = [
            older,
            other_tag,
            mixed,
            other_content,
            twice,
            same_version,
            gone,
            refused,
            undead,
            lost,
            old_tombstone,
            excused_for_good,
        ];
        for (number, lie) in lies.into_iter().enumerate() {
            assert!(fails(lie), "lie {number} was believed");
        }
    }

    #[test]
    fn part_of_a_body_is_no_body() {
        let whole = body("a 12", 100);
        assert_eq!(label_in(&whole), Ok("a 12".to_owned()));
        assert!(label_in(&whole[..whole.len() - 1]).is_err());
        assert!(label_in(b"").is_err());
    }
}
