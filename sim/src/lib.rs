//! Whole clusters in virtual time, driven from the same machines as the runtime.
#![forbid(unsafe_code)]

pub mod assertion;
pub mod chance;
pub mod check;
pub mod coverage;
pub mod draw;
pub mod history;
pub mod node;
pub mod picture;
pub mod plan;
pub mod run;
pub mod scale;
pub mod scenario;
pub mod shrink;
pub mod steady;
pub mod swarm;
pub mod trace;
pub mod traffic;
mod world;
