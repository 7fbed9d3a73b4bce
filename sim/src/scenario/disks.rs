//! What lies on a disk is whole or not there, and what is rotten is not served.

use super::sizes::{HELD, LARGE, SMALL};
use super::{Scenario, Seen, Story, ensure, expect_outcome, expect_within, second, told};
use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::FaultKind;
use crate::trace::MarkKind;

pub(super) const POWER_LOST_AT_RENAME: Scenario = Scenario {
    name: "power-lost-between-rename-and-folder-sync",
    story: "Eight data servers overwrite an object each. Of some the power has gone just before, of the others it goes when \
            the new object has been renamed into place and its folder is not synced. No client is told 200. When the power \
            is back there is the old object or the new one on each, whole.",
    plan: || {
        let mut story = Story::of(1, 8);
        for number in 1..=8 {
            let (node, later) = (Data(number), f64::from(number) / 10.0);
            story = story
                .at(7.0 + later)
                .put(node, number, HELD)
                .fault(9.0, 50.0, FaultKind::PowerLoss { node })
                .at(10.0 + later)
                .put(node, number, HELD)
                .at(60.0 + later)
                .get(Api(1), number);
        }
        story.plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let mut between = 0;
        for ((before, after), get) in seen.calls(7.0, 8.0).zip(seen.calls(10.0, 11.0)).zip(seen.calls(60.0, 61.0)) {
            expect_outcome(after, &Outcome::Unknown)?;
            seen.whole_of(get, &[before, after])?;
            let ended = seen.first_mark(after.server, MarkKind::Stopped, 9.0)?;
            between += usize::from(seen.holdings(get.name.0).nth(1).is_some_and(|new| new.from == ended));
        }
        ensure(0 < between && between < 8, || format!("of {between} the power went between rename and sync"))
    },
};

pub(super) const SYNCED_OUT_OF_ORDER: Scenario = Scenario {
    name: "folders-synced-out-of-order",
    story: "Eight data servers whose disks take up to 3 s for each step get eight objects of one name at once, each of its own \
            size. Then the power goes. What is there when it is back was one of them, whole, and none that was replaced by one \
            that had been synced. Once the simulator's disk mixed up their sizes and their order.",
    plan: || {
        let mut story = Story::of(1, 8).by_chance(3);
        for number in 1..=8 {
            let (node, later) = (Data(number), f64::from(number) / 10.0);
            story = story.fault(6.5, 12.0, FaultKind::SlowDisk { node, up_to_us: 3_000_000 });
            for size in 0_u32..8 {
                story = story.at(7.0 + later + f64::from(size) / 1000.0).put(node, number, SMALL + u64::from(size));
            }
            let lost = 10.0 + later * 3.0;
            story = story.fault(lost, 20.0, FaultKind::PowerLoss { node }).at(30.0 + later).get(Api(1), number);
        }
        story.plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let mut brought_back = 0;
        for number in 1..=8 {
            let puts: Vec<_> = seen.calls(7.0, 8.0).filter(|call| call.name.0 == number).collect();
            let gets = seen.calls(30.0, 31.0).filter(|call| call.name.0 == number);
            for get in gets.filter(|get| get.outcome != Outcome::Missing) {
                seen.whole_of(get, &puts)?;
            }
            brought_back += seen.holdings(number).filter(|held| held.durable == Some(held.from)).count();
        }
        ensure(brought_back > 0, || "no loss of power brought back what had been replaced".to_owned())
    },
};

pub(super) const KILLED_BETWEEN_EFFECTS: Scenario = Scenario {
    name: "killed-between-two-effects",
    story: "Three data servers are killed while each overwrites an object: one before it begins to receive, one before it \
            begins to make it durable, one before it answers. No client is told anything. On the first two is the old \
            object, on the third the new one, whole.",
    plan: || {
        let mut story = Story::of(1, 3);
        for (number, after_effects) in (1..=3).zip(0..) {
            let (node, later) = (Data(number), f64::from(number) / 10.0);
            story = story
                .at(7.0 + later)
                .put(node, number, HELD)
                // No heartbeat is due in this second, so the only effects are those of the PUT.
                .fault(11.0, 20.0, FaultKind::KillBetweenEffects { node, after_effects })
                .at(11.0 + later)
                .put(node, number, HELD)
                .at(25.0 + later)
                .get(Api(1), number);
        }
        story.plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKillBetweenEffects)?;
        seen.all_ended(11.0, 12.0, &Outcome::Unknown)?;
        seen.whole(25.1, 7.1)?;
        seen.whole(25.2, 7.2)?;
        seen.whole(25.3, 11.3)
    },
};

