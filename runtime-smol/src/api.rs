//! The API server: HTTP for clients, the bus and HTTP towards the data servers, and the core's machine between them.

mod ask;
mod client_body;
mod cluster;
mod failure;
mod fetch;
mod figures;
mod node;
mod serve;
mod upkeep;
mod upload;
mod versions;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;
use futures::future::BoxFuture;
use lode_core::api_server::ApiServer as Machine;
use lode_core::config::ApiConfig;
use lode_core::membership::BusState;
use smol::{Async, Executor};

use self::node::Node;
use self::serve::Service;
use crate::bus::Bus;
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::http::client::{ClientLimits, HttpClient};
use crate::http::server::{Limits, serve};
use crate::shutdown::Shutdown;
use crate::start::{StartError, fresh_incarnation, listen};

/// How often connections to data servers that lie idle for too long are looked for.
const IDLE_SWEEP_PERIOD: Duration = Duration::from_secs(10);

/// The most connections to data servers at a time: two for each request that is served, since one may be asked directly
/// while another sends.
const MAX_CONNECTIONS: usize = 8192;

/// An API server that is bound to its address and not yet running.
///
/// ```no_run
/// use std::sync::Arc;
/// use lode_smol::api::ApiServer;
/// use lode_smol::bus::EmbeddedBus;
/// use lode_smol::shutdown::Shutdown;
///
/// let bus = Arc::new(EmbeddedBus::new());
/// let server = ApiServer::builder("127.0.0.1:7401".parse()?, bus).build()?;
/// let (trigger, shutdown) = Shutdown::new();
/// // … give `trigger` to whoever says when to stop …
/// smol::block_on(server.run(shutdown));
/// # drop(trigger);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ApiServer {
    engine: Arc<Engine<Node>>,
    listener: Async<TcpListener>,
    address: SocketAddr,
    limits: Limits,
    executor: Arc<Executor<'static>>,
    bus_work: BoxFuture<'static, ()>,
}

/// Settings of an [`ApiServer`].
pub struct ApiServerBuilder {
    listen: SocketAddr,
    bus: Arc<dyn Bus>,
    config: ApiConfig,
    limits: Limits,
    executor: Arc<Executor<'static>>,
    catalog: Option<Arc<dyn Catalog>>,
}

impl ApiServerBuilder {
    /// Periods and bounds; by default those of the seed. How what is stored is kept up matters only where there is a catalog;
    /// there it is kept up in any case.
    #[must_use]
    pub fn config(mut self, config: ApiConfig) -> Self {
        self.config = config;
        self
    }

    /// Keep names and versions in this catalog; by default there is none, names are found by asking, and the last PUT wins.
    #[must_use]
    pub fn catalog(mut self, catalog: Arc<dyn Catalog>) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// The bounds that clients meet.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The executor that the server's tasks run on; by default one of its own, which runs where [`ApiServer::run`] is
    /// polled. Give one that several threads run to use several cores.
    #[must_use]
    pub fn executor(mut self, executor: Arc<Executor<'static>>) -> Self {
        self.executor = executor;
        self
    }

    /// Listens on the address. Nothing is served yet.
    ///
    /// # Errors
    /// If the settings cannot be, or the address cannot be listened on.
    pub fn build(self) -> Result<ApiServer, StartError> {
        let upkeep = self.catalog.is_some().then(|| self.config.upkeep.unwrap_or_default());
        let machine = Machine::new(ApiConfig { upkeep, ..self.config }, fresh_incarnation())?;
        let (listener, address) = listen(self.listen)?;
        let client = HttpClient::new(ClientLimits { open_connections: MAX_CONNECTIONS, ..ClientLimits::default() });
        let (engine, bus_work) =
            Engine::new(machine, Node { client, catalog: self.catalog }, Arc::clone(&self.executor), &*self.bus);
        Ok(ApiServer { engine, listener, address, limits: self.limits, executor: self.executor, bus_work })
    }
}

impl ApiServer {
    /// An API server that will listen on `listen` and hear of data servers over `bus`.
    #[must_use]
    pub fn builder(listen: SocketAddr, bus: Arc<dyn Bus>) -> ApiServerBuilder {
        ApiServerBuilder {
            listen,
            bus,
            config: ApiConfig::default(),
            limits: Limits::default(),
            executor: Arc::new(Executor::new()),
            catalog: None,
        }
    }

    /// The address that it listens on; the port is the real one where 0 was asked for.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// A view of the server that can be kept while it runs.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness { engine: Arc::clone(&self.engine) }
    }

    /// Serves until the shutdown: then no connection is taken any more, requests that are being served are finished, and
    /// the bus is left.
    pub async fn run(self, shutdown: Shutdown) {
        let Self { engine, listener, address, limits, executor, bus_work } = self;
        let service = Service { engine: Arc::clone(&engine), address: address.to_string() };
        // Dropped, and so ended, with this call.
        let _sweeper = executor.spawn(sweep(engine.own.client.clone()));
        let serving = serve(listener, Arc::new(service), limits, executor, shutdown);
        tracing::info!(%address, "the API server listens");
        engine.run(bus_work, serving).await;
        tracing::info!(%address, "the API server has stopped");
    }
}

/// Tells whether an API server is ready, while it runs.
#[derive(Clone)]
pub struct Readiness {
    engine: Arc<Engine<Node>>,
}

impl Readiness {
    /// Whether a PUT could succeed now: a data server that takes objects has been heard of.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.engine.driver.look(|machine, _| machine.is_ready())
    }

    /// Whether the bus can be heard, and so heartbeats.
    #[must_use]
    pub fn bus_is_up(&self) -> bool {
        self.engine.driver.look(|machine, _| matches!(machine.membership().bus(), BusState::Up { .. }))
    }

    /// How many data servers are known.
    #[must_use]
    pub fn data_servers(&self) -> usize {
        self.engine.driver.look(|machine, _| machine.membership().len())
    }
}

async fn sweep(client: HttpClient) {
    loop {
        Timer::after(IDLE_SWEEP_PERIOD).await;
        client.close_idle();
    }
}
