//! Failures of the seed that have to do with the message bus, and with who lives.

use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::FaultKind;
use crate::scenario::sizes::{LARGE, SMALL};
use crate::scenario::{Scenario, Seen, Story, ensure, expect_within, second};
use crate::trace::{MarkKind, MessageKind};

pub(in crate::scenario) const BROKER_RESTART: Scenario = Scenario {
    name: "failure-01-broker-restart",
    story: "The broker is restarted. All data servers of the seed exit, and its API servers live on without ever seeing a \
            heartbeat again. Ours serve meanwhile, forget nobody, and hear everybody again.",
    plan: || {
        Story::of(2, 3)
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .fault(10.0, 12.0, FaultKind::BrokerDown)
            .at(11.0)
            .get(Api(2), 0)
            .at(11.5)
            .put(Api(1), 1, SMALL)
            .at(30.0)
            .get(Api(2), 1)
            .at(31.0)
            .put(Api(2), 2, SMALL)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBrokerDown)?;
        seen.all_served(7.0, 32.0)?;
        seen.nobody_ended()?;
        seen.nobody_forgotten()?;
        for (api, data) in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)] {
            seen.heard(Api(api), Data(data), 12.0, 20.0)?;
        }
        Ok(())
    },
};

pub(in crate::scenario) const NO_BROKER_AT_THE_START: Scenario = Scenario {
    name: "failure-02-no-broker-at-the-start",
    story: "Everything starts before the broker. The seed panics. Ours say that they know no data server, and serve as soon \
            as the broker is there.",
    plan: || {
        Story::of(2, 3)
            .fault(0.0, 20.0, FaultKind::BrokerDown)
            .at(8.0)
            .put(Api(1), 0, SMALL)
            .at(9.0)
            .get(Api(2), 0)
            .at(21.5)
            .put(Api(1), 0, SMALL)
            .at(22.0)
            .get(Api(2), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.nobody_ended()?;
        seen.refused(8.0, 503, "no_data_server")?;
        seen.refused(9.0, 503, "no_data_server")?;
        seen.within(8.0, 0.01)?;
        seen.stored(21.5)?;
        seen.whole(22.0, 21.5)
    },
};

pub(in crate::scenario) const MALFORMED_MESSAGES: Scenario = Scenario {
    name: "failure-10-malformed-messages",
    story: "For five seconds whatever comes from the bus is mangled, and then a data server that nobody can reach goes on \
            saying that it lives. One such message ends every server of the seed that hears it, and an address where nobody \
            is makes its PUTs fail. Ours drop the messages, ask directly, and store elsewhere.",
    plan: || {
        let everybody = [Api(1), Api(2), Data(1), Data(2), Data(3)];
        Story::of(2, 3)
            .at(7.0)
            .put(Data(1), 0, SMALL)
            .fault_of_each(everybody, 10.0, 15.0, |node| FaultKind::BusMalformed { node, permille: 1000 })
            .every(0.1, 10.0, 14.0, |story, time| story.get(Api(1 + time % 2), 0))
            .fault(20.0, 40.0, FaultKind::Refused { node: Data(1) })
            .every(0.5, 20.5, 39.0, |story, time| story.put(Api(1 + time % 2), 1 + time, SMALL))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBusMalformed)?;
        seen.touched(Point::FaultRefused)?;
        seen.nobody_ended()?;
        let mut believed = run.history.beliefs.iter().map(|belief| belief.member);
        let stranger = believed.find(|member| !matches!(member, Data(1..=3)));
        ensure(stranger.is_none(), || format!("somebody was taken for a data server: {stranger:?}"))?;
        seen.all_served(10.0, 40.0)
    },
};

pub(in crate::scenario) const QUEUES_LEFT_BEHIND: Scenario = Scenario {
    name: "failure-13-queues-left-behind",
    story: "An API server is started again and again, also in the midst of a question. Each start of the seed leaves a queue \
            on the broker that is never removed. Ours remove each queue that they made, or lose it with their connection.",
    plan: || {
        let mut story = Story::of(1, 2);
        for at in [10.0, 15.0, 20.0, 25.0] {
            // Nobody has it, and the server has just started: the question stays open for a second.
            let ask = |story: Story, before| story.at(at - before).get(Api(1), 0);
            story = ask(ask(story, 2.5), 0.5).fault(at, at + 1.0, FaultKind::Kill { node: Api(1) });
        }
        story.at(28.0).get(Api(1), 0).plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let (made, left) = queues_of_its_own(seen);
        ensure(made >= 7, || format!("only {made} questions had a queue of their own"))?;
        ensure(left == 0, || format!("{left} of {made} queues were left behind"))?;
        seen.missing(28.0)
    },
};

