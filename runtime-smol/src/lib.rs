//! Lode on smol: what carries out the decisions of `lode-core` on real sockets, files, databases and brokers.

pub mod bus;
pub mod disk;
pub mod http;
pub mod shutdown;
