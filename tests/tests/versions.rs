//! Versions and copies through an API server with a catalog, in one process: real HTTP, real files, real curl.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lode_smol::api::ApiServer;
use lode_smol::bus::EmbeddedBus;
use lode_smol::catalog::MemoryCatalog;
use lode_smol::data::DataServer;
use lode_smol::shutdown::{Shutdown, ShutdownTrigger};
use lode_tests::curl::Curl;
use lode_tests::scratch::Scratch;
use lode_tests::wait;

const LIMIT: Duration = Duration::from_secs(20);

/// One server and the thread that it runs on.
struct Running {
    stop: ShutdownTrigger,
    thread: JoinHandle<()>,
}

struct Cluster {
    api: SocketAddr,
    datas: BTreeMap<SocketAddr, Running>,
    _api: Running,
    folder: Scratch,
}

impl Cluster {
    /// An API server with a catalog, which knows so many data servers.
    fn of(datas: usize) -> Self {
        let (folder, bus) = (Scratch::new(), Arc::new(EmbeddedBus::new()));
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let catalog = Arc::new(MemoryCatalog::new());
        let api = ApiServer::builder(any, bus.clone()).catalog(catalog).build().unwrap();
        let (address, readiness) = (api.local_address(), api.readiness());
        let running = start(|shutdown| smol::block_on(api.run(shutdown)));
        let start_data = |number| {
            let root = folder.join(&format!("data-{number}"));
            std::fs::create_dir(&root).unwrap();
            let data = DataServer::builder(any, root, bus.clone()).build().unwrap();
            (data.local_address(), start(|shutdown| smol::block_on(data.run(shutdown))))
        };
        let servers = (0..datas).map(start_data).collect();
        wait::until_true(LIMIT, "all data servers are known", || readiness.data_servers() == datas);
        Self { api: address, datas: servers, _api: running, folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.api)
    }

    fn curl(&self, path: &str, arguments: &[&str]) -> Curl {
        Curl::run(&[arguments, &[&self.url(path)]].concat())
    }

    fn put(&self, path: &str, body: &str, arguments: &[&str]) -> Curl {
        self.curl(path, &[&["-X", "PUT", "--data-binary", body], arguments].concat())
    }

    fn put_file(&self, path: &str, body: &[u8]) -> Curl {
        let file = self.folder.join("body-to-send");
        std::fs::write(&file, body).unwrap();
        self.curl(path, &["-T", file.to_str().unwrap()])
    }

    /// How many files with blobs there are on all data servers.
    fn blobs(&self) -> usize {
        let mut folders = vec![self.folder.path().to_path_buf()];
        let mut blobs = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                let is_of_a_blob = path.components().any(|part| part.as_os_str() == "blobs");
                if path.is_dir() {
                    folders.push(path);
                } else if is_of_a_blob {
                    blobs += 1;
                }
            }
        }
        blobs
    }

    fn stop_data(&mut self) {
        let (_, Running { stop, thread }) = self.datas.pop_first().unwrap();
        stop.request();
        thread.join().unwrap();
    }
}

fn start(run: impl FnOnce(Shutdown) + Send + 'static) -> Running {
    let (stop, shutdown) = Shutdown::new();
    Running { stop, thread: std::thread::spawn(move || run(shutdown)) }
}

fn version(curl: &Curl) -> Option<&str> {
    curl.header("x-lode-version")
}

