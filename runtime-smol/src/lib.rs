//! Lode on smol: what carries out the decisions of `lode-core` on real sockets, files, databases and brokers.

pub mod api;
pub mod bus;
pub mod data;
mod digesting;
pub mod disk;
mod driver;
mod engine;
pub mod http;
mod mailbox;
mod metrics;
mod reply;
mod request;
pub mod shutdown;
pub mod start;
