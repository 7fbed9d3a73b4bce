//! Who lives: a data server is in as soon as it says so, and out on the instant when it has been silent for 10 s.

use std::time::Duration;

use lode_core::time::Instant;

use super::sizes::SMALL;
use super::{Scenario, Seen, Story, ensure, expect_outcome, second};
use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{self, Api, Data};
use crate::plan::FaultKind;
use crate::trace::{MarkKind, MessageKind};

const EXPIRY: Duration = Duration::from_secs(10);

pub(super) const EXACT: Scenario = Scenario {
    name: "expiry-is-exact",
    story: "A data server is killed. Each API server forgets it 10 s after the last heartbeat that has reached it, to the \
            nanosecond, and not when somebody looks next.",
    plan: || Story::of(3, 2).fault(17.0, 40.0, FaultKind::Kill { node: Data(2) }).plan(),
    expect: |run| {
        let seen = Seen::of(run);
        [Api(1), Api(2), Api(3)].into_iter().try_for_each(|api| forgotten_after(seen, api, EXPIRY, Duration::ZERO))
    },
};

pub(super) const EXACT_BY_ITS_OWN_CLOCK: Scenario = Scenario {
    name: "expiry-is-exact-by-a-drifting-clock",
    story: "The clock of one API server is a quarter too fast, that of another a fifth too slow. Each forgets a dead data server \
            after 10 s of its own time, which are 8 s and 12.5 s of the world's.",
    plan: || {
        Story::of(2, 2)
            .fault(1.0, 60.0, FaultKind::ClockDrift { node: Api(1), ppm: 250_000 })
            .fault(1.0, 60.0, FaultKind::ClockDrift { node: Api(2), ppm: -200_000 })
            .fault(17.0, 40.0, FaultKind::Kill { node: Data(2) })
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        // Two clocks that count nanoseconds agree to the nanosecond or two.
        let rounding = Duration::from_nanos(2);
        forgotten_after(seen, Api(1), Duration::from_secs(8), rounding)?;
        forgotten_after(seen, Api(2), Duration::from_millis(12_500), rounding)
    },
};

/// The API server has forgotten data-2 for the first time so long after the last heartbeat that it had heard of it.
fn forgotten_after(seen: Seen<'_>, api: Node, silence: Duration, rounding: Duration) -> Result<(), String> {
    let belief = seen.beliefs(api, Data(2)).next().ok_or_else(|| format!("{api} has never known data-2"))?;
    let until = belief.until.ok_or_else(|| format!("{api} has not forgotten data-2"))?;
    let heard = seen.messages(MessageKind::Heartbeat, Data(2), api).map(|(_, arrived)| arrived);
    let last = heard.filter(|arrived| *arrived <= until).max().unwrap_or(Instant::START);
    let silent = until - last;
    ensure(silent.abs_diff(silence) <= rounding, || {
        format!("{api} forgot data-2 at {until:?}, {silent:?} after the last heartbeat, and not after {silence:?}")
    })
}

pub(super) const HELLO: Scenario = Scenario {
    name: "hello-knows-all-at-once",
    story: "An API server starts just after all data servers have said that they live, and will say so again only in 4 s. It \
            says hello, and knows all of them at once: its first write succeeds half a second later.",
    plan: || {
        Story::of(2, 4)
            .fault(20.5, 21.0, FaultKind::Kill { node: Api(1) })
            .at(21.5)
            .put(Api(1), 0, SMALL)
            .at(21.6)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for data in (1..=4).map(Data) {
            let beats_itself = seen.heard(Api(2), data, 20.5, 20.99).is_ok();
            ensure(!beats_itself, || format!("{data} says that it lives by itself just then"))?;
            let from = seen.beliefs(Api(1), data).map(|belief| belief.from).find(|from| *from >= second(20.5));
            ensure(from.is_some_and(|from| from < second(21.4)), || format!("{data} is known only since {from:?}"))?;
        }
        seen.stored(21.5)?;
        seen.whole(21.6, 21.5)
    },
};

pub(super) const JOINS: Scenario = Scenario {
    name: "a-new-data-server-is-used-at-once",
    story: "A data server is started, and nobody is told. Half a second later every API server knows it, and what is at home \
            there is put there.",
    plan: || {
        let story = Story::of(2, 3);
        let home = story.home_of(0);
        story
            .fault(0.0, 20.0, FaultKind::StartsLate { node: home })
            .at(19.0)
            .put(Api(1), 1, SMALL)
            .at(20.6)
            .put(Api(2), 0, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let newcomer = Story::of(2, 3).home_of(0);
        for api in [Api(1), Api(2)] {
            let from = seen.beliefs(api, newcomer).next().map(|belief| belief.from);
            let in_time = from.is_some_and(|from| second(20.0) < from && from < second(20.5));
            ensure(in_time, || format!("{api} knows {newcomer} since {from:?}"))?;
        }
        seen.stored(19.0)?;
        seen.stored_on(20.6, newcomer)
    },
};

pub(super) const RESTARTED: Scenario = Scenario {
    name: "restarted-within-the-expiry",
    story: "A data server is restarted, and is away for 2 s. It is never forgotten, and no write fails meanwhile; what it \
            holds is 503 while it is away, and whole again at once.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(12.0, 14.0, FaultKind::Kill { node: home })
            .at(12.5)
            .get(Api(1), 0)
            .every(0.1, 12.6, 14.0, |story, time| story.put(Api(1), 1 + time, SMALL))
            .at(14.1)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.refused(12.5, 503, "unanswered")?;
        seen.within(12.5, 0.3)?;
        seen.all_served(12.6, 14.0)?;
        seen.whole(14.1, 7.0)?;
        seen.nobody_forgotten()
    },
};

