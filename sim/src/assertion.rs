//! Panics as violations. The core's machines assert what they believe, in release builds too; a run that ends in such an
//! assertion is a failed run like another, to be counted, replayed and shrunk.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use lode_core::time::Instant;

use crate::coverage::Coverage;
use crate::history::{History, Violation};
use crate::node::Node;
use crate::run::Run;
use crate::trace::{Keep, Trace};
use crate::traffic::Traffic;

/// The checker of a violation that is a panic.
pub const CHECKER: &str = "assertion";

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{BEFORE_PLACE}{place}")]
pub struct Assertion {
    /// What it said.
    pub message: String,
    /// Where it was: file, line and column.
    pub place: String,
}

/// What stands between message and place in the text of a violation. See [`alike`].
const BEFORE_PLACE: &str = ", at ";

/// The run, or in place of a run that panics one with this violation alone: its trace is lost with it.
pub fn guarded(keep: Keep, run: impl FnOnce() -> Run) -> Run {
    caught(run).unwrap_or_else(|assertion| Run {
        violations: vec![assertion.violation(Instant::START, Node::Broker)],
        trace: Trace::new(keep),
        history: History::default(),
        coverage: Coverage::default(),
        steps: 0,
        lasted: std::time::Duration::ZERO,
        traffic: Traffic::default(),
    })
}

/// What the work gives, or the panic that it ended in, of which nothing is printed.
///
/// # Errors
/// If it panics.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Assertion> {
    install_hook();
    let before = CATCHING.replace(true);
    // What the work has left half done is not seen by anybody: it goes away with the work.
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(before);
    outcome.map_err(|_payload| LAST.take().unwrap_or_else(Assertion::unknown))
}

impl Assertion {
    /// As a violation seen at this time on this node.
    #[must_use]
    pub fn violation(&self, at: Instant, node: Node) -> Violation {
        Violation { at, checker: CHECKER, node, text: self.to_string() }
    }

    fn of(info: &PanicHookInfo<'_>) -> Self {
        let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
        let place = info.location().map_or_else(|| UNKNOWN_PLACE.to_owned(), ToString::to_string);
        Self { message, place }
    }

    // A panic that is resumed does not pass the hook.
    fn unknown() -> Self {
        Self { message: "a panic was passed on".to_owned(), place: UNKNOWN_PLACE.to_owned() }
    }
}

const UNKNOWN_PLACE: &str = "a place that is not known";

/// Whether two violations are the same failure: of the same checker, and assertions in the same place.
#[must_use]
pub fn alike(one: &Violation, other: &Violation) -> bool {
    one.checker == other.checker && (one.checker != CHECKER || place(one) == place(other))
}

fn place(violation: &Violation) -> &str {
    violation.text.rsplit_once(BEFORE_PLACE).map_or(violation.text.as_str(), |(_, place)| place)
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Assertion>> = const { RefCell::new(None) };
}

/// The hook belongs to the whole process: threads that catch nothing get what they would get without it.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let otherwise = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                LAST.set(Some(Assertion::of(info)));
            } else {
                otherwise(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(number: u32) -> Assertion {
        caught(|| assert_eq!(number, 1, "it is {number}")).unwrap_err()
    }

    #[test]
    fn a_panic_is_told_with_message_and_place() {
        assert_eq!(caught(|| 5), Ok(5));
        let told = failing(7);
        assert!(told.message.contains("it is 7"), "{told}");
        assert!(told.place.contains("assertion.rs:"), "{told}");
    }

    #[test]
    fn threads_catch_each_their_own() {
        let threads: Vec<_> = (2..10).map(|number| std::thread::spawn(move || failing(number).message)).collect();
        for (number, thread) in (2..10).zip(threads) {
            assert!(thread.join().unwrap().contains(&format!("it is {number}")));
        }
    }

    #[test]
    fn panics_are_caught_one_inside_the_other() {
        let outer = caught(|| {
            let inner = failing(3);
            panic!("around {}", inner.message.len());
        });
        assert!(outer.unwrap_err().message.starts_with("around "));
    }

    #[test]
    fn a_run_that_panics_is_a_violation() {
        let run = guarded(Keep::Nothing, || panic!("no live member, at all"));
        let [violation] = run.violations.as_slice() else { panic!("one violation") };
        assert_eq!(violation.checker, CHECKER);
        assert!(violation.text.starts_with("no live member, at all, at "), "{}", violation.text);
    }

    #[test]
    fn assertions_are_alike_in_the_same_place_only() {
        let of = |assertion: Assertion| assertion.violation(Instant::START, Node::Api(1));
        let elsewhere = caught(|| panic!("it is 7")).unwrap_err();
        assert!(alike(&of(failing(7)), &of(failing(8))));
        assert!(!alike(&of(failing(7)), &of(elsewhere)));
        let other = |text: &str, checker| Violation { checker, text: text.into(), ..of(failing(7)) };
        assert!(alike(&other("a", "exact-bytes"), &other("b", "exact-bytes")));
        assert!(!alike(&other("a", "exact-bytes"), &other("a", "liveness")));
    }
}
