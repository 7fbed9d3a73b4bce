//! The catalog fails: nobody is told what is not true, and nothing that was told is lost.

use super::sizes::SMALL;
use super::{Scenario, Seen, Story, ensure, told};
use crate::coverage::Point;
use crate::history::{Call, Outcome};
use crate::node::Node::{Api, Catalog};
use crate::plan::{CatalogSetup, Condition, FaultKind};

fn cluster() -> Story {
    Story::of(2, 3).with_catalog(CatalogSetup::usual())
}

/// What was told to a writer agrees with what a reader finds, long after.
fn agrees(seen: Seen<'_>, put: &Call, get: &Call) -> Result<(), String> {
    let is_there = seen.whole_of(get, &[put]).is_ok();
    let is_missing = get.outcome == Outcome::Missing;
    let refused = |code| put.outcome == Outcome::Refused { status: 503, code };
    let agrees = (put.outcome == Outcome::Stored && is_there)
        || (refused("catalog_unavailable") && is_missing)
        || (refused("outcome_unknown") && (is_there || is_missing));
    ensure(agrees, || format!("{}, and then: {}", told(put), told(get)))
}

pub(super) const BROKEN_OFF: Scenario = Scenario {
    name: "a-commit-that-broke-off-is-settled",
    story: "Half of the connections to the catalog break off: what was asked is done before that, or after it, or never. The API \
            server asks what became of its commit, which settles it: the client is told 200, or 503 and then it will never \
            be done, also if the catalog only gets to it now. Only where that question breaks off as well is the outcome unknown.",
    plan: || {
        cluster()
            .fault(7.0, 17.0, FaultKind::CatalogBreaksOff { node: Catalog, permille: 500 })
            .every(0.1, 7.0, 16.0, |story, number| story.put(Api(1 + number % 2), number, SMALL))
            .every(0.1, 30.0, 39.0, |story, number| story.get(Api(1 + number % 2), number))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for point in [
            Point::CatalogSettledKept,
            Point::CatalogSettledCondemned,
            Point::FaultCatalogAnswerLost,
            Point::FaultCatalogDoneLate,
            Point::FaultCatalogNeverDone,
        ] {
            seen.touched(point)?;
        }
        seen.calls(7.0, 16.0).zip(seen.calls(30.0, 39.0)).try_for_each(|(put, get)| agrees(seen, put, get))
    },
};

pub(super) const FAILOVER: Scenario = Scenario {
    name: "the-catalog-fails-over",
    story: "In the middle of many writes the catalog goes over to another machine. What it was at is done or not, and for a while \
            it refuses. Nothing that a client was told is lost, and afterwards all goes on.",
    plan: || {
        cluster()
            .fault(8.0, 8.5, FaultKind::CatalogFailover { node: Catalog })
            .every(0.001, 7.9, 8.1, |story, number| story.put(Api(1 + number % 2), number, SMALL))
            .every(0.01, 20.0, 22.0, |story, number| story.get(Api(1 + number % 2), number))
            .at(23.0)
            .put(Api(1), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultCatalogFailover)?;
        let puts: Vec<_> = seen.calls(7.9, 8.1).collect();
        let stored = puts.iter().filter(|put| put.outcome == Outcome::Stored).count();
        let refused = puts.len() - stored;
        ensure(stored > 50 && refused > 50, || format!("{stored} were stored and {refused} refused"))?;
        puts.into_iter().zip(seen.calls(20.0, 22.0)).try_for_each(|(put, get)| agrees(seen, put, get))?;
        seen.stored(23.0)
    },
};

pub(super) const DELETE_UNKNOWN_TWICE: Scenario = Scenario {
    name: "a-delete-of-unknown-outcome",
    story: "The catalog breaks off when an object is deleted, and once more when the API server asks what became of it: the \
            client is told that nobody knows. It deletes again, is told 204 or 404, and the object is gone for good.",
    plan: || {
        cluster()
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(8.0012, 8.5, FaultKind::CatalogBreaksOff { node: Catalog, permille: 1000 })
            .at(8.0)
            .delete(Api(1), 0)
            .at(12.0)
            .delete(Api(2), 0)
            .at(13.0)
            .get(Api(1), 0)
            .at(20.0)
            .put(Api(2), 0, SMALL)
            .only_if(Condition::Absent)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.refused(8.0, 503, "outcome_unknown")?;
        let again = seen.call(12.0)?;
        ensure(matches!(again.outcome, Outcome::Removed | Outcome::Missing), || told(again))?;
        seen.missing(13.0)?;
        seen.wrote(20.0, 3)
    },
};

