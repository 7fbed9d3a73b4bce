//! How long the bodies of the scenarios are. At the usual pace 100,000 bytes take a millisecond.

/// Moved in no time.
pub(super) const SMALL: u64 = 1_000;
/// Held until it is stored, and 5 ms on its way.
pub(super) const HELD: u64 = 500_000;
/// Too long to be held, and 100 ms on its way.
pub(super) const LARGE: u64 = 10_000_000;
