//! The bus may lose, delay or double any message, or be gone: that costs time, never data (DESIGN.md §3).

use std::time::Duration;

use super::sizes::{HELD, SMALL};
use super::{Scenario, Seen, Story, ensure, expect_outcome, second};
use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::FaultKind;
use crate::trace::MarkKind;

pub(super) const DOWN_UNDER_LOAD: Scenario = Scenario {
    name: "broker-down-for-a-minute-under-load",
    story: "The broker is gone for a minute, and clients write and read all the while. No request fails, none is slow, and \
            nobody is forgotten: silence says nothing about the data servers while there is no bus.",
    plan: || {
        Story::of(2, 3)
            .fault(20.0, 80.0, FaultKind::BrokerDown)
            .every(0.5, 15.0, 90.0, |story, time| {
                let story = story.put(Api(1 + time % 2), time, SMALL);
                if time > 0 { story.get(Api(2 - time % 2), time - 1) } else { story }
            })
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBrokerDown)?;
        seen.all_served(15.0, 90.0)?;
        seen.all_within(15.0, 90.0, 0.02)?;
        seen.nobody_forgotten()
    },
};

pub(super) const BACK: Scenario = Scenario {
    name: "broker-back-everybody-has-a-full-expiry",
    story: "The broker is gone for 40 s; when it is back, one data server cannot reach it yet. That one is not forgotten for \
            what was not heard while there was no bus: it has a full 10 s from when the API server is back, and is read \
            over HTTP meanwhile.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .fault(20.0, 60.0, FaultKind::BrokerDown)
            .fault(20.0, 90.0, FaultKind::BusCut { node: Data(1) })
            .at(67.0)
            .get(Api(1), 0)
            .at(100.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.nobody_forgotten_before(70.0)?;
        seen.whole(67.0, 7.0)?;
        let expected = seen.first_mark(Api(1), MarkKind::BusUp, 60.0)? + Duration::from_secs(10);
        let forgotten = seen.beliefs(Api(1), Data(1)).next().and_then(|belief| belief.until);
        ensure(forgotten == Some(expected), || format!("data-1 was forgotten at {forgotten:?}, not at {expected:?}"))?;
        seen.whole(100.0, 7.0)
    },
};

pub(super) const HANGS: Scenario = Scenario {
    name: "broker-hangs-and-is-given-up",
    story: "The broker hangs for half a minute: connections stand, and nothing moves. Every server gives it up after 7 s at \
            the latest. Until then who is silent on the bus is asked over HTTP after 250 ms; from then on at once. Nobody \
            is forgotten.",
    plan: || {
        Story::of(2, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .fault(22.0, 52.0, FaultKind::BrokerHangs)
            .at(23.0)
            .get(Api(1), 0)
            .at(35.0)
            .get(Api(1), 0)
            .at(36.0)
            .put(Api(2), 1, SMALL)
            .at(60.0)
            .get(Api(2), 1)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        for node in [Api(1), Api(2), Data(1), Data(2), Data(3)] {
            let given_up = seen.first_mark(node, MarkKind::BusDown, 22.0)?;
            ensure(given_up <= second(29.0), || format!("{node} has given the broker up only at {given_up:?}"))?;
        }
        seen.all_served(23.0, 61.0)?;
        seen.took_between(23.0, 0.25, 0.26)?;
        seen.within(35.0, 0.01)?;
        seen.within(36.0, 0.01)?;
        seen.nobody_forgotten()
    },
};

pub(super) const QUEUE_LOST: Scenario = Scenario {
    name: "queue-lost-locate-asks-directly",
    story: "The broker has lost the queue of a data server, which goes on saying that it lives. Who looks for what it holds, \
            or for what nobody holds, asks it over HTTP after 250 ms of silence.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .fault(10.0, 30.0, FaultKind::QueueLost { node: Data(1) })
            .at(15.0)
            .get(Api(1), 0)
            .at(16.0)
            .get(Api(1), 1)
            .at(35.0)
            .get(Api(1), 1)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.whole(15.0, 7.0)?;
        seen.missing(16.0)?;
        for at in [15.0, 16.0] {
            seen.took_between(at, 0.25, 0.26)?;
        }
        seen.missing(35.0)?;
        seen.within(35.0, 0.01)
    },
};

