//! What is read out of a run.

use lode_core::time::Instant;
use serde::Serialize;

use crate::history::{Belief, Call, History};
use crate::plan::{FaultKind, Plan};

/// How durations are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub samples: usize,
    /// The shortest.
    pub least_us: u64,
    /// Half of them are not longer.
    pub median_us: u64,
    /// 99 of a hundred are not longer.
    pub p99_us: u64,
    /// The longest.
    pub most_us: u64,
}

impl Spread {
    /// Of these microseconds.
    #[must_use]
    pub fn of(mut durations_us: Vec<u64>) -> Self {
        durations_us.sort_unstable();
        let samples = durations_us.len();
        // The nearest rank.
        let at = |percent: usize| {
            let rank = (samples * percent).div_ceil(100).max(1);
            durations_us.get(rank - 1).copied().unwrap_or(0)
        };
        Self { samples, least_us: at(0), median_us: at(50), p99_us: at(99), most_us: at(100) }
    }
}

/// How long the calls took that are wanted.
pub(super) fn durations(history: &History, wanted: impl Fn(&Call) -> bool) -> Vec<u64> {
    let calls = history.calls.iter().filter(|call| wanted(call));
    calls.filter_map(|call| Some(micros_between(call.began, call.ended?))).collect()
}

/// How long it took from each kill to when each API server forgot the one that was killed.
pub(super) fn detections(plan: &Plan, history: &History) -> Vec<u64> {
    let mut detections = Vec::new();
    for fault in &plan.faults {
        let FaultKind::Kill { node } = fault.kind else { continue };
        let died = crate::world::at(fault.from_us);
        let held = |belief: &&Belief| belief.member == node && belief.from <= died;
        let ends = history.beliefs.iter().filter(held).filter_map(|belief| belief.until);
        detections.extend(ends.filter(|end| *end >= died).map(|end| micros_between(died, end)));
    }
    detections
}

fn micros_between(from: Instant, until: Instant) -> u64 {
    u64::try_from((until - from).as_micros()).unwrap_or(u64::MAX)
}

/// A count, to be calculated with.
#[allow(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!(spread, Spread { samples: 200, least_us: 1, median_us: 100, p99_us: 198, most_us: 200 });
        assert_eq!(Spread::of(vec![7]), Spread { samples: 1, least_us: 7, median_us: 7, p99_us: 7, most_us: 7 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
