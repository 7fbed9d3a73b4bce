//! Rule: a page of a listing has no more names than were asked for, in the order of their texts, each once, none of them in
//! front of where it begins or behind where it says that the next page goes on; and it goes on behind the last of its names.
//!
//! It comes from core/src/catalog/listing.rs. What is on the page, and what is not, is held against the versions of each name
//! in `version_order`.

use super::facts::Facts;
use super::verdict::Verdict;
use crate::history::{Asked, Call, NameId, Outcome};

/// Looks at every page.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::of("listing_pages");
    for call in &facts.history.calls {
        if let (Asked::List { limit, after }, Outcome::Listed { objects, next }) = (call.asked, &call.outcome) {
            let names: Vec<String> = objects.iter().map(|(name, ..)| text(*name)).collect();
            verdict.judge_call(call, judge(call, &names, *next, (limit, after)));
        }
    }
    verdict
}

fn judge(call: &Call, names: &[String], next: Option<NameId>, (limit, after): (u16, bool)) -> Result<(), String> {
    if names.len() > usize::from(limit.max(1)) {
        return Err(format!("it got {} names", names.len()));
    }
    if let Some([one, other]) = names.array_windows().find(|[one, other]| one >= other) {
        return Err(format!("{one} stands before {other}"));
    }
    let behind = text(call.name);
    if let Some(first) = names.first().filter(|first| after && **first <= behind) {
        return Err(format!("{first} does not come behind {behind}"));
    }
    match (next.map(text), names.last()) {
        (None, _) => Ok(()),
        (Some(next), Some(last)) if next == *last => Ok(()),
        (Some(next), last) => Err(format!("the next page is to begin behind {next}, and this one ends with {last:?}")),
    }
}

fn text(name: NameId) -> String {
    format!("o{}", name.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{API, Sample};

    /// A page of at most two names behind o1.
    fn page(names: &[u32], next: Option<u32>) -> Sample {
        let objects = names.iter().map(|name| (NameId(*name), 1, None)).collect();
        let listed = Outcome::Listed { objects, next: next.map(NameId) };
        Sample::versioned().call(API, Asked::List { limit: 2, after: true }, (1, 2), listed)
    }

    #[test]
    fn names_are_in_the_order_of_their_texts() {
        page(&[10, 2], Some(2)).passes(check);
        page(&[2], None).passes(check);
        page(&[], None).passes(check);
    }

    #[test]
    fn anything_else_is_caught() {
        page(&[2, 10], None).is_caught(check, "o2 stands before o10");
        page(&[2, 2], None).is_caught(check, "o2 stands before o2");
        page(&[2, 3, 4], None).is_caught(check, "it got 3 names");
        page(&[1, 2], None).is_caught(check, "o1 does not come behind o1");
        page(&[2, 3], Some(2)).is_caught(check, "is to begin behind o2");
        page(&[], Some(2)).is_caught(check, "is to begin behind o2");
    }
}
