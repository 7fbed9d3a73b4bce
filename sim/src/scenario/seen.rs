//! Looking at a run, for what a story is about: here for what clients were told, and in [`inside`] for what they do not see.

mod inside;

use std::time::Duration;

use lode_core::time::Instant;

use super::story::micros;
use crate::history::{Asked, Call, ContentId, Outcome};
use crate::run::Run;

/// A run, to be looked at. What does not find what it looks for says so in a sentence. Seconds are those of the plan.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    run: &'a Run,
}

/// The instant of a second of the plan.
#[must_use]
pub fn second(seconds: f64) -> Instant {
    Instant::START + Duration::from_micros(micros(seconds))
}

impl<'a> Seen<'a> {
    /// Looks at this run.
    #[must_use]
    pub const fn of(run: &'a Run) -> Self {
        Self { run }
    }

    /// What the clients of the plan asked from one second on and before another.
    pub fn calls(self, from: f64, until: f64) -> impl Iterator<Item = &'a Call> {
        let (from, until) = (second(from), second(until));
        // The calls that the simulator makes at the end belong to no operation of the plan.
        let calls = self.run.history.calls.iter().filter(|call| call.operation.is_some());
        calls.filter(move |call| from <= call.began && call.began < until)
    }

    /// What a client asked at this second.
    ///
    /// # Errors
    /// If nobody asked anything then, or several did.
    pub fn call(self, at: f64) -> Result<&'a Call, String> {
        let mut calls = self.run.history.calls.iter().filter(|call| call.began == second(at));
        match (calls.next(), calls.next()) {
            (Some(call), None) => Ok(call),
            (None, _) => Err(format!("nobody asked anything at {at} s")),
            (Some(_), Some(_)) => Err(format!("several clients asked something at {at} s")),
        }
    }

    /// How long the client that asked at this second was kept waiting.
    ///
    /// # Errors
    /// If nobody asked then, or nobody answered.
    pub fn took(self, at: f64) -> Result<Duration, String> {
        let call = self.call(at)?;
        waited(call).ok_or_else(|| format!("{}: it was never answered", told(call)))
    }

    /// What was asked at this second was answered, or broken off, within so many seconds.
    ///
    /// # Errors
    /// If not.
    pub fn within(self, at: f64, seconds: f64) -> Result<(), String> {
        expect_within(self.call(at)?, seconds)
    }

    /// The one that asked at this second was kept waiting for so many seconds at the least.
    ///
    /// # Errors
    /// If not.
    pub fn not_before(self, at: f64, seconds: f64) -> Result<(), String> {
        let took = self.took(at)?;
        ensure(took >= second(seconds) - Instant::START, || {
            format!("what was asked at {at} s took {took:?}, and in this story takes {seconds} s or more")
        })
    }

    /// What was asked at this second took from so many seconds to so many.
    ///
    /// # Errors
    /// If it took less or more.
    pub fn took_between(self, at: f64, least: f64, most: f64) -> Result<(), String> {
        self.not_before(at, least)?;
        self.within(at, most)
    }

    /// Whatever was asked from one second on and before another was answered, or broken off, within so many seconds.
    ///
    /// # Errors
    /// If something was not.
    pub fn all_within(self, from: f64, until: f64, seconds: f64) -> Result<(), String> {
        self.calls(from, until).try_for_each(|call| expect_within(call, seconds))
    }

    /// The outcome of whatever was asked from one second on and before another is this one.
    ///
    /// # Errors
    /// If one is another.
    pub fn all_ended(self, from: f64, until: f64, expected: &Outcome) -> Result<(), String> {
        self.calls(from, until).try_for_each(|call| expect_outcome(call, expected))
    }

    /// The outcome of what was asked at this second is this one.
    ///
    /// # Errors
    /// If it is another.
    pub fn outcome(self, at: f64, expected: &Outcome) -> Result<(), String> {
        expect_outcome(self.call(at)?, expected)
    }

    /// The PUT of this second was answered with 200.
    ///
    /// # Errors
    /// If it was not.
    pub fn stored(self, at: f64) -> Result<(), String> {
        self.outcome(at, &Outcome::Stored)
    }

    /// What was written at this second became this version.
    ///
    /// # Errors
    /// If it did not.
    pub fn wrote(self, at: f64, version: u64) -> Result<(), String> {
        let call = self.call(at)?;
        let written = matches!(call.outcome, Outcome::Stored | Outcome::Removed);
        ensure(written && call.told_version == Some(version), || {
            format!("{}, as version {:?}; expected was version {version}", told(call), call.told_version)
        })
    }

    /// What was asked at this second was answered with 404.
    ///
    /// # Errors
    /// If it was not.
    pub fn missing(self, at: f64) -> Result<(), String> {
        self.outcome(at, &Outcome::Missing)
    }

    /// What was asked at this second was refused, with this status and word.
    ///
    /// # Errors
    /// If it was not.
    pub fn refused(self, at: f64, status: u16, code: &'static str) -> Result<(), String> {
        self.outcome(at, &Outcome::Refused { status, code })
    }

    /// The client of this second got the head of an answer and then not all of its body, and knows it.
    ///
    /// # Errors
    /// If it got something else.
    pub fn cut(self, at: f64) -> Result<(), String> {
        self.outcome(at, &Outcome::CutBody)
    }

    /// The GET of one second gave the whole of what was sent by the PUT of another.
    ///
    /// # Errors
    /// If it gave something else.
    pub fn whole(self, at: f64, put_at: f64) -> Result<(), String> {
        self.whole_of(self.call(at)?, &[self.call(put_at)?])
    }

    /// The GET of one second gave the part between two positions, both included, of what was sent by the PUT of another.
    ///
    /// # Errors
    /// If it gave something else.
    pub fn part(self, at: f64, put_at: f64, first: u64, last: u64) -> Result<(), String> {
        let (get, content) = (self.call(at)?, self.content(put_at)?);
        let length_bytes = last.saturating_sub(first) + 1;
        let is_part = matches!(&get.outcome, Outcome::Body(body)
            if (body.content, body.first, body.length_bytes) == (Some(content), first, length_bytes));
        ensure(is_part, || format!("{}; expected were the bytes from {first} to {last}", told(get)))
    }

    /// This GET gave the whole of what was sent by one of these PUTs.
    ///
    /// # Errors
    /// If it gave something else.
    pub fn whole_of(self, get: &Call, puts: &[&Call]) -> Result<(), String> {
        let is_whole = puts.iter().any(|put| {
            let Asked::Put { content, size_bytes, .. } = put.asked else { return false };
            let Outcome::Body(body) = &get.outcome else { return false };
            (body.content, body.first, body.length_bytes) == (Some(content), 0, size_bytes)
        });
        ensure(is_whole, || format!("{}; expected was the whole object", told(get)))
    }

    /// Each of these calls was served: PUTs with 200, GETs with the whole of the last PUT of their name that had been
    /// answered with 200 when they began.
    ///
    /// # Errors
    /// If one was not, or there is none.
    pub fn all_served(self, from: f64, until: f64) -> Result<(), String> {
        let mut served = 0;
        for call in self.calls(from, until) {
            served += 1;
            match call.asked {
                Asked::Put { .. } => expect_outcome(call, &Outcome::Stored)?,
                Asked::Get { .. } => self.whole_of(call, self.last_stored_before(call).as_slice())?,
                Asked::Head | Asked::Delete | Asked::Locate { .. } | Asked::Versions | Asked::List { .. } => {
                    return Err(format!("{}: only PUT and GET are looked at", told(call)));
                }
            }
        }
        ensure(served > 0, || format!("nobody asked anything between {from} s and {until} s"))
    }

    fn last_stored_before(self, get: &Call) -> Option<&'a Call> {
        let stored =
            |call: &&Call| call.outcome == Outcome::Stored && call.ended.is_some_and(|ended| ended <= get.began);
        let puts = self.run.history.calls.iter().filter(stored).filter(|call| call.name == get.name);
        puts.max_by_key(|call| call.ended)
    }

    /// The content of the PUT of this second.
    ///
    /// # Errors
    /// If there is none.
    pub fn content(self, put_at: f64) -> Result<ContentId, String> {
        match self.call(put_at)?.asked {
            Asked::Put { content, .. } => Ok(content),
            Asked::Get { .. }
            | Asked::Head
            | Asked::Delete
            | Asked::Locate { .. }
            | Asked::Versions
            | Asked::List { .. } => Err(format!("what was asked at {put_at} s was no PUT")),
        }
    }
}

