//! One child process: started with its output in files, measured through /proc, and never left behind.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use rustix::process::Pid;
pub use rustix::process::Signal;

const SHOWN_LINES: usize = 60;

/// A running (or ended) child process, the leader of its own process group. Dropped, it and its group are killed; if a
/// test is failing just then, the end of its output is shown.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `command`. Its output goes to `<name>.out` and `<name>.err` in `logs`, behind what is there already.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(name: &str, command: &Command, logs: &Path) -> Self {
        Self::start_with(name, command, logs, Stdio::null())
    }

    /// The same, with a pipe to its standard input: see [`Process::take_stdin`].
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_with_stdin(name: &str, command: &Command, logs: &Path) -> Self {
        Self::start_with(name, command, logs, Stdio::piped())
    }

    fn start_with(name: &str, command: &Command, logs: &Path, stdin: Stdio) -> Self {
        let (stdout, stderr) = (logs.join(format!("{name}.out")), logs.join(format!("{name}.err")));
        let mut tied = tied(command);
        tied.stdin(stdin).stdout(append(&stdout)).stderr(append(&stderr));
        if tied.get_current_dir().is_none() {
            tied.current_dir(logs);
        }
        let child = spawn(tied).unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Self { name: name.to_owned(), child, ended: None, stdout, stderr }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The pipe to its standard input, once, if it was started with one.
    pub const fn take_stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let stat = self.proc_text("stat");
        let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest).trim_start();
        !state.is_empty() && !state.starts_with(['Z', 'X'])
    }

    /// Kills it and its group as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.end();
    }

    /// Asks it to end (SIGTERM) and gives how it did.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(limit)
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        while self.is_alive() {
            assert!(started.elapsed() < limit, "{} still runs after {limit:?}", self.name);
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end()
    }

    /// Kills what runs of the group, then collects the leader. Once it is collected its id may become another process's,
    /// and nothing may be sent to it any more.
    fn end(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        self.signal_group(Signal::KILL);
        let status = self.child.wait().unwrap_or_else(|error| panic!("cannot wait for {}: {error}", self.name));
        self.ended = Some(status);
        status
    }

    /// Stops it in its tracks (SIGSTOP) until [`Process::resume`]: it holds its sockets and answers nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Process::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends it one signal.
    pub fn signal(&self, signal: Signal) {
        assert!(self.ended.is_none(), "{} has ended already", self.name);
        let _ = rustix::process::kill_process(self.rustix_pid(), signal);
    }

    fn signal_group(&self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.rustix_pid(), signal);
    }

    fn rustix_pid(&self) -> Pid {
        let raw = i32::try_from(self.child.id()).expect("a process id fits 31 bits");
        Pid::from_raw(raw).expect("a process id is not zero")
    }

    /// The memory it holds (resident), in bytes.
    #[must_use]
    pub fn rss_bytes(&self) -> u64 {
        let status = self.proc_text("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kib.map_or(0, |kib| kib * 1024)
    }

    /// The time it has spent on a processor since it started, in user and kernel mode.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let stat = self.proc_text("stat");
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        // Fields 14 and 15 of proc_pid_stat(5); the first behind the name is field 3.
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
    }

    /// The processes that it has started and that have not ended.
    #[must_use]
    pub fn children(&self) -> Vec<Pid> {
        let ids = self.proc_text(&format!("task/{}/children", self.pid()));
        ids.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
    }

    /// How many files and sockets it has open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    /// How many established TCP connections it has to `peer`.
    #[must_use]
    pub fn connections_to(&self, peer: SocketAddr) -> usize {
        let IpAddr::V4(host) = peer.ip() else { panic!("{peer} is not an IPv4 address") };
        let wanted = format!("{:08X}:{:04X}", u32::from(host).swap_bytes(), peer.port());
        let inodes = self.socket_inodes();
        let table = self.proc_text("net/tcp");
        let established = table.lines().filter(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let field = |index: usize| fields.get(index).copied().unwrap_or_default();
            field(2) == wanted && field(3) == "01" && inodes.iter().any(|inode| inode == field(9))
        });
        established.count()
    }

    fn socket_inodes(&self) -> Vec<String> {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid())).into_iter().flatten().flatten();
        let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
        let inode = |link: PathBuf| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
        links.filter_map(inode).collect()
    }

    fn proc_text(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid())).unwrap_or_default()
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        text_of(&self.stdout)
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        text_of(&self.stderr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let was_alive = self.is_alive();
            let status = self.end();
            let state = if was_alive { "was still running".to_owned() } else { describe(status) };
            eprintln!("---- {} (pid {}, {state})", self.name, self.pid());
            for path in [&self.stdout, &self.stderr] {
                eprintln!("{}", last_lines(&text_of(path)));
            }
        }
        let _ = self.end();
    }
}

fn describe(status: ExitStatus) -> String {
    status.signal().map_or_else(|| format!("ended with {status}"), |signal| format!("ended by signal {signal}"))
}

fn text_of(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default().join("\n")
}

fn append(path: &Path) -> File {
    let opened = File::options().create(true).append(true).open(path);
    opened.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()))
}

/// The same command, run so that it is killed when the thread that starts it ends: `setpriv` sets that and becomes it.
fn tied(command: &Command) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(key, value),
            None => tied.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        tied.current_dir(folder);
    }
    tied.process_group(0);
    tied
}

/// Starts all children from one thread that never ends before the program does: a child is killed when its thread ends,
/// and a test's own thread ends while what it shares with other tests has to live on.
fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: LazyLock<mpsc::Sender<(Command, mpsc::Sender<io::Result<Child>>)>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<(Command, mpsc::Sender<io::Result<Child>>)>();
        std::thread::spawn(move || {
            for (mut command, reply) in orders {
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let (reply, result) = mpsc::channel();
    SPAWNER.send((command, reply)).map_err(|_| io::Error::other("the spawning thread has ended"))?;
    result.recv().map_err(|_| io::Error::other("the spawning thread has ended"))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_dropped_process_is_gone_with_its_children() {
        let logs = Scratch::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $!; wait"]);
        let process = Process::start("sleeper", &command, logs.path());
        let grandchild = crate::wait::until(Duration::from_secs(5), "the child's pid", || {
            process.stdout().trim().parse::<u32>().ok()
        });
        assert!(Path::new(&format!("/proc/{grandchild}")).exists());
        drop(process);
        let gone = || fs::read_to_string(format!("/proc/{grandchild}/stat")).map_or(true, |stat| stat.contains(") Z "));
        crate::wait::until_true(Duration::from_secs(5), "the grandchild is gone", gone);
    }

    #[test]
    fn processor_time_and_memory_are_read() {
        let logs = Scratch::new();
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        let process = Process::start("spinner", &command, logs.path());
        crate::wait::until_true(Duration::from_secs(20), "0.1 s of CPU", || process.cpu_time().as_millis() >= 100);
        assert!(process.rss_bytes() > 100_000);
        assert!(process.open_files() >= 3);
    }

    #[test]
    fn connections_are_counted_per_peer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let logs = Scratch::new();
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec 7<>/dev/tcp/127.0.0.1/{}; sleep 1000", peer.port())]);
        let process = Process::start("connector", &command, logs.path());
        crate::wait::until_true(Duration::from_secs(5), "one connection", || process.connections_to(peer) == 1);
    }
}
