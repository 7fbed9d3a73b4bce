//! Rule (durability): what is durable on the disk of a data server of ours stays visible until somebody wishes
//! otherwise: it ends by another content of the same name that takes its place, or by removal, for which somebody must
//! have asked; never by a loss of power. And when the power takes away a content that was visible and not yet durable,
//! the durable one whose place it had taken is there again.
//!
//! It comes from DESIGN.md §6 (synced before anybody is told; "A crash at any instant leaves a whole blob or none") and
//! §8 ("an acknowledged version stays readable within the fault bound": with one copy, as long as its disk is not
//! blanked). That what was acknowledged was durable is the rule of `acknowledged_is_held`; whether it was or not, what
//! follows here is the same.
//!
//! Nodes of the seed cannot spoil this: they know no DELETE, and what they have our data servers store is stored like
//! anything. At a shared address, the records do not say on which of the two disks something lay.

use super::facts::{Facts, Name};
use super::verdict::{Lay, Verdict};
use crate::history::{Asked, Call, Holding, HoldingEnd};
use crate::node::Node;

/// Looks at everything durable that lay on disks of data servers of ours.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("kept_until_the_end");
    for name in facts.names() {
        for holdings in name.by_server().filter(|holdings| !is_at_shared_address(facts, holdings)) {
            for (index, holding) in holdings.iter().enumerate() {
                let (before, after) = holdings.split_at(index);
                if is_durable(holding) {
                    verdict.judge_holding(holding, judge_end(name, holding, after.get(1).copied()));
                } else if holding.ended_by == Some(HoldingEnd::PowerLost)
                    && let Some(expected) = durable_below(before, holding)
                {
                    verdict.judge_holding(holding, judge_return(expected, after.get(1).copied()));
                }
            }
        }
    }
    verdict
}

fn judge_end(name: &Name<'_>, holding: &Holding, next: Option<&Holding>) -> Result<(), String> {
    match holding.ended_by {
        None | Some(HoldingEnd::DiskBlanked) => Ok(()),
        Some(HoldingEnd::PowerLost) => {
            Err(format!("it was durable since {:?}, and lost with the power", holding.durable))
        }
        Some(HoldingEnd::Overwritten) => match next {
            Some(next) if holding.until == Some(next.from) && next.content != holding.content => Ok(()),
            Some(_) | None => Err("it was overwritten, and nothing took its place".to_owned()),
        },
        Some(HoldingEnd::Removed) if name.calls.iter().any(|call| may_have_removed(call, holding)) => Ok(()),
        Some(HoldingEnd::Removed) => Err("it was removed, and nobody had asked for that".to_owned()),
    }
}

fn may_have_removed(call: &Call, holding: &Holding) -> bool {
    let reaches = match call.server {
        Node::Api(_) => true,
        Node::Data(_) => call.server == holding.node,
        Node::SeedApi(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => false,
    };
    call.asked == Asked::Delete && reaches && holding.until.is_some_and(|until| call.began <= until)
}

/// What must be there again when the power takes `lost` away: the last durable content that only overwrites stand
/// between.
fn durable_below<'a>(before: &[&'a Holding], lost: &Holding) -> Option<&'a Holding> {
    let mut from = lost.from;
    for holding in before.iter().rev() {
        if holding.ended_by != Some(HoldingEnd::Overwritten) || holding.until != Some(from) {
            return None;
        }
        if holding.durable.zip(lost.until).is_some_and(|(durable, until)| durable <= until) {
            return Some(holding);
        }
        from = holding.from;
    }
    None
}

fn judge_return(expected: &Holding, next: Option<&Holding>) -> Result<(), String> {
    if next.is_some_and(|next| next.content == expected.content) {
        return Ok(());
    }
    Err(format!("it was lost with the power, and what was durable before it did not come back: {}", Lay(expected)))
}

const fn is_durable(holding: &Holding) -> bool {
    holding.durable.is_some()
}

