//! Real data servers in this process, and what operators ask of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::catalog::BlobId;
use lode_core::inventory::{FullPage, Notes};
use serde_json::{Value, json};

use super::DataServer;
use crate::bus::EmbeddedBus;
use crate::http::client::{ClientLimits, HttpClient, Request};
use crate::shutdown::{Shutdown, ShutdownTrigger};

/// A data server in a thread of its own.
pub(crate) struct Server {
    pub(crate) address: ServerAddress,
    /// Gone with a restart.
    root: Option<tempfile::TempDir>,
    stop: ShutdownTrigger,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    fn start_in(root: tempfile::TempDir) -> Self {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let server = DataServer::builder(any_port, root.path().into(), Arc::new(EmbeddedBus::new())).build().unwrap();
        let address = server.local_address().to_string().parse().unwrap();
        let (stop, shutdown) = Shutdown::new();
        let thread = thread::spawn(move || smol::block_on(server.run(shutdown)));
        Self { address, root: Some(root), stop, thread: Some(thread) }
    }

    /// The same server after a restart, on another port.
    fn restarted(mut self) -> Self {
        let root = self.root.take().unwrap();
        drop(self);
        Self::start_in(root)
    }

    /// The file of a blob, wherever in its tree.
    pub(crate) fn file(&self, blob: BlobId) -> PathBuf {
        let folders = std::fs::read_dir(self.root.as_ref().unwrap().path().join("blobs")).unwrap();
        let mut files = folders.map(|folder| folder.unwrap().path().join(blob.to_string()));
        files.find(|file| file.exists()).expect("the blob is there")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Status and body of the answer.
async fn ask(server: &Server, request: Request<'_>) -> (u16, Vec<u8>) {
    let client = HttpClient::new(ClientLimits::default());
    let response = client.send(&server.address, &request).await.unwrap();
    (response.status(), response.read_whole(1 << 20).await.unwrap())
}

async fn put(server: &Server, name: &str, description: Option<&str>) -> u16 {
    let target = format!("/objects/{name}");
    let request = Request::new(Method::Put, &target).body(b"bytes");
    let request = description.into_iter().fold(request, |request, text| request.header(Notes::DESCRIPTION, text));
    ask(server, request).await.0
}

async fn drain(server: &Server, method: Method) -> Value {
    let (status, body) = ask(server, Request::new(method, "/drain")).await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

fn blob(number: u8) -> BlobId {
    BlobId::from_bytes([number; 16])
}

#[test]
fn a_drained_server_takes_nothing_more_and_a_restart_does_not_end_that() {
    let report = |draining: bool| json!({ "draining": draining, "kept": true, "blobs": 1, "objects": 2 });
    smol::block_on(async {
        let server = Server::start();
        for (name, description) in [("a", None), ("b", None), (&blob(1).to_string(), Some("object objects a"))] {
            assert_eq!(put(&server, name, description).await, 200);
        }
        assert_eq!(drain(&server, Method::Get).await, report(false));
        assert_eq!(drain(&server, Method::Post).await, report(true));
        assert_eq!(put(&server, "c", None).await, 503);
        assert_eq!(ask(&server, Request::new(Method::Get, "/readyz")).await.0, 503);
        assert_eq!(ask(&server, Request::new(Method::Get, "/objects/a")).await, (200, b"bytes".to_vec()));
        let server = server.restarted();
        assert_eq!(drain(&server, Method::Get).await, report(true));
        assert_eq!(put(&server, "c", None).await, 503);
        assert_eq!(drain(&server, Method::Delete).await, report(false));
        assert_eq!(put(&server, "a", None).await, 200);
        let server = server.restarted();
        assert_eq!(drain(&server, Method::Get).await, report(false));
    });
}

#[test]
fn a_full_inventory_tells_all_that_is_known() {
    smol::block_on(async {
        let server = Server::start();
        let description = "object objects photos/%C3%A9 =image/jpeg owner=me";
        assert_eq!(put(&server, "a", None).await, 200);
        assert_eq!(put(&server, &blob(1).to_string(), Some(description)).await, 200);
        let held = format!("{} 3 1790000000000\n", blob(1));
        let question = Request::new(Method::Post, "/blobs/held").body(held.as_bytes());
        assert_eq!(ask(&server, question).await, (200, format!("{}\n", blob(1)).into_bytes()));
        let (status, body) = ask(&server, Request::new(Method::Get, "/blobs/?full=1")).await;
        let page = FullPage::from_text(&body).unwrap();
        let [entry] = page.blobs.as_slice() else { panic!("{page:?}") };
        assert_eq!((status, page.next, entry.blob, entry.size_bytes), (200, None, blob(1), 5));
        assert_eq!(entry.description.to_string(), description);
        assert_eq!(entry.label, "3 1790000000000".parse().ok());
        assert_eq!(entry.checksum.to_string(), blake3::hash(b"bytes").to_hex().to_string());
    });
}

#[test]
fn what_is_said_of_a_blob_in_a_wrong_way_is_refused() {
    smol::block_on(async {
        let server = Server::start();
        for (name, description) in [(blob(1).to_string(), "object objects %61"), ("a".to_owned(), "object objects a")] {
            assert_eq!(put(&server, &name, Some(description)).await, 400);
        }
        for body in ["x\n".to_owned(), format!("{} 3 5", blob(1))] {
            let question = Request::new(Method::Post, "/blobs/held").body(body.as_bytes());
            assert_eq!(ask(&server, question).await.0, 400);
        }
        assert_eq!(ask(&server, Request::new(Method::Get, "/blobs/held")).await.0, 405);
        assert_eq!(ask(&server, Request::new(Method::Get, "/blobs/?limit=0")).await.0, 400);
    });
}

#[test]
fn a_scrub_finds_what_is_rotten_in_both_trees() {
    smol::block_on(async {
        let server = Server::start();
        for (name, description) in [("a", None), ("b", None), (&blob(1).to_string(), Some("object objects a"))] {
            assert_eq!(put(&server, name, description).await, 200);
        }
        let scrubbed = scrub(&server).await;
        assert_eq!((&scrubbed["files"], &scrubbed["bytes"], &scrubbed["damaged"]), (&json!(3), &json!(15), &json!(0)));
        let file = server.file(blob(1));
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let objects = server.root.as_ref().unwrap().path().join("objects");
        let files =
            std::fs::read_dir(objects).unwrap().flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        let objects: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        // Each is the file of the other: both are damaged, and neither by a block.
        let [one, other] = [0, 1].map(|at| std::fs::read(&objects[at]).unwrap());
        std::fs::write(&objects[0], other).unwrap();
        std::fs::write(&objects[1], one).unwrap();
        let scrubbed = scrub(&server).await;
        assert_eq!(
            (&scrubbed["files"], &scrubbed["damaged"], &scrubbed["unreadable"]),
            (&json!(3), &json!(3), &json!(0))
        );
        assert!(scrubbed["found"][2].as_str().unwrap().contains(&blob(1).to_string()), "{scrubbed}");
        let held = format!("{} 3 5\n", blob(1));
        let question = Request::new(Method::Post, "/blobs/held").body(held.as_bytes());
        assert_eq!(ask(&server, question).await, (200, Vec::new()), "what a scrub has found is not held");
        assert_eq!(ask(&server, Request::new(Method::Delete, "/scrub")).await.0, 405);
    });
}

/// Begins one, and waits for its end.
async fn scrub(server: &Server) -> Value {
    let mut method = Method::Post;
    loop {
        let (status, body) = ask(server, Request::new(method, "/scrub")).await;
        assert_eq!(status, 200);
        let report: Value = serde_json::from_slice(&body).unwrap();
        if report["running"] == json!(false) {
            return report;
        }
        method = Method::Get;
        smol::Timer::after(std::time::Duration::from_millis(5)).await;
    }
}