#[test]
fn versions_follow_each_other_and_one_copy_of_each_is_enough() {
    let mut cluster = Cluster::of(4);
    let first = cluster.put("/objects/a", "one", &[]).expect(200);
    assert_eq!(version(&first), Some("1"));
    let second = cluster.put("/objects/a", "two", &["-H", "content-type: text/plain", "-H", "X-Lode-Meta-Owner: me"]);
    assert_eq!(version(&second.expect(200)), Some("2"));
    let got = cluster.curl("/objects/a", &[]).expect(200);
    assert_eq!((got.text().as_str(), version(&got)), ("two", Some("2")));
    assert_eq!((got.header("content-type"), got.header("x-lode-meta-owner")), (Some("text/plain"), Some("me")));
    assert!(got.header("last-modified").is_some_and(|date| date.ends_with("GMT")));
    wait::until_true(LIMIT, "three copies of the second version alone", || cluster.blobs() == 3);
    cluster.stop_data();
    cluster.stop_data();
    assert_eq!(cluster.curl("/objects/a", &[]).expect(200).text(), "two");
    assert_eq!(cluster.curl("/objects/a", &["-r", "1-1"]).expect(206).text(), "w");
    let head = cluster.curl("/objects/a", &["-I"]).expect(200);
    assert_eq!(head.header("content-length"), Some("3"));
}

#[test]
fn conditions_are_heeded_when_writing() {
    let cluster = Cluster::of(3);
    let new = cluster.put("/objects/a", "one", &["-H", "If-None-Match: *"]).expect(200);
    let etag = format!("If-Match: {}", new.header("etag").unwrap());
    let refused = cluster.put("/objects/a", "two", &["-H", "If-None-Match: *"]).expect(412);
    assert_eq!(refused.json()["error"]["code"], "precondition_failed");
    assert_eq!(version(&cluster.put("/objects/a", "two", &["-H", &etag]).expect(200)), Some("2"));
    let _refused = cluster.put("/objects/a", "three", &["-H", &etag]).expect(412);
    let _refused = cluster.curl("/objects/a", &["-X", "DELETE", "-H", &etag]).expect(412);
    assert_eq!(cluster.curl("/objects/a", &[]).expect(200).text(), "two");
    wait::until_true(LIMIT, "nothing is left of what was refused", || cluster.blobs() == 3);
}

/// A client that waits for `100 Continue` sends nothing; one that does not gets its answer all the same.
#[test]
fn a_body_whose_condition_fails_is_refused_before_it_is_sent() {
    let cluster = Cluster::of(3);
    let _stored = cluster.put("/objects/a", "one", &[]).expect(200);
    let body = cluster.folder.join("large");
    std::fs::write(&body, vec![7; 64 << 20]).unwrap();
    let body = body.to_str().unwrap();
    let put = |condition: &str, expect: &str| cluster.curl("/objects/a", &["-T", body, "-H", condition, "-H", expect]);
    let refused = put("If-None-Match: *", "Expect: 100-continue").expect(412);
    assert!(!refused.heads.contains("100 Continue"), "{}", refused.heads);
    assert_eq!(refused.json()["error"]["code"], "precondition_failed");
    let refused = put("If-Match: \"another\"", "Expect:").expect(412);
    assert_eq!(refused.json()["error"]["code"], "precondition_failed");
    assert_eq!(cluster.curl("/objects/a", &[]).expect(200).text(), "one");
    let taken = put(&format!("If-Match: {}", stored_tag(&cluster)), "Expect: 100-continue").expect(200);
    assert!(taken.heads.contains("100 Continue"), "{}", taken.heads);
    assert_eq!(version(&taken), Some("2"));
}

fn stored_tag(cluster: &Cluster) -> String {
    cluster.curl("/objects/a", &["-I"]).expect(200).header("etag").unwrap().to_owned()
}

#[test]
fn what_is_deleted_is_gone_and_its_history_is_told() {
    let cluster = Cluster::of(3);
    let _stored = cluster.put("/objects/a", "one", &[]).expect(200);
    // One that comes about behind the DELETE stays until garbage is collected.
    wait::until_true(LIMIT, "the late copy", || cluster.blobs() == 3);
    let deleted = cluster.curl("/objects/a", &["-X", "DELETE"]).expect(204);
    assert_eq!(version(&deleted), Some("2"));
    let _gone = cluster.curl("/objects/a", &[]).expect(404);
    let _gone = cluster.curl("/objects/a", &["-X", "DELETE"]).expect(404);
    let told = cluster.curl("/versions/a", &[]).expect(200);
    let told: serde_json::Value = serde_json::from_str(told.text().trim()).unwrap();
    assert_eq!((&told["version"], &told["deleted"]), (&2.into(), &true.into()));
    // No copy of what was deleted is left, and three of the tombstone are.
    wait::until_true(LIMIT, "three copies of the tombstone alone", || cluster.blobs() == 3);
    assert_eq!(version(&cluster.put("/objects/a", "two", &[]).expect(200)), Some("3"));
    let _removed = cluster.curl("/objects/a?version=3", &["-X", "DELETE"]).expect(204);
    assert_eq!(cluster.curl("/objects/a", &[]).expect(404).json()["error"]["code"], "not_found");
}

