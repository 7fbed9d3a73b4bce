//! The commands of a client, as a script would use them, against real servers.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use lode_tests::broker::Broker;
use lode_tests::cluster::Cluster;
use lode_tests::content;
use lode_tests::lode;
use lode_tests::process::Process;
use lode_tests::proxy::{Proxy, Spoil};
use lode_tests::scratch::Scratch;
use lode_tests::wait;

const NOT_FOUND: i32 = 3;
const UNAVAILABLE: i32 = 4;
const CORRUPT: i32 = 5;

/// A small cluster and a folder for files.
struct Setting {
    cluster: Cluster,
    folder: Scratch,
    server: String,
}

impl Setting {
    fn start() -> Self {
        Self::of(Cluster::start(&Broker::shared().vhost(), 1, 2))
    }

    fn start_with_catalog() -> Self {
        let mut cluster = Cluster::empty(&Broker::shared().vhost());
        let catalog = ["--catalog".to_owned(), cluster.catalog()];
        (0..3).for_each(|_| cluster.add_data());
        cluster.add_api_with(&catalog);
        cluster.wait_until_ready();
        Self::of(cluster)
    }

    fn of(cluster: Cluster) -> Self {
        let server = cluster.apis[0].address.to_string();
        Self { cluster, folder: Scratch::new(), server }
    }

    /// The path of a file of this name with these bytes.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.folder.join(name), bytes).unwrap();
        self.path(name)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs a command against the cluster.
    fn lode(&self, arguments: &[&str]) -> Output {
        lode::run(&[arguments, &["--server", &self.server]].concat())
    }
}

/// Panics unless the command ended with `status`; gives its standard output.
#[track_caller]
fn expect(output: &Output, status: i32) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "stdout: {stdout}\nstderr: {stderr}");
    stdout.into_owned()
}

#[track_caller]
fn expect_json(output: &Output, status: i32) -> serde_json::Value {
    let text = expect(output, status);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text:?} is no JSON: {error}"))
}

#[test]
fn a_file_goes_in_and_comes_out() {
    let setting = Setting::start();
    let body = content::bytes("photo", 3_000_000);
    let (file, copy) = (setting.file("photo", &body), setting.path("copy"));
    let _ = expect(&setting.lode(&["put", "holiday/my photo.jpg", &file]), 0);
    let _ = expect(&setting.lode(&["get", "holiday/my photo.jpg", &copy]), 0);
    content::assert_same(&std::fs::read(&copy).unwrap(), &body, "the copy");
    // Under the name that a browser would use, too.
    let got = setting.cluster.apis[0].get("/objects/holiday%2Fmy%20photo.jpg").expect(200);
    content::assert_same(&got.body, &body, "over HTTP");
    let _ = expect(&setting.lode(&["rm", "holiday/my photo.jpg"]), 0);
    let refused = setting.lode(&["get", "holiday/my photo.jpg", &setting.path("none")]);
    let _ = expect(&refused, NOT_FOUND);
    assert!(!refused.stderr.is_empty(), "a failure is said");
    assert!(!setting.folder.join("none").exists(), "no file is made of nothing");
}

#[test]
fn standard_input_and_output() {
    let setting = Setting::start();
    let body = content::bytes("piped", 2_000_000);
    let mut command = lode::command();
    command.args(["put", "piped", "-", "--server", &setting.server]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&body).unwrap();
    assert!(child.wait().unwrap().success());
    for arguments in [vec!["get", "piped", "-"], vec!["get", "piped"]] {
        let output = setting.lode(&arguments);
        assert_eq!(output.status.code(), Some(0));
        content::assert_same(&output.stdout, &body, "standard output");
    }
}

#[test]
fn json_for_programs() {
    let setting = Setting::start();
    let (file, copy) = (setting.file("f", b"hello"), setting.path("copy"));
    let put = expect_json(&setting.lode(&["put", "o", &file, "--json"]), 0);
    assert_eq!((&put["name"], &put["size_bytes"]), (&"o".into(), &5.into()), "{put}");
    let got = expect_json(&setting.lode(&["get", "o", &copy, "--json"]), 0);
    assert_eq!((&got["name"], &got["size_bytes"]), (&"o".into(), &5.into()), "{got}");
    let holder = setting.cluster.datas[setting.cluster.holder("o")].address.to_string();
    assert_eq!(expect_json(&setting.lode(&["locate", "o", "--json"]), 0)["holder"], holder);
    assert!(expect(&setting.lode(&["locate", "o"]), 0).contains(&holder));
    assert!(expect(&setting.lode(&["locate", "o", "--all"]), 0).contains(&holder));
    let status = expect_json(&setting.lode(&["status", "--json"]), 0);
    assert_eq!(status["data_servers"].as_array().map(Vec::len), Some(2), "{status}");
    let text = expect(&setting.lode(&["status"]), 0);
    assert!(setting.cluster.datas.iter().all(|data| text.contains(&data.address.to_string())), "{text}");
    let _ = expect_json(&setting.lode(&["rm", "o", "--json"]), 0);
    let failure = expect_json(&setting.lode(&["locate", "o", "--json"]), NOT_FOUND);
    assert_eq!(failure["error"]["code"], "not_found", "{failure}");
}

