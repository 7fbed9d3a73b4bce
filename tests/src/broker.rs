//! A private RabbitMQ: its own ports, folders, cookie and port mapper.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::claim::Claim;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::wait;

const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
const START_LIMIT: Duration = Duration::from_secs(240);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const VHOSTS: u32 = 40;
/// The password `guest` as RabbitMQ keeps it: base64 of a salt (1, 2, 3, 4) and the SHA-256 of salt and password.
const GUEST_HASH: &str = "AQIDBEMMOXwY6PKx/JKP9PAqfsb4ozuD0Ta3pxxa9gEYBMmD";

/// A RabbitMQ server of this test program alone, at a port of 127.0.0.1 that stays the same over stops and starts, as does
/// what it keeps on disk. Dropped, it is killed and removed.
#[derive(Debug)]
pub struct Broker {
    server: Mutex<Option<Process>>,
    epmd: Process,
    next_vhost: AtomicU32,
    folder: Scratch,
    claim: Claim,
}

/// One queue of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How many messages wait in it.
    pub messages: u64,
    /// How many consume it.
    pub consumers: u64,
}

impl Broker {
    /// Starts one and waits until it accepts AMQP.
    ///
    /// # Panics
    /// If RabbitMQ is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let broker = Self::stopped();
        broker.start_again();
        broker
    }

    /// One that is set up but not running: nothing listens at its port until [`Broker::start_again`].
    ///
    /// # Panics
    /// If RabbitMQ is not installed.
    #[must_use]
    pub fn stopped() -> Self {
        let program = format!("{PROGRAMS}/rabbitmq-server");
        assert!(
            Path::new(&program).exists(),
            "{program} is missing: run `apt-get install rabbitmq-server`, or tests/run"
        );
        let (claim, folder) = (Claim::new(), Scratch::new());
        write_files(&folder, &claim);
        let mut epmd = Command::new("epmd");
        epmd.env("ERL_EPMD_PORT", claim.epmd_port().to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        let epmd = Process::start("epmd", &epmd, folder.path());
        Self { server: Mutex::new(None), epmd, next_vhost: AtomicU32::new(1), folder, claim }
    }

    /// The one that all tests of a program share; it lives until the program ends. Each test takes a [`Broker::vhost`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Broker> = LazyLock::new(Broker::start);
        &SHARED
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.claim.amqp_port()))
    }

    /// The URL of its virtual host `/`, the seed's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}", self.address())
    }

    /// A virtual host that no test has used, as its URL: a cluster in it sees nothing of those in others.
    ///
    /// # Panics
    /// If all 40 have been taken.
    #[must_use]
    pub fn vhost(&self) -> String {
        let number = self.next_vhost.fetch_add(1, Ordering::Relaxed);
        assert!(number <= VHOSTS, "all {VHOSTS} virtual hosts are taken");
        format!("{}/v{number}", self.url())
    }

    /// Starts it after [`Broker::stop`] or [`Broker::kill`], and waits until it accepts AMQP.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_again(&self) {
        let mut server = self.lock();
        let mut command = self.command("rabbitmq-server");
        // With input allowed the script becomes the Erlang machine, instead of staying between us and it.
        command.env("RABBITMQ_ALLOW_INPUT", "1");
        let process = Process::start("rabbitmq", &command, self.folder.path());
        wait::until_true(START_LIMIT, "RabbitMQ accepts AMQP", || {
            assert!(process.is_alive(), "RabbitMQ ended while starting:\n{}{}", process.stdout(), process.stderr());
            accepts_amqp(self.address())
        });
        *server = Some(process);
    }

    /// Stops it as an operator would: connections are closed, and it ends.
    pub fn stop(&self) {
        if let Some(mut process) = self.lock().take() {
            process.terminate(STOP_LIMIT);
        }
    }

    /// Kills it as a power cut would.
    pub fn kill(&self) {
        if let Some(mut process) = self.lock().take() {
            process.kill();
        }
    }

    /// Stops it and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Stops it in its tracks: connections stay open and nothing moves on them.
    pub fn pause(&self) {
        self.lock().as_ref().expect("the broker runs").pause();
    }

    /// Lets it go on after [`Broker::pause`].
    pub fn resume(&self) {
        self.lock().as_ref().expect("the broker runs").resume();
    }

    /// The processor time that it has used since it was last started.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        self.lock().as_ref().map_or(Duration::ZERO, Process::cpu_time)
    }

    /// The queues of the virtual host of `url`. Takes about half a second, in which it uses a whole core.
    #[must_use]
    pub fn queues(&self, url: &str) -> Vec<Queue> {
        let rows = self.control(&["list_queues", "-p", vhost_of(url), "name", "messages", "consumers"]);
        let number = |row: &serde_json::Value, key: &str| row[key].as_u64().unwrap_or_default();
        let queue = |row: &serde_json::Value| Queue {
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            messages: number(row, "messages"),
            consumers: number(row, "consumers"),
        };
        rows.iter().map(queue).collect()
    }

    /// How many AMQP connections and channels there are in the virtual host of `url`. As slow as [`Broker::queues`].
    #[must_use]
    pub fn connections_and_channels(&self, url: &str) -> (usize, usize) {
        let rows = self.control(&["list_connections", "vhost", "channels"]);
        let here: Vec<_> = rows.iter().filter(|row| row["vhost"] == vhost_of(url)).collect();
        let channels = here.iter().filter_map(|row| row["channels"].as_u64()).sum::<u64>();
        (here.len(), usize::try_from(channels).unwrap_or(usize::MAX))
    }

    fn control(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let output = self.command("rabbitmqctl").args(["--formatter", "json", "--quiet"]).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("cannot run rabbitmqctl: {error}"));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "rabbitmqctl {arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("rabbitmqctl {arguments:?} said {text:?}: {error}"))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(format!("{PROGRAMS}/{program}"));
        let folder = |name: &str| self.folder.join(name);
        command
            .env("HOME", self.folder.path())
            .env("RABBITMQ_NODENAME", format!("lode{}@localhost", self.claim.amqp_port()))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.claim.amqp_port().to_string())
            .env("RABBITMQ_DIST_PORT", self.claim.dist_port().to_string())
            .env("ERL_EPMD_PORT", self.claim.epmd_port().to_string())
            .env("RABBITMQ_MNESIA_BASE", folder("mnesia"))
            .env("RABBITMQ_LOG_BASE", folder("log"))
            .env("RABBITMQ_CONFIG_FILE", folder("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder("plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput -kernel inet_dist_use_interface {127,0,0,1}");
        command
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        self.epmd.kill();
    }
}

