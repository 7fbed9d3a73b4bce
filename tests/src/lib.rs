//! The harness of the real-process scenarios in `tests/tests/`: private brokers and databases, servers as processes of their own, a raw
//! HTTP client that shares no code with Lode, nodes of the seed in Python, and a load whose every request is accounted for.
//!
//! Three rules hold throughout. Nothing outlives a test: each process dies with its owner, and with the test program
//! should that be killed. Nothing collides: addresses and ports are claimed (see [`claim`]), so tests of several programs
//! run side by side. Nothing is skipped in silence: a missing binary, broker or Python module fails the test with a
//! sentence that says what to run.

pub mod broker;
pub mod claim;
pub mod cluster;
pub mod content;
pub mod curl;
pub mod folder;
pub mod history;
pub mod http;
pub mod load;
pub mod lode;
pub mod mixed;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod python;
pub mod scratch;
pub mod wait;
