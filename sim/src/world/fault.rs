//! A fault of the plan begins, and ends.

use super::World;
use super::process::End;
use crate::chance::Purpose;
use crate::node::Node;
use crate::plan::kind::Kind;
use crate::plan::{Fault, FaultKind};
use crate::trace::MarkKind;

/// The two instants at which a fault may do something, beside what it does by being in force.
#[derive(Clone, Copy)]
enum Edge {
    Begins,
    Ends,
}

impl World<'_> {
    pub(crate) fn fault_begins(&mut self, index: usize) {
        let plan = self.plan;
        let Some(Fault { until_us, kind, .. }) = plan.faults.get(index) else { return };
        self.faults.begin(index, super::at(*until_us), kind);
        self.mark(kind.subject().ends().0, MarkKind::FaultBegan, || format!("fault {index} begins: {kind:?}"));
        if let Some(point) = kind.kind().point() {
            self.hit(point);
        }
        self.fault_acts(kind, Edge::Begins);
    }

    pub(crate) fn fault_ends(&mut self, index: usize) {
        let plan = self.plan;
        let Some(Fault { kind, .. }) = plan.faults.get(index) else { return };
        self.faults.end(index);
        self.mark(kind.subject().ends().0, MarkKind::FaultEnded, || format!("fault {index} ends: {kind:?}"));
        self.fault_acts(kind, Edge::Ends);
    }

    /// What each kind does at either end. Those at the bottom only last: their effects are where messages, exchanges, disks
    /// and processes ask for them.
    fn fault_acts(&mut self, fault: &FaultKind, edge: Edge) {
        use Edge::{Begins, Ends};
        let (node, other) = fault.subject().ends();
        match (fault.kind(), edge) {
            (Kind::QueueLost, Begins) => self.queue_is_lost(node),
            (Kind::QueueLost, Ends) | (Kind::BusCut, Begins) => self.cut_off(node),
            (Kind::BrokerDown, Begins) => self.servers().into_iter().for_each(|node| self.cut_off(node)),
            (Kind::BrokerHangs, Begins) => self.servers().into_iter().for_each(|node| self.arrange_watch(node)),
            (Kind::Partition | Kind::OneWay, Begins) => self.watch_broker_links(&[node, other]),
            (Kind::Isolated, Begins) => self.arrange_watch(node),
            (Kind::BitRot, Begins) => self.some_blob_rots(node),
            (Kind::Kill, Begins) => self.ends(node, End::Killed),
            (Kind::KillBetweenEffects, Begins) => {
                self.process_mut(node).effects_to_live = u32::try_from(fault.strength()).ok();
            }
            (Kind::KillBetweenEffects, Ends) => {
                self.process_mut(node).effects_to_live = None;
                self.starts(node);
            }
            (Kind::PowerLoss, Begins) => self.power_goes(node),
            (Kind::PowerLoss, Ends) => {
                self.process_mut(node).power_fails_at_rename = false;
                self.starts(node);
            }
            (Kind::BlankDisk, Begins) => {
                self.ends(node, End::Killed);
                self.blank_disk(node);
            }
            (Kind::Kill | Kind::BlankDisk | Kind::StartsLate, Ends) => self.starts(node),
            (Kind::Pause, Begins) => self.pauses(node),
            (Kind::Pause, Ends) => self.resumes(node),
            (Kind::SharedAddress, Begins) => self.twin_of(node).into_iter().for_each(|twin| self.starts(twin)),
            (Kind::SharedAddress, Ends) => {
                self.twin_of(node).into_iter().for_each(|twin| self.ends(twin, End::Killed));
            }
            (Kind::ClockDrift | Kind::ClockPause, Begins | Ends) => self.set_clock_by_faults(node),
            (Kind::CatalogFailover, Begins) => self.catalog_fails_over(),
            (Kind::WallClockStep, Begins) => self.wall_clock_steps(node, i64::try_from(fault.strength()).unwrap_or(0)),
            (Kind::StartsLate, Begins)
            | (
                Kind::BrokerDown
                | Kind::BrokerHangs
                | Kind::BusCut
                | Kind::Partition
                | Kind::OneWay
                | Kind::Isolated
                | Kind::BitRot
                | Kind::WallClockStep
                | Kind::CatalogFailover,
                Ends,
            )
            | (
                Kind::BusLoss
                | Kind::BusDelay
                | Kind::BusDuplicates
                | Kind::BusMalformed
                | Kind::LateBinding
                | Kind::Refused
                | Kind::Reset
                | Kind::Stall
                | Kind::Truncated
                | Kind::AnswerLost
                | Kind::SlowLink
                | Kind::DiskWriteError
                | Kind::DiskReadError
                | Kind::DiskFull
                | Kind::ShortWrite
                | Kind::SlowDisk
                | Kind::CatalogDown
                | Kind::CatalogBreaksOff
                | Kind::SlowCatalog,
                Begins | Ends,
            ) => {}
        }
    }

    fn queue_is_lost(&mut self, node: Node) {
        if let Some(session) = self.process_mut(node).session.as_mut() {
            session.bound = false;
        }
    }

    fn wall_clock_steps(&mut self, node: Node, by_us: i64) {
        if let (Node::Catalog, Some(catalog)) = (node, &mut self.catalog) {
            return catalog.set_clock(by_us);
        }
        let offset_us = &mut self.process_mut(node).wall_offset_us;
        *offset_us = offset_us.saturating_add(by_us);
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
}
