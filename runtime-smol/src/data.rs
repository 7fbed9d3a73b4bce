//! The data server: files on a disk, HTTP for whoever asks, heartbeats and answers on the bus, and the core's machine
//! between them.

mod asked;
mod figures;
mod node;
mod receive;
mod send;
mod serve;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use lode_core::address::ServerAddress;
use lode_core::config::DataConfig;
use lode_core::data_server::DataServer as Machine;
use smol::{Async, Executor};

use self::node::Node;
use self::serve::Service;
use crate::bus::Bus;
use crate::disk::BlobStore;
use crate::engine::Engine;
use crate::http::server::{Limits, serve};
use crate::shutdown::Shutdown;
use crate::start::{StartError, fresh_incarnation, listen};

/// A data server that is bound to its address, holds its folder, and is not yet running.
///
/// ```no_run
/// use std::sync::Arc;
/// use lode_smol::bus::EmbeddedBus;
/// use lode_smol::data::DataServer;
/// use lode_smol::shutdown::Shutdown;
///
/// let bus = Arc::new(EmbeddedBus::new());
/// let server = DataServer::builder("127.0.0.1:7501".parse()?, "/srv/lode".into(), bus).build()?;
/// let (trigger, shutdown) = Shutdown::new();
/// // … give `trigger` to whoever says when to stop …
/// smol::block_on(server.run(shutdown));
/// # drop(trigger);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DataServer {
    engine: Arc<Engine<Node>>,
    listener: Async<TcpListener>,
    address: SocketAddr,
    limits: Limits,
    executor: Arc<Executor<'static>>,
    bus_work: BoxFuture<'static, ()>,
}

/// Settings of a [`DataServer`].
pub struct DataServerBuilder {
    listen: SocketAddr,
    root: PathBuf,
    bus: Arc<dyn Bus>,
    advertise: Option<ServerAddress>,
    config: DataConfig,
    limits: Limits,
    executor: Arc<Executor<'static>>,
}

impl DataServerBuilder {
    /// The address under which others reach this server, and know it; by default the one that it listens on.
    #[must_use]
    pub fn advertise(mut self, address: ServerAddress) -> Self {
        self.advertise = Some(address);
        self
    }

    /// Periods and bounds; by default those of the seed.
    #[must_use]
    pub fn config(mut self, config: DataConfig) -> Self {
        self.config = config;
        self
    }

    /// The bounds that clients meet.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The executor that the server's tasks run on; by default one of its own, which runs where [`DataServer::run`] is
    /// polled. Give one that several threads run to use several cores.
    #[must_use]
    pub fn executor(mut self, executor: Arc<Executor<'static>>) -> Self {
        self.executor = executor;
        self
    }

    /// Takes the folder, cleans away what an earlier run has left half-written, and listens on the address. Nothing is
    /// served yet.
    ///
    /// # Errors
    /// If the settings cannot be, the folder cannot be used, or the address cannot be listened on.
    pub fn build(self) -> Result<DataServer, StartError> {
        let (listener, address) = listen(self.listen)?;
        let advertised = self.advertise.map_or_else(|| reachable(address), Ok)?;
        let (store, report) = BlobStore::open(&self.root)?;
        if report.temp_files_removed > 0 {
            let removed = report.temp_files_removed;
            tracing::info!(removed, root = %self.root.display(), "uploads that an earlier run had not finished were removed");
        }
        let space = store.space()?;
        let machine = Machine::new(self.config, advertised, fresh_incarnation(), space)?;
        let machine = machine.draining(store.is_draining()).scrubbed(store.scrub_record());
        let (engine, bus_work) = Engine::new(machine, Node { store }, Arc::clone(&self.executor), &*self.bus);
        Ok(DataServer { engine, listener, address, limits: self.limits, executor: self.executor, bus_work })
    }
}

impl DataServer {
    /// A data server that will listen on `listen`, keep its objects under `root`, and be heard and asked over `bus`.
    #[must_use]
    pub fn builder(listen: SocketAddr, root: PathBuf, bus: Arc<dyn Bus>) -> DataServerBuilder {
        DataServerBuilder {
            listen,
            root,
            bus,
            advertise: None,
            config: DataConfig::default(),
            limits: Limits::default(),
            executor: Arc::new(Executor::new()),
        }
    }

    /// The address that it listens on; the port is the real one where 0 was asked for.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown: then no connection is taken any more, requests that are being served are finished, and
    /// the bus is left.
    pub async fn run(self, shutdown: Shutdown) {
        let Self { engine, listener, address, limits, executor, bus_work } = self;
        let service = Service { engine: Arc::clone(&engine) };
        let serving = serve(listener, Arc::new(service), limits, executor, shutdown);
        tracing::info!(%address, "the data server listens");
        engine.run(bus_work, serving).await;
        tracing::info!(%address, "the data server has stopped");
    }
}

/// The address to be known under, where none is given: the one that is listened on, unless that stands for all.
fn reachable(address: SocketAddr) -> Result<ServerAddress, StartError> {
    if address.ip().is_unspecified() {
        return Err(StartError::NotReachable { address });
    }
    address.to_string().parse().map_err(|_| StartError::NotReachable { address })
}

#[cfg(test)]
pub(crate) mod tests;