/// The sentence, unless it holds.
///
/// # Errors
/// If it does not hold.
pub fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(sentence()) }
}

/// The outcome of the call is this one.
///
/// # Errors
/// If it is another.
pub fn expect_outcome(call: &Call, expected: &Outcome) -> Result<(), String> {
    ensure(call.outcome == *expected, || format!("{}; expected was: {expected}", told(call)))
}

/// The call was answered, or broke off, within so many seconds.
///
/// # Errors
/// If not.
pub fn expect_within(call: &Call, seconds: f64) -> Result<(), String> {
    let waited = waited(call);
    ensure(waited.is_some_and(|waited| waited <= second(seconds) - Instant::START), || {
        format!("{}, after {waited:?}; expected was {seconds} s at the most", told(call))
    })
}

/// How long the client was kept waiting; `None` if it was never answered.
fn waited(call: &Call) -> Option<Duration> {
    call.ended.map(|ended| ended - call.began)
}

/// A call and what came of it, as the beginning of a sentence.
#[must_use]
pub fn told(call: &Call) -> String {
    let Call { client, server, name, asked, began, outcome, .. } = call;
    let verb = match asked {
        Asked::Put { .. } => "PUT",
        Asked::Get { .. } => "GET",
        Asked::Head => "HEAD",
        Asked::Delete => "DELETE",
        Asked::Locate { .. } => "locate",
        Asked::Versions => "versions",
        Asked::List { .. } => "list",
    };
    format!("at {began:?} {client} asked {server} for {verb} o{}, which ended so: {outcome}", name.0)
}
