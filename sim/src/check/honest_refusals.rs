//! Rule: a refusal of a server of ours is true, as far as the history can tell:
//! - a PUT that was refused with `busy`, `no_data_server`, `broken_body`, `length_mismatch` or `digest_mismatch` has
//!   stored nothing, then or later ("nothing was stored");
//! - `digest_mismatch` and `length_mismatch` are told only to who gave cause for it;
//! - `no_data_server` is said only while no data server is believed to live;
//! - `corrupt` is said only of a copy that is;
//! - `cannot_delete` is said only where a node of the seed may hold the name.
//!
//! It comes from the sentences of [`lode_core::refusal::Refusal`]. `not_stored` and `no_space` are passed over: a data
//! server that did not answer in time, or whose last sync failed, may have stored the object all the same, then or
//! later.
//!
//! Nodes of the seed refuse in their own words, and are passed over. At a shared address, the damaged copy may be that
//! of the other process.

use super::facts::{Facts, Name, is_ours};
use super::span::Span;
use super::verdict::{Lay, Verdict};
use crate::history::{Asked, Call, Outcome};

/// Looks at every refusal of a server of ours.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("honest_refusals");
    for name in facts.names() {
        for call in name.calls.iter().filter(|call| is_ours(call.server)) {
            if let (Some(span), Outcome::Refused { code, .. }) = (Span::of(call), &call.outcome) {
                let judgement = match *code {
                    "busy" | "broken_body" => judge_nothing_stored(name, call),
                    "length_mismatch" | "digest_mismatch" => {
                        judge_nothing_stored(name, call).and_then(|()| judge_cause(call))
                    }
                    "no_data_server" => {
                        judge_nothing_stored(name, call).and_then(|()| judge_nobody_believed(facts, call, span))
                    }
                    "corrupt" => judge_corrupt(facts, name, call, span),
                    "cannot_delete" => judge_cannot_delete(name),
                    _ => continue,
                };
                verdict.judge_call(call, judgement);
            }
        }
    }
    verdict
}

fn judge_nothing_stored(name: &Name<'_>, call: &Call) -> Result<(), String> {
    let Asked::Put { content, .. } = call.asked else { return Ok(()) };
    match name.holdings().find(|holding| holding.content == content) {
        Some(holding) => Err(format!("it was refused, and stored all the same: {}", Lay(holding))),
        None => Ok(()),
    }
}

fn judge_cause(call: &Call) -> Result<(), String> {
    match call.asked {
        Asked::Put { sound: false, .. } => Ok(()),
        Asked::Put { sound: true, .. } => Err("its body was blamed, and is sound".to_owned()),
        Asked::Get { .. }
        | Asked::Head
        | Asked::Delete
        | Asked::Locate { .. }
        | Asked::Versions
        | Asked::List { .. } => Err("its body was blamed, and it had none".to_owned()),
    }
}

fn judge_nobody_believed(facts: &Facts<'_>, call: &Call, span: Span) -> Result<(), String> {
    let believed_throughout = facts.beliefs_of(call.server).find(|belief| span.lies_within(belief.from, belief.until));
    match believed_throughout {
        Some(belief) => Err(format!("no data server is known, it was told, and {} was all the time", belief.member)),
        None => Ok(()),
    }
}

fn judge_corrupt(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span) -> Result<(), String> {
    let rotten = |at| at <= span.ended;
    let mut held = name.held_during(span).filter(|holding| holding.node == call.server);
    if facts.is_shared(call.server) || held.any(|holding| holding.rotten.is_some_and(rotten)) {
        return Ok(());
    }
    Err("the copy is damaged, it was told, and it was not".to_owned())
}

fn judge_cannot_delete(name: &Name<'_>) -> Result<(), String> {
    if name.tainted {
        Ok(())
    } else {
        Err("it was told of a copy on a node of the seed, and there was none".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, GET, Sample, refused, unsound};
    use crate::node::Node;

    fn put_refused(code: &'static str) -> Sample {
        Sample::new().put(1, (2, 4), refused(code))
    }

    fn unsound_refused(code: &'static str) -> Sample {
        Sample::new().call(API, unsound(1), (2, 4), refused(code))
    }

    #[test]
    fn true_refusals_are_good() {
        for code in ["busy", "broken_body", "no_data_server"] {
            put_refused(code).passes(check);
        }
        for code in ["length_mismatch", "digest_mismatch"] {
            unsound_refused(code).passes(check);
        }
        put_refused("no_data_server").believes_until(API, DATA, (3, 9)).believes(Node::Api(2), DATA).passes(check);
        for since in [1, 4] {
            let rotten = Sample::new().holds(DATA, 1, 1).rotten_since(since);
            rotten.call(DATA, GET, (2, 4), refused("corrupt")).passes(check);
        }
        let of_the_seed = Sample::new().tainted().delete((2, 4), refused("cannot_delete"));
        of_the_seed.passes(check);
    }

    #[test]
    fn what_was_stored_all_the_same_is_caught() {
        for code in ["busy", "broken_body", "no_data_server"] {
            put_refused(code).holds(DATA, 1, 9).is_caught(check, "stored all the same: content 1");
        }
        unsound_refused("digest_mismatch").holds(DATA, 1, 3).is_caught(check, "stored all the same: content 1");
        for code in ["not_stored", "no_space"] {
            put_refused(code).holds(DATA, 1, 9).is_passed_over(check);
        }
    }

    #[test]
    fn a_sound_body_is_not_blamed() {
        for code in ["length_mismatch", "digest_mismatch"] {
            put_refused(code).is_caught(check, "and is sound");
            Sample::new().get((2, 4), refused(code)).is_caught(check, "and it had none");
        }
    }

    #[test]
    fn known_servers_are_not_denied() {
        put_refused("no_data_server").believes(API, Node::SeedData(1)).is_caught(check, "and seed-data-1 was all");
        let asked = Sample::new().believes(API, DATA).get((2, 4), refused("no_data_server"));
        asked.is_caught(check, "and data-1 was all the time");
    }

    #[test]
    fn a_good_copy_is_not_called_damaged() {
        let told = |sample: Sample| sample.call(DATA, GET, (2, 4), refused("corrupt"));
        let text = "the copy is damaged, it was told, and it was not";
        told(Sample::new().holds(DATA, 1, 1)).is_caught(check, text);
        told(Sample::new().holds(DATA, 1, 1).rotten_since(5)).is_caught(check, text);
        told(Sample::new().holds(Node::Data(2), 1, 1).rotten_since(1)).is_caught(check, text);
        told(Sample::new().shared(DATA)).passes(check);
        Sample::new().delete((2, 4), refused("cannot_delete")).is_caught(check, "and there was none");
    }

    #[test]
    fn the_seed_refuses_in_its_own_words() {
        Sample::new().call(Node::SeedApi(1), GET, (2, 4), refused("corrupt")).is_passed_over(check);
    }
}