pub(super) const LATE_BINDING: Scenario = Scenario {
    name: "queue-bound-late-is-no-404",
    story: "A data server is told that it is connected, says that it lives, and hears nothing, for its queue is bound only \
            seconds later. It holds an object that is asked for meanwhile: that costs 250 ms, and is no 404.",
    plan: || {
        Story::of(1, 2)
            .fault(0.0, 4.0, FaultKind::LateBinding { node: Data(1) })
            // So that somebody listens when it says for the first time that it lives.
            .fault(0.0, 0.5, FaultKind::BusCut { node: Data(1) })
            .at(2.0)
            .put(Data(1), 0, SMALL)
            .at(3.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultLateBinding)?;
        seen.whole(3.0, 2.0)?;
        seen.took_between(3.0, 0.25, 0.26)
    },
};

pub(super) const ONE_WAY: Scenario = Scenario {
    name: "one-way-partition",
    story: "Nothing gets from an API server to a data server any more, though all that the latter says on the bus still \
            arrives. A write that is at home there costs 5 s once, goes elsewhere, and the next ones go elsewhere at once. What \
            lies there is 503 here and whole through another API server.",
    plan: || {
        let story = Story::of(2, 3);
        let home = story.home_of(0);
        story
            .at(7.0)
            .put(home, 100, SMALL)
            .fault(10.0, 30.0, FaultKind::OneWay { from: Api(1), to: home })
            .at(10.5)
            .put(Api(1), 0, HELD)
            .every(0.1, 16.0, 20.0, |story, time| story.put(Api(1), 1 + time, SMALL))
            .at(22.0)
            .get(Api(1), 100)
            .at(23.0)
            .get(Api(2), 100)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultLinkBlocked)?;
        seen.took_between(10.5, 5.0, 5.1)?;
        seen.all_served(10.0, 20.0)?;
        seen.all_within(16.0, 20.0, 0.01)?;
        seen.refused(22.0, 503, "unanswered")?;
        seen.whole(23.0, 7.0)
    },
};

pub(super) const DOUBLED_AND_REORDERED: Scenario = Scenario {
    name: "messages-doubled-and-reordered",
    story: "Every message on the bus comes twice, and each at its own time, up to 300 ms late. Nobody is forgotten for it, no \
            holder is named twice, no answer is taken for that to another question.",
    plan: || {
        let mut story = Story::of(2, 3);
        for node in [Api(1), Api(2), Data(1), Data(2), Data(3)] {
            story = story.fault(8.0, 40.0, FaultKind::BusDuplicates { node, permille: 1000 }).fault(
                8.0,
                40.0,
                FaultKind::BusDelay { node, up_to_us: 300_000 },
            );
        }
        story
            .every(0.1, 9.0, 30.0, |story, time| match time % 3 {
                0 => story.put(Api(1), time / 3, SMALL),
                _ => story.get(Api(time % 3), time / 3),
            })
            .every(0.1, 31.0, 33.0, |story, name| story.locate_all(Api(1), name))
            .every(0.1, 34.0, 36.0, |story, name| story.get(Api(1), 1000 + name))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBusDelay)?;
        seen.touched(Point::FaultBusDuplicate)?;
        seen.all_served(9.0, 30.0)?;
        for call in seen.calls(31.0, 33.0) {
            let holders = seen.holdings(call.name.0).map(|holding| holding.node).collect();
            expect_outcome(call, &Outcome::Located { holders, unanswered: Vec::new() })?;
        }
        seen.all_ended(34.0, 36.0, &Outcome::Missing)?;
        seen.nobody_forgotten()
    },
};

pub(super) const LOST_MESSAGES: Scenario = Scenario {
    name: "every-message-to-one-server-lost",
    story: "For four seconds, between two heartbeats, all messages to and from one data server are lost on the bus without a \
            word. Nothing is missed that it holds, and nobody takes it for dead.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(2), 0, SMALL)
            .fault(10.5, 14.5, FaultKind::BusLoss { node: Data(2), permille: 1000 })
            .every(0.2, 10.5, 14.0, |story, time| story.get(Api(1), time % 2))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBusLoss)?;
        let put = seen.call(7.0)?;
        for call in seen.calls(10.5, 14.0) {
            if call.name == put.name { seen.whole_of(call, &[put])? } else { expect_outcome(call, &Outcome::Missing)? }
        }
        seen.nobody_forgotten()
    },
};
