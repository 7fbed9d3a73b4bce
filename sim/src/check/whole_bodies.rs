//! Rule: whoever is told that he has an object has exactly the bytes of one version of it: of a PUT of that name that
//! had begun before; whole, or exactly the part that was asked for; and sizes and tags are those of that version.
//!
//! It comes from README.md ("What you read is what was written … a body that breaks off never looks whole") and
//! DESIGN.md §8 ("each 200 body is the exact bytes of one version").
//!
//! What the seed makes impossible:
//! - A tainted name may be held in part or in a mixture (SEED-WIRE.md §4, 2, 4, 6, 7, 8). All that is left to be judged
//!   is that bytes which are of one content at all are of one that was put under that name.
//! - Through an API server of the seed, a body that broke off looks whole, and has no size or a wrong one, also where a
//!   data server of ours held it (failure 3); and it knows no ranges. Of its bodies, only that they begin an object.

use lode_core::range::{ByteRange, Resolved};

use super::facts::{Facts, Name, Put, is_ours};
use super::span::Span;
use super::verdict::Verdict;
use crate::history::{Asked, Body, Call, ContentId, Outcome};

/// Looks at every body, at every description of one, and at every "there is no such part".
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("whole_bodies");
    for name in facts.names() {
        for call in &name.calls {
            let Some(span) = Span::of(call) else { continue };
            let seen = Seen { facts, name, call, span };
            let judgement = match &call.outcome {
                Outcome::Body(body) => seen.judge_body(body),
                Outcome::Described { size_bytes, content } => seen.judge_description(*size_bytes, *content),
                Outcome::Unsatisfiable { size_bytes } => seen.judge_unsatisfiable(*size_bytes),
                Outcome::Pending
                | Outcome::Unknown
                | Outcome::HungUp
                | Outcome::Stored
                | Outcome::Removed
                | Outcome::CutBody
                | Outcome::Missing
                | Outcome::Located { .. }
                | Outcome::Versions(_)
                | Outcome::Listed { .. }
                | Outcome::Refused { .. } => continue,
            };
            verdict.judge_call(call, judgement);
        }
    }
    verdict
}

/// What a client saw of an object, and all that is needed to judge it.
struct Seen<'a> {
    facts: &'a Facts<'a>,
    name: &'a Name<'a>,
    call: &'a Call,
    span: Span,
}