fn is_at_shared_address(facts: &Facts<'_>, holdings: &[&Holding]) -> bool {
    holdings.first().is_some_and(|holding| facts.is_shared(holding.node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, Sample};
    use crate::history::Outcome;

    fn ended(by: HoldingEnd) -> Sample {
        Sample::new().held(DATA, 1, (1, 5), by)
    }

    fn delete(server: Node, began: u64) -> Sample {
        ended(HoldingEnd::Removed).call(server, Asked::Delete, (began, 20), Outcome::Unknown)
    }

    /// Content 1, durable or not, overwritten by content 2, which goes with the power.
    fn power_lost(durable: bool) -> Sample {
        let first = ended(HoldingEnd::Overwritten);
        let first = if durable { first } else { first.not_durable() };
        first.held(DATA, 2, (5, 7), HoldingEnd::PowerLost).not_durable()
    }

    #[test]
    fn what_is_kept_or_ends_by_a_wish_is_good() {
        Sample::new().holds(DATA, 1, 1).passes(check);
        ended(HoldingEnd::Overwritten).holds(DATA, 2, 5).passes(check);
        ended(HoldingEnd::DiskBlanked).passes(check);
        for server in [API, DATA] {
            delete(server, 5).passes(check);
        }
    }

    #[test]
    fn what_is_lost_is_caught() {
        ended(HoldingEnd::PowerLost).is_caught(check, "and lost with the power");
        ended(HoldingEnd::Overwritten).is_caught(check, "nothing took its place");
        ended(HoldingEnd::Overwritten).holds(DATA, 2, 6).is_caught(check, "nothing took its place");
        ended(HoldingEnd::Overwritten).holds(Node::Data(2), 2, 5).is_caught(check, "nothing took its place");
        ended(HoldingEnd::Overwritten).holds(DATA, 1, 5).is_caught(check, "nothing took its place");
    }

    #[test]
    fn a_removal_that_nobody_asked_for_is_caught() {
        ended(HoldingEnd::Removed).is_caught(check, "nobody had asked");
        delete(API, 6).is_caught(check, "nobody had asked");
        delete(Node::Data(2), 2).is_caught(check, "nobody had asked");
        delete(Node::SeedApi(2), 2).is_caught(check, "nobody had asked");
    }

    #[test]
    fn what_was_durable_comes_back_when_its_successor_is_lost() {
        power_lost(true).holds(DATA, 1, 8).passes(check);
        power_lost(false).is_passed_over(check);
        power_lost(true).is_caught(check, "did not come back");
        power_lost(true).holds(DATA, 3, 8).is_caught(check, "did not come back");
        let through_another = Sample::new()
            .held(DATA, 1, (1, 3), HoldingEnd::Overwritten)
            .held(DATA, 2, (3, 5), HoldingEnd::Overwritten)
            .not_durable()
            .held(DATA, 3, (5, 7), HoldingEnd::PowerLost)
            .not_durable();
        through_another.is_caught(check, "did not come back: content 1 of name 1");
        let just_durable = Sample::new().held(DATA, 1, (7, 7), HoldingEnd::Overwritten);
        let just_durable = just_durable.held(DATA, 2, (7, 7), HoldingEnd::PowerLost).not_durable();
        just_durable.is_caught(check, "did not come back: content 1 of name 1");
        through_another.holds(DATA, 1, 7).passes(check);
    }

    #[test]
    fn what_was_gone_before_need_not_come_back() {
        for by in [HoldingEnd::Removed, HoldingEnd::DiskBlanked] {
            let gone = Sample::new().held(DATA, 1, (1, 5), by).delete((4, 6), Outcome::Unknown);
            for from in [5, 6] {
                gone.clone().held(DATA, 2, (from, 7), HoldingEnd::PowerLost).not_durable().passes(check);
            }
        }
    }

    #[test]
    fn what_never_was_durable_may_go() {
        ended(HoldingEnd::PowerLost).not_durable().is_passed_over(check);
        ended(HoldingEnd::Removed).not_durable().is_passed_over(check);
        ended(HoldingEnd::PowerLost).shared(DATA).is_passed_over(check);
    }
}
