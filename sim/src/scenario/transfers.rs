//! What becomes of bodies under way when somebody fails.

use super::sizes::{HELD, LARGE, SMALL};
use super::{Scenario, Seen, Story, ensure, second};
use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::{BodyFlaw, FaultKind};
use crate::trace::MessageKind;

pub(super) const HELD_GOES_ELSEWHERE: Scenario = Scenario {
    name: "a-held-body-goes-elsewhere",
    story: "A data server is killed while a body is sent to it that is short enough to be held. The body goes to another, the \
            client gets 200 a few milliseconds later, and the object is on that other one alone.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        // The body is with the API server after 5 ms, and would be with the data server after another 5.
        story
            .at(10.0)
            .put(Api(1), 0, HELD)
            .fault(10.0075, 20.0, FaultKind::Kill { node: home })
            .at(11.0)
            .get(Api(1), 0)
            .at(25.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let homes = Story::of(1, 3).homes_of(0);
        let tried = seen.messages(MessageKind::Request, Api(1), homes.first().copied().unwrap_or(Api(1))).count();
        ensure(tried > 0, || "it was never sent to where it is at home".to_owned())?;
        seen.stored(10.0)?;
        seen.within(10.0, 0.02)?;
        seen.held_by(10.0, homes.get(1..2).unwrap_or_default())?;
        seen.whole(11.0, 10.0)?;
        seen.whole(25.0, 10.0)
    },
};

pub(super) const STREAMED_IS_REFUSED: Scenario = Scenario {
    name: "a-streamed-body-is-refused",
    story: "All connections with the data servers are reset in the midst of uploads that are too long to be held. The \
            clients get 503, and nothing can be read of what broke off.",
    plan: || {
        Story::of(1, 3)
            .fault_of_each((1..=3).map(Data), 10.0, 20.0, |node| FaultKind::Reset { node, permille: 1000 })
            .every(1.0, 10.5, 19.0, |story, time| story.put(Api(1), time, LARGE))
            .every(0.5, 25.0, 29.5, |story, time| story.get(Api(1), time))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultReset)?;
        let refused = Outcome::Refused { status: 503, code: "not_stored" };
        seen.all_ended(10.5, 20.0, &refused)?;
        // One that was reset only after the last byte may be there, and then is there whole.
        for (get, put) in seen.calls(25.0, 30.0).zip(seen.calls(10.5, 20.0)) {
            if get.outcome != Outcome::Missing {
                seen.whole_of(get, &[put])?;
            }
        }
        let missing = seen.calls(25.0, 30.0).filter(|get| get.outcome == Outcome::Missing).count();
        ensure(missing > 0, || "no upload broke off".to_owned())
    },
};

pub(super) const SILENT_SERVER_AVOIDED: Scenario = Scenario {
    name: "a-silent-server-is-avoided-from-the-first-failure-on",
    story: "A data server vanishes from the network, and nobody refuses a connection in its place. The first write that is at \
            home there waits for it 5 s, and is then stored elsewhere. Those that come after do not wait, until it is \
            forgotten and after.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .fault(11.0, 40.0, FaultKind::Isolated { node: home })
            .at(11.5)
            .put(Api(1), 0, SMALL)
            .every(0.1, 16.6, 30.0, |story, time| story.put(Api(1), 1 + time, SMALL))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let silent = Story::of(1, 3).home_of(0);
        seen.took_between(11.5, 5.0, 5.1)?;
        seen.all_served(11.0, 30.0)?;
        seen.all_within(16.6, 30.0, 0.01)?;
        let homes: Vec<_> = seen
            .calls(16.6, 22.0)
            .map(|put| Story::of(1, 3).home_of(u16::try_from(put.name.0).unwrap_or(u16::MAX)))
            .collect();
        ensure(homes.contains(&silent), || format!("nothing was at home at {silent}"))
    },
};

