//! A fault of the plan begins, and ends.

use super::World;
use super::process::End;
use crate::chance::Purpose;
use crate::coverage::Point;
use crate::node::Node;
use crate::plan::{Fault, FaultKind};
use crate::trace::MarkKind;

impl World<'_> {
    pub(crate) fn fault_begins(&mut self, index: usize) {
        let plan = self.plan;
        let Some(Fault { until_us, kind, .. }) = plan.faults.get(index) else { return };
        self.faults.begin(index, super::at(*until_us), kind);
        self.mark(kind.subject().ends().0, MarkKind::FaultBegan, || format!("fault {index} begins: {kind:?}"));
        self.cover_fault(kind);
        match *kind {
            FaultKind::QueueLost { node } => {
                if let Some(session) = self.process_mut(node).session.as_mut() {
                    session.bound = false;
                }
            }
            FaultKind::BrokerDown => self.servers().into_iter().for_each(|node| self.cut_off(node)),
            FaultKind::BrokerHangs => self.servers().into_iter().for_each(|node| self.arrange_watch(node)),
            FaultKind::BusCut { node } => self.cut_off(node),
            FaultKind::Partition { a, b } => self.watch_broker_links(&[a, b]),
            FaultKind::OneWay { from, to } => self.watch_broker_links(&[from, to]),
            FaultKind::Isolated { node } => self.arrange_watch(node),
            FaultKind::BitRot { node } => self.some_blob_rots(node),
            FaultKind::Kill { node } => self.ends(node, End::Killed),
            FaultKind::KillBetweenEffects { node, after_effects } => {
                self.process_mut(node).effects_to_live = Some(after_effects);
            }
            FaultKind::PowerLoss { node } => self.power_goes(node),
            FaultKind::BlankDisk { node } => {
                self.ends(node, End::Killed);
                self.blank_disk(node);
            }
            FaultKind::Pause { node } => self.pauses(node),
            FaultKind::SharedAddress { node } => {
                if let Some(twin) = self.twin_of(node) {
                    self.starts(twin);
                }
            }
            FaultKind::ClockDrift { node, .. } | FaultKind::ClockPause { node } => self.set_clock_by_faults(node),
            FaultKind::WallClockStep { node, by_us } => {
                let process = self.process_mut(node);
                process.wall_offset_us = process.wall_offset_us.saturating_add(by_us);
            }
            FaultKind::BusLoss { .. }
            | FaultKind::BusDelay { .. }
            | FaultKind::BusDuplicates { .. }
            | FaultKind::BusMalformed { .. }
            | FaultKind::LateBinding { .. }
            | FaultKind::Refused { .. }
            | FaultKind::Reset { .. }
            | FaultKind::Stall { .. }
            | FaultKind::Truncated { .. }
            | FaultKind::AnswerLost { .. }
            | FaultKind::SlowLink { .. }
            | FaultKind::DiskWriteError { .. }
            | FaultKind::DiskReadError { .. }
            | FaultKind::DiskFull { .. }
            | FaultKind::ShortWrite { .. }
            | FaultKind::SlowDisk { .. }
            | FaultKind::StartsLate { .. } => {}
        }
    }

    pub(crate) fn fault_ends(&mut self, index: usize) {
        let plan = self.plan;
        let Some(Fault { kind, .. }) = plan.faults.get(index) else { return };
        self.faults.end(index);
        self.mark(kind.subject().ends().0, MarkKind::FaultEnded, || format!("fault {index} ends: {kind:?}"));
        match *kind {
            FaultKind::QueueLost { node } => self.cut_off(node),
            FaultKind::PowerLoss { node } => {
                self.process_mut(node).power_fails_at_rename = false;
                self.starts(node);
            }
            FaultKind::Kill { node } | FaultKind::BlankDisk { node } | FaultKind::StartsLate { node } => {
                self.starts(node)
            }
            FaultKind::KillBetweenEffects { node, .. } => {
                self.process_mut(node).effects_to_live = None;
                self.starts(node);
            }
            FaultKind::Pause { node } => self.resumes(node),
            FaultKind::SharedAddress { node } => {
                if let Some(twin) = self.twin_of(node) {
                    self.ends(twin, End::Killed);
                }
            }
            FaultKind::ClockDrift { node, .. } | FaultKind::ClockPause { node } => self.set_clock_by_faults(node),
            FaultKind::BusLoss { .. }
            | FaultKind::BusDelay { .. }
            | FaultKind::BusDuplicates { .. }
            | FaultKind::BusMalformed { .. }
            | FaultKind::LateBinding { .. }
            | FaultKind::BrokerDown
            | FaultKind::BrokerHangs
            | FaultKind::BusCut { .. }
            | FaultKind::Partition { .. }
            | FaultKind::OneWay { .. }
            | FaultKind::Isolated { .. }
            | FaultKind::Refused { .. }
            | FaultKind::Reset { .. }
            | FaultKind::Stall { .. }
            | FaultKind::Truncated { .. }
            | FaultKind::AnswerLost { .. }
            | FaultKind::SlowLink { .. }
            | FaultKind::DiskWriteError { .. }
            | FaultKind::DiskReadError { .. }
            | FaultKind::DiskFull { .. }
            | FaultKind::ShortWrite { .. }
            | FaultKind::SlowDisk { .. }
            | FaultKind::BitRot { .. }
            | FaultKind::WallClockStep { .. } => {}
        }
    }

    /// The power goes now, or, as ill luck will have it, when a blob has just been renamed.
    fn power_goes(&mut self, node: Node) {
        let waits = matches!(node, Node::Data(_)) && self.chance.of(node, Purpose::Damage).bool();
        if waits {
            self.process_mut(node).power_fails_at_rename = true;
        } else {
            self.ends(node, End::PowerLost);
        }
    }

    fn servers(&self) -> Vec<Node> {
        self.address_of.keys().copied().collect()
    }

    fn twin_of(&self, node: Node) -> Option<Node> {
        self.twins.iter().find(|(_, of)| **of == node).map(|(twin, _)| *twin)
    }

    /// A way to the broker is blocked: whoever it is will find out.
    fn watch_broker_links(&mut self, ends: &[Node; 2]) {
        if ends.contains(&Node::Broker) {
            for node in ends.iter().filter(|node| **node != Node::Broker) {
                self.arrange_watch(*node);
            }
        }
    }

    fn cover_fault(&mut self, kind: &FaultKind) {
        let point = match kind {
            FaultKind::QueueLost { .. } => Point::FaultQueueLost,
            FaultKind::BrokerDown => Point::FaultBrokerDown,
            FaultKind::BrokerHangs => Point::FaultBrokerHangs,
            FaultKind::BusCut { .. } => Point::FaultBusCut,
            FaultKind::Partition { .. } => Point::FaultPartition,
            FaultKind::OneWay { .. } => Point::FaultOneWay,
            FaultKind::Isolated { .. } => Point::FaultIsolated,
            FaultKind::Kill { .. } => Point::FaultKill,
            FaultKind::PowerLoss { .. } => Point::FaultPowerLoss,
            FaultKind::BlankDisk { .. } => Point::FaultBlankDisk,
            FaultKind::Pause { .. } => Point::FaultPause,
            FaultKind::StartsLate { .. } => Point::FaultStartsLate,
            FaultKind::ClockDrift { .. } => Point::FaultClockDrift,
            FaultKind::ClockPause { .. } => Point::FaultClockPause,
            FaultKind::WallClockStep { .. } => Point::FaultWallClockStep,
            FaultKind::SlowLink { .. } => Point::FaultSlowLink,
            FaultKind::SlowDisk { .. } => Point::FaultSlowDisk,
            // These are counted when they strike.
            FaultKind::BusLoss { .. }
            | FaultKind::BusDelay { .. }
            | FaultKind::BusDuplicates { .. }
            | FaultKind::BusMalformed { .. }
            | FaultKind::LateBinding { .. }
            | FaultKind::Refused { .. }
            | FaultKind::Reset { .. }
            | FaultKind::Stall { .. }
            | FaultKind::Truncated { .. }
            | FaultKind::AnswerLost { .. }
            | FaultKind::DiskWriteError { .. }
            | FaultKind::DiskReadError { .. }
            | FaultKind::DiskFull { .. }
            | FaultKind::ShortWrite { .. }
            | FaultKind::BitRot { .. }
            | FaultKind::KillBetweenEffects { .. }
            | FaultKind::SharedAddress { .. } => return,
        };
        self.hit(point);
    }
}
