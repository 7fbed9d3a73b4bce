//! Draws plans, from a seed or from a fuzzer's bytes.
//!
//! Drawing goes from the general to the particular: first the cluster and a profile of the run (which faults there are at
//! all, what clients do and how often), then every fault, then the operations, many of which are put where the faults make
//! them interesting. A narrow workload hides bugs that no number of seeds finds, so each run has another profile, and in
//! most of them most things are absent: what is always there gets in the way of everything else.
//!
//! Each part draws from a stream of its own, with a name like `data-3/kill/0`. So the second kill of data-3 depends neither
//! on how many operations there are nor on what happens to data-2.

mod cluster;
mod faults;
mod flapping;
mod lanes;
mod mix;
mod operations;
mod pace;
mod particulars;
mod source;
mod span;
mod stage;
#[cfg(test)]
mod tests;
mod workload;

pub use self::source::{ByteStream, ByteStreams, SeedStream, SeedStreams, Source, Streams};
use self::stage::Stage;
use crate::plan::{Fault, Operation, Plan};

/// How many operations a drawn plan has at the most.
pub const MOST_OPERATIONS: u64 = 120;
/// How many faults a drawn plan has at the most.
pub const MOST_FAULTS: u64 = mix::MOST_SLOTS + mix::MOST_FLAPS * flapping::MOST_LINKS;
/// The latest that the faults of a drawn plan are over.
pub const LATEST_CALM_US: u64 = stage::LONGEST_US + REST_US;

/// How long after the last entry the calm begins.
const REST_US: u64 = 1_000;

/// The plan of this seed.
#[must_use]
pub fn from_seed(seed: u64) -> Plan {
    draw(seed, &mut SeedStreams::new(seed))
}

/// The plan that these bytes mean. Any bytes mean one; fewer bytes mean fewer faults and operations.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Plan {
    let mut streams = ByteStreams::new(bytes);
    let seed = streams.stream("seed", 4).below(1 << 32);
    draw(seed, &mut streams)
}

fn draw(seed: u64, streams: &mut impl Streams) -> Plan {
    let cluster = cluster::draw(streams);
    let pace = pace::draw(streams);
    let workload = workload::draw(streams, &cluster);
    let stage = Stage::draw(streams, &cluster, &workload);
    let mix = mix::draw(streams, &stage);
    let faults = faults::draw(streams, &stage, &mix);
    let operations = operations::draw(streams, &stage, &workload, &faults);
    let calm_at_us = last_us(&operations, &faults) + REST_US;
    Plan { seed, cluster, pace, operations, faults, calm_at_us }
}

fn last_us(operations: &[Operation], faults: &[Fault]) -> u64 {
    let ends = faults.iter().map(|fault| fault.until_us);
    operations.iter().map(|operation| operation.at_us).chain(ends).max().unwrap_or(0)
}
