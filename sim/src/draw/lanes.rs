//! Keeps apart what cannot happen at the same time: each fault gets a time of its own in its lane, so that nothing has to be
//! thrown away and drawn again.

use std::collections::BTreeMap;

use crate::draw::Source;
use crate::draw::span::Span;
use crate::plan::kind::Lane;

/// The times that are taken, by lane, in order.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    taken: BTreeMap<Lane, Vec<Span>>,
}

impl Lanes {
    /// The time wished for, or one that is free; as long as was wished where there is room for that. `None` if all of the
    /// lane is taken.
    pub(super) fn claim(&mut self, source: &mut impl Source, lane: Lane, wish: Span, run_us: u64) -> Option<Span> {
        let taken = self.taken.entry(lane).or_default();
        let gaps = gaps(taken, run_us);
        let span = if gaps.iter().any(|gap| holds(*gap, wish)) {
            wish
        } else {
            let gap = source.among(&gaps)?;
            let length_us = wish.length_us().min(gap.length_us());
            let from_us = source.between(gap.from_us, gap.until_us - length_us);
            Span { from_us, until_us: from_us + length_us }
        };
        insert(taken, span);
        Some(span)
    }

    /// As much of the time wished for as is free at the beginning of the run.
    pub(super) fn claim_beginning(&mut self, lane: Lane, wish: Span) -> Option<Span> {
        let taken = self.taken.entry(lane).or_default();
        let first_us = taken.first().map_or(u64::MAX, |span| span.from_us);
        let until_us = wish.until_us.min(first_us.saturating_sub(1));
        let span = Span { from_us: 0, until_us };
        (until_us > 0).then(|| insert(taken, span))?;
        Some(span)
    }
}

/// What is free between the spans, with a microsecond to spare: what ends and what begins at one instant has no order.
fn gaps(taken: &[Span], run_us: u64) -> Vec<Span> {
    let mut gaps = Vec::new();
    let mut from_us = 0;
    for span in taken {
        gaps.push((from_us, span.from_us.saturating_sub(1)));
        from_us = span.until_us + 1;
    }
    gaps.push((from_us, run_us));
    gaps.retain(|(from_us, until_us)| from_us < until_us);
    gaps.into_iter().map(|(from_us, until_us)| Span { from_us, until_us }).collect()
}

const fn holds(gap: Span, wish: Span) -> bool {
    gap.from_us <= wish.from_us && wish.until_us <= gap.until_us
}

fn insert(taken: &mut Vec<Span>, span: Span) {
    let at = taken.partition_point(|other| other.from_us < span.from_us);
    taken.insert(at, span);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::draw::{SeedStreams, Streams as _};
    use crate::node::Node;

    proptest! {
        #[test]
        fn claims_of_a_lane_never_touch(
            seed: u64,
            run_us in 1..200_u64,
            wishes in prop::collection::vec((0..100_u64, 1..100_u64, prop::bool::weighted(0.1)), 0..20),
        ) {
            let (mut lanes, mut source) = (Lanes::default(), SeedStreams::new(seed).stream("lanes", 0));
            let lane = Lane::Process(Node::Data(1));
            let mut claimed: Vec<Span> = Vec::new();
            for (from_us, length_us, beginning) in wishes {
                let wish = Span { from_us, until_us: from_us + length_us };
                let claim = if beginning {
                    lanes.claim_beginning(lane, Span { from_us: 0, until_us: length_us.min(run_us) })
                } else {
                    lanes.claim(&mut source, lane, wish, run_us)
                };
                let Some(span) = claim else { continue };
                prop_assert!(span.from_us < span.until_us && span.until_us <= run_us);
                let apart = |other: &Span| span.until_us < other.from_us || other.until_us < span.from_us;
                prop_assert!(claimed.iter().all(apart), "{span:?} touches one of {claimed:?}");
                claimed.push(span);
            }
        }
    }
}