#[test]
fn the_holders_of_the_current_version_are_located() {
    let mut cluster = Cluster::of(4);
    let holders = |cluster: &Cluster| -> Vec<String> {
        let all = cluster.curl("/locate/photos/1.jpg?all=1", &[]).expect(200).json();
        let rows = all.as_array().unwrap().iter();
        rows.map(|row| row["address"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(cluster.curl("/locate/photos/1.jpg", &[]).expect(404).json()["error"]["code"], "not_found");
    let stored = cluster.put("/objects/photos/1.jpg", "one", &[]).expect(200);
    wait::until_true(LIMIT, "three holders", || holders(&cluster).len() == 3);
    let all = cluster.curl("/locate/photos%2F1.jpg?all=1", &[]).expect(200).json();
    let checksum = format!("\"{}\"", all[0]["checksum"].as_str().unwrap());
    assert_eq!((all[0]["size_bytes"].as_u64(), stored.header("etag")), (Some(3), Some(checksum.as_str())));
    let one = cluster.curl("/locate/photos/1.jpg", &[]).expect(200).json();
    assert!(holders(&cluster).contains(&one.as_str().unwrap().to_owned()), "{one}");
    let _stored = cluster.put("/objects/gone", "one", &[]).expect(200);
    let _deleted = cluster.curl("/objects/gone", &["-X", "DELETE"]).expect(204);
    let _gone = cluster.curl("/locate/gone", &[]).expect(404);
    (0..4).for_each(|_| cluster.stop_data());
    assert_eq!(cluster.curl("/locate/photos/1.jpg", &[]).expect(503).json()["error"]["code"], "no_copy");
    assert_eq!(cluster.curl("/locate/photos/1.jpg?all=1", &[]).expect(503).json()["error"]["code"], "no_copy");
    // A tombstone has to lie somewhere.
    let _refused = cluster.curl("/objects/photos/1.jpg", &["-X", "DELETE"]).expect(503);
    let _refused = cluster.curl("/locate/photos/1.jpg", &["-X", "PUT"]).expect(405);
}

#[test]
fn a_bucket_keeps_as_many_old_versions_as_it_is_told() {
    let cluster = Cluster::of(3);
    let kept = |cluster: &Cluster| cluster.curl("/buckets", &[]).expect(200).json()["buckets"].clone();
    assert_eq!(kept(&cluster), serde_json::json!([{ "name": "objects", "old_versions": 0 }]));
    let _set = cluster.curl("/buckets/objects?old_versions=unlimited", &["-X", "PUT"]).expect(204);
    assert_eq!(kept(&cluster), serde_json::json!([{ "name": "objects", "old_versions": "unlimited" }]));
    for (count, body) in (1..).zip(["one", "two", "three"]) {
        let _stored = cluster.put("/objects/a", body, &[]).expect(200);
        // One that comes about when its version is gone stays until garbage is collected.
        wait::until_true(LIMIT, "the late copy", || cluster.blobs() == 3 * count);
    }
    assert_eq!(cluster.curl("/versions/a", &[]).expect(200).text().lines().count(), 3);
    assert_eq!(cluster.curl("/objects/a?version=1", &[]).expect(200).text(), "one");
    let _set = cluster.curl("/buckets/objects?old_versions=1", &["-X", "PUT"]).expect(204);
    let _stored = cluster.put("/objects/a", "four", &[]).expect(200);
    assert_eq!(cluster.curl("/versions/a", &[]).expect(200).text().lines().count(), 2);
    wait::until_true(LIMIT, "the copies of the others are gone", || cluster.blobs() == 6);
    let put = ["-X", "PUT"].as_slice();
    let body = ["-X", "PUT", "-d", r#"{"old_versions": 3}"#].as_slice();
    for (target, arguments, status, code) in [
        ("/buckets/photos?old_versions=1", put, 404, "no_such_bucket"),
        ("/buckets/objects", put, 400, "bad_target"),
        ("/buckets/objects", body, 400, "bad_target"),
        ("/buckets/objects?old_versions=2", body, 400, "bad_target"),
        ("/buckets/objects?old_versions=-1", put, 400, "bad_target"),
        ("/buckets/objects?old_versions=2&more=1", put, 400, "bad_target"),
        ("/buckets/Objects?old_versions=2", put, 400, "bad_target"),
        ("/buckets/objects?old_versions=2", &["-X", "DELETE"], 405, "method_not_allowed"),
        ("/buckets", put, 405, "method_not_allowed"),
    ] {
        let refused = cluster.curl(target, arguments).expect(status).json();
        assert_eq!(refused["error"]["code"], code, "{target}");
        assert!(refused["error"]["message"].as_str().is_some_and(|told| told.contains(' ')), "{refused}");
    }
    assert_eq!(kept(&cluster), serde_json::json!([{ "name": "objects", "old_versions": 1 }]));
}

#[test]
fn keys_with_slashes_are_listed_in_folders() {
    let cluster = Cluster::of(3);
    for key in ["photos/1.jpg", "photos/2.jpg", "notes", "photos%2Fold/0.jpg"] {
        let _stored = cluster.put(&format!("/objects/{key}"), "x", &[]).expect(200);
    }
    let names = |page: &serde_json::Value| -> Vec<String> {
        page["objects"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = cluster.curl("/objects/", &[]).expect(200).json();
    assert_eq!(names(&all), ["notes", "photos/1.jpg", "photos/2.jpg", "photos/old/0.jpg"]);
    let top = cluster.curl("/objects/?delimiter=/", &[]).expect(200).json();
    assert_eq!((names(&top), &top["prefixes"]), (vec!["notes".to_owned()], &serde_json::json!(["photos/"])));
    let first = cluster.curl("/objects/?prefix=photos/&limit=2", &[]).expect(200).json();
    assert_eq!((names(&first).len(), &first["next"]), (2, &"photos/2.jpg".into()));
    let rest = cluster.curl("/objects/?prefix=photos/&after=photos%2F2.jpg", &[]).expect(200).json();
    assert_eq!((names(&rest), rest.get("next")), (vec!["photos/old/0.jpg".to_owned()], None));
    let _refused = cluster.curl("/objects/?limit=none", &[]).expect(400);
}

#[test]
fn a_large_body_is_passed_on_to_three_servers_as_it_comes() {
    let cluster = Cluster::of(4);
    let body: Vec<u8> = (0..9_000_001_u32).map(|number| number.to_le_bytes()[1]).collect();
    let _stored = cluster.put_file("/objects/large", &body).expect(200);
    wait::until_true(LIMIT, "three copies", || cluster.blobs() == 3);
    assert!(cluster.curl("/objects/large", &[]).expect(200).body == body);
    let chunked = cluster.curl("/objects/chunked", &["-T", "-", "-H", "Transfer-Encoding: chunked"]);
    let _empty = chunked.expect(200);
    assert_eq!(cluster.curl("/objects/chunked", &[]).expect(200).body, b"");
    let wrong = ["-X", "PUT", "--data-binary", "x", "-H", "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA=="];
    let _refused = cluster.curl("/objects/wrong", &wrong).expect(400);
    let _nothing = cluster.curl("/objects/wrong", &[]).expect(404);
    wait::until_true(LIMIT, "nothing is left of the refused body", || cluster.blobs() == 6);
}
