//! The clock of a process, as arithmetic on the faults of a plan: nanoseconds of the world on one side, nanoseconds since the
//! start of the process on the other.

use lode_sim::node::Node;
use lode_sim::plan::{FaultKind, Plan};

/// One run of one process's clock.
pub(crate) struct Clock {
    pieces: Vec<Piece>,
}

/// From here on it goes at this speed.
struct Piece {
    world_ns: u64,
    shown_ns: u64,
    speed: u64,
}

/// Nanoseconds that a good clock counts in a second.
const GOOD: u64 = 1_000_000_000;

impl Clock {
    /// That of a process which starts then.
    pub(crate) fn of(plan: &Plan, node: Node, started_ns: u64) -> Self {
        let mut changes_ns = vec![started_ns];
        for fault in plan.faults.iter().filter(|fault| speed_in(&fault.kind, node).is_some()) {
            changes_ns.extend([fault.from_us * 1000, fault.until_us * 1000]);
        }
        changes_ns.retain(|change_ns| *change_ns >= started_ns);
        changes_ns.sort_unstable();
        let mut clock = Self { pieces: Vec::new() };
        for world_ns in changes_ns {
            let shown_ns = if world_ns == started_ns { 0 } else { clock.shows(world_ns) };
            clock.pieces.push(Piece { world_ns, shown_ns, speed: speed_at(plan, node, world_ns) });
        }
        clock
    }

    /// What it shows at this instant of the world.
    pub(crate) fn shows(&self, world_ns: u64) -> u64 {
        let piece = self.pieces.iter().rev().find(|piece| piece.world_ns <= world_ns).expect("the process has started");
        piece.shown_ns + scaled(world_ns - piece.world_ns, piece.speed, GOOD)
    }

    /// The first nanosecond of the world at which it shows at least so much; `None` if it never does.
    pub(crate) fn first_showing(&self, shown_ns: u64) -> Option<u64> {
        let ends = self.pieces.iter().skip(1).map(|piece| piece.world_ns).chain([u64::MAX]);
        self.pieces.iter().zip(ends).find_map(|(piece, end_ns)| {
            let ahead_ns = shown_ns.saturating_sub(piece.shown_ns);
            if ahead_ns == 0 {
                return Some(piece.world_ns);
            }
            let at_ns = (piece.speed > 0).then(|| piece.world_ns + scaled_up(ahead_ns, GOOD, piece.speed))?;
            (at_ns < end_ns).then_some(at_ns)
        })
    }
}

fn speed_at(plan: &Plan, node: Node, world_ns: u64) -> u64 {
    let in_force = |from_us: u64, until_us: u64| (from_us * 1000..until_us * 1000).contains(&world_ns);
    let mut faults = plan.faults.iter().filter(|fault| in_force(fault.from_us, fault.until_us));
    faults.find_map(|fault| speed_in(&fault.kind, node)).unwrap_or(GOOD)
}

fn speed_in(fault: &FaultKind, node: Node) -> Option<u64> {
    match *fault {
        FaultKind::ClockDrift { node: whose, ppm } if whose == node => GOOD.checked_add_signed(i64::from(ppm) * 1000),
        FaultKind::ClockPause { node: whose } if whose == node => Some(0),
        _ => None,
    }
}

fn scaled(nanos: u64, by: u64, of: u64) -> u64 {
    u64::try_from(u128::from(nanos) * u128::from(by) / u128::from(of)).expect("a time within a run")
}

fn scaled_up(nanos: u64, by: u64, of: u64) -> u64 {
    u64::try_from((u128::from(nanos) * u128::from(by)).div_ceil(u128::from(of))).expect("a time within a run")
}

#[test]
fn a_clock_that_changes_its_speed_goes_on_where_it_was() {
    let mut plan = crate::plans::Setting::usual().plan(1, 1, 0);
    let node = Node::Api(1);
    crate::plans::add(&mut plan, 2_000_000, 4_000_000, FaultKind::ClockDrift { node, ppm: 500_000 });
    crate::plans::add(&mut plan, 5_000_000, 6_000_000, FaultKind::ClockPause { node });
    let clock = Clock::of(&plan, node, GOOD);
    assert_eq!([2, 4, 5, 6, 7].map(|second| clock.shows(second * GOOD) / GOOD), [1, 4, 5, 5, 6]);
    assert_eq!(clock.first_showing(5 * GOOD), Some(5 * GOOD));
    assert_eq!(clock.first_showing(5 * GOOD + 1), Some(6 * GOOD + 1));
    assert_eq!(clock.first_showing(GOOD + 2), Some(2 * GOOD + 2));
}
