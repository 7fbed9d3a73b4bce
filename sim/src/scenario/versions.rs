//! Versions and copies: what is written is there as a whole or not at all, and is read from whatever copy there is.

use super::sizes::{HELD, LARGE, SMALL};
use super::{Scenario, Seen, Story, ensure, expect_outcome, told};
use crate::coverage::Point;
use crate::history::{Asked, HoldingEnd, Outcome};
use crate::node::Node::{Api, Data};
use crate::plan::{CatalogSetup, Condition, FaultKind};

const PRECONDITION_FAILED: Outcome = Outcome::Refused { status: 412, code: "precondition_failed" };

fn cluster(apis: u16, datas: u16) -> Story {
    Story::of(apis, datas).with_catalog(CatalogSetup::usual())
}

pub(super) const OVERWRITES: Scenario = Scenario {
    name: "an-overwrite-is-seen-as-a-whole",
    story: "An object is overwritten again and again through one API server and read through the other, while data servers are \
            killed and connections reset. Each read gets one version, whole, and none gets an older one than a read that had \
            ended before. What the system that Lode starts from showed was a mixture of the two.",
    plan: || {
        cluster(2, 6)
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .every(0.5, 10.0, 14.0, |story, _| story.put(Api(1), 0, LARGE))
            .every(0.05, 10.01, 14.0, |story, _| story.get(Api(2), 0))
            .fault(11.03, 12.0, FaultKind::Kill { node: Data(1) })
            .fault(12.55, 13.5, FaultKind::Kill { node: Data(2) })
            .fault(13.0, 13.6, FaultKind::Reset { node: Data(3), permille: 300 })
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKill)?;
        let calls: Vec<_> = seen.calls(7.0, 14.0).collect();
        let puts: Vec<_> = calls.iter().copied().filter(|call| matches!(call.asked, Asked::Put { .. })).collect();
        let gets: Vec<_> = calls.iter().copied().filter(|call| matches!(call.asked, Asked::Get { .. })).collect();
        ensure(gets.len() > 70, || format!("only {} reads", gets.len()))?;
        let whole: Vec<_> = gets.iter().copied().filter(|get| get.outcome != Outcome::CutBody).collect();
        ensure(whole.len() + 5 > gets.len(), || {
            format!("{} of {} reads broke off", gets.len() - whole.len(), gets.len())
        })?;
        for get in &whole {
            seen.whole_of(get, &puts)?;
            let before = whole.iter().filter(|other| other.ended.is_some_and(|ended| ended < get.began));
            let newest = before.filter_map(|other| other.told_version).max();
            ensure(newest <= get.told_version, || format!("{}: version {newest:?} was read before", told(get)))?;
        }
        Ok(())
    },
};