fn vhost_of(url: &str) -> &str {
    let path = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/')).map(|(_, vhost)| vhost);
    path.unwrap_or("/")
}

fn accepts_amqp(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut frame = [0_u8; 11];
    let answered = stream.write_all(b"AMQP\x00\x00\x09\x01").and_then(|()| stream.read_exact(&mut frame));
    // A method frame on channel 0 that holds Connection.Start: class 10, method 10.
    answered.is_ok() && frame.starts_with(&[1, 0, 0]) && frame.ends_with(&[0, 10, 0, 10])
}

fn write_files(folder: &Scratch, claim: &Claim) {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).expect("a test's own folder can be written");
    let definitions = folder.join("definitions.json");
    write("plugins", "[].\n");
    write("definitions.json", &definitions_text());
    write(
        "rabbitmq.conf",
        &format!(
            "load_definitions = {}\ndisk_free_limit.absolute = 50MB\nlog.console = true\nlog.file = false\n",
            definitions.display()
        ),
    );
    write(".erlang.cookie", &format!("LODETESTS{}", claim.amqp_port()));
    let secret = fs::Permissions::from_mode(0o400);
    fs::set_permissions(folder.join(".erlang.cookie"), secret).expect("a test's own file can be made read-only");
}

fn definitions_text() -> String {
    let names: Vec<String> = std::iter::once("/".to_owned()).chain((1..=VHOSTS).map(|n| format!("v{n}"))).collect();
    let vhosts: Vec<_> = names.iter().map(|name| serde_json::json!({ "name": name })).collect();
    let all = |name: &String| serde_json::json!({"user": "guest", "vhost": name, "configure": ".*", "write": ".*", "read": ".*"});
    let user = serde_json::json!({
        "name": "guest",
        "password_hash": GUEST_HASH,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"],
    });
    let permissions: Vec<_> = names.iter().map(all).collect();
    serde_json::json!({"users": [user], "vhosts": vhosts, "permissions": permissions}).to_string()
}