pub(super) const KILLED_WHILE_COMMITTING: Scenario = Scenario {
    name: "killed-at-any-point-of-a-write",
    story: "Twelve data servers with slow disks overwrite an object each, and each is killed a little later than the one \
            before. On some there is afterwards the old object, on some the new one; on each one of the two, whole, and the \
            new one where the client was told 200.",
    plan: || {
        let mut story = Story::of(1, 12);
        for number in 1..=12 {
            let (node, later) = (Data(number), f64::from(number) / 4.0);
            story = story
                .at(7.0 + later)
                .put(node, number, HELD)
                .fault(10.5, 20.0, FaultKind::SlowDisk { node, up_to_us: 1_000_000 })
                .at(11.0 + later / 100.0)
                .put(node, number, HELD)
                .fault(11.0 + later, 21.0, FaultKind::Kill { node })
                .at(25.0 + later)
                .get(Api(1), number);
        }
        story.plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let (mut old, mut new) = (0, 0);
        for ((before, after), get) in seen.calls(7.0, 11.0).zip(seen.calls(11.0, 12.0)).zip(seen.calls(25.0, 29.0)) {
            if after.outcome == Outcome::Stored || seen.whole_of(get, &[before]).is_err() {
                seen.whole_of(get, &[after])?;
                new += 1;
            } else {
                old += 1;
            }
        }
        ensure(old > 0 && new > 0 && old + new == 12, || format!("{old} were found old and {new} new"))
    },
};

pub(super) const BIT_ROT: Scenario = Scenario {
    name: "rotten-bits-are-never-served",
    story: "A bit of an object flips on the disk. Nobody gets the damaged object for a whole one: its body breaks off, or the \
            answer is 503. When it is put again it is whole.",
    plan: || {
        Story::of(1, 2)
            .at(7.0)
            .put(Data(1), 0, HELD)
            .fault(10.0, 10.1, FaultKind::BitRot { node: Data(1) })
            .every(0.25, 10.2, 15.0, |story, time| story.get(if time % 2 == 0 { Api(1) } else { Data(1) }, 0))
            .at(20.0)
            .put(Data(1), 0, HELD)
            .at(21.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBitRot)?;
        for get in seen.calls(10.2, 15.0) {
            let refused = matches!(get.outcome, Outcome::CutBody | Outcome::Refused { status: 503, .. });
            ensure(refused, || format!("{}; expected was 503 or a body that breaks off", told(get)))?;
        }
        seen.whole(21.0, 20.0)
    },
};

