//! Nodes of the seed, played byte for byte in Python with `pika`, and a bystander on their bus.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::Process;
use crate::scratch::{Scratch, target_folder};
use crate::wait;

const START_LIMIT: Duration = Duration::from_secs(20);
const MESSAGE_LIMIT: Duration = Duration::from_secs(10);

/// A node of the seed: its API server or its data server.
#[derive(Debug)]
pub struct SeedNode {
    /// The process.
    pub process: Process,
    /// Where it listens, which is who it is.
    pub address: SocketAddr,
    folder: Scratch,
}

/// A thing that a node of the seed saw and noted.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which kind: `heartbeat`, `query`, `answer`, `request` or `reply` (HTTP heads), `unsolicited` (bytes on an idle HTTP
    /// connection), `cut`, `failed_put`, `failed_get`; from a [`Probe`]: `apiServers`, `dataServers`, `reply`.
    pub what: String,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// The properties that the message carried, of a message.
    pub properties: Value,
}

impl SeedNode {
    /// Starts the seed's data server and waits until it accepts HTTP.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn data(address: SocketAddr, bus: &str) -> Self {
        Self::start("seed_data", address, bus)
    }

    /// Starts the seed's API server and waits until it accepts HTTP.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn api(address: SocketAddr, bus: &str) -> Self {
        Self::start("seed_api", address, bus)
    }

    fn start(role: &str, address: SocketAddr, bus: &str) -> Self {
        let folder = Scratch::new();
        let mut command = python(&format!("{role}.py"));
        command
            .env("LISTEN_ADDRESS", address.to_string())
            .env("RABBITMQ_SERVER", bus)
            .env("STORAGE_ROOT", folder.path())
            .env("SEED_LOG", folder.join("seen"));
        let process = Process::start(role, &command, folder.path());
        wait::until_true(START_LIMIT, "a node of the seed accepts HTTP", || {
            assert!(process.is_alive(), "{role} ended while starting:\n{}", process.stderr());
            std::net::TcpStream::connect(address).is_ok()
        });
        Self { process, address, folder }
    }

    /// The folder that it keeps its objects in.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// What it has seen of this kind, in order.
    #[must_use]
    pub fn seen(&self, what: &str) -> Vec<Seen> {
        let text = fs::read_to_string(self.folder.join("seen")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.map(|line| Seen::from_json(&line)).filter(|seen| seen.what == what).collect()
    }

    /// Panics if the node has seen anything that the seed would have broken on, or has ended.
    ///
    /// # Panics
    /// If so.
    #[track_caller]
    pub fn assert_content(&mut self) {
        for bad in ["unsolicited", "cut", "failed_put", "failed_get"] {
            let seen = self.seen(bad);
            assert!(seen.is_empty(), "the seed's node at {} noted {bad}: {seen:?}", self.address);
        }
        assert!(self.process.is_alive(), "the seed's node at {} ended: {}", self.address, self.process.stderr());
    }
}

impl Seen {
    fn from_json(line: &Value) -> Self {
        Self {
            what: line["what"].as_str().unwrap_or_default().to_owned(),
            body: unhex(line["body_hex"].as_str().unwrap_or_default()),
            properties: line["properties"].clone(),
        }
    }

    /// The bytes as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A bystander on a bus: sees every message, and sends any.
#[derive(Debug)]
pub struct Probe {
    process: Process,
    orders: ChildStdin,
    _folder: Scratch,
}

/// A message for a [`Probe`] to send.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message<'a> {
    /// `apiServers`, `dataServers`, or empty for the default exchange.
    pub exchange: &'a str,
    /// The routing key.
    pub key: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The property of that name; `@me` stands for the probe's own queue.
    pub reply_to: Option<&'a str>,
    /// The property of that name.
    pub correlation_id: Option<&'a str>,
}

impl Probe {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(bus: &str) -> Self {
        let folder = Scratch::new();
        let mut command = python("bus_probe.py");
        command.env("RABBITMQ_SERVER", bus);
        let mut process = Process::start_with_stdin("bus_probe", &command, folder.path());
        let orders = process.take_stdin().expect("standard input is a pipe");
        wait::until_true(START_LIMIT, "the probe listens", || {
            assert!(process.is_alive(), "the probe ended while starting:\n{}", process.stderr());
            process.stdout().contains("\"ready\"")
        });
        Self { process, orders, _folder: folder }
    }

    /// Sends a message; when this returns, the broker's socket has it.
    ///
    /// # Panics
    /// If the probe does not do it.
    pub fn send(&mut self, message: &Message<'_>) {
        let sent = self.all().iter().filter(|seen| seen.what == "sent").count();
        let order = json!({
            "exchange": message.exchange,
            "key": message.key,
            "body_hex": hex(message.body),
            "reply_to": message.reply_to,
            "correlation_id": message.correlation_id,
        });
        writeln!(self.orders, "{order}").expect("the probe reads its orders");
        let is_sent = || self.all().iter().filter(|seen| seen.what == "sent").count() > sent;
        wait::until_true(MESSAGE_LIMIT, "the probe sends", is_sent);
    }

    /// What it has seen of this kind, in order: `apiServers`, `dataServers` or `reply`.
    #[must_use]
    pub fn seen(&self, what: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| seen.what == what).collect()
    }

    fn all(&self) -> Vec<Seen> {
        let text = self.process.stdout();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|line| Seen::from_json(&line))
            .collect()
    }
}

/// A command that runs one of the scripts of `tests/foreign` with the Python that tests/run set up.
///
/// # Panics
/// If that Python is missing.
#[must_use]
pub fn python(script: &str) -> Command {
    let interpreter = target_folder().join("python/bin/python3");
    assert!(
        interpreter.exists(),
        "{} is missing: run tests/run, or: python3 -m venv {1}/python && {1}/python/bin/pip install pika",
        interpreter.display(),
        target_folder().display()
    );
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
    let mut command = Command::new(interpreter);
    command.args(["-u", "-B"]).arg(scripts.join(script));
    command
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|char| char.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect()
}
