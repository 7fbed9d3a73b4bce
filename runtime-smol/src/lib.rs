//! Lode on smol: what carries out the decisions of [`lode_core`] on real sockets, files and brokers.
//!
//! Two servers that can be run in any smol program, [`api::ApiServer`] and [`data::DataServer`], and what they are made of:
//! the [`http`] gate and client, the message [`bus`], the blobs on [`disk`]. Nothing here decides anything about the
//! cluster: each server feeds what happens to its machine in the core, and does what the machine wants done.
//!
//! A whole cluster in one future:
//!
//! ```
//! use std::sync::Arc;
//! use lode_smol::api::ApiServer;
//! use lode_smol::bus::EmbeddedBus;
//! use lode_smol::data::DataServer;
//! use lode_smol::shutdown::Shutdown;
//!
//! # let root = std::env::temp_dir().join(format!("lode-doc-{}", std::process::id()));
//! let bus = Arc::new(EmbeddedBus::new());
//! let api = ApiServer::builder("127.0.0.1:0".parse()?, bus.clone()).build()?;
//! let data = DataServer::builder("127.0.0.1:0".parse()?, root.clone(), bus).build()?;
//! let (trigger, shutdown) = Shutdown::new();
//!
//! let readiness = api.readiness();
//! let stop = async {
//!     while !readiness.is_ready() {
//!         smol::Timer::after(std::time::Duration::from_millis(1)).await;
//!     }
//!     trigger.request();
//! };
//! smol::block_on(futures::future::join3(api.run(shutdown.clone()), data.run(shutdown), stop));
//! # std::fs::remove_dir_all(root)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How a request travels: the gate frames and checks its head; the task that has its connection parses it into an
//! operation and puts that before the machine; the machine's effects for this request come back to the same task through
//! its mailbox, and it carries them out one after the other, reporting each completion, until the answer is sent.

pub mod api;
pub mod bus;
pub mod catalog;
pub mod data;
mod digesting;
pub mod disk;
mod driver;
mod engine;
pub mod http;
mod mailbox;
mod metrics;
pub mod rebuild;
mod reply;
mod request;
pub mod shutdown;
#[cfg(test)]
mod small_disk;
pub mod start;
mod within;
