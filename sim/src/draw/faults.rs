//! Every fault of a run: first of which kind and on what, from the run's profile; then when and how, from a stream of the
//! subject's own.

use std::collections::BTreeMap;

use crate::draw::lanes::Lanes;
use crate::draw::mix::Mix;
use crate::draw::stage::Stage;
use crate::draw::{Source, Streams, flapping, particulars, span};
use crate::plan::Fault;
use crate::plan::kind::{Kind, Subject};

pub(super) fn draw(streams: &mut impl Streams, stage: &Stage, mix: &Mix) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut lanes = Lanes::default();
    let mut counts: BTreeMap<(Subject, Kind), u32> = BTreeMap::new();
    for slot in 0..mix.slots {
        if streams.are_spent() {
            break;
        }
        let chosen = choose(&mut streams.stream(&format!("faults/{slot}"), 4), stage, mix);
        let Some((kind, subject)) = chosen else { continue };
        let nth = counts.entry((subject, kind)).or_default();
        let source = &mut streams.stream(&format!("{subject}/{kind}/{nth}"), 32);
        *nth += 1;
        faults.extend(draw_one(source, stage, &mut lanes, kind, subject));
    }
    for nth in 0..mix.flaps {
        if !streams.are_spent() {
            faults.extend(flapping::draw(streams, stage, mix, nth));
        }
    }
    faults.sort_by_key(|fault| (fault.from_us, fault.until_us));
    faults
}

fn choose(source: &mut impl Source, stage: &Stage, mix: &Mix) -> Option<(Kind, Subject)> {
    let kind = source.among(&mix.kinds)?;
    let subject = source.among(&mix.subjects(stage, kind))?;
    Some((kind, subject))
}

/// Nothing if there is no time left at which this can happen.
fn draw_one(source: &mut impl Source, stage: &Stage, lanes: &mut Lanes, kind: Kind, subject: Subject) -> Option<Fault> {
    let what = particulars::draw(source, &stage.cluster, kind, subject);
    let wish = span::draw(source, stage, kind);
    let span = match what.lane() {
        None => wish,
        Some(lane) if kind == Kind::StartsLate => lanes.claim_beginning(lane, wish)?,
        Some(lane) => lanes.claim(source, lane, wish, stage.length_us)?,
    };
    Some(Fault { from_us: span.from_us, until_us: span.until_us, kind: what })
}
