//! Rule: per name there is one order, in which each call takes effect at one instant between its begin and its end,
//! that explains what all clients were told: the name behaves like one register, which is empty at first.
//!
//! It comes from DESIGN.md §8 ("the history per name is linearizable"). How each call enters it:
//!
//! | asked             | told                   | enters as                                                |
//! |-------------------|------------------------|----------------------------------------------------------|
//! | PUT               | stored                 | a write of its content                                   |
//! | PUT               | anything else, nothing | the same, but it may happen late, or never               |
//! | PUT, not sound    | whatever               | nothing                                                  |
//! | DELETE            | removed                | a write of "empty"                                       |
//! | DELETE            | all but 404, nothing   | the same, but it may happen late, or never               |
//! | GET, HEAD         | an object              | a read of its content                                    |
//! | GET               | there is no such part  | a read of the content of that size, if there is only one |
//! | locate            | a holder               | a read of whatever there is                              |
//! | all but PUT       | 404                    | a read of "empty", or nothing: see below                 |
//! | GET, HEAD, locate | anything else, nothing | nothing                                                  |
//!
//! "Late" is any time after its begin: also long after the client gave up. A 404 counts where, by the rule of
//! `no_false_missing`, the one server that holds the name had to know it.
//!
//! Where a loss of power takes away what was visible and not yet durable, it enters as a write itself: of what is
//! visible afterwards. A client may have read what is then gone; that the store shows a blob an instant before it is
//! durable is how it is made (rename, then sync the folder), and not judged here. What was acknowledged must not go:
//! `acknowledged_is_held`.
//!
//! **Only where the mode promises it**: every copy of the name that ever was lay on one and the same data server of
//! ours, on a disk that was never blanked, and never rotted. Else two copies are the documented limit (README.md,
//! "Limits of this mode"; failure 9 of SEED-WIRE.md §4), and `seen_was_held` says what is left. Names that the seed was
//! asked to store are passed over (overwrites in place, halves: failures 2, 4, 6, 7, 8). What its API servers pass on
//! of other names is of this register, too; their 404 says nothing.

use std::collections::BTreeSet;

use super::facts::{Facts, Name, content_seen};
use super::linearize::{Entry, Model, Search, linearize};
use super::span::Span;
use super::verdict::{Told, Verdict};
use crate::history::{Asked, Call, ContentId, Holding, HoldingEnd, Outcome};
use crate::node::Node;

/// After how many configurations a search gives up: some tenths of a second. Where few calls go on at once, there is one
/// for each call; of random histories of sixty calls on one name that mostly all go on at once, measured, one in a hundred
/// needs more.
const MAX_CONFIGURATIONS: usize = 20_000;

/// Looks for an order for each name that lay on one data server only.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("linearizable");
    for name in facts.names() {
        if let Some(holdings) = only_copy(facts, name) {
            verdict.judged += 1;
            judge(facts, name, holdings, &mut verdict);
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, name: &Name<'_>, holdings: &[&Holding], verdict: &mut Verdict) {
    let mut events = events_of_calls(facts, name, holdings);
    events.extend(losses_of_power(holdings));
    drop_what_explains_nothing(&mut events);
    let (causes, entries): (Vec<_>, Vec<_>) = events.into_iter().map(|event| (event.cause, event.entry)).unzip();
    match linearize(&Register, &entries, MAX_CONFIGURATIONS) {
        Search::Found { .. } => {}
        Search::Undecided => verdict.undecided += 1,
        Search::Impossible { order } => blame(name, &order, &causes, &entries, verdict),
    }
}

/// A name as one register.
struct Register;

/// What happens to the register; `None` is "empty".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Write(Option<ContentId>),
    Read(Option<ContentId>),
    /// Somebody saw that there is something.
    ReadSome,
}

impl Model for Register {
    type State = Option<ContentId>;
    type Op = Op;

    fn initial(&self) -> Self::State {
        None
    }