#[test]
fn a_broken_get_is_resumed_where_it_broke() {
    let setting = Setting::start();
    let body = content::bytes("large", 20_000_000);
    let _ = setting.cluster.apis[0].put("/objects/large", &body).expect(200);
    let cut = Spoil::Cut { connections: 2, after_bytes: 7_000_000 };
    let proxy = Proxy::start(setting.cluster.apis[0].address, cut);
    let (server, copy) = (proxy.address.to_string(), setting.path("copy"));
    let _ = expect(&lode::run(&["get", "large", &copy, "--server", &server]), 0);
    content::assert_same(&std::fs::read(&copy).unwrap(), &body, "the copy");
    assert_eq!(proxy.connections(), 3, "two that broke, and one that went on");
    assert!(!setting.folder.join("copy.part").exists(), "nothing else is left");
    let output = lode::run(&[
        "get",
        "large",
        "--server",
        &Proxy::start(setting.cluster.apis[0].address, cut).address.to_string(),
    ]);
    content::assert_same(&output.stdout, &body, "to the standard output");
}

#[test]
fn a_killed_get_is_resumed_by_the_next() {
    let setting = Setting::start();
    let body = content::bytes("large", 20_000_000);
    let _ = setting.cluster.apis[0].put("/objects/large", &body).expect(200);
    let slow = Proxy::start(setting.cluster.apis[0].address, Spoil::Slow { bytes: 500_000 });
    let copy = setting.path("copy");
    let mut command = Command::new(lode::binary());
    command.args(["get", "large", &copy, "--server", &slow.address.to_string()]);
    let mut process = Process::start("get", &command, setting.folder.path());
    let part = setting.folder.join("copy.part");
    let half = || std::fs::metadata(&part).is_ok_and(|metadata| metadata.len() > 5_000_000);
    wait::until_true(Duration::from_secs(20), "a part of it is there", half);
    process.kill();
    assert!(!setting.folder.join("copy").exists(), "a part is not the whole");
    let _ = expect(&setting.lode(&["get", "large", &copy]), 0);
    content::assert_same(&std::fs::read(&copy).unwrap(), &body, "the copy");
    assert!(!part.exists(), "nothing else is left");
}

#[test]
fn bytes_that_were_turned_on_the_way_are_noticed() {
    let setting = Setting::start();
    let _ = setting.cluster.apis[0].put("/objects/o", &content::bytes("o", 1_000_000)).expect(200);
    let proxy = Proxy::start(setting.cluster.apis[0].address, Spoil::Turn { at_byte: 500_000 });
    let (server, copy) = (proxy.address.to_string(), setting.path("copy"));
    let _ = expect(&lode::run(&["get", "o", &copy, "--server", &server]), CORRUPT);
    assert!(!setting.folder.join("copy").exists(), "damaged bytes are not left under the name");
}

#[test]
fn the_copies_of_the_current_version_are_located() {
    let setting = Setting::start_with_catalog();
    let file = setting.file("photo", b"twelve bytes");
    let _ = expect(&setting.lode(&["put", "holiday/photo.jpg", &file]), 0);
    let addresses: Vec<String> = setting.cluster.datas.iter().map(|data| data.address.to_string()).collect();
    let all = ["locate", "holiday/photo.jpg", "--all", "--json"];
    wait::until_true(Duration::from_secs(20), "three copies", || {
        expect_json(&setting.lode(&all), 0)["holders"].as_array().is_some_and(|holders| holders.len() == 3)
    });
    let one = expect(&setting.lode(&["locate", "holiday/photo.jpg"]), 0);
    assert!(addresses.iter().any(|address| *address == one.trim()), "{one}");
    let _ = expect(&setting.lode(&["locate", "never"]), NOT_FOUND);
    let _ = expect(&setting.lode(&["rm", "holiday/photo.jpg"]), 0);
    let _ = expect(&setting.lode(&["locate", "holiday/photo.jpg"]), NOT_FOUND);
}

#[test]
fn the_catalog_is_told_with_the_cluster() {
    let setting = Setting::start_with_catalog();
    let told = expect_json(&setting.lode(&["status", "--json"]), 0);
    let catalog = &told["catalog"];
    assert_eq!(catalog["place"].as_str(), Some(setting.cluster.catalog().as_str()));
    assert_eq!((&catalog["state"], &catalog["trouble"]), (&"up".into(), &serde_json::Value::Null));
    assert_eq!(catalog["copies"], serde_json::json!({ "number": 3, "fewer_with_fewer_servers": true }));
    let told = expect(&setting.lode(&["status"]), 0);
    assert!(told.contains(&format!("{} is up", setting.cluster.catalog())) && told.contains("3 copies"), "{told}");
    let without = Setting::start();
    assert!(expect_json(&without.lode(&["status", "--json"]), 0)["catalog"].is_null());
    assert!(expect(&without.lode(&["status"]), 0).contains("catalog      none"));
}