pub(super) const FULL_GOES_ELSEWHERE: Scenario = Scenario {
    name: "a-full-disk-is-passed-over",
    story: "One disk is full. The first write that is at home there is refused by it and goes elsewhere; it says \
            so in a heartbeat at once, and is not even tried any more, by whatever API server. When there is room it takes objects again, \
            without a restart.",
    plan: || {
        let story = Story::of(2, 3);
        let home = story.home_of(0);
        story
            .fault(10.6, 30.0, FaultKind::DiskFull { node: home })
            .at(11.0)
            .put(Api(1), 0, SMALL)
            .at(12.0)
            .put(Api(2), 0, SMALL)
            .at(20.0)
            .put(Api(1), 0, SMALL)
            .at(45.0)
            .put(Api(1), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let homes = Story::of(2, 3).homes_of(0);
        let [full, second_best, ..] = *homes.as_slice() else { return Err(format!("only {homes:?} take objects")) };
        for at in [11.0, 12.0, 20.0] {
            seen.stored_on(at, second_best)?;
        }
        let tried = put_requests(seen, full, 11.0, 40.0);
        ensure(tried == 1, || format!("the full disk was tried {tried} times"))?;
        seen.stored_on(45.0, full)
    },
};

pub(super) const READ_ONLY: Scenario = Scenario {
    name: "a-disk-that-has-lied-takes-no-more",
    story: "A disk fails to write for a while. What was to be written goes elsewhere, and the server says at once that it \
            takes no more, even when the disk seems well again: one that lied once is not believed. What it holds it still serves. Only \
            a restart makes it take objects again.",
    plan: || {
        let story = Story::of(2, 3);
        let home = story.home_of(0);
        story
            .at(7.0)
            .put(home, 100, SMALL)
            .fault(10.0, 20.0, FaultKind::DiskWriteError { node: home })
            .at(11.0)
            .put(Api(1), 0, SMALL)
            .at(12.0)
            .put(Api(2), 0, SMALL)
            .at(30.0)
            .put(Api(1), 0, SMALL)
            .at(31.0)
            .get(Api(1), 100)
            .fault(35.0, 36.0, FaultKind::Kill { node: home })
            .at(40.0)
            .put(Api(1), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let homes = Story::of(2, 3).homes_of(0);
        let [home, second_best, ..] = *homes.as_slice() else { return Err(format!("only {homes:?} take objects")) };
        seen.touched(Point::FaultDiskWrite)?;
        for at in [11.0, 12.0, 30.0] {
            seen.stored_on(at, second_best)?;
        }
        let tried = put_requests(seen, home, 8.0, 35.0);
        ensure(tried == 1, || format!("the disk that failed was tried {tried} times"))?;
        seen.whole(31.0, 7.0)?;
        seen.stored_on(40.0, home)
    },
};

/// How many PUTs have reached a data server's machine, from one second on and before another.
fn put_requests(seen: Seen<'_>, data: crate::node::Node, from: f64, until: f64) -> usize {
    let inputs = seen.steps(data).filter(|(at, ..)| second(from) <= *at && *at < second(until));
    inputs.filter(|(_, input, _)| input.starts_with("request") && input.contains(": PUT")).count()
}

pub(super) const UNREADABLE: Scenario = Scenario {
    name: "an-unreadable-disk-is-no-404",
    story: "A disk cannot be read for a while. What lies there is 503 and not 404, for nobody can say that it is not there. \
            When it can be read again everything is there.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .fault(10.0, 20.0, FaultKind::DiskReadError { node: Data(1) })
            .every(0.5, 10.5, 19.0, |story, _| story.get(Api(1), 0))
            .at(21.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultDiskRead)?;
        let unanswered = Outcome::Refused { status: 503, code: "unanswered" };
        seen.all_ended(10.5, 19.0, &unanswered)?;
        seen.whole(21.0, 7.0)
    },
};

pub(super) const BLANK: Scenario = Scenario {
    name: "a-blank-disk-under-an-old-address",
    story: "A data server comes back with an empty disk under the address that it had. What only it held is gone, and the \
            answer is 404, as everybody says no; nothing of the old is served, and new objects are put there.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .fault(10.0, 12.0, FaultKind::BlankDisk { node: home })
            .at(15.0)
            .get(Api(1), 0)
            .at(16.0)
            .put(Api(1), 0, LARGE)
            .at(17.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let home = Story::of(1, 3).home_of(0);
        seen.touched(Point::FaultBlankDisk)?;
        seen.held_by(7.0, &[home])?;
        seen.missing(15.0)?;
        seen.stored_on(16.0, home)?;
        seen.whole(17.0, 16.0)
    },
};

pub(super) const SLOW: Scenario = Scenario {
    name: "a-slow-disk-holds-up-nobody-else",
    story: "Each step of one disk takes up to 2 s. What is put on it or read from it takes its time or is 503, and is never \
            404. Whoever has to do with other disks alone does not notice.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .at(8.0)
            .put(Data(2), 1, SMALL)
            .fault(10.0, 50.0, FaultKind::SlowDisk { node: Data(1), up_to_us: 2_000_000 })
            .at(11.0)
            .put(Data(1), 2, SMALL)
            .every(1.0, 20.0, 40.0, |story, time| story.get(Api(1), time % 2))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultSlowDisk)?;
        seen.stored(11.0)?;
        seen.not_before(11.0, 0.5)?;
        let unanswered = Outcome::Refused { status: 503, code: "unanswered" };
        for get in seen.calls(20.0, 40.0) {
            if get.name.0 == 1 {
                seen.whole_of(get, &[seen.call(8.0)?])?;
                expect_within(get, 0.01)?;
            } else if get.outcome != unanswered {
                seen.whole_of(get, &[seen.call(7.0)?])?;
            }
        }
        Ok(())
    },
};
