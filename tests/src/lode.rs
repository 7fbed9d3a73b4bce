//! The program `lode` as processes: where it is, and one server of it that can be killed and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::http::{self, Reply, Request};
use crate::process::Process;
use crate::scratch::target_folder;

const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The path of the program: `LODE_BIN` if that is set, else what cargo built beside the running test.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("LODE_BIN") {
        return PathBuf::from(path);
    }
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let path = target_folder().join(profile).join("lode");
    let option = if cfg!(debug_assertions) { "" } else { " --release" };
    assert!(path.exists(), "{} is missing: run tests/run, or: cargo build{option} --bin lode", path.display());
    path
}

/// Whether the program under test was built for speed, so that figures about it mean something.
#[must_use]
pub fn is_release() -> bool {
    binary().components().any(|part| part.as_os_str() == "release")
}

/// Runs `lode` with these arguments to its end, with no setting of a server in its environment.
///
/// # Panics
/// If it cannot be run.
#[must_use]
pub fn run(arguments: &[&str]) -> Output {
    let output = command().args(arguments).output();
    output.unwrap_or_else(|error| panic!("cannot run {}: {error}", binary().display()))
}

/// A command that runs `lode`, with no setting of a server in its environment.
#[must_use]
pub fn command() -> Command {
    let mut command = Command::new(binary());
    for setting in ["LISTEN_ADDRESS", "RABBITMQ_SERVER", "STORAGE_ROOT", "LODE_CATALOG"] {
        command.env_remove(setting);
    }
    command
}

/// A server that runs, or that was killed or stopped and may be started again with the same settings.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    name: String,
    arguments: Vec<String>,
    logs: PathBuf,
    process: Option<Process>,
}

impl Server {
    /// An API server, started. Among `more` is its catalog.
    #[must_use]
    pub fn api(address: SocketAddr, bus: &str, logs: &Path, more: &[String]) -> Self {
        let arguments = vec!["api".into(), "--listen".into(), address.to_string(), "--bus".into(), bus.into()];
        Self::start("api", address, [arguments, more.to_vec()].concat(), logs)
    }

    /// A data server that keeps its objects in `root`, started.
    #[must_use]
    pub fn data(address: SocketAddr, bus: &str, root: &Path, logs: &Path, more: &[String]) -> Self {
        let mut arguments = vec!["data".into(), "--listen".into(), address.to_string(), "--bus".into(), bus.into()];
        arguments.extend(["--root".into(), root.display().to_string()]);
        Self::start("data", address, [arguments, more.to_vec()].concat(), logs)
    }

    fn start(role: &str, address: SocketAddr, arguments: Vec<String>, logs: &Path) -> Self {
        let name = format!("{role}-{}", address.ip());
        let mut server = Self { address, name, arguments, logs: logs.to_owned(), process: None };
        server.start_again();
        server
    }

    /// Starts it after it was killed or stopped.
    pub fn start_again(&mut self) {
        let mut command = command();
        command.args(&self.arguments).args(["--log-format", "json"]);
        self.process = Some(Process::start(&self.name, &command, &self.logs));
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Asks it to end, and sees that it does so with status 0.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        let status = process.terminate(STOP_LIMIT);
        assert_eq!(status.code(), Some(0), "{} ended with {status} after SIGTERM: {}", self.name, process.stderr());
    }

    /// Its process.
    ///
    /// # Panics
    /// If it was killed or stopped.
    pub const fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it runs")
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_alive)
    }

    /// All that it has logged since it was first started.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.as_ref().map(|process| process.stdout() + &process.stderr()).unwrap_or_default()
    }

    /// GET; see [`http::get`].
    #[track_caller]
    #[must_use]
    pub fn get(&self, target: &str) -> Reply {
        http::get(self.address, target)
    }

    /// PUT; see [`http::put`].
    #[track_caller]
    #[must_use]
    pub fn put(&self, target: &str, body: &[u8]) -> Reply {
        http::put(self.address, target, body)
    }

    /// A request without a body and with another method.
    ///
    /// # Panics
    /// If no whole reply comes.
    #[track_caller]
    #[must_use]
    pub fn send(&self, method: &str, target: &str) -> Reply {
        let reply = http::request(self.address, &Request { method, target, ..Request::default() });
        reply.unwrap_or_else(|failure| panic!("{method} {target} to {}: {failure}", self.address))
    }
}
