//! Servers of Lode as separate processes at separate addresses of the loopback, on one bus.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::claim::Claim;
use crate::http::{self, Request};
use crate::lode::Server;
use crate::scratch::Scratch;
use crate::wait;

/// How long a cluster may take until every server has heard of every other: a heartbeat period, a reconnect and some slack
/// for a machine with other load.
pub const READY_LIMIT: Duration = Duration::from_secs(20);

/// A running cluster. Dropped, its processes are killed and its folders removed.
#[derive(Debug)]
pub struct Cluster {
    /// The API servers.
    pub apis: Vec<Server>,
    /// The data servers.
    pub datas: Vec<Server>,
    /// The URL of its bus.
    pub bus: String,
    /// The addresses that are its own, for more servers.
    pub claim: Claim,
    folder: Scratch,
}

impl Cluster {
    /// Starts `apis` API servers and `datas` data servers and waits until each API server knows all of the latter.
    ///
    /// # Panics
    /// If that takes too long.
    #[must_use]
    pub fn start(bus: &str, apis: u8, datas: u8) -> Self {
        let mut cluster = Self::empty(bus);
        (0..datas).for_each(|_| cluster.add_data());
        (0..apis).for_each(|_| cluster.add_api());
        cluster.wait_until_ready();
        cluster
    }

    /// A cluster without servers.
    #[must_use]
    pub fn empty(bus: &str) -> Self {
        let (claim, folder) = (Claim::new(), Scratch::new());
        Self { apis: Vec::new(), datas: Vec::new(), bus: bus.to_owned(), claim, folder }
    }

    /// Starts one more API server, without a catalog.
    pub fn add_api(&mut self) {
        self.add_api_with(&["--catalog".to_owned(), "none".to_owned()]);
    }

    /// One more API server, with more arguments. Among these is its catalog.
    pub fn add_api_with(&mut self, more: &[String]) {
        let address = self.claim.api_address(index(self.apis.len()));
        self.apis.push(Server::api(address, &self.bus, self.folder.path(), more));
    }

    /// Where an SQLite catalog of this cluster is.
    #[must_use]
    pub fn catalog(&self) -> String {
        format!("sqlite:{}", self.folder.join("catalog.db").display())
    }

    /// Starts one more data server, in a folder of the cluster.
    pub fn add_data(&mut self) {
        let root = self.root(self.datas.len());
        self.add_data_in(&root, &[]);
    }

    /// Starts one more data server, in `root` and with more arguments.
    pub fn add_data_in(&mut self, root: &Path, more: &[String]) {
        let address = self.claim.data_address(index(self.datas.len()));
        self.datas.push(Server::data(address, &self.bus, root, self.folder.path(), more));
    }

    /// The folder that the data server `index` keeps its objects in, unless it was given another.
    #[must_use]
    pub fn root(&self, index: usize) -> PathBuf {
        self.folder.join(&format!("root-{index}"))
    }

    /// Waits until every API server is ready and knows every data server that runs.
    ///
    /// # Panics
    /// If that takes longer than [`READY_LIMIT`].
    pub fn wait_until_ready(&self) {
        let running: Vec<&Server> = self.datas.iter().filter(|data| data.is_alive()).collect();
        for server in running.iter().copied().chain(&self.apis) {
            wait::until_true(READY_LIMIT, &format!("{} is ready", server.address), || {
                assert!(server.is_alive(), "{} ended while starting: {}", server.address, server.log());
                is_ready(server.address)
            });
        }
        let expected: Vec<SocketAddr> = running.iter().map(|data| data.address).collect();
        for api in &self.apis {
            wait_until_known(api.address, &expected);
        }
    }

    /// Sees that every server still runs.
    ///
    /// # Panics
    /// If one does not.
    #[track_caller]
    pub fn assert_all_alive(&self) {
        for server in self.apis.iter().chain(&self.datas) {
            assert!(server.is_alive(), "{} has ended: {}", server.address, server.log());
        }
    }

    /// The index of the data server that the first API server says holds `name`.
    ///
    /// # Panics
    /// If none does.
    #[track_caller]
    #[must_use]
    pub fn holder(&self, name: &str) -> usize {
        let api = self.apis.first().expect("there is an API server");
        let located = api.get(&format!("/locate/{name}")).expect(200).text();
        let position = self.datas.iter().position(|data| located == format!("\"{}\"", data.address));
        position.unwrap_or_else(|| panic!("{name} is said to be at {located}, which is none of ours"))
    }
}

/// Whether `GET /readyz` is answered with 200.
#[must_use]
pub fn is_ready(address: SocketAddr) -> bool {
    let reply = http::request(address, &Request { method: "GET", target: "/readyz", ..Request::default() });
    reply.is_ok_and(|reply| reply.status() == 200)
}

/// Waits until `GET /cluster` of the API server `api` shows exactly the data servers `expected`.
///
/// # Panics
/// If that takes longer than [`READY_LIMIT`].
pub fn wait_until_known(api: SocketAddr, expected: &[SocketAddr]) {
    let mut expected: Vec<String> = expected.iter().map(SocketAddr::to_string).collect();
    expected.sort();
    wait::until_true(READY_LIMIT, "an API server knows every data server, and no other", || {
        std::net::TcpStream::connect(api).is_ok() && known(api) == expected
    });
}

/// The data servers that `GET /cluster` of the API server `api` shows as live, sorted.
///
/// # Panics
/// If the answer is not as documented.
#[must_use]
pub fn known(api: SocketAddr) -> Vec<String> {
    let cluster = http::get(api, "/cluster").expect(200).json();
    let servers = cluster["data_servers"].as_array().unwrap_or_else(|| panic!("/cluster names no servers: {cluster}"));
    let live = servers.iter().filter(|server| server["state"] == "live");
    let mut addresses: Vec<String> = live.filter_map(|server| server["address"].as_str().map(str::to_owned)).collect();
    addresses.sort();
    addresses
}

fn index(count: usize) -> u8 {
    u8::try_from(count).expect("a cluster of a test is small")
}
