//! Clusters of which some nodes are not what one would wish.

use super::sizes::{HELD, LARGE, SMALL};
use super::{Scenario, Seen, Story, ensure, expect_outcome, told};
use crate::coverage::Point;
use crate::history::{Asked, Outcome};
use crate::node::Node::{Api, Data, SeedApi, SeedData};
use crate::plan::FaultKind;

pub(super) const SEED_BOTH_WAYS: Scenario = Scenario {
    name: "nodes-of-the-seed-both-ways",
    story: "Nodes of the seed stand in one cluster with ours. What is put through an API server of the one kind is read through \
            one of the other, wherever it lies. A 404 takes a second as long as a data server of the seed lives, whose \
            silence is its no. It knows no ranges and no DELETE: of what lies on one a part is cut out by ours, and a DELETE \
            is 501.",
    plan: || {
        Story::of(1, 2)
            .beside_the_seed(1, 1)
            .every(0.1, 12.0, 14.0, |story, time| {
                story.put(if time % 2 == 0 { Api(1) } else { SeedApi(1) }, time, HELD)
            })
            .every(0.1, 15.0, 17.0, |story, time| story.get(SeedApi(1), time))
            .every(0.1, 18.0, 20.0, |story, time| story.get(Api(1), time))
            .at(21.0)
            .get(Api(1), 1000)
            .at(23.0)
            .put(SeedData(1), 200, SMALL)
            .at(24.0)
            .get_part(Api(1), 200, 100, 299)
            .at(25.0)
            .delete(Api(1), 200)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::SeedAnswered)?;
        let puts: Vec<_> = seen.calls(12.0, 14.0).collect();
        puts.iter().try_for_each(|put| expect_outcome(put, &Outcome::Stored))?;
        let kept_by_ours = puts.iter().filter(|put| seen.holdings(put.name.0).next().is_some()).count();
        ensure(0 < kept_by_ours && kept_by_ours < puts.len(), || {
            format!("{kept_by_ours} of {} objects lie on ours, and none or all of them on the seed's", puts.len())
        })?;
        for get in seen.calls(15.0, 20.0) {
            let put: Vec<_> = puts.iter().copied().filter(|put| put.name == get.name).collect();
            seen.whole_of(get, &put)?;
        }
        seen.missing(21.0)?;
        seen.took_between(21.0, 1.0, 1.001)?;
        seen.part(24.0, 23.0, 100, 299)?;
        seen.refused(25.0, 501, "cannot_delete")
    },
};

pub(super) const SEED_KILLED_DURING_GET: Scenario = Scenario {
    name: "a-node-of-the-seed-killed-during-get",
    story: "A data server of the seed is killed while it sends an object through an API server of ours. The seed's own would \
            have ended the body properly (failure 3). Through ours it breaks off.",
    plan: || {
        Story::of(1, 1)
            .beside_the_seed(0, 1)
            .at(12.0)
            .put(SeedData(1), 0, LARGE)
            .at(13.0)
            .get(Api(1), 0)
            .fault(13.05, 20.0, FaultKind::Kill { node: SeedData(1) })
            .at(30.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.cut(13.0)?;
        seen.whole(30.0, 12.0)
    },
};

pub(super) const ONE_ADDRESS_FOR_TWO: Scenario = Scenario {
    name: "two-servers-with-one-address",
    story: "A second data server is started under the address of another one, by mistake, with a disk of its own, and gets \
            some of its connections. Whoever reads what lies on the first gets it whole, or is told that it is not there; \
            nobody gets anything else, and who has to do with the other servers does not notice. When the second one is \
            gone all is as before.",
    plan: || {
        Story::of(1, 3)
            .at(7.0)
            .put(Data(1), 0, HELD)
            .at(8.0)
            .put(Data(2), 1, HELD)
            .fault(10.0, 30.0, FaultKind::SharedAddress { node: Data(1) })
            .every(0.25, 11.0, 29.0, |story, time| story.get(Api(1), time % 2))
            .at(35.0)
            .get(Api(1), 0)
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultSharedAddress)?;
        for get in seen.calls(11.0, 29.0) {
            let put = if get.name.0 == 0 { seen.call(7.0)? } else { seen.call(8.0)? };
            if get.name.0 != 0 || get.outcome != Outcome::Missing {
                seen.whole_of(get, &[put])?;
            }
        }
        seen.whole(35.0, 7.0)
    },
};

pub(super) const EVERYBODY_RESTARTS: Scenario = Scenario {
    name: "everybody-is-restarted-in-turn",
    story: "All servers of a cluster are restarted, one after the other, as for a new version. Clients who try another API \
            server, and try again after a 503, are all served, and nothing is lost.",
    plan: || {
        let mut story = Story::of(2, 3).every(0.1, 7.0, 8.0, |story, time| story.put(Api(1), time, SMALL));
        for (node, at) in [(Data(1), 10.0), (Data(2), 20.0), (Data(3), 30.0), (Api(1), 40.0), (Api(2), 50.5)] {
            story = story.fault(at, at + 0.6, FaultKind::Kill { node });
        }
        story
            .every(0.5, 10.25, 60.0, |story, time| story.put(Api(1 + time % 2), 100 + time, SMALL))
            .every(0.1, 61.0, 62.0, |story, time| story.get(Api(1), time))
            .every(0.5, 65.0, 114.75, |story, time| story.get(Api(2), 100 + time))
            .plan()
    },
    expect: |run| {
        let seen = Seen::of(run);
        seen.touched(Point::FaultKill)?;
        let mut turned_away = 0;
        for put in seen.calls(10.0, 60.0) {
            if put.outcome == Outcome::Stored {
                continue;
            }
            turned_away += 1;
            let api_is_away = put.outcome == Outcome::Unknown && matches!(put.asked, Asked::Put { .. });
            ensure(api_is_away, || format!("{}, though only its API server may be away", told(put)))?;
        }
        ensure(turned_away == 2, || format!("{turned_away} clients were turned away"))?;
        seen.all_served(61.0, 62.0)?;
        let stored: Vec<_> = seen.calls(10.0, 60.0).filter(|put| put.outcome == Outcome::Stored).collect();
        for get in seen.calls(65.0, 115.0) {
            match stored.iter().find(|put| put.name == get.name) {
                Some(put) => seen.whole_of(get, &[put])?,
                None => expect_outcome(get, &Outcome::Missing)?,
            }
        }
        Ok(())
    },
};