pub(super) const ONE_WINNER: Scenario = Scenario {
    name: "one-winner-of-a-race",
    story: "Through each of two API servers somebody stores an object at the same instant, on condition that there is none. One \
            is told 200, the other 412, and what is read is that of the one. So it is with two who overwrite what both have \
            seen.",
    plan: || {
        cluster(2, 3)
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .only_if(Condition::Absent)
            .put(Api(2), 0, SMALL)
            .only_if(Condition::Absent)
            .at(8.0)
            .get(Api(1), 0)
            .at(9.0)
            .put(Api(1), 0, HELD)
            .only_if(Condition::Unchanged)
            .put(Api(2), 0, HELD)
            .only_if(Condition::Unchanged)
            .at(10.0)
            .get(Api(2), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for (at, version) in [(7.0, 1), (9.0, 2)] {
            let racers: Vec<_> = seen.calls(at, at + 0.5).collect();
            let winners: Vec<_> = racers.iter().copied().filter(|call| call.outcome == Outcome::Stored).collect();
            let [winner] = winners.as_slice() else { return Err(format!("{} have won", winners.len())) };
            ensure(winner.told_version == Some(version), || format!("{} as {:?}", told(winner), winner.told_version))?;
            let losers = racers.iter().filter(|call| call.outcome != Outcome::Stored);
            losers.map(|loser| expect_outcome(loser, &PRECONDITION_FAILED)).collect::<Result<Vec<_>, _>>()?;
            seen.whole_of(seen.call(at + 1.0)?, &[winner])?;
        }
        Ok(())
    },
};

pub(super) const TOMBSTONE: Scenario = Scenario {
    name: "a-tombstone-is-no-object",
    story: "An object is deleted. Who wants to overwrite what there is, or what he saw, is told 412; who wants to store it only \
            if there is none may, and its version is the next after the tombstone's.",
    plan: || {
        cluster(2, 3)
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .at(8.0)
            .delete(Api(2), 0)
            .at(9.0)
            .put(Api(1), 0, SMALL)
            .only_if(Condition::Present)
            .at(10.0)
            .put(Api(2), 0, SMALL)
            .only_if(Condition::Unchanged)
            .at(11.0)
            .delete(Api(1), 0)
            .at(12.0)
            .get(Api(1), 0)
            .at(13.0)
            .put(Api(2), 0, SMALL)
            .only_if(Condition::Absent)
            .at(14.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.wrote(7.0, 1)?;
        seen.wrote(8.0, 2)?;
        seen.outcome(9.0, &PRECONDITION_FAILED)?;
        seen.outcome(10.0, &PRECONDITION_FAILED)?;
        seen.missing(11.0)?;
        seen.missing(12.0)?;
        seen.wrote(13.0, 3)?;
        seen.whole(14.0, 13.0)
    },
};

pub(super) const OLD_VERSIONS: Scenario = Scenario {
    name: "old-versions-are-read-and-removed",
    story: "One old version of each object is kept. The one before the current one can be read and removed, the one before \
            that has gone. When the current one is removed there is the one before it again.",
    plan: || {
        cluster(2, 3)
            .with(|cluster| cluster.catalog = Some(CatalogSetup { old_versions: Some(1), ..CatalogSetup::usual() }))
            .every(1.0, 7.0, 10.0, |story, _| story.put(Api(1), 0, SMALL))
            .at(10.0)
            .get(Api(2), 0)
            .of_version(2)
            .at(11.0)
            .get(Api(2), 0)
            .of_version(1)
            .at(12.0)
            .versions(Api(1), 0)
            .at(13.0)
            .delete(Api(1), 0)
            .of_version(3)
            .at(14.0)
            .get(Api(2), 0)
            .at(15.0)
            .put(Api(2), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.whole(10.0, 8.0)?;
        seen.missing(11.0)?;
        let kept = vec![(3, Some(seen.content(9.0)?)), (2, Some(seen.content(8.0)?))];
        seen.outcome(12.0, &Outcome::Versions(kept))?;
        seen.outcome(13.0, &Outcome::Removed)?;
        seen.whole(14.0, 8.0)?;
        seen.wrote(15.0, 4)
    },
};

pub(super) const PAGES: Scenario = Scenario {
    name: "a-listing-goes-from-page-to-page",
    story: "Five objects are stored and one of them deleted. The four are listed page by page, in the order of their names, \
            with the versions that they have.",
    plan: || {
        cluster(2, 3)
            .every(0.2, 7.0, 8.0, |story, number| story.put(Api(1), number + 1, SMALL))
            .at(9.0)
            .delete(Api(2), 3)
            .at(10.0)
            .list(Api(1), 2, None)
            .at(11.0)
            .list(Api(2), 2, Some(2))
            .at(12.0)
            .list(Api(2), 2, Some(5))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for (at, names, more) in [(10.0, &[1, 2][..], true), (11.0, &[4, 5], false), (12.0, &[], false)] {
            let Outcome::Listed { objects, next } = &seen.call(at)?.outcome else {
                return Err(told(seen.call(at)?));
            };
            let found: Vec<u32> = objects.iter().map(|(name, ..)| name.0).collect();
            let is_right = found == names && next.is_some() == more;
            ensure(is_right, || format!("at {at} s a page has {found:?}, and goes on: {next:?}"))?;
        }
        Ok(())
    },
};

pub(super) const TWO_OF_SIX_KILLED: Scenario = Scenario {
    name: "two-of-six-killed-under-reads",
    story: "A large object has a copy on each of six data servers, and is read all the time. The two that everybody reads from \
            first are killed. The bodies that they were sending go on from another copy, and no client notices.",
    plan: || {
        cluster(2, 6)
            .with(|cluster| cluster.catalog = Some(CatalogSetup { copies: 6, exactly: true, ..CatalogSetup::usual() }))
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .every(0.02, 10.0, 11.0, |story, time| story.get(Api(1 + time % 2), 0))
            .fault(10.31, 20.0, FaultKind::Kill { node: Data(1) })
            .fault(10.57, 20.0, FaultKind::Kill { node: Data(2) })
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::RelayGoesOn)?;
        seen.held_by(7.0, &[1, 2, 3, 4, 5, 6].map(Data))?;
        seen.all_served(10.0, 11.0)?;
        seen.asked_nobody(Api(1), 7.0, 11.0)
    },
};

pub(super) const COPY_LOST_ON_THE_WAY: Scenario = Scenario {
    name: "one-copy-fails-and-the-write-counts",
    story: "Of three data servers one is killed while a large object is being sent to all of them. The other two are a quorum: \
            the client is told 200, and reads what it wrote. The one that was killed has nothing of it.",
    plan: || {
        cluster(1, 3)
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .fault(7.05, 20.0, FaultKind::Kill { node: Data(2) })
            .at(8.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKill)?;
        seen.wrote(7.0, 1)?;
        seen.held_by(7.0, &[Data(1), Data(3)])?;
        seen.whole(8.0, 7.0)
    },
};

pub(super) const NO_QUORUM: Scenario = Scenario {
    name: "without-a-quorum-nothing-is-written",
    story: "Of three data servers two are killed while a large object is being overwritten. It is told to the client once its \
            body has been taken: 503. The old version is there, and what the third server has of the new one is removed.",
    plan: || {
        cluster(1, 3)
            .at(7.0)
            .put(Api(1), 0, HELD)
            .at(8.0)
            .put(Api(1), 0, LARGE)
            .fault(8.03, 20.0, FaultKind::Kill { node: Data(1) })
            .fault(8.05, 20.0, FaultKind::Kill { node: Data(2) })
            .at(9.0)
            .get(Api(1), 0)
            .at(30.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.wrote(7.0, 1)?;
        seen.refused(8.0, 503, "not_stored")?;
        seen.not_before(8.0, 0.09)?;
        seen.touched(Point::AnswerHeldBack)?;
        seen.whole(9.0, 7.0)?;
        seen.whole(30.0, 7.0)?;
        let content = seen.content(8.0)?;
        let left = run.history.holdings.iter().filter(|held| held.content == content);
        ensure(left.clone().all(|held| held.ended_by == Some(HoldingEnd::Removed)), || {
            format!("{:?}", left.collect::<Vec<_>>())
        })
    },
};

pub(super) const LATE_COPY: Scenario = Scenario {
    name: "a-late-copy-is-noted",
    story: "One of three data servers has a slow disk. The client is told 200 once the other two have its object; the third \
            copy comes later and is noted in the catalog. When the other two are dead it is read there, without asking anybody.",
    plan: || {
        cluster(1, 3)
            .fault(6.9, 20.0, FaultKind::SlowDisk { node: Data(1), up_to_us: 1_400_000 })
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(20.0, 40.0, FaultKind::Kill { node: Data(2) })
            .fault(20.0, 40.0, FaultKind::Kill { node: Data(3) })
            .at(21.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.wrote(7.0, 1)?;
        seen.within(7.0, 0.02)?;
        seen.touched(Point::VersionNotesHolders)?;
        seen.touched(Point::FaultKill)?;
        seen.held_by(7.0, &[Data(1), Data(2), Data(3)])?;
        seen.whole(21.0, 7.0)?;
        seen.asked_nobody(Api(1), 21.0, 22.0)
    },
};

pub(super) const WRONG_NOTES: Scenario = Scenario {
    name: "wrong-notes-are-corrected",
    story: "A late copy could not be noted, as the catalog was down; and the two data servers that are noted come back with \
            empty disks. A read finds nothing with them, asks everybody, gets the object from the third and corrects the notes: \
            the next read goes there at once.",
    plan: || {
        cluster(1, 3)
            .fault(6.9, 15.0, FaultKind::SlowDisk { node: Data(1), up_to_us: 1_400_000 })
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(7.2, 14.0, FaultKind::CatalogDown { node: crate::node::Node::Catalog })
            .fault(16.0, 17.0, FaultKind::BlankDisk { node: Data(2) })
            .fault(16.0, 17.0, FaultKind::BlankDisk { node: Data(3) })
            .at(30.0)
            .get(Api(1), 0)
            .at(31.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultCatalogDown)?;
        seen.wrote(7.0, 1)?;
        seen.whole(30.0, 7.0)?;
        ensure(seen.asked_nobody(Api(1), 30.0, 31.0).is_err(), || "nobody was asked who holds the object".to_owned())?;
        seen.whole(31.0, 7.0)?;
        seen.asked_nobody(Api(1), 31.0, 32.0)
    },
};

pub(super) const API_KILLED_BEFORE_COMMIT: Scenario = Scenario {
    name: "killed-between-quorum-and-commit",
    story: "An API server is killed when the copies of an overwrite are durable and the catalog has not been told. Nobody ever \
            sees anything of it; the old version is there.",
    plan: || {
        cluster(2, 3)
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .at(8.0)
            .put(Api(1), 0, HELD)
            .fault(7.9, 15.0, FaultKind::KillBetweenEffects { node: Api(1), after_effects: 1 })
            .at(9.0)
            .get(Api(2), 0)
            .at(30.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKillBetweenEffects)?;
        seen.outcome(8.0, &Outcome::Unknown)?;
        let holders = seen.holders(8.0)?;
        ensure(holders.len() >= 2, || format!("only {holders:?} had a copy"))?;
        seen.whole(9.0, 7.0)?;
        seen.whole(30.0, 7.0)
    },
};

pub(super) const ANSWER_LOST: Scenario = Scenario {
    name: "the-answer-to-a-commit-is-lost",
    story: "An object is stored, and the answer lost. The client knows nothing; it reads, through whatever API server, what it \
            has written; and when it tries again, on condition that there is none, it is told 412.",
    plan: || {
        cluster(2, 3)
            .fault(7.5, 9.0, FaultKind::AnswerLost { node: Api(1), permille: 1000 })
            .at(8.0)
            .put(Api(1), 0, SMALL)
            .only_if(Condition::Absent)
            .at(10.0)
            .get(Api(2), 0)
            .at(11.0)
            .put(Api(1), 0, SMALL)
            .only_if(Condition::Absent)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultAnswerLost)?;
        seen.outcome(8.0, &Outcome::Unknown)?;
        seen.whole(10.0, 8.0)?;
        seen.outcome(11.0, &PRECONDITION_FAILED)
    },
};
