//! Whole clusters in virtual time, driven from the same machines as the runtime.
#![forbid(unsafe_code)]

pub mod chance;
pub mod check;
pub mod coverage;
pub mod history;
pub mod node;
pub mod plan;
pub mod run;
pub mod trace;