pub(super) const ANSWER_LOST: Scenario = Scenario {
    name: "an-answer-that-is-lost",
    story: "A data server stores an object, and its answer is lost. The body is sent to another one as well. That leaves two \
            copies, which are the same, and both go when the object is removed.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .fault(10.0, 20.0, FaultKind::AnswerLost { node: home, permille: 1000 })
            .at(11.0)
            .put(Api(1), 0, HELD)
            .at(21.0)
            .get(Api(1), 0)
            .at(22.0)
            .delete(Api(1), 0)
            .at(23.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultAnswerLost)?;
        seen.stored(11.0)?;
        let mut homes = Story::of(1, 3).homes_of(0);
        homes.truncate(2);
        homes.sort_unstable();
        seen.held_by(11.0, &homes)?;
        seen.whole(21.0, 11.0)?;
        seen.outcome(22.0, &Outcome::Removed)?;
        seen.missing(23.0)
    },
};

pub(super) const TRUNCATED: Scenario = Scenario {
    name: "a-body-that-ends-early-is-not-whole",
    story: "Every body that a data server sends ends early. Whoever reads from it, through an API server or directly, sees a \
            body that is cut, and never takes it for the object.",
    plan: || {
        Story::of(1, 2)
            .at(7.0)
            .put(Data(1), 0, LARGE)
            .fault(10.0, 20.0, FaultKind::Truncated { node: Data(1), permille: 1000 })
            .every(1.0, 10.5, 15.0, |story, _| story.get(Api(1), 0))
            .every(1.0, 15.5, 19.0, |story, _| story.get(Data(1), 0))
            .at(21.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBodyBroken)?;
        seen.all_ended(10.0, 20.0, &Outcome::CutBody)?;
        seen.whole(21.0, 7.0)
    },
};

pub(super) const STALLED_UPLOADS: Scenario = Scenario {
    name: "uploads-that-stand-still",
    story: "Clients come to a standstill half way through their uploads. Who goes on after 10 s is served; who does not is \
            told after 30 s, and nothing is kept. Those with a wrong digest are told at once.",
    plan: || {
        let stalls = |seconds: u64| BodyFlaw::Stalls { for_us: seconds * 1_000_000 };
        Story::of(1, 2)
            .at(10.0)
            .put_flawed(Api(1), 0, HELD, stalls(10))
            .at(11.0)
            .put_flawed(Api(1), 1, LARGE, stalls(10))
            .at(12.0)
            .put_flawed(Api(1), 2, HELD, stalls(100))
            .at(13.0)
            .put_flawed(Api(1), 3, LARGE, stalls(100))
            .at(14.0)
            .put_flawed(Api(1), 4, LARGE, BodyFlaw::WrongDigest)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.stored(10.0)?;
        seen.stored(11.0)?;
        for (name, at) in [(2, 12.0), (3, 13.0)] {
            seen.refused(at, 400, "broken_body")?;
            seen.took_between(at, 30.0, 30.2)?;
            seen.nowhere(name)?;
        }
        seen.refused(14.0, 400, "digest_mismatch")?;
        seen.within(14.0, 0.2)?;
        seen.nowhere(4)
    },
};

pub(super) const API_KILLED: Scenario = Scenario {
    name: "an-api-server-is-killed-in-the-midst",
    story: "An API server is killed while it passes on a body each way. The clients know that they have nothing, nothing is \
            kept of what was sent, and another API server serves them.",
    plan: || {
        Story::of(2, 2)
            .at(7.0)
            .put(Data(1), 0, LARGE)
            .at(10.0)
            .put(Api(1), 1, LARGE)
            .at(10.01)
            .get(Api(1), 0)
            .fault(10.05, 15.0, FaultKind::Kill { node: Api(1) })
            .at(11.0)
            .get(Api(2), 1)
            .at(11.5)
            .get(Api(2), 0)
            .at(12.0)
            .put(Api(2), 1, LARGE)
            .at(16.0)
            .get(Api(1), 1)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.outcome(10.0, &Outcome::Unknown)?;
        seen.cut(10.01)?;
        ensure(seen.call(10.0)?.ended < Some(second(10.1)), || "the client was not told at once".to_owned())?;
        seen.missing(11.0)?;
        seen.whole(11.5, 7.0)?;
        seen.stored(12.0)?;
        seen.whole(16.0, 12.0)
    },
};
