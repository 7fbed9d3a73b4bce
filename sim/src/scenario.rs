//! Plans with a name and a story: what happens, what the system that Lode starts from did, and what is expected of Lode.
//!
//! A run checks by itself what must hold in every run. A scenario says beside that what is to come of this very one, and so
//! is both a test and a page of the handbook. All of them are in [`ALL`]; `lode-sim --scenarios` prints their stories.
//!
//! Whoever wants to write one begins with a [`Story`], and looks at what came of it with [`Seen`]:
//!
//! ```
//! use lode_sim::node::Node::{Api, Data};
//! use lode_sim::plan::FaultKind;
//! use lode_sim::scenario::{Scenario, Seen, Story, play};
//! use lode_sim::trace::Keep;
//!
//! const SILENT: Scenario = Scenario {
//!     name: "nobody-says-no-for-another",
//!     story: "One of two data servers is cut off. Nobody knows what it holds, so the answer is not 404.",
//!     plan: || {
//!         let cut_off = FaultKind::Isolated { node: Data(2) };
//!         Story::of(1, 2).at(8.0).get(Api(1), 0).fault(7.0, 12.0, cut_off).plan()
//!     },
//!     expect: |run| Seen::of(run).refused(8.0, 503, "unanswered"),
//! };
//!
//! assert!(play(&SILENT, Keep::Nothing).violations.is_empty());
//! ```

mod answers;
mod bus;
mod catalog;
mod disks;
mod failures;
mod membership;
mod mixed;
mod seen;
mod sizes;
mod story;
#[cfg(test)]
mod tests;
mod transfers;
mod versions;

use self::failures::{bus as bus_failures, disks as disk_failures, transfers as transfer_failures};
pub use self::seen::{Seen, ensure, expect_outcome, expect_within, second, told};
pub use self::story::{SETTLED, Story};
use crate::history::Violation;
use crate::node::Node;
use crate::plan::Plan;
use crate::run::{self, Run};
use crate::trace::{Keep, MarkKind, Record, Trace};

/// The checker of a violation that is a story that went another way.
pub const CHECKER: &str = "story";

/// A plan with a name, and what is expected of its run.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name: lower case, with hyphens.
    pub name: &'static str,
    /// What happens, and what is expected, for people.
    pub story: &'static str,
    /// What happens.
    pub plan: fn() -> Plan,
    /// What is expected; if it is not met, a sentence that says what came instead. The run has its records.
    pub expect: fn(&Run) -> Result<(), String>,
}

/// All scenarios.
pub const ALL: &[Scenario] = &[
    bus_failures::BROKER_RESTART,
    bus_failures::NO_BROKER_AT_THE_START,
    transfer_failures::HOLDER_KILLED_DURING_GET,
    transfer_failures::TARGET_KILLED_DURING_PUT,
    transfer_failures::WRITES_TO_A_DEAD_SERVER,
    transfer_failures::CLIENT_STOPS_HALF_WAY,
    disk_failures::OVERWRITE_IN_PLACE,
    disk_failures::DISK_FULL,
    disk_failures::TWO_COPIES,
    bus_failures::MALFORMED_MESSAGES,
    bus_failures::TRAVERSAL,
    transfer_failures::CLIENTS_HANG_UP,
    bus_failures::QUEUES_LEFT_BEHIND,
    bus_failures::ALL_DATA_SERVERS_PAUSED,
    bus_failures::FIFTY_READERS_AT_ONCE,
    disk_failures::REFUSED_BY_THE_DISK,
    bus::DOWN_UNDER_LOAD,
    bus::BACK,
    bus::HANGS,
    bus::QUEUE_LOST,
    bus::LATE_BINDING,
    bus::LOST_MESSAGES,
    bus::DOUBLED_AND_REORDERED,
    bus::ONE_WAY,
    membership::EXACT,
    membership::EXACT_BY_ITS_OWN_CLOCK,
    membership::CLOCK_STANDS_STILL,
    membership::CLOCK_CHANGES_IN_A_PAUSE,
    membership::WALL_CLOCKS_STEP,
    membership::HELLO,
    membership::JOINS,
    membership::RESTARTED,
    membership::PAUSED,
    answers::ONE_ROUND_TRIP,
    answers::NO_404_WHILE_ONE_IS_SILENT,
    answers::NOBODY_THERE,
    answers::BUSY,
    transfers::HELD_GOES_ELSEWHERE,
    transfers::STREAMED_IS_REFUSED,
    transfers::SILENT_SERVER_AVOIDED,
    transfers::ANSWER_LOST,
    transfers::TRUNCATED,
    transfers::STALLED_UPLOADS,
    transfers::API_KILLED,
    disks::POWER_LOST_AT_RENAME,
    disks::SYNCED_OUT_OF_ORDER,
    disks::KILLED_BETWEEN_EFFECTS,
    disks::KILLED_WHILE_COMMITTING,
    disks::BIT_ROT,
    disks::FULL_GOES_ELSEWHERE,
    disks::READ_ONLY,
    disks::UNREADABLE,
    disks::BLANK,
    disks::SLOW,
    mixed::SEED_BOTH_WAYS,
    mixed::SEED_KILLED_DURING_GET,
    mixed::ONE_ADDRESS_FOR_TWO,
    mixed::EVERYBODY_RESTARTS,
    versions::OVERWRITES,
    versions::ONE_WINNER,
    versions::TOMBSTONE,
    versions::OLD_VERSIONS,
    versions::PAGES,
    versions::TWO_OF_SIX_KILLED,
    versions::COPY_LOST_ON_THE_WAY,
    versions::NO_QUORUM,
    versions::LATE_COPY,
    versions::WRONG_NOTES,
    versions::API_KILLED_BEFORE_COMMIT,
    versions::ANSWER_LOST,
    catalog::BROKEN_OFF,
    catalog::FAILOVER,
    catalog::DELETE_UNKNOWN_TWICE,
    catalog::DOWN,
    catalog::CUT_OFF,
    catalog::SLOW,
    catalog::CLOCK_STEPS,
];

/// The scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// Runs the scenario. If what is expected is not met, the run has a violation of [`CHECKER`] that says so.
///
/// # Panics
/// If a machine fails an assertion of its own.
#[must_use]
pub fn play(scenario: &Scenario, keep: Keep) -> Run {
    let mut run = run::run(&(scenario.plan)(), Keep::Records);
    scenario.judge(&mut run);
    if keep != Keep::Records {
        run.trace = kept(&run.trace, keep);
    }
    run
}

impl Scenario {
    /// Adds to a run of the scenario's plan, with its records, the violation that it went another way, if it did.
    pub fn judge(&self, run: &mut Run) {
        let Err(text) = (self.expect)(run) else { return };
        // It is seen when all is over, and nowhere in particular.
        let (at, node) = (run.history.end, Node::Broker);
        let told = format!("{CHECKER}: {text}");
        run.trace.note(|| Record::Mark { at, node, kind: MarkKind::Violation, text: told });
        run.violations.push(Violation { at, checker: CHECKER, node, text });
    }
}

/// What is kept of a trace when less is wished.
fn kept(trace: &Trace, keep: Keep) -> Trace {
    let mut kept = Trace::new(keep);
    for record in trace.records() {
        kept.note(|| record.clone());
    }
    kept
}