impl Seen<'_> {
    fn judge_body(&self, body: &Body) -> Result<(), String> {
        if self.name.tainted {
            return self.judge_tainted(body.content);
        }
        if !is_ours(self.call.server) {
            return self.judge_through_the_seed(body);
        }
        let Put { size_bytes, .. } = self.version(body.content)?;
        self.judge_size(body.size_bytes, size_bytes)?;
        let got = (body.first, body.length_bytes);
        match part_of(self.call.asked, size_bytes) {
            Some(asked) if asked == got => Ok(()),
            Some(asked) => Err(format!("it got {}, and should have got {}", Part(got), Part(asked))),
            None => Err(format!("it got {} of an object of {size_bytes} bytes without that part", Part(got))),
        }
    }

    fn judge_through_the_seed(&self, body: &Body) -> Result<(), String> {
        if body.length_bytes == 0 {
            return Ok(());
        }
        let Put { size_bytes, .. } = self.version(body.content)?;
        if body.first == 0 && body.length_bytes <= size_bytes {
            return Ok(());
        }
        Err(format!("it got {} of an object of {size_bytes} bytes", Part((body.first, body.length_bytes))))
    }

    fn judge_description(&self, size_bytes: Option<u64>, content: Option<ContentId>) -> Result<(), String> {
        if self.name.tainted {
            return self.judge_tainted(content);
        }
        let put = self.version(content)?;
        self.judge_size(size_bytes, put.size_bytes)
    }

    fn judge_unsatisfiable(&self, size_bytes: u64) -> Result<(), String> {
        if self.name.tainted || !is_ours(self.call.server) {
            return Ok(());
        }
        if part_of(self.call.asked, size_bytes).is_some() {
            return Err(format!("an object of {size_bytes} bytes has that part"));
        }
        let put_before = |call: &&Call| match call.asked {
            Asked::Put { size_bytes: size, .. } => size == size_bytes && call.began <= self.span.ended,
            Asked::Get { .. }
            | Asked::Head
            | Asked::Delete
            | Asked::Locate { .. }
            | Asked::Versions
            | Asked::List { .. } => false,
        };
        if self.name.calls.iter().any(put_before) {
            return Ok(());
        }
        Err(format!("no object of {size_bytes} bytes was put under that name"))
    }

    fn judge_tainted(&self, content: Option<ContentId>) -> Result<(), String> {
        content.map_or(Ok(()), |content| self.version(Some(content)).map(|_| ()))
    }

    fn judge_size(&self, told: Option<u64>, size_bytes: u64) -> Result<(), String> {
        if told == Some(size_bytes) {
            return Ok(());
        }
        Err(format!("it was told a size of {told:?} bytes, and the content has {size_bytes}"))
    }

    /// The PUT of that content, if it may be seen here.
    fn version(&self, content: Option<ContentId>) -> Result<Put<'_>, String> {
        let content = content.ok_or("what it got is of no content, or of several")?;
        let put = self.facts.put(content).ok_or_else(|| format!("content {} was never put", content.0))?;
        if put.call.name != self.name.id {
            return Err(format!("content {} was put under name {}", content.0, put.call.name.0));
        }
        if put.call.began > self.span.ended {
            return Err(format!("content {} was put only at {:?}", content.0, put.call.began));
        }
        Ok(put)
    }
}

/// The position and length of what was asked for of an object of this size; `None` if it has no such part.
fn part_of(asked: Asked, size_bytes: u64) -> Option<(u64, u64)> {
    let range = match asked {
        // A range that ends before it begins is none (RFC 9110 §14.2), and the whole is sent.
        Asked::Get { range: Some((first, last)) } => ByteRange::between(first, last),
        Asked::Get { range: None }
        | Asked::Put { .. }
        | Asked::Head
        | Asked::Delete
        | Asked::Locate { .. }
        | Asked::Versions
        | Asked::List { .. } => None,
    };
    match range.map(|range| range.resolve(size_bytes)) {
        None | Some(Resolved::Whole) => Some((0, size_bytes)),
        Some(Resolved::Part { first, last }) => Some((first, last - first + 1)),
        Some(Resolved::Unsatisfiable) => None,
    }
}

