//! What the kinds of fault have in common: whom they hit, how often, and how hard.

use crate::node::Node;
use crate::plan::FaultKind;

/// Whom it hits.
pub(super) fn nodes(kind: &mut FaultKind) -> Vec<&mut Node> {
    match kind {
        FaultKind::BrokerDown | FaultKind::BrokerHangs => Vec::new(),
        FaultKind::Partition { a, b } => vec![a, b],
        FaultKind::OneWay { from, to } => vec![from, to],
        FaultKind::BusLoss { node, .. }
        | FaultKind::BusDelay { node, .. }
        | FaultKind::BusDuplicates { node, .. }
        | FaultKind::BusMalformed { node, .. }
        | FaultKind::LateBinding { node }
        | FaultKind::QueueLost { node }
        | FaultKind::BusCut { node }
        | FaultKind::Isolated { node }
        | FaultKind::Refused { node }
        | FaultKind::Reset { node, .. }
        | FaultKind::Stall { node, .. }
        | FaultKind::Truncated { node, .. }
        | FaultKind::AnswerLost { node, .. }
        | FaultKind::SlowLink { node, .. }
        | FaultKind::DiskWriteError { node }
        | FaultKind::DiskReadError { node }
        | FaultKind::DiskFull { node }
        | FaultKind::ShortWrite { node }
        | FaultKind::SlowDisk { node, .. }
        | FaultKind::BitRot { node }
        | FaultKind::Kill { node }
        | FaultKind::KillBetweenEffects { node, .. }
        | FaultKind::PowerLoss { node }
        | FaultKind::BlankDisk { node }
        | FaultKind::Pause { node }
        | FaultKind::StartsLate { node }
        | FaultKind::SharedAddress { node }
        | FaultKind::ClockDrift { node, .. }
        | FaultKind::ClockPause { node }
        | FaultKind::WallClockStep { node, .. } => vec![node],
    }
}

/// The number in it: how often, or how hard, it hits.
#[derive(Debug)]
pub(super) enum Number<'a> {
    /// In thousandths.
    Often(&'a mut u16),
    /// As a time.
    Micros(&'a mut u64),
    /// As a count.
    Count(&'a mut u32),
    /// As a deviation to one side or the other, in millionths.
    Drift(&'a mut i32),
    /// As a step to one side or the other.
    Step(&'a mut i64),
    /// It has none.
    None,
}

/// The number in it.
pub(super) fn number(kind: &mut FaultKind) -> Number<'_> {
    match kind {
        FaultKind::BusLoss { permille, .. }
        | FaultKind::BusDuplicates { permille, .. }
        | FaultKind::BusMalformed { permille, .. }
        | FaultKind::Reset { permille, .. }
        | FaultKind::Stall { permille, .. }
        | FaultKind::Truncated { permille, .. }
        | FaultKind::AnswerLost { permille, .. } => Number::Often(permille),
        FaultKind::BusDelay { up_to_us, .. }
        | FaultKind::SlowLink { up_to_us, .. }
        | FaultKind::SlowDisk { up_to_us, .. } => Number::Micros(up_to_us),
        FaultKind::KillBetweenEffects { after_effects, .. } => Number::Count(after_effects),
        FaultKind::ClockDrift { ppm, .. } => Number::Drift(ppm),
        FaultKind::WallClockStep { by_us, .. } => Number::Step(by_us),
        FaultKind::LateBinding { .. }
        | FaultKind::QueueLost { .. }
        | FaultKind::BrokerDown
        | FaultKind::BrokerHangs
        | FaultKind::BusCut { .. }
        | FaultKind::Partition { .. }
        | FaultKind::OneWay { .. }
        | FaultKind::Isolated { .. }
        | FaultKind::Refused { .. }
        | FaultKind::DiskWriteError { .. }
        | FaultKind::DiskReadError { .. }
        | FaultKind::DiskFull { .. }
        | FaultKind::ShortWrite { .. }
        | FaultKind::BitRot { .. }
        | FaultKind::Kill { .. }
        | FaultKind::PowerLoss { .. }
        | FaultKind::BlankDisk { .. }
        | FaultKind::Pause { .. }
        | FaultKind::StartsLate { .. }
        | FaultKind::SharedAddress { .. }
        | FaultKind::ClockPause { .. } => Number::None,
    }
}

impl Number<'_> {
    /// How large it is, without its sign; `None` if there is no number.
    pub(super) fn magnitude(&self) -> Option<u64> {
        match self {
            Self::Often(permille) => Some(u64::from(**permille)),
            Self::Micros(micros) => Some(**micros),
            Self::Count(count) => Some(u64::from(**count)),
            Self::Drift(ppm) => Some(u64::from(ppm.unsigned_abs())),
            Self::Step(by_us) => Some(by_us.unsigned_abs()),
            Self::None => None,
        }
    }

    /// Makes it this large, with the sign that it has; one too large for it stays out of it.
    pub(super) fn set_magnitude(self, magnitude: u64) {
        match self {
            Self::Often(permille) => *permille = u16::try_from(magnitude).unwrap_or(*permille),
            Self::Micros(micros) => *micros = magnitude,
            Self::Count(count) => *count = u32::try_from(magnitude).unwrap_or(*count),
            Self::Drift(ppm) => *ppm = i32::try_from(magnitude).map_or(*ppm, |size| size * ppm.signum()),
            Self::Step(by_us) => *by_us = i64::try_from(magnitude).map_or(*by_us, |size| size * by_us.signum()),
            Self::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_magnitude(mut kind: FaultKind, magnitude: u64) -> FaultKind {
        number(&mut kind).set_magnitude(magnitude);
        kind
    }

    #[test]
    fn a_number_keeps_its_sign_and_its_bounds() {
        let node = Node::Data(1);
        let slow = FaultKind::ClockDrift { node, ppm: -500 };
        assert_eq!(number(&mut slow.clone()).magnitude(), Some(500));
        assert_eq!(with_magnitude(slow.clone(), 20), FaultKind::ClockDrift { node, ppm: -20 });
        assert_eq!(with_magnitude(slow.clone(), u64::MAX), slow);
        let back = FaultKind::WallClockStep { node, by_us: i64::MIN };
        assert_eq!(number(&mut back.clone()).magnitude(), Some(1 << 63));
        assert_eq!(with_magnitude(back, 7), FaultKind::WallClockStep { node, by_us: -7 });
        assert_eq!(number(&mut FaultKind::BrokerDown).magnitude(), None);
    }

    #[test]
    fn both_ends_are_hit() {
        let mut cut = FaultKind::OneWay { from: Node::Api(1), to: Node::Data(2) };
        assert_eq!(nodes(&mut cut), [&mut Node::Api(1), &mut Node::Data(2)]);
    }
}
