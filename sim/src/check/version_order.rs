//! Rule: per name there is one order, in which each call takes effect at one instant between its begin and its end,
//! that explains what all clients were told: the name behaves like a row of versions, which count up from 1, of which the
//! latest that is kept is the current one.
//!
//! It comes from DESIGN.md §8 ("the history per name is linearizable, conditional writes included") and the contract of the
//! catalog (core/src/catalog.rs). How each call enters it:
//!
//! | asked                 | told                         | enters as                                                  |
//! |-----------------------|------------------------------|------------------------------------------------------------|
//! | PUT                   | stored                       | a write of its content, as the version that was told       |
//! | PUT                   | 412                          | a read: its condition does not hold                        |
//! | PUT                   | any other refusal            | nothing: it never happened, nor will                       |
//! | PUT                   | outcome unknown, nothing     | a write as whatever version; it may happen late, or never  |
//! | PUT, not sound        | whatever                     | nothing                                                    |
//! | DELETE                | as a PUT, of a tombstone     | the same; it happens only where there is an object         |
//! | DELETE                | 404                          | a read: there is none                                      |
//! | DELETE of a version   | removed                      | this version is kept no more, if it ever was: see below    |
//! | DELETE of a version   | 404                          | a read: this version is not kept                           |
//! | GET, HEAD             | an object                    | a read of its version and content                          |
//! | GET, HEAD             | 404                          | a read: there is none                                      |
//! | versions              | these                        | a read of all that are kept                                |
//! | a listing             | a page                       | for each name of its range: a read of what is on the page, or that there is none |
//!
//! A condition is looked at where the order is made, so of several writers who all want that there is none one wins. Since
//! whoever writes and reads is told the number of the version, there is little to search for.
//!
//! A DELETE of a version whose outcome was unknown is asked for again, and then one that finds nothing counts as done
//! (core/src/api_server/versions/delete.rs): so "removed" may be told of a version that never was. The request that broke off
//! may still be carried out, and then takes away the version that has got this number since: known, and let pass here.

mod model;
#[cfg(test)]
mod tests;

use self::model::{Op, Versions};
use super::facts::{Facts, Name, content_seen};
use super::linearize::{Entry, Search, linearize};
use super::span::Span;
use super::verdict::{Told, Verdict};
use crate::history::{Asked, Call, Catalogued, NameId, Outcome};

/// As in `linearizable`: some tenths of a second.
const MAX_CONFIGURATIONS: usize = 20_000;

/// Looks for an order for each name.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("version_order");
    let is_page = |call: &&Call| matches!(call.outcome, Outcome::Listed { .. });
    let pages: Vec<&Call> = facts.history.calls.iter().filter(is_page).collect();
    if let Some(catalogued) = &facts.history.catalog {
        for name in facts.names().filter(|name| !name.id.is_blob()) {
            verdict.judged += 1;
            judge(catalogued, name, &pages, &mut verdict);
        }
    }
    verdict
}

fn judge(catalogued: &Catalogued, name: &Name<'_>, pages: &[&Call], verdict: &mut Verdict) {
    let own = name.calls.iter().filter_map(|call| Some((*call, event(call)?)));
    let listings = pages.iter().filter_map(|call| Some((*call, listed(call, name.id)?)));
    let (calls, entries): (Vec<_>, Vec<_>) = own.chain(listings).unzip();
    let model = Versions { retention: catalogued.setup.retention() };
    match linearize(&model, &entries, MAX_CONFIGURATIONS) {
        Search::Found { .. } => {}
        Search::Undecided => verdict.undecided += 1,
        Search::Impossible { order } => blame(name, &order, &calls, &entries, verdict),
    }
}

/// How a call about the name enters; `None` if it says nothing.
fn event(call: &Call) -> Option<Entry<Op>> {
    let (op, certain) = match call.asked {
        Asked::Put { sound: false, .. } | Asked::List { .. } | Asked::Locate { .. } => return None,
        Asked::Put { content, .. } => written(call, Some(content))?,
        Asked::Delete => match call.version {
            Some(version) => removed(call, version)?,
            None => written(call, None)?,
        },
        Asked::Get { .. } | Asked::Head => (read(call)?, true),
        Asked::Versions => {
            let Outcome::Versions(versions) = &call.outcome else { return None };
            (Op::ReadAll(versions.clone()), true)
        }
    };
    let ended = Span::of(call).map(|span| span.ended);
    Some(Entry { op, began: call.began, ended: ended.filter(|_| certain) })
}