struct Part((u64, u64));

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self((first, length_bytes)) = self;
        write!(f, "{length_bytes} bytes from position {first} on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, GET, Sample, body, described, part, size_of};
    use crate::history::NameId;
    use crate::node::Node;

    const SEED_API: Node = Node::SeedApi(1);

    fn of_one_put() -> Sample {
        Sample::new().put(1, (0, 2), Outcome::Unknown)
    }

    fn asked_for(first: u64, last: u64, outcome: Outcome) -> Sample {
        of_one_put().call(API, Asked::Get { range: Some((first, last)) }, (3, 4), outcome)
    }

    fn body_of(content: Option<u32>, length_bytes: u64, size_bytes: Option<u64>) -> Outcome {
        Outcome::Body(Body { content: content.map(ContentId), first: 0, length_bytes, size_bytes })
    }

    #[test]
    fn the_bytes_of_one_version_are_good() {
        of_one_put().get((3, 4), body(1)).passes(check);
        of_one_put().get((0, 0), body(1)).passes(check);
        of_one_put().call(API, Asked::Head, (3, 4), described(1)).passes(check);
        asked_for(10, 19, part(1, 10, 10)).passes(check);
        asked_for(10, 999, part(1, 10, size_of(1) - 10)).passes(check);
        asked_for(9, 8, body(1)).passes(check);
        asked_for(500, 600, Outcome::Unsatisfiable { size_bytes: size_of(1) }).passes(check);
        let at_once = Asked::Get { range: Some((500, 600)) };
        of_one_put().call(API, at_once, (0, 0), Outcome::Unsatisfiable { size_bytes: size_of(1) }).passes(check);
    }

    #[test]
    fn other_bytes_are_caught() {
        of_one_put().get((3, 4), body_of(None, 5, Some(5))).is_caught(check, "of no content, or of several");
        of_one_put().get((3, 4), body(2)).is_caught(check, "content 2 was never put");
        of_one_put().get((3, 4), body(2)).put(2, (5, 6), Outcome::Stored).is_caught(check, "was put only at 5.");
        let mut other_name = of_one_put().get((3, 4), body(1));
        other_name.history.calls[0].name = NameId(7);
        other_name.is_caught(check, "content 1 was put under name 7");
    }

    #[test]
    fn too_few_bytes_and_too_many_are_caught() {
        of_one_put().get((3, 4), part(1, 0, 50)).is_caught(check, "it got 50 bytes from position 0 on, and should");
        of_one_put().get((3, 4), part(1, 1, size_of(1))).is_caught(check, "from position 1 on, and should");
        asked_for(10, 19, part(1, 10, 11)).is_caught(check, "it got 11 bytes from position 10 on, and should");
        asked_for(10, 19, body(1)).is_caught(check, "and should have got 10 bytes");
        asked_for(500, 600, body(1)).is_caught(check, "without that part");
    }

    #[test]
    fn a_wrong_size_is_caught() {
        of_one_put().get((3, 4), body_of(Some(1), size_of(1), Some(7))).is_caught(check, "a size of Some(7) bytes");
        of_one_put().get((3, 4), body_of(Some(1), size_of(1), None)).is_caught(check, "a size of None bytes");
        for (size_bytes, content, text) in [
            (None, Some(1), "a size of None"),
            (Some(7), Some(1), "a size of Some(7)"),
            (Some(101), None, "no content"),
        ] {
            let outcome = Outcome::Described { size_bytes, content: content.map(ContentId) };
            of_one_put().call(API, Asked::Head, (3, 4), outcome).is_caught(check, text);
        }
        asked_for(50, 60, Outcome::Unsatisfiable { size_bytes: size_of(1) }).is_caught(check, "has that part");
        asked_for(50, 60, Outcome::Unsatisfiable { size_bytes: 3 }).is_caught(check, "no object of 3 bytes was put");
    }

    #[test]
    fn through_the_seed_a_beginning_will_do() {
        let through = |outcome| of_one_put().call(SEED_API, GET, (3, 4), outcome);
        through(body_of(Some(1), 30, None)).passes(check);
        through(body_of(Some(1), 30, Some(30))).passes(check);
        through(body_of(None, 0, None)).passes(check);
        through(body(1)).passes(check);
        through(Outcome::Unsatisfiable { size_bytes: 3 }).passes(check);
        through(body_of(None, 30, None)).is_caught(check, "of no content, or of several");
        through(part(1, 5, 30)).is_caught(check, "it got 30 bytes from position 5 on of an object");
        through(body_of(Some(1), 300, None)).is_caught(check, "it got 300 bytes");
    }

    #[test]
    fn of_a_tainted_name_little_is_promised_and_not_nothing() {
        of_one_put().tainted().get((3, 4), body_of(None, 3, None)).passes(check);
        of_one_put().tainted().get((3, 4), part(1, 0, 50)).passes(check);
        asked_for(50, 60, Outcome::Unsatisfiable { size_bytes: 3 }).tainted().passes(check);
        of_one_put().tainted().get((3, 4), body(2)).is_caught(check, "content 2 was never put");
    }
}
