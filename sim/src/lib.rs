//! Whole clusters in virtual time, driven from the same machines as the runtime.
//!
//! This room is empty: the simulator is an issue of its own (DESIGN.md §8 says what it will be). The machines are ready
//! for it: everything that happens to them, and everything that they want done, is a value.
#![forbid(unsafe_code)]
