//! Rule: nobody is told "there is none" (404) while a data server that had to be asked held the name all the time:
//! through an API server of ours, any data server of ours that it believed to live from before the call began until
//! after it ended; from a data server of ours that was asked directly, that one itself.
//!
//! It comes from README.md ("`404` means that every data server believed to live has said no. While one has not
//! answered it is `503`") and core/src/locate.rs. It holds for GET, HEAD, DELETE and locate. That another content took
//! the place of the first meanwhile leaves no gap. A copy that has rotten is refused with 503 and is no reason for a
//! 404 either: no disk says of a damaged blob that there is none.
//!
//! What the seed makes impossible: its API servers say 404 whenever nobody has answered for a second (SEED-WIRE.md §2),
//! so they are passed over; and so are copies on its data servers, which say no by silence. One of ours that an API
//! server takes for a node of the seed (its heartbeat came without its headers) loses its say likewise. At a shared
//! address, the other process may have said no.

use super::facts::{Facts, Name, held_throughout, is_our_data_server, is_ours};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Call, Outcome};

/// Looks at every 404 of a server of ours.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("no_false_missing");
    for name in facts.names() {
        for call in &name.calls {
            if let Some(span) = Span::of(call)
                && call.outcome == Outcome::Missing
                && is_ours(call.server)
                && !is_locate_at_data_server(call)
            {
                verdict.judge_call(call, judge(facts, name, call, span));
            }
        }
    }
    verdict
}

fn judge(facts: &Facts<'_>, name: &Name<'_>, call: &Call, span: Span) -> Result<(), String> {
    for holdings in name.by_server() {
        let Some(first) = holdings.first() else { continue };
        if facts.had_to_know(call.server, first.node, span) && held_throughout(holdings, span) {
            return Err(format!("it was told that there is none, and {} held one all the time", first.node));
        }
    }
    Ok(())
}

/// Data servers know no locate: whatever they answer to that, it says nothing of the object.
fn is_locate_at_data_server(call: &Call) -> bool {
    is_our_data_server(call.server) && matches!(call.asked, Asked::Locate { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, GET, Sample};
    use crate::history::HoldingEnd;
    use crate::node::Node;

    fn held() -> Sample {
        Sample::new().believes(API, DATA).holds(DATA, 1, 2)
    }

    fn missing(server: Node, asked: Asked, times: (u64, u64)) -> Sample {
        held().call(server, asked, times, Outcome::Missing)
    }

    #[test]
    fn who_is_not_there_may_be_missed() {
        missing(API, GET, (1, 3)).passes(check);
        missing(API, GET, (2, 3)).passes(check);
        missing(Node::Api(2), GET, (3, 4)).passes(check);
        missing(Node::Data(2), GET, (3, 4)).passes(check);
        let gone = Sample::new().believes(API, DATA).held(DATA, 1, (2, 6), HoldingEnd::Removed);
        gone.get((5, 6), Outcome::Missing).get((8, 9), Outcome::Missing).passes(check);
        let forgotten = Sample::new().believes_until(API, DATA, (0, 5)).holds(DATA, 1, 2);
        forgotten.get((4, 5), Outcome::Missing).passes(check);
    }

    #[test]
    fn who_is_there_may_not() {
        for asked in [GET, Asked::Head, Asked::Delete, Asked::Locate { all: false }, Asked::Locate { all: true }] {
            missing(API, asked, (3, 4)).is_caught(check, "and data-1 held one all the time");
        }
        missing(DATA, GET, (3, 4)).is_caught(check, "and data-1 held one all the time");
        let overwritten = Sample::new().believes(API, DATA).held(DATA, 1, (2, 6), HoldingEnd::Overwritten);
        overwritten.holds(DATA, 2, 6).get((5, 7), Outcome::Missing).is_caught(check, "data-1 held one");
        held().rotten_since(3).get((4, 5), Outcome::Missing).is_caught(check, "data-1 held one");
        held().tainted().get((4, 5), Outcome::Missing).is_caught(check, "data-1 held one");
    }

    #[test]
    fn who_need_not_know_may_say_so() {
        missing(Node::SeedApi(1), GET, (3, 4)).is_passed_over(check);
        missing(DATA, Asked::Locate { all: false }, (3, 4)).is_passed_over(check);
        missing(API, GET, (3, 4)).shared(DATA).passes(check);
        let mut taken_for_the_seed = missing(API, GET, (3, 4));
        taken_for_the_seed.history.beliefs[0].of_the_seed = true;
        taken_for_the_seed.passes(check);
    }
}
