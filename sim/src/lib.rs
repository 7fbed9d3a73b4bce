//! # lode-sim: whole clusters in virtual time
//!
//! The machines of `lode-core` that run in production run here in a simulated world: a bus, HTTP, disks, processes, clocks
//! and clients are models, each with its faults. Checkers watch every step and judge every run. `sim/README.md` says how to
//! use the binary; this page says what the library is made of.
//!
//! | what | where |
//! |---|---|
//! | what is going to happen: the cluster, the operations of clients, the faults | [`plan`], drawn by [`draw`] or written by hand as a [`scenario`] |
//! | a run of a plan, and what came of it | [`run`] |
//! | what happened, record by record, as lines or as a picture | [`trace`], [`picture`] |
//! | what clients were told, and what was true meanwhile | [`history`] |
//! | what must hold of a whole run | [`check`]; what must hold after each step is checked while it runs |
//! | many runs, and the smallest plan that fails | [`swarm`], [`shrink`] |
//! | what was touched, and what never was | [`coverage`] |
//!
//! The same plan gives the same run, byte for byte: no clock, no thread, no collection without order, and chance only from
//! streams keyed by the plan's seed, by who draws and for what ([`chance`]).
//!
//! ```
//! use lode_sim::{draw, run, trace::Keep};
//!
//! let plan = draw::from_seed(42);
//! let (once, again) = (run::run(&plan, Keep::Hash), run::run(&plan, Keep::Hash));
//! assert!(once.violations.is_empty());
//! assert_eq!(once.trace.hash(), again.trace.hash());
//! ```
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
