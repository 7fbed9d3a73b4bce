//! Failures of the seed that have to do with what lies on its disks.

use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::{BodyFlaw, FaultKind};
use crate::scenario::sizes::{HELD, LARGE, SMALL};
use crate::scenario::{Scenario, Seen, Story, ensure};

pub(in crate::scenario) const OVERWRITE_IN_PLACE: Scenario = Scenario {
    name: "failure-07-overwrite-in-place",
    story: "An object is overwritten, first by a client that is gone half way, then by one that is not. With the seed the old \
            object is gone at the first byte. With ours it is read whole until the new one is there whole, also by those \
            who have begun before.",
    plan: || {
        Story::of(1, 1)
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .at(10.0)
            .put_flawed(Api(1), 0, LARGE, BodyFlaw::Cut)
            .at(10.03)
            .get(Api(1), 0)
            .at(11.0)
            .get(Api(1), 0)
            .at(15.0)
            .put(Api(1), 0, LARGE)
            .at(15.08)
            .get(Api(1), 0)
            .at(16.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.outcome(10.0, &Outcome::Unknown)?;
        seen.whole(10.03, 7.0)?;
        seen.whole(11.0, 7.0)?;
        seen.stored(15.0)?;
        let (reader, writer) = (seen.call(15.08)?, seen.call(15.0)?);
        ensure(reader.ended > writer.ended, || "the reader was done before the writer".to_owned())?;
        seen.whole(15.08, 7.0)?;
        seen.whole(16.0, 15.0)
    },
};

pub(in crate::scenario) const DISK_FULL: Scenario = Scenario {
    name: "failure-08-disk-full",
    story: "On every disk writes end early. The seed answers 200, and keeps a shorter object. Ours answers 507, keeps \
            nothing, and goes on serving what it has; when there is room it takes objects again.",
    plan: || {
        Story::of(1, 3)
            .fault_of_each((1..=3).map(Data), 10.0, 20.0, |node| FaultKind::ShortWrite { node })
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .at(11.0)
            .put(Api(1), 1, LARGE)
            .at(12.0)
            .put(Api(1), 2, HELD)
            .at(13.0)
            .get(Api(1), 1)
            .at(14.0)
            .get(Api(1), 0)
            .at(30.0)
            .put(Api(1), 3, LARGE)
            .at(31.0)
            .get(Api(1), 3)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultShortWrite)?;
        seen.refused(11.0, 507, "no_space")?;
        seen.refused(12.0, 507, "no_space")?;
        seen.missing(13.0)?;
        seen.nowhere(1)?;
        seen.nowhere(2)?;
        seen.whole(14.0, 7.0)?;
        seen.stored(30.0)?;
        seen.whole(31.0, 30.0)
    },
};

pub(in crate::scenario) const TWO_COPIES: Scenario = Scenario {
    name: "failure-09-two-copies",
    story: "A name is put while the data server where it is at home has not started yet, and put again when it has: two \
            copies on two servers. Of twenty GETs some give the one and some the other, with the seed and, until there is \
            the catalog, with ours. But each answer is the whole of one of the two, and a DELETE removes both.",
    plan: || {
        let story = Story::of(2, 3);
        let home = story.home_of(0);
        story
            .fault(0.0, 12.0, FaultKind::StartsLate { node: home })
            .at(8.0)
            .put(Api(1), 0, LARGE)
            .at(15.0)
            .put(Api(2), 0, HELD)
            .every(0.2, 16.0, 20.0, |story, time| story.get(Api(1 + time % 2), 0))
            .at(25.0)
            .delete(Api(1), 0)
            .at(26.0)
            .get(Api(2), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let (old, new) = (seen.holders(8.0)?, seen.holders(15.0)?);
        ensure(old.len() == 1 && new.len() == 1 && old != new, || format!("the copies are on {old:?} and {new:?}"))?;
        let puts = [seen.call(8.0)?, seen.call(15.0)?];
        seen.calls(16.0, 20.0).try_for_each(|get| seen.whole_of(get, &puts))?;
        seen.outcome(25.0, &Outcome::Removed)?;
        seen.missing(26.0)
    },
};

pub(in crate::scenario) const REFUSED_BY_THE_DISK: Scenario = Scenario {
    name: "failure-16-refused-by-the-disk",
    story: "The seed's disk refuses a name of 256 bytes: the answer to the PUT is 500, yet to a locate it says that somebody \
            has the object. Here all disks refuse to write, and nobody is said to have anything.",
    plan: || {
        Story::of(1, 2)
            .fault_of_each((1..=2).map(Data), 10.0, 30.0, |node| FaultKind::DiskWriteError { node })
            .at(11.0)
            .put(Api(1), 0, SMALL)
            .at(12.0)
            .locate(Api(1), 0)
            .at(13.0)
            .locate_all(Api(1), 0)
            .at(14.0)
            .get(Data(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultDiskWrite)?;
        seen.refused(11.0, 503, "not_stored")?;
        seen.missing(12.0)?;
        seen.missing(13.0)?;
        seen.missing(14.0)?;
        seen.nowhere(0)
    },
};
