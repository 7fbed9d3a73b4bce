//! Downloads from a server that follows a script, one answer a connection, and then is gone.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::cli::args::{ClusterArgs, OutputArgs};
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Serves the answers in turn, each cut off at its end, and tells the heads of the requests.
struct Script {
    cluster: Cluster,
    served: thread::JoinHandle<Vec<String>>,
}

impl Script {
    fn new(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let servers = vec![listener.local_addr().unwrap().to_string().parse().unwrap()];
        let cluster = Cluster::new(&ClusterArgs { servers, timeout: Duration::from_secs(5).into() });
        let served = thread::spawn(move || {
            let mut heads = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                heads.push(String::from_utf8(head).unwrap().to_ascii_lowercase());
                stream.write_all(&answer).unwrap();
            }
            heads
        });
        Self { cluster, served }
    }

    fn download(&self, sink: &mut Sink, retries: u32) -> Result<Downloaded, Failure> {
        let progress = Progress::new(Output::new(&OutputArgs { json: false, quiet: true }), false, "get");
        smol::block_on(Download::new(&self.cluster, "/objects/o", sink, &progress)?.run(retries))
    }

    fn requests(self) -> Vec<String> {
        self.served.join().unwrap()
    }
}

/// A whole answer of which only so many bytes of the body are sent.
fn whole(object: &[u8], sent: usize) -> Vec<u8> {
    answer("200 OK", object, object.len(), &object[..sent], "")
}

/// An answer with the bytes from `first` on, of which only those before `end` are sent.
fn rest(object: &[u8], first: usize, end: usize) -> Vec<u8> {
    let range = format!("content-range: bytes {first}-{}/{}\r\n", object.len() - 1, object.len());
    answer("206 Partial Content", object, object.len() - first, &object[first..end], &range)
}

fn answer(status: &str, object: &[u8], length: usize, body: &[u8], more: &str) -> Vec<u8> {
    let etag = blake3::hash(object);
    let head = format!("HTTP/1.1 {status}\r\netag: \"{etag}\"\r\ncontent-length: {length}\r\n{more}\r\n");
    [head.as_bytes(), body].concat()
}

