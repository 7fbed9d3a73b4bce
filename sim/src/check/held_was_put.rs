//! Rule: what lies on the disk of a data server of ours was put there: it is the content of a PUT of that name that had
//! begun before, asked of an API server or of that very data server.
//!
//! It comes from DESIGN.md §6 ("A crash at any instant leaves a whole blob or none"): nothing comes to lie on a disk by
//! itself, under another name, or because another server was asked.
//!
//! What the seed makes impossible: halves that its API servers hand on as if they were whole (SEED-WIRE.md §4, 6) have
//! no content of their own, so tainted names are passed over.

use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::Holding;
use crate::node::Node;

/// Looks at everything that lay on disks of data servers of ours.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("held_was_put");
    for name in facts.names().filter(|name| !name.tainted) {
        for holding in name.holdings() {
            verdict.judge_holding(holding, judge(facts, holding));
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, holding: &Holding) -> Result<(), String> {
    let Some(put) = facts.put(holding.content) else {
        return Err("it was never put".to_owned());
    };
    if put.call.name != holding.name {
        return Err(format!("it was put under name {}", put.call.name.0));
    }
    if put.call.began > holding.from {
        return Err(format!("it was put only at {:?}", put.call.began));
    }
    match put.call.server {
        Node::Api(_) => Ok(()),
        Node::Data(_) if put.call.server == holding.node => Ok(()),
        Node::Data(_) | Node::SeedApi(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => {
            Err(format!("it was put to {}", put.call.server))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{DATA, Sample};
    use crate::history::{NameId, Outcome};

    fn put() -> Sample {
        Sample::new().put(1, (1, 2), Outcome::Unknown)
    }

    #[test]
    fn what_was_put_may_lie_there() {
        put().holds(DATA, 1, 1).holds(Node::Data(2), 1, 9).passes(check);
        Sample::new().put_through(DATA, 1, (1, 2), Outcome::Stored).holds(DATA, 1, 2).passes(check);
    }

    #[test]
    fn what_was_not_put_there_is_caught() {
        put().holds(DATA, 2, 5).is_caught(check, "it was never put");
        put().holds(DATA, 1, 0).is_caught(check, "it was put only at 1.");
        let elsewhere = Sample::new().put_through(DATA, 1, (1, 2), Outcome::Stored).holds(Node::Data(2), 1, 2);
        elsewhere.is_caught(check, "it was put to data-1");
        let mut other_name = put().holds(DATA, 1, 2);
        other_name.history.holdings[0].name = NameId(7);
        other_name.is_caught(check, "it was put under name 1");
    }

    #[test]
    fn halves_from_the_seed_are_passed_over() {
        put().tainted().holds(DATA, 2, 5).is_passed_over(check);
    }
}