pub(super) const DOWN: Scenario = Scenario {
    name: "the-catalog-is-down",
    story: "The catalog is down. Whatever needs it is 503 at once, with the word for it: reads, writes, deletions and listings; \
            nothing is 404, and nothing is changed. When it is back all is as it was.",
    plan: || {
        cluster()
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(8.0, 20.0, FaultKind::CatalogDown { node: Catalog })
            .at(9.0)
            .get(Api(1), 0)
            .at(10.0)
            .put(Api(2), 0, SMALL)
            .at(11.0)
            .delete(Api(1), 0)
            .at(12.0)
            .head(Api(2), 1)
            .at(13.0)
            .list(Api(1), 10, None)
            .at(14.0)
            .versions(Api(2), 0)
            .at(15.0)
            .delete(Api(1), 0)
            .of_version(1)
            .at(21.0)
            .get(Api(1), 0)
            .at(22.0)
            .put(Api(2), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for at in [9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0] {
            seen.refused(at, 503, "catalog_unavailable")?;
            seen.within(at, 0.02)?;
        }
        seen.whole(21.0, 7.0)?;
        seen.wrote(22.0, 2)
    },
};

pub(super) const CUT_OFF: Scenario = Scenario {
    name: "one-api-server-is-cut-off-from-the-catalog",
    story: "Nothing passes between one API server and the catalog. Through this one a read is 503 after six seconds, and whether \
            a write is done it does not know; through the other one nobody notices anything.",
    plan: || {
        cluster()
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(8.0, 30.0, FaultKind::Partition { a: Api(1), b: Catalog })
            .at(9.0)
            .get(Api(1), 0)
            .at(10.0)
            .put(Api(1), 1, SMALL)
            .at(11.0)
            .get(Api(2), 0)
            .at(12.0)
            .put(Api(2), 0, SMALL)
            .at(40.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultCatalogOutOfReach)?;
        seen.touched(Point::FaultCatalogGivenUp)?;
        seen.refused(9.0, 503, "catalog_unavailable")?;
        seen.took_between(9.0, 6.0, 6.1)?;
        seen.refused(10.0, 503, "outcome_unknown")?;
        seen.whole(11.0, 7.0)?;
        seen.wrote(12.0, 2)?;
        seen.whole(40.0, 12.0)
    },
};

pub(super) const SLOW: Scenario = Scenario {
    name: "a-slow-catalog-refuses-nobody",
    story: "Each transaction of the catalog takes up to two seconds. Clients wait; nobody is refused anything, and versions are \
            in the order in which they were told.",
    plan: || {
        cluster()
            .fault(6.5, 60.0, FaultKind::SlowCatalog { node: Catalog, up_to_us: 2_000_000 })
            .every(3.0, 7.0, 40.0, |story, number| story.put(Api(1 + number % 2), 0, SMALL))
            .every(6.0, 9.5, 40.0, |story, number| story.get(Api(1 + number % 2), 0))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultSlowCatalog)?;
        let puts: Vec<_> = seen.calls(7.0, 40.0).filter(|call| call.outcome == Outcome::Stored).collect();
        ensure(puts.len() == 11, || format!("{} of 11 were stored", puts.len()))?;
        for (put, version) in puts.iter().zip(1..) {
            ensure(put.told_version == Some(version), || format!("{} as version {:?}", told(put), put.told_version))?;
        }
        let mut gets = seen.calls(7.0, 40.0).filter(|call| call.outcome != Outcome::Stored);
        gets.try_for_each(|get| seen.whole_of(get, &puts))
    },
};

pub(super) const CLOCK_STEPS: Scenario = Scenario {
    name: "the-clock-of-the-catalog-steps",
    story: "The clock of the catalog is set back by a day, and then forward by two. Versions count up, whatever it shows; what is \
            read is what was written last.",
    plan: || {
        let day_us = 86_400_000_000;
        cluster()
            .every(1.0, 7.0, 16.0, |story, number| story.put(Api(1 + number % 2), 0, SMALL))
            .fault(9.5, 9.6, FaultKind::WallClockStep { node: Catalog, by_us: -day_us })
            .fault(12.5, 12.6, FaultKind::WallClockStep { node: Catalog, by_us: 2 * day_us })
            .at(20.0)
            .get(Api(2), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultWallClockStep)?;
        for (at, version) in [(7.0, 1), (10.0, 4), (13.0, 7), (15.0, 9)] {
            seen.wrote(at, version)?;
        }
        seen.whole(20.0, 15.0)
    },
};
