//! What clients are told of what is not there, or may not be, and how soon.

use super::sizes::{LARGE, SMALL};
use super::{Scenario, Seen, Story, ensure, expect_outcome, expect_within};
use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::FaultKind;

pub(super) const ONE_ROUND_TRIP: Scenario = Scenario {
    name: "missing-costs-one-round-trip",
    story: "Clients ask for what nobody holds. With the seed each waits a second, for silence is its only no. Ours say no: \
            it costs one round trip over the bus, a few milliseconds.",
    plan: || Story::of(1, 6).every(0.1, 7.0, 12.0, |story, time| story.get(Api(1), time)).plan(),
    expect: |run| {
        let seen = Seen::of(run);
        ensure(seen.calls(7.0, 12.0).count() == 50, || "not everybody has asked".to_owned())?;
        for call in seen.calls(7.0, 12.0) {
            expect_outcome(call, &Outcome::Missing)?;
            expect_within(call, 0.004)?;
        }
        Ok(())
    },
};

pub(super) const NO_404_WHILE_ONE_IS_SILENT: Scenario = Scenario {
    name: "no-404-while-one-is-silent",
    story: "One of three data servers is cut off from everybody. It is believed to live, and nobody knows what it holds: who \
            asks for what the others do not hold gets 503 within a second, who asks for all holders is told whose answer is \
            missing, and who wants something removed is not told that it is gone.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 1, SMALL)
            .fault(10.6, 15.0, FaultKind::Isolated { node: Data(3) })
            .at(11.0)
            .get(Api(1), 0)
            .at(12.0)
            .locate(Api(1), 0)
            .at(12.5)
            .locate_all(Api(1), 1)
            .at(13.0)
            .delete(Api(1), 1)
            .at(20.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.refused(11.0, 503, "unanswered")?;
        seen.within(11.0, 1.001)?;
        seen.refused(12.0, 503, "unanswered")?;
        let one_silent = Outcome::Located { holders: vec![Data(1)], unanswered: vec![Data(3)] };
        seen.outcome(12.5, &one_silent)?;
        seen.within(12.5, 1.001)?;
        seen.refused(13.0, 503, "not_removed")?;
        seen.missing(20.0)
    },
};

pub(super) const BUSY: Scenario = Scenario {
    name: "busy-is-said-at-once",
    story: "An API server that serves one request at a time has one, and gets others. They are told at once to come back \
            later, none waits in a queue, and the first is served as if nothing were.",
    plan: || {
        Story::of(1, 2)
            .with(|cluster| cluster.max_requests = 1)
            .at(10.0)
            .put(Api(1), 0, LARGE)
            .at(10.02)
            .put(Api(1), 1, SMALL)
            .at(10.04)
            .get(Api(1), 0)
            .at(10.3)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.stored(10.0)?;
        for at in [10.02, 10.04] {
            seen.refused(at, 503, "busy")?;
            seen.within(at, 0.001)?;
        }
        seen.nowhere(1)?;
        seen.whole(10.3, 10.0)
    },
};

pub(super) const NOBODY_THERE: Scenario = Scenario {
    name: "no-data-server-at-all",
    story: "The only data server is gone and forgotten. Clients are told that there is none, at once, and not that their \
            object does not exist.",
    plan: || {
        Story::of(1, 1)
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(10.0, 40.0, FaultKind::Kill { node: Data(1) })
            .at(25.0)
            .put(Api(1), 1, SMALL)
            .at(26.0)
            .get(Api(1), 0)
            .at(41.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKill)?;
        for at in [25.0, 26.0] {
            seen.refused(at, 503, "no_data_server")?;
            seen.within(at, 0.001)?;
        }
        seen.whole(41.0, 7.0)
    },
};