    fn step(&self, state: &Self::State, op: &Op) -> Option<Self::State> {
        match op {
            Op::Write(content) => Some(*content),
            Op::Read(content) => (content == state).then_some(*state),
            Op::ReadSome => state.is_some().then_some(*state),
        }
    }

    fn only_reads(&self, op: &Op) -> bool {
        match op {
            Op::Write(_) => false,
            Op::Read(_) | Op::ReadSome => true,
        }
    }

    fn can_still_come<'o>(&self, state: &Self::State, op: &Op, mut left: impl Iterator<Item = &'o Op>) -> bool {
        match op {
            Op::Read(content) => content == state || left.any(|left| *left == Op::Write(*content)),
            Op::Write(_) | Op::ReadSome => true,
        }
    }
}

/// Something that happened to the register, and who says so; `None` for a loss of power.
struct Event<'a> {
    cause: Option<&'a Call>,
    entry: Entry<Op>,
}

/// What lay on the one data server that ever held the name; `None` if the mode promises nothing.
fn only_copy<'n, 'a>(facts: &Facts<'_>, name: &'n Name<'a>) -> Option<&'n [&'a Holding]> {
    if name.tainted {
        return None;
    }
    let mut servers = name.by_server();
    let (holdings, None) = (servers.next()?, servers.next()) else { return None };
    let spoiled = |holding: &&Holding| holding.rotten.is_some() || holding.ended_by == Some(HoldingEnd::DiskBlanked);
    let shared = facts.is_shared(holdings.first()?.node);
    (!shared && !holdings.iter().any(spoiled) && !may_lie_elsewhere(facts, name, holdings)).then_some(holdings)
}

/// Whether something that a client knows of lies on no disk on record, and there is one that is on none.
fn may_lie_elsewhere(facts: &Facts<'_>, name: &Name<'_>, holdings: &[&Holding]) -> bool {
    let known_to_client = |call: &&Call| match (call.asked, &call.outcome) {
        (Asked::Put { content, .. }, Outcome::Stored) => Some(content),
        (_, outcome) => content_seen(outcome),
    };
    facts.is_any_shared()
        && name.calls.iter().filter_map(known_to_client).any(|seen| !holdings.iter().any(|held| held.content == seen))
}

fn events_of_calls<'a>(facts: &Facts<'_>, name: &Name<'a>, holdings: &[&Holding]) -> Vec<Event<'a>> {
    let holder = holdings.first().map(|holding| holding.node);
    let events = name.calls.iter().filter_map(|call| {
        let (op, certain) = match call.asked {
            Asked::Put { sound: false, .. } => return None,
            Asked::Put { content, .. } => (Op::Write(Some(content)), call.outcome == Outcome::Stored),
            Asked::Delete if call.outcome == Outcome::Removed => (Op::Write(None), true),
            Asked::Delete if call.outcome != Outcome::Missing => (Op::Write(None), false),
            Asked::Delete
            | Asked::Get { .. }
            | Asked::Head
            | Asked::Locate { .. }
            | Asked::Versions
            | Asked::List { .. } => (read(facts, name, call, holder)?, true),
        };
        let entry = Entry { op, began: call.began, ended: call.ended.filter(|_| certain) };
        Some(Event { cause: Some(*call), entry })
    });
    events.collect()
}

/// What the call has read; `None` if its answer says nothing of the register.
fn read(facts: &Facts<'_>, name: &Name<'_>, call: &Call, holder: Option<Node>) -> Option<Op> {
    let span = Span::of(call)?;
    match &call.outcome {
        Outcome::Body(_) | Outcome::Described { .. } => content_seen(&call.outcome).map(|seen| Op::Read(Some(seen))),
        Outcome::Missing => {
            let server_had_to_know = facts.had_to_know(call.server, holder?, span);
            let understood = !matches!((call.server, call.asked), (Node::Data(_), Asked::Locate { .. }));
            (server_had_to_know && understood).then_some(Op::Read(None))
        }
        Outcome::Unsatisfiable { size_bytes } => {
            only_content_of_size(name, *size_bytes).map(|seen| Op::Read(Some(seen)))
        }
        Outcome::Located { holders, .. } => holders.contains(&holder?).then_some(Op::ReadSome),
        Outcome::Pending
        | Outcome::Unknown
        | Outcome::HungUp
        | Outcome::Stored
        | Outcome::Removed
        | Outcome::CutBody
        | Outcome::Versions(_)
        | Outcome::Listed { .. }
        | Outcome::Refused { .. } => None,
    }
}

fn only_content_of_size(name: &Name<'_>, wanted_bytes: u64) -> Option<ContentId> {
    let mut fitting = name.calls.iter().filter_map(|call| match call.asked {
        Asked::Put { content, size_bytes, .. } if size_bytes == wanted_bytes => Some(content),
        Asked::Put { .. }
        | Asked::Get { .. }
        | Asked::Head
        | Asked::Delete
        | Asked::Locate { .. }
        | Asked::Versions
        | Asked::List { .. } => None,
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

/// What losses of power did to the register: they brought back what had been overwritten or removed and was durable, or
/// left nothing.
fn losses_of_power(holdings: &[&Holding]) -> Vec<Event<'static>> {
    let mut seen_before = BTreeSet::new();
    let mut lost: Option<&Holding> = None;
    let mut events = Vec::new();
    let mut write = |content, began, ended| {
        let entry = Entry { op: Op::Write(content), began, ended: Some(ended) };
        events.push(Event { cause: None, entry });
    };
    for (index, holding) in holdings.iter().enumerate() {
        if !seen_before.insert(holding.content) {
            let before = index.checked_sub(1).and_then(|index| holdings.get(index));
            let since = before.and_then(|before| before.until).unwrap_or(holding.from);
            write(Some(holding.content), since, holding.from);
        } else if let Some(at) = lost.and_then(|lost| lost.until) {
            write(None, at, at);
        }
        lost = Some(*holding).filter(|holding| holding.ended_by == Some(HoldingEnd::PowerLost));
    }
    if let Some(at) = lost.and_then(|lost| lost.until) {
        write(None, at, at);
    }
    events
}

/// Leaves out writes that may never have happened and that nobody needs to have happened: each doubles the work.
fn drop_what_explains_nothing(events: &mut Vec<Event<'_>>) {
    let read: Vec<Op> = events.iter().map(|event| event.entry.op).filter(|op| Register.only_reads(op)).collect();
    events.retain(|event| match event.entry.op {
        Op::Write(content) if event.entry.ended.is_none() => {
            read.contains(&Op::Read(content)) || (content.is_some() && read.contains(&Op::ReadSome))
        }
        Op::Write(_) | Op::Read(_) | Op::ReadSome => true,
    });
}

/// Speaks of the call that could not be explained: the first to end of those that are left when nothing can come next.
fn blame(name: &Name<'_>, order: &[usize], causes: &[Option<&Call>], entries: &[Entry<Op>], verdict: &mut Verdict) {
    let left = entries.iter().zip(causes).enumerate().filter(|(index, _)| !order.contains(index));
    let ends = left.filter_map(|(_, (entry, cause))| Some((entry.ended?, entry.op, *cause)));
    let Some((at, op, cause)) = ends.min_by_key(|(at, ..)| *at) else { return };
    let state = order
        .iter()
        .filter_map(|index| entries.get(*index))
        .fold(None, |state, entry| Register.step(&state, &entry.op).unwrap_or(state));
    let what = cause.map_or_else(|| "a loss of power".to_owned(), |call| Told(call).to_string());
    let explained = order.len();
    let text = format!(
        "no order explains what was told about name {}; the best leaves content {} after {explained} events and \
         then stops short of {what}: {op:?}",
        name.id.0,
        state.map_or_else(|| "none".to_owned(), |content| content.0.to_string()),
    );
    let node = cause.map_or(Node::Broker, |call| call.server);
    verdict.blame(at, node, text);
}

#[cfg(test)]
mod tests;
