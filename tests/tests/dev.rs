//! `lode dev`: a whole cluster in one process, with nothing else installed. The figures of its promise (ready within a
//! second, 60 MB, 1 % of a core) hold for a release build; tests/run makes one.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use lode_tests::claim::Claim;
use lode_tests::content;
use lode_tests::http;
use lode_tests::lode;
use lode_tests::process::Process;
use lode_tests::scratch::Scratch;
use lode_tests::wait;

const SETTLING: Duration = Duration::from_secs(3);
const IDLE: Duration = Duration::from_secs(12);

struct Dev {
    process: Process,
    apis: Vec<SocketAddr>,
    datas: Vec<SocketAddr>,
    ready_after: Duration,
}

impl Dev {
    /// Starts `lode dev` with its defaults, but for the ports, and waits for its line `ready`.
    fn start(claim: &Claim, root: &Path, logs: &Path) -> Self {
        Self::start_with(claim, root, logs, &[])
    }

    /// With more arguments.
    fn start_with(claim: &Claim, root: &Path, logs: &Path, more: &[&str]) -> Self {
        let base = claim.dev_port_base();
        let mut command = lode::command();
        command.args(["dev", "--port-base", &base.to_string(), "--root"]).arg(root).args(more);
        let before = says_ready(logs);
        let started = Instant::now();
        let process = Process::start("dev", &command, logs);
        wait::until_true(Duration::from_secs(20), "`lode dev` says that it is ready", || {
            assert!(process.is_alive(), "it ended while starting: {}{}", process.stdout(), process.stderr());
            says_ready(logs) > before
        });
        let ready_after = started.elapsed();
        let addresses =
            |first: u16, count: u16| (0..count).map(|n| SocketAddr::from(([127, 0, 0, 1], first + n))).collect();
        Self { process, apis: addresses(base + 1, 2), datas: addresses(base + 101, 6), ready_after }
    }
}

/// How many lines `ready` there are by now: output is appended over restarts.
fn says_ready(logs: &Path) -> usize {
    let text = std::fs::read_to_string(logs.join("dev.out")).unwrap_or_default();
    text.lines().filter(|line| line.trim() == "ready").count()
}

#[test]
fn it_is_soon_ready_and_a_put_succeeds_at_once() {
    let (claim, folder) = (Claim::new(), Scratch::new());
    let dev = Dev::start(&claim, &folder.join("root"), folder.path());
    let _ = http::put(dev.apis[0], "/objects/hello", b"world").expect(200);
    assert_eq!(http::get(dev.apis[1], "/objects/hello").expect(200).text(), "world");
    println!("ready after {:?}", dev.ready_after);
    assert!(dev.ready_after < Duration::from_secs(1) || !lode::is_release(), "ready only after {:?}", dev.ready_after);
    let said = dev.process.stdout();
    for address in dev.apis.iter().chain(&dev.datas) {
        assert!(said.contains(&address.to_string()), "{address} is not among what it prints:\n{said}");
    }
}

#[test]
fn idle_it_takes_little_memory_and_no_time() {
    let (claim, folder) = (Claim::new(), Scratch::new());
    let dev = Dev::start(&claim, &folder.join("root"), folder.path());
    thread::sleep(SETTLING);
    let before = dev.process.cpu_time();
    thread::sleep(IDLE);
    let used = dev.process.cpu_time() - before;
    let rss_bytes = dev.process.rss_bytes();
    let percent = used.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    println!("idle: {} KiB, {percent:.2} % of a core", rss_bytes / 1024);
    assert!(rss_bytes > 0, "its memory could not be read");
    if lode::is_release() {
        assert!(rss_bytes < 60_000_000, "{rss_bytes} bytes of memory when idle");
        assert!(percent < 1.0, "{percent:.2} % of a core when idle");
    }
}