pub(super) const PAUSED: Scenario = Scenario {
    name: "a-paused-data-server",
    story: "A data server stands still for 18 s. What it holds is 503 as long as it is believed to live, 404 once it has been \
            forgotten, for then everybody who is known has said no, and whole again when it goes on. Of writes the first \
            waits for it 5 s, and none fails.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(12.0, 30.0, FaultKind::Pause { node: home })
            .at(12.5)
            .get(Api(1), 0)
            .every(0.5, 13.0, 30.0, |story, time| story.put(Api(1), 1 + time, SMALL))
            .at(28.25)
            .get(Api(1), 0)
            .at(31.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let paused = Story::of(1, 3).home_of(0);
        seen.touched(Point::FaultPause)?;
        seen.refused(12.5, 503, "unanswered")?;
        seen.within(12.5, 1.01)?;
        for put in seen.calls(13.0, 30.0).filter(|call| call.name.0 > 0) {
            expect_outcome(put, &Outcome::Stored)?;
        }
        let forgotten = seen.beliefs(Api(1), paused).next().and_then(|belief| belief.until);
        ensure(forgotten.is_some_and(|at| at < second(22.0)), || format!("{paused} was forgotten at {forgotten:?}"))?;
        seen.missing(28.25)?;
        seen.whole(31.0, 7.0)
    },
};

pub(super) const WALL_CLOCKS_STEP: Scenario = Scenario {
    name: "wall-clocks-step",
    story: "The wall clock of an API server is set back by a day, that of a data server forward by a year, and the data server \
            is restarted under it. Nothing depends on the time of day: nobody is forgotten, everything is served.",
    plan: || {
        const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
        Story::of(1, 2)
            .fault(10.0, 50.0, FaultKind::WallClockStep { node: Api(1), by_us: -DAY_US })
            .fault(10.0, 50.0, FaultKind::WallClockStep { node: Data(1), by_us: 365 * DAY_US })
            .every(0.5, 9.0, 30.0, |story, time| story.put(Api(1), time, SMALL))
            .every(0.5, 9.4, 30.0, |story, time| story.get(Api(1), time))
            .fault(35.0, 36.0, FaultKind::Kill { node: Data(1) })
            .every(0.1, 38.0, 40.0, |story, time| story.get(Api(1), time))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultWallClockStep)?;
        seen.all_served(9.0, 40.0)?;
        seen.nobody_forgotten()
    },
};

pub(super) const CLOCK_STANDS_STILL: Scenario = Scenario {
    name: "a-clock-that-stands-still",
    story: "The clock of an API server stands still for 20 s, though its process works. Meanwhile a data server dies. Time \
            that does not pass makes nobody silent: it is forgotten late, by so much as the clock has stood. Reads and writes \
            go on.",
    plan: || {
        Story::of(2, 2)
            .fault(17.0, 37.0, FaultKind::ClockPause { node: Api(1) })
            .fault(18.0, 60.0, FaultKind::Kill { node: Data(2) })
            .every(0.5, 19.0, 36.0, |story, time| story.put(Api(1), time, SMALL))
            .every(0.5, 19.4, 36.0, |story, time| story.get(Api(1), time))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let rounding = Duration::from_nanos(2);
        forgotten_after(seen, Api(1), EXPIRY + Duration::from_secs(20), rounding)?;
        forgotten_after(seen, Api(2), EXPIRY, rounding)?;
        seen.first_mark(Api(1), MarkKind::Expired, 17.0)?;
        seen.all_served(19.0, 36.0)
    },
};

pub(super) const CLOCK_CHANGES_IN_A_PAUSE: Scenario = Scenario {
    name: "a-clock-that-changes-its-speed-in-a-pause",
    story: "A data server stands still for 13 s, and its clock runs faster from the middle of that on. Both heartbeats that are \
            due meanwhile are one, said when it goes on and not before. Once the simulator went back in time here.",
    plan: || {
        Story::of(1, 2)
            .fault(11.0, 24.0, FaultKind::Pause { node: Data(1) })
            .fault(18.0, 40.0, FaultKind::ClockDrift { node: Data(1), ppm: 1000 })
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let mut said = seen.messages(MessageKind::Heartbeat, Data(1), Api(1)).map(|(sent, _)| sent);
        let next = said.find(|sent| *sent >= second(11.0));
        let goes_on = second(24.0)..second(24.001);
        ensure(next.is_some_and(|next| goes_on.contains(&next)), || format!("it said next at {next:?} that it lives"))?;
        ensure(said.next().is_some_and(|next| next >= second(28.9)), || "it said twice that it lives".to_owned())
    },
};
