//! Several copies of a blob: how many there are to be, when enough are durable, and which one is read.
//!
//! [`QuorumWrite`] follows the copies of one upload and says when it counts; [`CopyRead`] goes from copy to copy until a
//! body is whole. Both are usable alone: they know nothing of requests, networks and time.

mod count;
mod read;
mod write;

pub use count::{Copies, CopiesError, MAX_COPIES};
pub use read::{CopyRead, NextRead};
pub use write::{Durable, NextWrite, QuorumWrite};
