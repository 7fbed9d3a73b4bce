//! Failures of the seed that strike while bytes are moving.

use crate::coverage::Point;
use crate::history::Outcome;
use crate::node::Node::{Api, Data};
use crate::plan::{BodyFlaw, FaultKind};
use crate::scenario::sizes::{HELD, LARGE, SMALL};
use crate::scenario::{Scenario, Seen, Story, ensure, second};
use crate::trace::MessageKind;

pub(in crate::scenario) const HOLDER_KILLED_DURING_GET: Scenario = Scenario {
    name: "failure-03-holder-killed-during-get",
    story: "The only holder of an object is killed while it sends it. With the seed the client gets 200, a proper end of \
            body, and a third of the object. With ours the body breaks off, and the client knows. While the holder is away \
            the answer is 503, not 404; when it is back it has the object whole.",
    plan: || {
        Story::of(2, 3)
            .at(7.0)
            .put(Data(1), 0, LARGE)
            .at(10.0)
            .get(Api(2), 0)
            .fault(10.05, 15.0, FaultKind::Kill { node: Data(1) })
            .at(12.0)
            .get(Api(1), 0)
            .at(20.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.cut(10.0)?;
        seen.refused(12.0, 503, "unanswered")?;
        seen.whole(20.0, 7.0)
    },
};

pub(in crate::scenario) const TARGET_KILLED_DURING_PUT: Scenario = Scenario {
    name: "failure-04-target-killed-during-put",
    story: "A data server is killed while a body is passed on to it that is too long to be held. With the seed the partial \
            file stays, and is later served with 200. With ours the client is told that nothing was stored, and that is so.",
    plan: || {
        let story = Story::of(1, 3);
        let home = story.home_of(0);
        story
            .at(10.0)
            .put(Api(1), 0, LARGE)
            .fault(10.05, 20.0, FaultKind::Kill { node: home })
            .at(12.0)
            .get(Api(1), 0)
            .at(25.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.refused(10.0, 503, "not_stored")?;
        seen.refused(12.0, 503, "unanswered")?;
        seen.missing(25.0)?;
        seen.nowhere(0)
    },
};

pub(in crate::scenario) const WRITES_TO_A_DEAD_SERVER: Scenario = Scenario {
    name: "failure-05-writes-to-a-dead-server",
    story: "A data server dies. For the next 12 to 14 seconds, of the seed's PUTs one in three to ten fails. Of ours none \
            does: the body is held and sent elsewhere, and each API server tries the dead one only once.",
    plan: || {
        Story::of(2, 3)
            .fault(10.0, 40.0, FaultKind::Kill { node: Data(1) })
            .every(0.1, 10.05, 24.0, |story, time| story.put(Api(1 + time % 2), time, SMALL))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.all_served(10.0, 24.0)?;
        for api in [Api(1), Api(2)] {
            let tried =
                seen.messages(MessageKind::Request, api, Data(1)).filter(|(sent, _)| *sent < second(40.0)).count();
            ensure(tried == 1, || format!("{api} has tried the dead server {tried} times"))?;
        }
        Ok(())
    },
};

pub(in crate::scenario) const CLIENT_STOPS_HALF_WAY: Scenario = Scenario {
    name: "failure-06-client-stops-half-way",
    story: "Clients are gone half way through their uploads: of a body that is passed on as it comes, of one that is held, \
            and of one that is sent to a data server. The seed answers 200, and serves half an object. Ours keeps nothing.",
    plan: || {
        Story::of(2, 2)
            .at(10.0)
            .put_flawed(Api(1), 0, LARGE, BodyFlaw::Cut)
            .at(11.0)
            .put_flawed(Api(1), 1, HELD, BodyFlaw::Cut)
            .at(12.0)
            .put_flawed(Data(1), 2, LARGE, BodyFlaw::Cut)
            .at(13.0)
            .get(Api(2), 0)
            .at(14.0)
            .get(Api(2), 1)
            .at(15.0)
            .get(Api(2), 2)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::StreamedBodyFault)?;
        seen.touched(Point::BodyHeld)?;
        for (name, put, get) in [(0, 10.0, 13.0), (1, 11.0, 14.0), (2, 12.0, 15.0)] {
            seen.outcome(put, &Outcome::Unknown)?;
            seen.missing(get)?;
            seen.nowhere(name)?;
        }
        Ok(())
    },
};

pub(in crate::scenario) const CLIENTS_HANG_UP: Scenario = Scenario {
    name: "failure-12-clients-hang-up",
    story: "Thirty clients, one after the other, ask for an object and hang up. Each leaks a connection between the servers \
            of the seed for good. Ours serve four requests at a time in this story, and still serve the next.",
    plan: || {
        Story::of(1, 1)
            .with(|cluster| cluster.max_requests = 4)
            .at(7.0)
            .put(Api(1), 0, LARGE)
            .every(0.1, 10.0, 13.0, |story, _| story.get_and_hang_up(Api(1), 0))
            .at(13.1)
            .get(Api(1), 0)
            .at(13.2)
            .get(Data(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::ClientHungUp)?;
        seen.all_ended(10.0, 13.0, &Outcome::HungUp)?;
        seen.whole(13.1, 7.0)?;
        seen.whole(13.2, 7.0)
    },
};