#[test]
fn what_buckets_keep_is_listed_and_set() {
    let setting = Setting::start_with_catalog();
    let _ = expect(&setting.lode(&["bucket", "set", "objects", "--old-versions", "2"]), 0);
    assert!(expect(&setting.lode(&["bucket", "list"]), 0).contains("objects                  2\n"));
    let set = ["bucket", "set", "objects", "--old-versions", "unlimited", "--json"];
    let kept = serde_json::json!({ "name": "objects", "old_versions": "unlimited" });
    assert_eq!(expect_json(&setting.lode(&set), 0), kept);
    assert_eq!(expect_json(&setting.lode(&["bucket", "list", "--json"]), 0)["buckets"][0], kept);
    let refused = expect_json(&setting.lode(&["bucket", "set", "photos", "--old-versions", "2", "--json"]), NOT_FOUND);
    assert_eq!(refused["error"]["code"], "no_such_bucket");
    for old_versions in ["-1", "some", ""] {
        let _ = expect(&setting.lode(&["bucket", "set", "objects", "--old-versions", old_versions]), 2);
    }
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let setting = Setting::start();
    let nobody = setting.cluster.claim.api_address(200).to_string();
    let _ = expect(&lode::run(&["status", "--server", &nobody]), UNAVAILABLE);
    let _ = expect(&setting.lode(&["get", "missing"]), NOT_FOUND);
    let _ = expect(&setting.lode(&["put", "o", "/no/such/file"]), 1);
    let _ = expect(&lode::run(&["frobnicate"]), 2);
    let _ = expect(&lode::run(&["put"]), 2);
    let _ = expect(&setting.lode(&["get", "o", "--server", "no-port"]), 2);
    let _ = expect(&lode::run(&["data", "--listen", "127.0.0.1:1", "--bus", "amqp://127.0.0.1:1"]), 2);
    let without_catalog = lode::run(&["api", "--listen", "127.0.0.1:1", "--bus", "amqp://127.0.0.1:1"]);
    let _ = expect(&without_catalog, 2);
    let told = String::from_utf8_lossy(&without_catalog.stderr);
    assert!(["sqlite:PATH", "postgres://", "none"].iter().all(|choice| told.contains(choice)), "{told}");
}

#[test]
fn help_version_and_completions() {
    for arguments in [
        ["--help"].as_slice(),
        &["put", "--help"],
        &["api", "--help"],
        &["data", "--help"],
        &["dev", "--help"],
        &["bucket", "--help"],
    ] {
        assert!(expect(&lode::run(arguments), 0).len() > 300, "{arguments:?}");
    }
    assert!(expect(&lode::run(&["--version"]), 0).starts_with("lode "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(expect(&lode::run(&["completions", shell]), 0).contains("lode"), "{shell}");
    }
}

/// The seed's own settings are enough to start its roles, once it is said that there is no catalog.
#[test]
fn servers_start_from_the_environment_and_end_on_sigterm() {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    let folder = Scratch::new();
    let (api, data) = (cluster.claim.api_address(20), cluster.claim.data_address(20));
    let start = |role: &str, address: std::net::SocketAddr| {
        let mut command = Command::new(lode::binary());
        command.arg(role).env("LISTEN_ADDRESS", address.to_string()).env("RABBITMQ_SERVER", &cluster.bus);
        command.env("STORAGE_ROOT", folder.join("root")).env("LODE_CATALOG", "none");
        Process::start(role, &command, folder.path())
    };
    let (mut api_process, mut data_process) = (start("api", api), start("data", data));
    wait::until_true(Duration::from_secs(20), "they have found each other", || {
        assert!(api_process.is_alive() && data_process.is_alive(), "{}{}", api_process.stderr(), data_process.stderr());
        lode_tests::cluster::is_ready(api)
    });
    let _ = lode_tests::http::put(api, "/objects/o", b"x").expect(200);
    assert_eq!(lode_tests::http::get(api, "/objects/o").expect(200).text(), "x");
    for process in [&mut api_process, &mut data_process] {
        assert_eq!(process.terminate(Duration::from_secs(15)).code(), Some(0));
    }
    // The objects outlive the process, and are found under other settings that name the same folder.
    cluster.add_data_in(&folder.join("root"), &[]);
    cluster.add_api();
    cluster.wait_until_ready();
    assert_eq!(cluster.apis[0].get("/objects/o").expect(200).text(), "x");
}
