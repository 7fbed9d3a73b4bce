//! Rule: the answer is of a kind that belongs to the question. Nobody is told "stored" who asked for a deletion, a part
//! that is out of reach is only told to who asked for a part, and data servers do not locate.
//!
//! It comes from README.md, "HTTP": the table of requests and replies; SEED-WIRE.md §3 for nodes of the seed.

use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::{Asked, Call, Outcome};
use crate::node::Node;

/// Looks at every call that has come to something.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("answers_fit");
    for call in &facts.history.calls {
        match &call.outcome {
            Outcome::Pending | Outcome::Unknown | Outcome::HungUp => {}
            Outcome::Stored
            | Outcome::Removed
            | Outcome::Body(_)
            | Outcome::Described { .. }
            | Outcome::CutBody
            | Outcome::Missing
            | Outcome::Unsatisfiable { .. }
            | Outcome::Located { .. }
            | Outcome::Versions(_)
            | Outcome::Listed { .. }
            | Outcome::Refused { .. } => verdict.judge_call(call, judge(call)),
        }
    }
    verdict
}

fn judge(call: &Call) -> Result<(), String> {
    if fits(call) { Ok(()) } else { Err(format!("{:?} is no answer to that", call.outcome)) }
}

fn fits(call: &Call) -> bool {
    match &call.outcome {
        Outcome::Stored => matches!(call.asked, Asked::Put { .. }),
        Outcome::Removed => call.asked == Asked::Delete,
        Outcome::Body(_) => matches!(call.asked, Asked::Get { .. }),
        Outcome::Described { .. } => call.asked == Asked::Head,
        Outcome::CutBody | Outcome::Missing => !matches!(call.asked, Asked::Put { .. }),
        Outcome::Unsatisfiable { .. } => matches!(call.asked, Asked::Get { range: Some(_) }),
        Outcome::Versions(_) => call.asked == Asked::Versions,
        Outcome::Listed { .. } => matches!(call.asked, Asked::List { .. }),
        Outcome::Refused { status: 412, .. } => call.only_if.is_some(),
        Outcome::Located { .. } => matches!(call.asked, Asked::Locate { .. }) && locates(call.server),
        Outcome::Pending | Outcome::Unknown | Outcome::HungUp | Outcome::Refused { .. } => true,
    }
}

const fn locates(server: Node) -> bool {
    match server {
        Node::Api(_) | Node::SeedApi(_) => true,
        Node::Data(_) | Node::SeedData(_) | Node::Broker | Node::Catalog | Node::Client(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, DATA, GET, Sample, body, described, located, put, refused};

    fn told(server: Node, asked: Asked, outcome: Outcome) -> Sample {
        Sample::new().call(server, asked, (1, 2), outcome)
    }

    const PART: Asked = Asked::Get { range: Some((500, 600)) };
    const LOCATE: Asked = Asked::Locate { all: false };

    #[test]
    fn an_answer_belongs_to_its_question() {
        let questions = [put(1), GET, PART, Asked::Head, Asked::Delete, LOCATE];
        for (outcome, fitting) in [
            (Outcome::Stored, &questions[0..1]),
            (body(1), &questions[1..3]),
            (Outcome::Unsatisfiable { size_bytes: 101 }, &questions[2..3]),
            (described(1), &questions[3..4]),
            (Outcome::Removed, &questions[4..5]),
            (located(&[DATA]), &questions[5..6]),
            (Outcome::Missing, &questions[1..6]),
            (Outcome::CutBody, &questions[1..6]),
            (refused("busy"), &questions[0..6]),
        ] {
            for question in questions {
                let sample = told(API, question, outcome.clone());
                if fitting.contains(&question) {
                    sample.passes(check);
                } else {
                    sample.is_caught(check, "is no answer to that");
                }
            }
        }
    }

    #[test]
    fn a_data_server_does_not_locate() {
        told(DATA, LOCATE, located(&[DATA])).is_caught(check, "is no answer to that");
    }

    #[test]
    fn no_answer_fits_everything() {
        for outcome in [Outcome::Pending, Outcome::Unknown, Outcome::HungUp] {
            told(API, put(1), outcome).is_passed_over(check);
        }
    }
}
