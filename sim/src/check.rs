//! The checkers that look at a whole run afterwards: is what clients were told true, and did everything come right?
//!
//! Each checker is a pure function in the file of its name, and each opens with its rule in words and where the rule
//! comes from. They know the store as it is today: `--catalog none`, where the object's name is the blob's name, there
//! is one copy, placement ranks the members believed to live, and where an object is is asked of everybody (README.md,
//! "What it does today", "Limits of this mode").
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
pub mod coherent_history;
pub mod facts;
pub mod held_was_put;
pub mod honest_refusals;
pub mod kept_until_the_end;
pub mod linearizable;
pub mod linearize;
pub mod located_holders;
pub mod no_false_missing;
pub mod no_holder_forgotten;
pub mod refused_bodies;
pub mod removed_is_gone;
#[cfg(test)]
mod sample;
pub mod seen_was_held;
mod span;
pub mod verdict;
pub mod whole_bodies;

use self::facts::Facts;
use self::verdict::Verdict;
use crate::history::{History, Violation};

/// All checkers. The first looks at the history itself: where that one complains, the others may be misled.
pub const ALL: [fn(&Facts<'_>) -> Verdict; 14] = [
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
];

/// What does not hold in this run. Names whose calls were too many or too tangled to be decided are not among it: they
/// are counted in [`Verdict::undecided`], see [`verdicts`].
#[must_use]
pub fn history(history: &History) -> Vec<Violation> {
    verdicts(history).into_iter().flat_map(|verdict| verdict.violations).collect()
}

/// What each checker says of this run, in the order of [`ALL`].
#[must_use]
pub fn verdicts(history: &History) -> Vec<Verdict> {
    let facts = Facts::of(history);
    ALL.iter().map(|check| check(&facts)).collect()
}
