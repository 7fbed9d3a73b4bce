//! `lode dev`: a whole cluster in one process, for trying things out.

mod layout;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use futures::future::{join, join_all};
use lode_core::config::ApiConfig;
use lode_smol::api::{ApiServer, Readiness};
use lode_smol::bus::{Bus, EmbeddedBus};
use lode_smol::catalog::{Catalog, CatalogUrl};
use lode_smol::data::DataServer;
use lode_smol::shutdown::Shutdown;
use lode_smol::start::StartError;
use smol::future::or;

use self::layout::Layout;
use super::args::{DevArgs, LogArgs};
use super::catalog::{self, copies};
use super::failure::Failure;
use super::output::print;
use super::serve::{Process, rabbit, start_failed};

/// For how long data servers are kept back until all API servers are on the bus, and `ready` until all of those know all of
/// the former. The bus inside the process takes a few milliseconds for either.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after one look at the servers the next is taken; twice as long each time.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(250);

/// Runs the cluster until it is told to end.
pub(super) fn run(args: &DevArgs) -> Result<(), Failure> {
    let (bus, bus_name): (Arc<dyn Bus>, _) = match args.bus.as_deref() {
        None => (Arc::new(EmbeddedBus::new()), "inside this process".to_owned()),
        Some(url) => rabbit(Some(url)).map(|(bus, url)| (bus, url.to_string()))?,
    };
    let log = LogArgs { log_level: args.log_level, log_format: args.log_format };
    let config = ApiConfig { copies: copies(args.copies)?, ..ApiConfig::default() };
    let process = Process::prepare(log, args.threads.threads)?;
    let layout = Layout::new(args);
    let introduction = layout.introduction(&bus_name);
    let catalog = open(&layout)?;
    let cluster = Cluster::build(&layout, &bus, catalog.as_ref(), &config, &process)?;
    print(&introduction)?;
    smol::block_on(cluster.run(process.shutdown))
}

/// The catalog of all API servers. One in a file needs its folder, as the data servers do.
fn open(layout: &Layout) -> Result<Option<Arc<dyn Catalog>>, Failure> {
    if matches!(layout.catalog(), CatalogUrl::Sqlite(_)) {
        let failed = |error| Failure::Local { action: "make the folder", path: layout.root().to_owned(), error };
        std::fs::create_dir_all(layout.root()).map_err(failed)?;
    }
    catalog::open(layout.catalog())
}

/// Servers that listen and do not run yet.
struct Cluster {
    apis: Vec<ApiServer>,
    datas: Vec<DataServer>,
}

impl Cluster {
    fn build(
        layout: &Layout,
        bus: &Arc<dyn Bus>,
        catalog: Option<&Arc<dyn Catalog>>,
        config: &ApiConfig,
        process: &Process,
    ) -> Result<Self, Failure> {
        let executor = || Arc::clone(&process.executor);
        let api = |address| {
            let api = ApiServer::builder(address, Arc::clone(bus)).config(config.clone()).executor(executor());
            catalog.into_iter().fold(api, |api, catalog| api.catalog(Arc::clone(catalog))).build()
        };
        let data = |(address, root)| DataServer::builder(address, root, Arc::clone(bus)).executor(executor()).build();
        let apis = layout.apis().map(api).collect::<Result<_, _>>().map_err(explain)?;
        let datas = layout.datas().map(data).collect::<Result<_, _>>().map_err(explain)?;
        Ok(Self { apis, datas })
    }

    async fn run(self, shutdown: Shutdown) -> Result<(), Failure> {
        let Self { apis, datas } = self;
        let readiness: Vec<Readiness> = apis.iter().map(ApiServer::readiness).collect();
        let count = datas.len();
        let apis = join_all(apis.into_iter().map(|api| api.run(shutdown.clone())));
        let rest = async {
            // So that no API server misses the first heartbeats: the next ones come five seconds later.
            or(until(&readiness, Some(PATIENCE), Readiness::bus_is_up), shutdown.requested()).await;
            let datas = join_all(datas.into_iter().map(|data| data.run(shutdown.clone())));
            let announced = or(announce(&readiness, count), async {
                shutdown.requested().await;
                Ok(())
            });
            join(datas, announced).await.1
        };
        join(apis, rest).await.1
    }
}

/// Says that a PUT would succeed, when it would.
async fn announce(readiness: &[Readiness], data_servers: usize) -> Result<(), Failure> {
    until(readiness, Some(PATIENCE), |api| api.is_ready() && api.data_servers() >= data_servers).await;
    until(readiness, None, Readiness::is_ready).await;
    print("ready\n")
}

/// Waits until something holds for all API servers, and for no longer than the patience.
async fn until(readiness: &[Readiness], patience: Option<Duration>, holds: impl Fn(&Readiness) -> bool) {
    let began = Instant::now();
    let mut pause = FIRST_LOOK;
    while !readiness.iter().all(&holds) && patience.is_none_or(|patience| began.elapsed() < patience) {
        Timer::after(pause).await;
        pause = (pause * 2).min(LAST_LOOK);
    }
}

fn explain(error: StartError) -> Failure {
    match &error {
        StartError::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => Failure::Start(format!(
            "port {} is in use, perhaps by another `lode dev`: stop that, or choose other ports with --port-base",
            address.port()
        )),
        StartError::Listen { .. } | StartError::Config(_) | StartError::NotReachable { .. } | StartError::Store(_) => {
            start_failed(error)
        }
    }
}
