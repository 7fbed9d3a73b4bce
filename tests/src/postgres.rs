//! A private PostgreSQL: its own port, folders and user.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::claim::Claim;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::wait;

/// Where Debian puts the programs of each major version.
const DEBIAN: &str = "/usr/lib/postgresql";
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// `nobody`, as whom PostgreSQL runs where the tests run as root: it refuses to be root.
const NOBODY: u32 = 65534;

/// A PostgreSQL server of this test program alone, at a port of 127.0.0.1 that stays the same over stops and starts, as does
/// what it keeps on disk. Syncing is on. Dropped, it is killed and removed.
#[derive(Debug)]
pub struct Postgres {
    server: Mutex<Option<Process>>,
    programs: PathBuf,
    next_database: AtomicU32,
    folder: Scratch,
    claim: Claim,
}

impl Postgres {
    /// Starts one and waits until it takes connections.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let (claim, folder) = (Claim::new(), Scratch::new());
        let (server, next_database) = (Mutex::new(None), AtomicU32::new(1));
        let postgres = Self { server, programs: programs(), next_database, folder, claim };
        postgres.make_cluster();
        postgres.start_again();
        postgres
    }

    /// The one that the tests of a program share; it lives until the program ends. Each test takes a
    /// [`Postgres::database`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(Postgres::start);
        &SHARED
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test{}", self.next_database.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://lode@127.0.0.1:{}/{name}", self.claim.postgres_port())
    }

    /// What the server answers to `sql` in the database of this URL or name: a row a line, the columns with `|` between.
    ///
    /// # Panics
    /// If it answers with an error.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.psql(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let name = database.rsplit('/').next().unwrap_or(database);
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        psql.arg("--host").arg(self.folder.path()).args(["--port", &self.claim.postgres_port().to_string()]);
        psql.args(["--username", "lode", "--dbname", name, "--command", sql]);
        let output = psql.output().unwrap_or_else(|error| panic!("cannot run psql: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Starts it after [`Postgres::stop`] or [`Postgres::crash`], and waits until it takes connections.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_again(&self) {
        let mut server = self.lock();
        let mut command = self.as_server("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.claim.postgres_port().to_string()]);
        let process = Process::start("postgres", &command, self.folder.path());
        wait::until_true(START_LIMIT, "PostgreSQL takes connections", || {
            assert!(process.is_alive(), "PostgreSQL ended while starting:\n{}", process.stderr());
            self.psql("postgres", "SELECT 1").is_ok()
        });
        *server = Some(process);
    }

    /// Stops it as an operator would (`fast`): what is under way is rolled back, connections are closed, and it ends.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Stops it as a crash would (`immediate`): what is under way is cut off, and the next start recovers from the log.
    pub fn crash(&self) {
        self.end(Signal::QUIT);
    }

    /// Kills the server as a power cut would, and waits until its children have found themselves alone and ended.
    ///
    /// # Panics
    /// If they go on.
    pub fn kill(&self) {
        let Some(mut process) = self.lock().take() else { return };
        let children = process.children();
        process.kill();
        let is_gone = |child: &Pid| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero()));
            stat.map_or(true, |stat| stat.contains(") Z ") || !stat.contains("(postgres)"))
        };
        wait::until_true(STOP_LIMIT, "PostgreSQL's children end", || children.iter().all(is_gone));
    }

    /// Stops all of its processes in their tracks: connections stay open, and nothing moves on them.
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets them go on after [`Postgres::pause`].
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    fn end(&self, signal: Signal) {
        if let Some(mut process) = self.lock().take() {
            process.signal(signal);
            process.wait(STOP_LIMIT);
        }
    }

    /// The server's children are process groups of their own.
    fn signal_all(&self, signal: Signal) {
        let server = self.lock();
        let server = server.as_ref().expect("PostgreSQL runs");
        server.signal(signal);
        for child in server.children() {
            let _ = rustix::process::kill_process(child, signal);
        }
    }

    fn make_cluster(&self) {
        if rustix::process::geteuid().is_root() {
            let owner = Some(NOBODY);
            std::os::unix::fs::chown(self.folder.path(), owner, owner).expect("root may give its folder away");
        }
        let mut initdb = self.as_server("initdb");
        initdb.arg("-D").arg(self.data()).args(["--username", "lode", "--auth", "trust", "--encoding", "UTF8"]);
        // Only the making of it: what is synced later is decided in the file below.
        initdb.args(["--no-locale", "--no-sync"]).current_dir(self.folder.path());
        let output = initdb.output().unwrap_or_else(|error| panic!("cannot run initdb: {error}"));
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let settings = format!(
            "listen_addresses = '{}'\nunix_socket_directories = '{}'\nfsync = on\nsynchronous_commit = on\n\
             autovacuum_naptime = 5s\nmax_connections = 200\nshared_buffers = 32MB\nlog_min_messages = warning\n",
            Ipv4Addr::LOCALHOST,
            self.folder.path().display()
        );
        fs::write(self.data().join("postgresql.auto.conf"), settings).expect("a test's own folder can be written");
    }

    /// One of PostgreSQL's programs, as a user that it accepts.
    fn as_server(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !rustix::process::geteuid().is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        let id = NOBODY.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--pdeathsig", "KILL"]);
        // The folder may lie below one that only root may enter.
        command.args(["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override", "--"]).arg(program);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.lock().take() {
            process.kill();
        }
    }
}

/// In the path, or where Debian puts them: the latest version there.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| has_all(folder));
    let of_debian = || {
        let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        versions.filter(|folder| has_all(folder)).max_by_key(|folder| major(folder))
    };
    in_path.or_else(of_debian).unwrap_or_else(|| {
        panic!("PostgreSQL is neither in the PATH nor in {DEBIAN}: run `apt-get install postgresql`, or tests/run")
    })
}

fn has_all(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists())
}

fn major(bin: &Path) -> u32 {
    let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_survives_a_crash() {
        let postgres = Postgres::start();
        let database = postgres.database();
        postgres.sql(&database, "CREATE TABLE t AS SELECT 7 AS seven");
        postgres.crash();
        postgres.start_again();
        assert_eq!(postgres.sql(&database, "SELECT seven, current_setting('fsync') FROM t"), "7|on");
    }
}
