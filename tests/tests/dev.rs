//! `lode dev`: a whole cluster in one process, with nothing else installed. The figures of its promise (ready within a
//! second, 60 MB, 1 % of a core) hold for a release build; tests/run makes one.

use std::net::SocketAddr;
use std::path::Path;
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
        let base = claim.dev_port_base();
        let mut command = lode::command();
        command.args(["dev", "--port-base", &base.to_string(), "--root"]).arg(root);
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
    let (claim, folder) = (Claim::new(), Scratch::new());
    let root = folder.join("root");
    let mut dev = Dev::start(&claim, &root, folder.path());
    let body = content::bytes("kept", 3_000_000);
    for number in 0..20 {
        let _ = http::put(dev.apis[0], &format!("/objects/kept{number}"), &body).expect(200);
    }
    assert_eq!(dev.process.terminate(Duration::from_secs(10)).code(), Some(0));
    drop(dev);
    let dev = Dev::start(&claim, &root, folder.path());
    for number in 0..20 {
        let reply = http::get(dev.apis[1], &format!("/objects/kept{number}")).expect(200);
        content::assert_same(&reply.body, &body, "kept");
    }
    let _ = http::get(dev.apis[1], "/objects/never").expect(404);
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
