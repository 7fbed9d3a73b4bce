//! What came of mixed work.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::Step;
use crate::http::{Failure, Reply};

/// A request that did not go well, and yet was no lie: those end the work with a panic.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What it was.
    pub step: Step,
    /// Of which name.
    pub name: String,
    /// Through which API server.
    pub api: SocketAddr,
    /// When it began, from the start of the work.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came instead.
    pub why: Why,
}

/// What came of a request that did not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// 503 with `Retry-After` and a sentence, and this code (none on a HEAD).
    Unavailable(String),
    /// 507 with a sentence.
    Full,
    /// No connection: nobody was asked anything.
    NotAsked(String),
    /// No whole reply.
    Broken(String),
}

/// What came of the work.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// How many requests of each kind went well.
    pub good: BTreeMap<Step, usize>,
    /// Those that did not.
    pub failed: Vec<Failed>,
    /// The longest that any request took.
    pub longest: Duration,
}

impl Why {
    pub(super) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Connect(_) => Self::NotAsked(failure.to_string()),
            Failure::NoReply(_) | Failure::NotHttp(_) | Failure::Cut { .. } | Failure::TimedOut => {
                Self::Broken(failure.to_string())
            }
        }
    }

    /// Whether the request can have done nothing at all.
    pub(super) const fn was_never_asked(&self) -> bool {
        matches!(self, Self::NotAsked(_))
    }
}

impl Done {
    /// Adds what came of other work.
    pub fn add(&mut self, other: Self) {
        for (step, count) in other.good {
            *self.good.entry(step).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.longest = self.longest.max(other.longest);
    }

    /// How many requests went well.
    #[must_use]
    pub fn good(&self) -> usize {
        self.good.values().sum()
    }

    /// Sees that at least `least` requests were made and all went well.
    ///
    /// # Panics
    /// If it is otherwise; shows the first 20 that failed.
    #[track_caller]
    pub fn assert_no_failure(&self, least: usize) {
        assert!(self.failed.is_empty(), "{self}\n{}", shown(&self.failed));
        assert!(self.good() >= least, "only {self}, of {least} that were expected");
        println!("{self}");
    }

    /// Sees that those which failed did so in an excusable way.
    ///
    /// # Panics
    /// If one did not; shows the first 20 of those.
    #[track_caller]
    pub fn assert_excused(&self, is_excused: impl Fn(&Failed) -> bool) {
        let bad: Vec<Failed> = self.failed.iter().filter(|failed| !is_excused(failed)).cloned().collect();
        assert!(bad.is_empty(), "{} without an excuse; {self}\n{}", bad.len(), shown(&bad));
        println!("{self}");
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons = BTreeMap::<String, usize>::new();
        for failed in &self.failed {
            let why = match &failed.why {
                Why::Unavailable(code) => format!("503 {code}"),
                Why::Full => "507".to_owned(),
                Why::NotAsked(_) => "not asked".to_owned(),
                Why::Broken(_) => "broken".to_owned(),
            };
            *reasons.entry(format!("{:?} {why}", failed.step)).or_default() += 1;
        }
        write!(f, "{} requests went well ({:?}), {reasons:?}; longest {:?}", self.good(), self.good, self.longest)
    }
}

/// What an answer that is no success says; anything but an honest refusal is a lie.
pub(super) fn why(method: &str, reply: &Reply) -> Why {
    let shown = || format!("{method}: {}{}", String::from_utf8_lossy(&reply.head.raw), reply.text());
    let (mut code, mut sentence) = (String::new(), String::new());
    if method != "HEAD" {
        let error = reply.json();
        let text = |key: &str| error["error"][key].as_str().unwrap_or_default().to_owned();
        (code, sentence) = (text("code"), text("message"));
        assert!(!code.is_empty() && sentence.len() > 10, "a refusal without a sentence: {}", shown());
    }
    match reply.status() {
        503 => {
            assert!(reply.header("retry-after").is_some(), "503 without Retry-After: {}", shown());
            Why::Unavailable(code)
        }
        507 => Why::Full,
        status => panic!("{status} ({sentence}) was not to come: {}", shown()),
    }
}

fn shown(failed: &[Failed]) -> String {
    let lines: Vec<String> = failed.iter().take(20).map(|failed| format!("{failed:?}")).collect();
    lines.join("\n")
}