#[test]
fn it_ends_on_sigterm_and_finds_its_objects_again() {
    for more in [[].as_slice(), &["--catalog", "none"]] {
        let (claim, folder) = (Claim::new(), Scratch::new());
        let root = folder.join("root");
        let mut dev = Dev::start_with(&claim, &root, folder.path(), more);
        let body = content::bytes("kept", 3_000_000);
        for number in 0..20 {
            let _ = http::put(dev.apis[0], &format!("/objects/kept{number}"), &body).expect(200);
        }
        assert_eq!(dev.process.terminate(Duration::from_secs(10)).code(), Some(0));
        drop(dev);
        let dev = Dev::start_with(&claim, &root, folder.path(), more);
        for number in 0..20 {
            let reply = http::get(dev.apis[1], &format!("/objects/kept{number}")).expect(200);
            content::assert_same(&reply.body, &body, "kept");
        }
        let _ = http::get(dev.apis[1], "/objects/never").expect(404);
    }
}

#[test]
fn versions_and_names_are_there_again_after_a_restart() {
    let (claim, folder) = (Claim::new(), Scratch::new());
    let root = folder.join("root");
    let mut dev = Dev::start_with(&claim, &root, folder.path(), &["--copies", "2"]);
    let first = http::put(dev.apis[0], "/objects/notes/a", b"one").expect(200);
    let second = http::put(dev.apis[1], "/objects/notes/a", b"two").expect(200);
    let _ = http::put(dev.apis[1], "/objects/b", b"b").expect(200);
    assert_eq!((first.header("X-Lode-Version"), second.header("X-Lode-Version")), (Some("1"), Some("2")));
    let see = |dev: &Dev| {
        assert_eq!(http::get(dev.apis[0], "/objects/notes/a").expect(200).text(), "two");
        // The bucket keeps the current version alone until it is told otherwise.
        let versions = http::get(dev.apis[1], "/versions/notes/a").expect(200).text();
        let versions: Vec<serde_json::Value> =
            versions.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        let numbers: Vec<_> = versions.iter().map(|version| version["version"].as_u64()).collect();
        assert_eq!(numbers, [Some(2)]);
        let listed = http::get(dev.apis[0], "/objects/").expect(200).json();
        let names: Vec<_> = listed["objects"].as_array().expect("a list").iter().map(|row| &row["name"]).collect();
        assert_eq!(names, ["b", "notes/a"]);
    };
    see(&dev);
    assert_eq!(dev.process.terminate(Duration::from_secs(10)).code(), Some(0));
    drop(dev);
    let dev = Dev::start_with(&claim, &root, folder.path(), &["--copies", "2"]);
    see(&dev);
    let third = http::put(dev.apis[0], "/objects/notes/a", b"three").expect(200);
    assert_eq!(third.header("X-Lode-Version"), Some("3"), "numbers go on where they were");
}

/// What it prints to try is taken by a shell as it is printed.
#[test]
fn the_commands_that_it_prints_do_what_they_say() {
    for (more, count) in [([].as_slice(), 7), (&["--catalog", "none"], 3)] {
        let (claim, folder) = (Claim::new(), Scratch::new());
        let dev = Dev::start_with(&claim, &folder.join("root"), folder.path(), more);
        let said = dev.process.stdout();
        let commands: Vec<&str> =
            said.lines().skip_while(|line| *line != "Try:").skip(1).take_while(|line| !line.is_empty()).collect();
        assert_eq!(commands.len(), count, "{said}");
        for command in commands {
            let ran = Command::new("sh").args(["-c", command]).output().expect("sh runs");
            let told = format!("{command}: {}{}", text(&ran.stdout), text(&ran.stderr));
            assert!(ran.status.success() && !told.contains("\"error\""), "{told}");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_missing_object_is_missing_at_once() {
    let (claim, folder) = (Claim::new(), Scratch::new());
    let dev = Dev::start(&claim, &folder.join("root"), folder.path());
    let mut times: Vec<Duration> = (0..50)
        .map(|number| {
            let asked = Instant::now();
            let _ = http::get(dev.apis[0], &format!("/objects/missing{number}")).expect(404);
            asked.elapsed()
        })
        .collect();
    times.sort();
    println!("404 at the median after {:?}", times[25]);
    assert!(times[25] < Duration::from_millis(20), "404 at the median only after {:?}", times[25]);
}