fn status(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

fn object(seed: u8) -> Vec<u8> {
    (0..100_000_u32).flat_map(|number| (number.wrapping_mul(2_654_435_761) ^ u32::from(seed)).to_le_bytes()).collect()
}

/// A sink that takes nothing back.
fn stream() -> (Sink, Arc<Mutex<Vec<u8>>>) {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let shared = Shared::default();
    (Sink::Stream { writer: Box::new(shared.clone()), path: None }, shared.0)
}

fn file(folder: &Path) -> Sink {
    Sink::open(Some(&folder.join("object"))).unwrap()
}

#[track_caller]
fn assert_file(folder: &Path, sink: Sink, object: &[u8]) {
    sink.finish().unwrap();
    assert!(fs::read(folder.join("object")).unwrap() == object, "the file is not the object");
}

#[test]
fn a_broken_transfer_goes_on_where_it_broke() {
    let object = object(0);
    let script = Script::new(vec![whole(&object, 1000), rest(&object, 1000, 1000), rest(&object, 1000, 400_000)]);
    let (mut sink, written) = stream();
    let downloaded = script.download(&mut sink, 5).unwrap();
    assert!(downloaded.verified);
    assert_eq!(downloaded.size_bytes, 400_000);
    assert!(*written.lock().unwrap() == object, "what was written is not the object");
    let requests = script.requests();
    assert!(!requests[0].contains("range"), "{}", requests[0]);
    for request in &requests[1..] {
        assert!(request.contains("\r\nrange: bytes=1000-\r\n"), "{request}");
        assert!(request.contains(&format!("\r\nif-range: \"{}\"\r\n", blake3::hash(&object))), "{request}");
    }
}

#[test]
fn versions_are_never_glued_together() {
    let (old, new) = (object(1), object(2));
    let answers = || vec![whole(&old, 1000), whole(&new, new.len())];
    let script = Script::new(answers());
    let (mut sink, written) = stream();
    let failure = script.download(&mut sink, 5).unwrap_err();
    assert!(matches!(failure, Failure::Changed { written_bytes: 1000 }), "{failure:?}");
    assert_eq!(failure.exit(), Exit::Corrupt);
    assert_eq!(*written.lock().unwrap(), &old[..1000]);

    let (script, folder) = (Script::new(answers()), tempfile::tempdir().unwrap());
    let mut sink = file(folder.path());
    assert!(script.download(&mut sink, 5).unwrap().verified);
    assert_file(folder.path(), sink, &new);
}

#[test]
fn a_server_that_ignores_the_condition_is_not_believed() {
    let (old, new) = (object(1), object(2));
    let answers = vec![whole(&old, 1000), rest(&new, 1000, new.len()), whole(&new, new.len())];
    let (script, folder) = (Script::new(answers), tempfile::tempdir().unwrap());
    let mut sink = file(folder.path());
    assert!(script.download(&mut sink, 5).unwrap().verified);
    assert_file(folder.path(), sink, &new);
}

#[test]
fn a_server_that_ignores_ranges_is_listened_to_from_the_start() {
    let object = object(0);
    let script = Script::new(vec![whole(&object, 1000), whole(&object, 300_000), whole(&object, 400_000)]);
    let (mut sink, written) = stream();
    assert!(script.download(&mut sink, 5).unwrap().verified);
    assert!(*written.lock().unwrap() == object, "what was written is not the object");
}

#[test]
fn what_an_earlier_run_has_left_is_gone_on_with() {
    let object = object(0);
    for (left, answered) in [(1000, rest(&object, 999, 400_000)), (400_000, rest(&object, 399_999, 400_000))] {
        let (script, folder) = (Script::new(vec![answered]), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("object.part"), &object[..left]).unwrap();
        let mut sink = file(folder.path());
        assert!(script.download(&mut sink, 5).unwrap().verified);
        assert_file(folder.path(), sink, &object);
        assert!(script.requests()[0].contains(&format!("\r\nrange: bytes={}-\r\n", left - 1)));
    }
}

#[test]
fn what_an_earlier_run_has_left_of_another_version_is_thrown_away() {
    let (old, new) = (object(1), object(2));
    let shorter = &new[..500];
    for (answers, object) in [
        (vec![rest(&new, 999, 5000), rest(&new, 5000, 400_000), whole(&new, 400_000)], &new[..]),
        (vec![whole(&new, 400_000)], &new[..]),
        (vec![status("416 Range Not Satisfiable"), whole(shorter, 500)], shorter),
    ] {
        let (script, folder) = (Script::new(answers), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("object.part"), &old[..1000]).unwrap();
        let mut sink = file(folder.path());
        assert!(script.download(&mut sink, 5).unwrap().verified);
        assert_file(folder.path(), sink, object);
        let _requests = script.requests();
    }
}

#[test]
fn bytes_that_are_not_the_objects_are_told() {
    let (object, other) = (object(1), object(2));
    let mut rotten = whole(&object, 0);
    rotten.extend(&other);
    let (script, folder) = (Script::new(vec![rotten]), tempfile::tempdir().unwrap());
    let failure = script.download(&mut file(folder.path()), 5).unwrap_err();
    assert_eq!((failure.exit(), failure.code()), (Exit::Corrupt, "checksum_mismatch"));
}

#[test]
fn a_server_that_is_gone_is_asked_again_and_given_up_on() {
    let object = object(0);
    let script = Script::new(vec![whole(&object, 1000), status("503 Service Unavailable")]);
    let folder = tempfile::tempdir().unwrap();
    let mut sink = file(folder.path());
    let failure = script.download(&mut sink, 2).unwrap_err();
    assert!(matches!(failure, Failure::Unreachable(_)), "{failure:?}");
    assert_eq!(failure.exit(), Exit::Unavailable);
    sink.abandon(false);
    assert!(fs::read(folder.path().join("object.part")).unwrap() == object[..1000], "what had come is not kept");
}

#[test]
fn no_retry_is_made_where_none_is_wanted() {
    let object = object(0);
    let script = Script::new(vec![whole(&object, 1000)]);
    let failure = script.download(&mut stream().0, 0).unwrap_err();
    assert!(matches!(failure, Failure::Broken(_)), "{failure:?}");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn what_never_began_is_not_retried() {
    for (refusal, exit) in [("404 Not Found", Exit::NotFound), ("503 Service Unavailable", Exit::Unavailable)] {
        // A second request would be answered.
        let script = Script::new(vec![status(refusal), whole(b"object", 6)]);
        let failure = script.download(&mut stream().0, 5).unwrap_err();
        assert!(matches!(failure, Failure::Refused { .. }), "{failure:?}");
        assert_eq!(failure.exit(), exit);
    }
}

#[test]
fn an_object_without_a_tag_is_read_again_from_its_start() {
    let untagged = |sent: usize| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        [head.as_bytes(), &b"0123456789"[..sent]].concat()
    };
    let (script, folder) = (Script::new(vec![untagged(4), untagged(10)]), tempfile::tempdir().unwrap());
    let mut sink = file(folder.path());
    assert!(!script.download(&mut sink, 5).unwrap().verified);
    assert_file(folder.path(), sink, b"0123456789");
    let script = Script::new(vec![untagged(4)]);
    let failure = script.download(&mut stream().0, 5).unwrap_err();
    assert!(matches!(failure, Failure::Broken(_)), "{failure:?}");
}