/// A write, and whether it certainly happened.
fn written(call: &Call, content: Option<crate::history::ContentId>) -> Option<(Op, bool)> {
    let write = |version| Op::Write { content, only_if: call.only_if, version };
    match &call.outcome {
        Outcome::Stored | Outcome::Removed => Some((write(call.told_version), true)),
        Outcome::Missing => Some((Op::ReadNone, true)),
        Outcome::Refused { code: "precondition_failed", .. } => Some((Op::ReadOtherwise(call.only_if?), true)),
        Outcome::Refused { code: "outcome_unknown", .. } => Some((write(None), false)),
        Outcome::Refused { .. } => None,
        Outcome::Pending
        | Outcome::Unknown
        | Outcome::HungUp
        | Outcome::Body(_)
        | Outcome::Described { .. }
        | Outcome::CutBody
        | Outcome::Unsatisfiable { .. }
        | Outcome::Located { .. }
        | Outcome::Versions(_)
        | Outcome::Listed { .. } => Some((write(None), false)),
    }
}

fn removed(call: &Call, version: u64) -> Option<(Op, bool)> {
    if let Outcome::Refused { code, .. } = &call.outcome
        && *code != "outcome_unknown"
    {
        return None;
    }
    let is_missing = call.outcome == Outcome::Missing;
    let op = if is_missing { Op::ReadNotKept(version) } else { Op::Remove(version) };
    Some((op, is_missing || call.outcome == Outcome::Removed))
}

fn read(call: &Call) -> Option<Op> {
    if call.outcome == Outcome::Missing {
        return Some(call.version.map_or(Op::ReadNone, Op::ReadNoObject));
    }
    let has_seen = matches!(call.outcome, Outcome::Body(_) | Outcome::Described { .. } | Outcome::Unsatisfiable { .. });
    let (content, version) = (content_seen(&call.outcome), call.told_version.filter(|_| has_seen)?);
    Some(match call.version {
        None => Op::ReadCurrent { version, content },
        Some(asked) => Op::ReadVersion { asked, version, content },
    })
}

/// What a page of a listing says of the name, if it says anything.
fn listed(call: &Call, name: NameId) -> Option<Entry<Op>> {
    let (Asked::List { after, .. }, Outcome::Listed { objects, next }) = (call.asked, &call.outcome) else {
        return None;
    };
    let text = |name: NameId| format!("o{}", name.0);
    let is_behind = !after || text(name) > text(call.name);
    let is_before = next.is_none_or(|next| text(name) <= text(next));
    if !is_behind || !is_before {
        return None;
    }
    let op = match objects.iter().find(|(on_page, ..)| *on_page == name) {
        Some((_, version, content)) => Op::ReadCurrent { version: *version, content: *content },
        None => Op::ReadNone,
    };
    Some(Entry { op, began: call.began, ended: Some(Span::of(call)?.ended) })
}

fn blame(name: &Name<'_>, order: &[usize], calls: &[&Call], entries: &[Entry<Op>], verdict: &mut Verdict) {
    let left = (0..entries.len()).filter(|index| !order.contains(index));
    let certain = left
        .filter_map(|index| Some((calls.get(index)?, entries.get(index)?)))
        .filter(|(_, entry)| entry.ended.is_some());
    let Some((call, entry)) = certain.min_by_key(|(_, entry)| entry.ended) else { return };
    let before = order.last().and_then(|last| Some((calls.get(*last)?, entries.get(*last)?)));
    let behind = before.map_or_else(String::new, |(call, entry)| format!(", behind {:?} of {}", entry.op, Told(call)));
    let text = format!(
        "name {}: no order explains what clients were told: {} cannot be {:?}{behind}",
        name.id.0,
        Told(call),
        entry.op
    );
    verdict.blame(entry.ended.unwrap_or(entry.began), call.server, text);
}
