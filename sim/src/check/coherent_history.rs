//! Rule: the history does not contradict itself. What has an end has an outcome, nothing ends before it begins, no two
//! PUTs have the same content, and one data server shows one content of a name at a time.
//!
//! It comes from the words of [`crate::history`]. This is the check of the other checkers' ground: it fails when the
//! world keeps its records badly, and then what the others say is worth nothing. On a data server of the seed, which
//! overwrites in place, and at a shared address several contents may seem visible at once.

use std::collections::BTreeSet;

use super::facts::{Facts, is_our_data_server};
use super::verdict::{Lay, Verdict};
use crate::history::{Asked, Belief, Call, ContentId, Holding, Outcome};
use crate::node::Node;

/// Looks at the records themselves.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("coherent_history");
    let mut contents = BTreeSet::new();
    for call in &facts.history.calls {
        verdict.judge_call(call, judge_call(facts, call, &mut contents));
    }
    for holding in &facts.history.holdings {
        verdict.judge_holding(holding, judge_holding(facts, holding));
    }
    for holdings in facts.names().flat_map(|name| name.by_server()) {
        for pair in holdings.windows(2) {
            if let [before, after] = pair {
                verdict.judge_holding(before, judge_pair(facts, before, after));
            }
        }
    }
    for belief in &facts.history.beliefs {
        judge_belief(belief, &mut verdict);
    }
    verdict
}

fn judge_call(facts: &Facts<'_>, call: &Call, contents: &mut BTreeSet<ContentId>) -> Result<(), String> {
    match call.server {
        Node::Api(_) | Node::Data(_) | Node::SeedApi(_) | Node::SeedData(_) => {}
        Node::Broker | Node::Catalog | Node::Client(_) => return Err("that is no server".to_owned()),
    }
    if let Asked::Put { content, .. } = call.asked
        && !contents.insert(content)
    {
        return Err("an earlier PUT had the same content".to_owned());
    }
    match call.ended {
        None if call.outcome != Outcome::Pending => Err(format!("it never ended, but came to {:?}", call.outcome)),
        Some(_) if call.outcome == Outcome::Pending => Err("it ended without an outcome".to_owned()),
        Some(ended) if ended < call.began => Err("it ended before it began".to_owned()),
        Some(ended) if ended > facts.history.end => Err("it ended after the end of the run".to_owned()),
        None | Some(_) => Ok(()),
    }
}

fn judge_holding(facts: &Facts<'_>, holding: &Holding) -> Result<(), String> {
    match holding.node {
        Node::Data(_) | Node::SeedData(_) => {}
        Node::Broker | Node::Catalog | Node::Client(_) | Node::Api(_) | Node::SeedApi(_) => {
            return Err("no data server, and yet it holds something".to_owned());
        }
    }
    if holding.until.is_some() != holding.ended_by.is_some() {
        return Err(format!("it ended at {:?}, by {:?}", holding.until, holding.ended_by));
    }
    if holding.until.is_some_and(|until| until < holding.from) || holding.from > facts.history.end {
        return Err("it lay there at no time at all".to_owned());
    }
    if holding.durable.is_some_and(|durable| durable < holding.from) {
        return Err(format!("it was durable since {:?}, before it was visible", holding.durable));
    }
    Ok(())
}

fn judge_pair(facts: &Facts<'_>, before: &Holding, after: &Holding) -> Result<(), String> {
    let at_once = before.until.is_none_or(|until| until > after.from);
    if at_once && is_our_data_server(before.node) && !facts.is_shared(before.node) {
        return Err(format!("it was still visible when another was: {}", Lay(after)));
    }
    Ok(())
}

fn judge_belief(belief: &Belief, verdict: &mut Verdict) {
    verdict.judged += 1;
    if belief.until.is_some_and(|until| until < belief.from) {
        let text = format!("it believed in {} from {:?} until {:?}", belief.member, belief.from, belief.until);
        verdict.blame(belief.from, belief.api, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, CALM, DATA, GET, Sample, at, body, put};
    use crate::history::HoldingEnd;

    fn good() -> Sample {
        Sample::new()
            .believes_until(API, DATA, (0, 5))
            .put(1, (0, 2), Outcome::Stored)
            .held(DATA, 1, (1, 4), HoldingEnd::Overwritten)
            .holds(DATA, 2, 4)
            .get((3, 3), body(1))
            .call(API, GET, (8, 0), Outcome::Pending)
    }

    fn spoiled(spoil: impl FnOnce(&mut Sample)) -> Sample {
        let mut sample = good();
        spoil(&mut sample);
        sample
    }

    #[test]
    fn a_history_can_be_coherent() {
        good().passes(check);
    }

    #[test]
    fn it_may_happen_in_no_time_or_at_the_very_end() {
        let at_once = Sample::new().put(1, (3, 3), Outcome::Stored).held(DATA, 1, (3, 3), HoldingEnd::Overwritten);
        at_once.holds(DATA, 2, 3).not_durable().passes(check);
        Sample::new().get((3, 2 * CALM), body(1)).passes(check);
        Sample::new().holds(DATA, 1, 2 * CALM).passes(check);
        Sample::new().believes_until(API, DATA, (3, 3)).passes(check);
    }

    #[test]
    fn calls_that_cannot_be_are_caught() {
        spoiled(|sample| sample.history.calls[1].ended = None).is_caught(check, "it never ended, but came to Body");
        spoiled(|sample| sample.history.calls[2].ended = Some(at(9))).is_caught(check, "ended without an outcome");
        spoiled(|sample| sample.history.calls[1].ended = Some(at(2))).is_caught(check, "ended before it began");
        spoiled(|sample| sample.history.end = at(2)).is_caught_among(check, "ended after the end of the run");
        spoiled(|sample| sample.history.calls[1].server = Node::Broker).is_caught(check, "that is no server");
        spoiled(|sample| sample.history.calls[1].asked = put(1)).is_caught(check, "had the same content");
    }

    #[test]
    fn holdings_that_cannot_be_are_caught() {
        spoiled(|sample| sample.history.holdings[1].node = API).is_caught(check, "no data server, and yet");
        spoiled(|sample| sample.history.holdings[1].until = Some(at(6))).is_caught(check, "by None");
        spoiled(|sample| sample.history.holdings[0].until = Some(at(0))).is_caught(check, "at no time at all");
        spoiled(|sample| sample.history.holdings[1].durable = Some(at(3))).is_caught(check, "before it was visible");
        let at_once = spoiled(|sample| sample.history.holdings[0].until = Some(at(5)));
        at_once.is_caught(check, "still visible when another was");
        at_once.shared(DATA).passes(check);
        Sample::new().holds(DATA, 1, 2).holds(DATA, 2, 4).is_caught(check, "still visible when another was");
    }

    #[test]
    fn a_belief_that_ends_before_it_begins_is_caught() {
        spoiled(|sample| sample.history.beliefs[0].from = at(6)).is_caught(check, "it believed in data-1");
    }
}
