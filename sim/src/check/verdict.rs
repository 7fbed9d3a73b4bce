//! What a checker says of a run.

use std::fmt;

use lode_core::time::Instant;

use crate::history::{Asked, Call, Holding, Violation};
use crate::node::Node;

/// What one checker says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which checker: the name of its file.
    pub checker: &'static str,
    /// How many calls, holdings or names it had something to say about. A checker that finds nothing to judge in ten
    /// thousand runs checks nothing.
    pub judged: u64,
    /// Of how many of these it could not find out in reasonable time whether the rule holds.
    pub undecided: u64,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

impl Verdict {
    pub(super) const fn of(checker: &'static str) -> Self {
        Self { checker, judged: 0, undecided: 0, violations: Vec::new() }
    }

    /// The call was judged; an error says in a half sentence what is wrong with what the client was told.
    pub(super) fn judge_call(&mut self, call: &Call, judgement: Result<(), String>) {
        self.judged += 1;
        if let Err(fault) = judgement {
            let at = call.ended.unwrap_or(call.began);
            self.blame(at, call.server, format!("{}: {fault}", Told(call)));
        }
    }

    /// The holding was judged; an error says in a half sentence what is wrong with it.
    pub(super) fn judge_holding(&mut self, holding: &Holding, judgement: Result<(), String>) {
        self.judged += 1;
        if let Err(fault) = judgement {
            let at = holding.until.unwrap_or(holding.from);
            self.blame(at, holding.node, format!("{}: {fault}", Lay(holding)));
        }
    }

    pub(super) fn blame(&mut self, at: Instant, node: Node, text: String) {
        self.violations.push(Violation { at, checker: self.checker, node, text });
    }
}

/// A call, as a violation speaks of it.
pub(super) struct Told<'a>(pub(super) &'a Call);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(call) = self;
        match call.asked {
            Asked::Put { content, size_bytes, sound } => {
                let flaw = if sound { "" } else { ", not sound" };
                write!(f, "PUT of content {} ({size_bytes} bytes{flaw}) as", content.0)?;
            }
            Asked::Get { range: None } => f.write_str("GET of")?,
            Asked::Get { range: Some((first, last)) } => write!(f, "GET of bytes {first} to {last} of")?,
            Asked::Head => f.write_str("HEAD of")?,
            Asked::Delete => f.write_str("DELETE of")?,
            Asked::Locate { all: false } => f.write_str("locate of")?,
            Asked::Locate { all: true } => f.write_str("locate of all of")?,
            Asked::Versions => f.write_str("versions of")?,
            Asked::List { limit, after: false } => write!(f, "list of {limit}, not only behind")?,
            Asked::List { limit, after: true } => write!(f, "list of {limit} behind")?,
        }
        write!(f, " name {}", call.name.0)?;
        if let Some(version) = call.version {
            write!(f, ", version {version},")?;
        }
        if let Some(required) = call.only_if {
            write!(f, ", if {required},")?;
        }
        write!(f, " through {} (", call.server)?;
        match call.operation {
            Some(operation) => write!(f, "operation {operation}")?,
            None => f.write_str("a last read")?,
        }
        write!(f, ", from {:?}", call.began)?;
        match call.ended {
            Some(ended) => write!(f, " to {ended:?})"),
            None => f.write_str(", without an end)"),
        }
    }
}

/// A holding, as a violation speaks of it.
pub(super) struct Lay<'a>(pub(super) &'a Holding);

impl fmt::Display for Lay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holding { node, name, content, from, .. } = self.0;
        write!(f, "content {} of name {} on {node} (from {from:?}", content.0, name.0)?;
        match self.0.until {
            Some(until) => write!(f, " to {until:?})"),
            None => f.write_str(")"),
        }
    }
}
