//! The sixteen ways in which the seed was seen to break (SEED-WIRE.md §4), each told again with Lode in its place.

pub(super) mod bus;
pub(super) mod disks;
pub(super) mod transfers;
