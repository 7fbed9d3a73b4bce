//! The checkers that look at a whole run afterwards: is what clients were told true, and did everything come right?
//!
//! Each checker is a pure function in the file of its name, and each opens with its rule in words and where the rule
//! comes from. There are two lists of them, for the two modes of the store: [`ALL`] for `--catalog none`, where the object's
//! name is the blob's name, there is one copy, placement ranks the members believed to live, and where an object is is asked
//! of everybody (README.md, "What it does today", "Limits without a catalog"); and [`VERSIONED`] for clusters with a
//! catalog, where names have versions, and data servers keep copies of blobs (README.md, "Versions and copies").
//!
//! **What happens at one and the same instant may have happened in either order.** So whatever has to have been true
//! "all the time" has to have begun before and to end after, and whatever has to have been true "once" may touch at its
//! ends.
//!
//! **Nodes of the seed break nearly every rule there is** (SEED-WIRE.md §4), and what they touch cannot be judged any
//! more: a name that one of them has been asked to store is *tainted*, and most checkers pass it over. Each says which
//! of the seed's failures make it blind, and to what.

pub mod acknowledged_is_held;
pub mod answers_fit;
pub mod calm_end;
pub mod calm_versions;
pub mod coherent_history;
pub mod copies_are_kept;
pub mod facts;
pub mod held_was_put;
pub mod honest_refusals;
pub mod honest_writes;
pub mod kept_until_the_end;
pub mod linearizable;
pub mod linearize;
pub mod listing_pages;
pub mod located_holders;
pub mod membership_converges;
pub mod no_false_missing;
pub mod no_holder_forgotten;
pub mod refused_bodies;
pub mod removed_is_gone;
#[cfg(test)]
mod sample;
pub mod seen_was_held;
mod span;
pub mod verdict;
pub mod version_order;
pub mod whole_bodies;

use self::facts::Facts;
use self::verdict::Verdict;
use crate::history::{History, Violation};

/// All checkers of histories without a catalog. The first looks at the history itself: where that one complains, the others may be misled.
pub const ALL: [fn(&Facts<'_>) -> Verdict; 16] = [
    coherent_history::check,
    answers_fit::check,
    whole_bodies::check,
    refused_bodies::check,
    seen_was_held::check,
    held_was_put::check,
    acknowledged_is_held::check,
    kept_until_the_end::check,
    no_false_missing::check,
    located_holders::check,
    no_holder_forgotten::check,
    removed_is_gone::check,
    honest_refusals::check,
    linearizable::check,
    membership_converges::check,
    calm_end::check,
];

/// All checkers of histories with a catalog. The first is that of [`ALL`].
pub const VERSIONED: [fn(&Facts<'_>) -> Verdict; 12] = [
    coherent_history::check,
    answers_fit::check,
    whole_bodies::check,
    refused_bodies::check,
    version_order::check,
    listing_pages::check,
    honest_writes::check,
    honest_refusals::check,
    copies_are_kept::check,
    membership_converges::check,
    calm_versions::check,
    calm_end::check,
];

/// What does not hold in this run. Names whose calls were too many or too tangled to be decided are not among it: they
/// are counted in [`Verdict::undecided`], see [`verdicts`].
#[must_use]
pub fn history(history: &History) -> Vec<Violation> {
    verdicts(history).into_iter().flat_map(|verdict| verdict.violations).collect()
}

/// What each checker says of this run, in the order of [`ALL`] or of [`VERSIONED`].
#[must_use]
pub fn verdicts(history: &History) -> Vec<Verdict> {
    let facts = Facts::of(history);
    let checkers = if history.catalog.is_some() { VERSIONED.as_slice() } else { ALL.as_slice() };
    checkers.iter().map(|check| check(&facts)).collect()
}

#[cfg(test)]
mod tests {
    use super::sample::{API, CALM, DATA, GET, Sample, at, body, described, located, part, refused, unsound};
    use super::*;
    use crate::history::{Asked, HoldingEnd, Outcome};

    /// Three contents one after the other, read, located and removed; one body that was to be refused; one more
    /// content, which is there in the end.
    fn busy() -> Sample {
        let part_of_it = Asked::Get { range: Some((10, 19)) };
        Sample::new()
            .believes(API, DATA)
            .put(1, (1, 3), Outcome::Stored)
            .held(DATA, 1, (2, 11), HoldingEnd::Overwritten)
            .get((4, 5), body(1))
            .put(2, (10, 12), Outcome::Unknown)
            .held(DATA, 2, (11, 31), HoldingEnd::Removed)
            .call(API, part_of_it, (13, 14), part(2, 10, 10))
            .call(DATA, Asked::Head, (13, 14), described(2))
            .call(API, unsound(3), (15, 16), refused("broken_body"))
            .call(API, Asked::Locate { all: true }, (17, 18), located(&[DATA]))
            .delete((30, 32), Outcome::Removed)
            .get((33, 34), Outcome::Missing)
            .put(4, (40, 42), Outcome::Stored)
            .holds(DATA, 4, 41)
            .get((CALM + 10, CALM + 11), body(4))
    }

    #[test]
    fn all_checkers_find_something_to_judge_in_a_good_history_and_no_fault() {
        busy().is_good();
        for verdict in verdicts(&busy().history) {
            assert!(verdict.judged > 0, "{} has judged nothing", verdict.checker);
            assert_eq!(verdict.undecided, 0);
        }
    }

    #[test]
    fn each_checker_is_named_once() {
        let verdicts = verdicts(&busy().history);
        let names: std::collections::BTreeSet<_> = verdicts.iter().map(|verdict| verdict.checker).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn a_fault_is_told_with_its_place_and_time() {
        let violations = history(&busy().call(API, GET, (43, 44), Outcome::Missing).history);
        let told: Vec<_> =
            violations.iter().map(|violation| (violation.checker, violation.node, violation.at)).collect();
        assert_eq!(told, [("no_false_missing", API, at(44)), ("linearizable", API, at(44))]);
        let text = "GET of name 1 through api-1 (operation 11, from 43.000000000s to 44.000000000s): it was told that \
                    there is none, and data-1 held one all the time";
        assert_eq!(violations[0].text, text);
    }

    #[test]
    fn an_empty_history_is_good() {
        assert_eq!(history(&History::default()), []);
    }
}