/// How many questions api-1 asked with a queue of their own, and how many of these queues neither it removed nor the broker,
/// because the connection was gone.
fn queues_of_its_own(seen: Seen<'_>) -> (usize, usize) {
    let (mut made, mut left) = (0, 0);
    let mut ends: Vec<_> = seen.marks(MarkKind::Stopped).filter(|(node, ..)| *node == Api(1)).collect();
    for (at, _, effects) in seen.steps(Api(1)) {
        if ends.first().is_some_and(|(_, ended, _)| *ended < at) {
            ends.remove(0);
            left = 0;
        }
        let count = |what: &str| effects.iter().filter(|effect| effect.contains(what)).count();
        made += count("with a queue of its own");
        left = left + count("with a queue of its own") - count("remove the queue");
    }
    (made, left)
}

pub(in crate::scenario) const ALL_DATA_SERVERS_PAUSED: Scenario = Scenario {
    name: "failure-14-all-data-servers-paused",
    story: "All data servers stand still for half a minute. With the seed a PUT hangs without limit, and afterwards some have \
            silently lost their consumers. Ours answers 503 once each has had its 5 s, and at once when all are forgotten; \
            afterwards everybody answers on the bus again.",
    plan: || {
        Story::of(1, 3)
            .fault_of_each((1..=3).map(Data), 10.0, 40.0, |node| FaultKind::Pause { node })
            .at(7.0)
            .put(Api(1), 0, SMALL)
            .at(10.5)
            .put(Api(1), 1, SMALL)
            .at(11.0)
            .get(Api(1), 0)
            .at(30.0)
            .put(Api(1), 2, SMALL)
            .at(50.0)
            .put(Api(1), 3, SMALL)
            .at(51.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.refused(10.5, 503, "not_stored")?;
        seen.within(10.5, 15.1)?;
        seen.refused(11.0, 503, "unanswered")?;
        seen.within(11.0, 1.01)?;
        seen.refused(30.0, 503, "no_data_server")?;
        seen.within(30.0, 0.01)?;
        seen.stored(50.0)?;
        seen.whole(51.0, 7.0)?;
        for data in 1..=3 {
            let answered = seen.messages(MessageKind::Answer, Data(data), Api(1)).any(|(sent, _)| sent >= second(51.0));
            ensure(answered, || format!("data-{data} does not answer on the bus any more"))?;
        }
        Ok(())
    },
};

pub(in crate::scenario) const FIFTY_READERS_AT_ONCE: Scenario = Scenario {
    name: "failure-15-fifty-readers-at-once",
    story: "Fifty clients read at once. The seed opens fifty connections to the broker and holds each for a second. Ours \
            asks fifty questions over the one that it has, and each client has its object in a few milliseconds.",
    plan: || {
        let story = Story::of(1, 3).at(7.0).put(Api(1), 0, SMALL).at(10.0);
        (0..50).fold(story, |story, _| story.get(Api(1), 0)).plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        let put = seen.call(7.0)?;
        let gets: Vec<_> = seen.calls(10.0, 10.1).collect();
        ensure(gets.len() == 50, || format!("{} clients read at once", gets.len()))?;
        for get in gets {
            seen.whole_of(get, &[put])?;
            expect_within(get, 0.01)?;
        }
        let connections = seen.marks(MarkKind::BusUp).filter(|(node, ..)| *node == Api(1)).count();
        ensure(connections == 1, || format!("api-1 has connected {connections} times"))?;
        let (of_their_own, _) = queues_of_its_own(seen);
        ensure(of_their_own == 0, || format!("{of_their_own} questions had a queue of their own"))
    },
};

pub(in crate::scenario) const TRAVERSAL: Scenario = Scenario {
    name: "failure-11-question-about-another-file",
    story: "Questions come to a data server mangled, some with dots and slashes in them. The seed looks for whatever file of \
            the machine is meant. Ours asks its disk only for what can be a name, answers nothing else, and is asked again \
            over HTTP.",
    plan: || {
        Story::of(1, 2)
            .at(7.0)
            .put(Data(1), 0, LARGE)
            .fault(10.0, 30.0, FaultKind::BusMalformed { node: Data(1), permille: 1000 })
            .every(0.25, 10.0, 29.0, |story, _| story.locate(Api(1), 0))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultBusMalformed)?;
        let at_its_holder = Outcome::Located { holders: vec![Data(1)], unanswered: Vec::new() };
        seen.all_ended(10.0, 30.0, &at_its_holder)?;
        let during = second(10.0)..second(30.0);
        let asked = |what: &'static str| {
            seen.steps(Data(1)).filter(|(at, ..)| during.contains(at)).filter(move |(_, input, _)| input.contains(what))
        };
        ensure(asked("/etc/passwd").count() > 0, || "nobody asked about another file".to_owned())?;
        match asked("asked:").find(|(.., effects)| !effects.is_empty()) {
            Some((at, input, effects)) => Err(format!("at {at:?} data-1 was {input}, and did: {}", effects.join("; "))),
            None => Ok(()),
        }
    },
};
