//! Bodies that are streamed to the server, and answers that come before their end.

use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use super::*;
use crate::http::client::{Upload, UploadState};

const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";

/// Reports the head and then the given number of bytes behind it, answers 201, and reports whatever else comes.
fn recording(body_bytes: usize) -> (FakeServer, Receiver<(Vec<u8>, bool)>) {
    let (sender, seen) = mpsc::channel();
    let server = FakeServer::start(move |_, mut stream| {
        let head = read_head(&mut stream).unwrap().into_bytes();
        sender.send((head, true)).unwrap();
        let mut body = vec![0; body_bytes];
        let whole = stream.read_exact(&mut body).is_ok();
        sender.send((body, whole)).unwrap();
        stream.write_all(CREATED).unwrap();
        sender.send(read_to_end(&mut stream)).unwrap();
    });
    (server, seen)
}

fn next(seen: &Receiver<(Vec<u8>, bool)>) -> String {
    String::from_utf8(seen.recv_timeout(LONG).unwrap().0).unwrap()
}

async fn put(client: &HttpClient, server: &FakeServer, bytes: Option<u64>) -> Upload {
    client.upload(&server.address, &Request::new(Method::Put, "/o").header("x-a", "b"), bytes).await.unwrap()
}

/// Writes until the server has answered.
async fn write_without_end(upload: &mut Upload) -> Result<(), ClientError> {
    let piece = vec![7; 256 * 1024];
    while upload.write(&piece).await? == UploadState::Open {}
    Ok(())
}

#[test]
fn chunks_are_exactly_right_on_the_wire() {
    let large = "L".repeat(300_000);
    let expected = format!("5\r\nfirst\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n493e0\r\n{large}\r\n0\r\n\r\n");
    let (server, seen) = recording(expected.len());
    smol::block_on(async {
        let client = client();
        let mut upload = put(&client, &server, None).await;
        for piece in ["first", "", "abcdefghijklmnopqrstuvwxyz", &large] {
            assert_eq!(upload.write(piece.as_bytes()).await.unwrap(), UploadState::Open);
        }
        assert_eq!(upload.finish().await.unwrap().status(), 201);
        assert_eq!(client.idle_connections(), 1);
    });
    let head = format!("PUT /o HTTP/1.1\r\nhost: {}\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n", server.address);
    assert_eq!(next(&seen), head);
    assert_eq!(next(&seen), expected);
    assert_eq!(next(&seen), "");
}

#[test]
fn an_upload_of_known_length_is_exactly_right_on_the_wire() {
    let large = "L".repeat(300_000);
    let (server, seen) = recording(300_005);
    smol::block_on(async {
        let client = client();
        let mut upload = put(&client, &server, Some(300_005)).await;
        for piece in ["first", "", &large] {
            assert_eq!(upload.write(piece.as_bytes()).await.unwrap(), UploadState::Open);
        }
        assert_eq!(upload.finish().await.unwrap().status(), 201);
        assert_eq!(client.idle_connections(), 1);
    });
    let head = format!("PUT /o HTTP/1.1\r\nhost: {}\r\nx-a: b\r\ncontent-length: 300005\r\n\r\n", server.address);
    assert_eq!(next(&seen), head);
    assert_eq!(next(&seen), format!("first{large}"));
    assert_eq!(next(&seen), "");
}

#[test]
fn empty_uploads_are_whole() {
    for (bytes, body) in [(Some(0), ""), (None, "0\r\n\r\n")] {
        let (server, seen) = recording(body.len());
        smol::block_on(async {
            assert_eq!(put(&client(), &server, bytes).await.finish().await.unwrap().status(), 201);
        });
        next(&seen);
        assert_eq!((next(&seen), next(&seen)), (body.to_owned(), String::new()));
    }
}

#[test]
fn a_body_in_memory_follows_its_head() {
    for size in [1, 100_000, 10_000_000] {
        let (server, seen) = recording(size);
        let body = "b".repeat(size);
        let request = Request::new(Method::Put, "/o").body(body.as_bytes());
        assert_eq!(fetch(&client(), &server, &request).unwrap(), ok(201, ""));
        assert!(next(&seen).ends_with(&format!("\r\ncontent-length: {size}\r\n\r\n")));
        assert_eq!((next(&seen), next(&seen)), (body, String::new()));
    }
}

const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nno way";

/// Answers 403 to the head, then does something else with the upload.
fn refusing(then: impl Fn(TcpStream) + Send + Sync + 'static) -> FakeServer {
    FakeServer::start(move |_, mut stream| {
        read_head(&mut stream).unwrap();
        stream.write_all(FORBIDDEN).unwrap();
        then(stream);
    })
}

fn refusals() -> [(&'static str, FakeServer); 3] {
    let stops_reading = refusing(|_stream| thread::sleep(LONG));
    // Closing with unread bytes resets the connection, and the client's next write is a broken pipe.
    let hangs_up = refusing(drop);
    let reads_on = refusing(|mut stream| drop(std::io::copy(&mut stream, &mut std::io::sink())));
    [("stops reading", stops_reading), ("hangs up", hangs_up), ("reads on", reads_on)]
}

#[test]
fn an_early_403_ends_an_upload_at_once() {
    for (what, server) in refusals() {
        for bytes in [None, Some(1 << 50)] {
            smol::block_on(async {
                let client = client();
                let mut upload = put(&client, &server, bytes).await;
                write_without_end(&mut upload).await.unwrap();
                assert_eq!(upload.write(b"no more is sent").await.unwrap(), UploadState::Answered);
                let mut response = upload.finish().await.unwrap();
                assert_eq!((response.status(), read_all(&mut response).await.unwrap()), ok(403, "no way"), "{what}");
                assert_eq!(client.open_connections(), 0, "{what}: a half-sent request leaves a connection in doubt");
            });
        }
    }
}

#[test]
fn an_early_403_to_a_body_in_memory_is_the_answer() {
    let body = vec![7; 64 << 20];
    for (what, server) in refusals() {
        let client = client();
        let answer = fetch(&client, &server, &Request::new(Method::Put, "/o").body(&body));
        assert_eq!(answer.unwrap(), ok(403, "no way"), "{what}");
    }
}

#[test]
fn an_early_403_that_comes_while_the_caller_is_busy_is_the_answer() {
    for (what, server) in refusals() {
        early_403_between_pieces(what, &server);
    }
}

fn early_403_between_pieces(what: &str, server: &FakeServer) {
    smol::block_on(async {
        let client = client();
        let mut upload = put(&client, server, Some(100)).await;
        assert_eq!(upload.write(&[7; 50]).await.unwrap(), UploadState::Open);
        thread::sleep(Duration::from_millis(100));
        assert_eq!(upload.write(&[7; 25]).await.unwrap(), UploadState::Answered, "{what}");
        let mut response = upload.finish().await.unwrap();
        assert_eq!((response.status(), read_all(&mut response).await.unwrap()), ok(403, "no way"));
    });
}

#[test]
fn an_early_403_wakes_an_upload_that_waits_for_room() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream).unwrap();
        // By now the client has filled everything that the kernel holds.
        thread::sleep(Duration::from_millis(200));
        stream.write_all(FORBIDDEN).unwrap();
        thread::sleep(LONG);
    });
    let (started, body) = (Instant::now(), vec![7; 64 << 20]);
    let answer = fetch(&client(), &server, &Request::new(Method::Put, "/o").body(&body));
    assert_eq!(answer.unwrap(), ok(403, "no way"));
    assert!(started.elapsed() < LONG / 2);
}

#[test]
fn an_interim_answer_does_not_end_an_upload() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream).unwrap();
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
        stream.write_all(CREATED).unwrap();
        read_to_end(&mut stream);
    });
    smol::block_on(async {
        let client = client();
        let mut upload = put(&client, &server, Some(10)).await;
        for _ in 0..2 {
            assert_eq!(upload.write(b"12345").await.unwrap(), UploadState::Open);
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(upload.finish().await.unwrap().status(), 201);
        assert_eq!(client.idle_connections(), 1);
    });
}

#[test]
fn a_dropped_upload_is_a_cut_body_for_the_server() {
    for (bytes, expected) in [(Some(10), "12345"), (None, "5\r\n12345\r\n")] {
        let (server, seen) = recording(1 << 20);
        let client = client();
        smol::block_on(async {
            let mut upload = put(&client, &server, bytes).await;
            assert_eq!(upload.write(b"12345").await.unwrap(), UploadState::Open);
        });
        assert_eq!(client.open_connections(), 0);
        next(&seen);
        let (body, whole) = seen.recv_timeout(LONG).unwrap();
        assert!(!whole);
        assert_eq!(&body[..=expected.len()], format!("{expected}\0").as_bytes());
    }
}

#[test]
fn an_upload_that_is_too_short_is_a_cut_body_and_an_error() {
    let (server, seen) = recording(10);
    smol::block_on(async {
        let client = client();
        let mut upload = put(&client, &server, Some(10)).await;
        assert_eq!(upload.write(b"12345").await.unwrap(), UploadState::Open);
        let error = upload.finish().await.unwrap_err();
        assert!(matches!(error, ClientError::UploadLength { announced: 10, given: 5 }));
        assert_eq!(client.open_connections(), 0);
    });
    next(&seen);
    assert!(!seen.recv_timeout(LONG).unwrap().1);
}

#[test]
fn a_piece_that_goes_too_far_is_not_sent() {
    let (server, seen) = recording(10);
    smol::block_on(async {
        let mut upload = put(&client(), &server, Some(10)).await;
        assert_eq!(upload.write(b"12345").await.unwrap(), UploadState::Open);
        let error = upload.write(b"678901").await.unwrap_err();
        assert!(matches!(error, ClientError::UploadLength { announced: 10, given: 11 }));
        assert!(upload.finish().await.is_err());
    });
    next(&seen);
    assert!(!seen.recv_timeout(LONG).unwrap().1);
}

#[test]
fn an_upload_that_nobody_reads_stalls() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream).unwrap();
        thread::sleep(LONG);
    });
    let client = HttpClient::new(ClientLimits { stall: Duration::from_millis(200), ..ClientLimits::default() });
    smol::block_on(async {
        let mut upload = put(&client, &server, None).await;
        let error = write_without_end(&mut upload).await.unwrap_err();
        assert!(matches!(error, ClientError::Stalled { .. }), "{error:?}");
        assert!(upload.finish().await.is_err());
    });
    assert_eq!(client.open_connections(), 0);
}

#[test]
fn a_server_that_dies_within_an_upload_is_an_error() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream).unwrap();
        stream.read_exact(&mut [0; 1000]).unwrap();
    });
    smol::block_on(async {
        let mut upload = put(&client(), &server, None).await;
        let error = write_without_end(&mut upload).await.unwrap_err();
        assert!(matches!(error, ClientError::ClosedBeforeAnswer { .. }), "{error:?}");
    });
}

#[test]
fn an_upload_has_one_body() {
    let (server, _seen) = recording(0);
    let request = Request::new(Method::Put, "/o").body(b"x");
    let refused = smol::block_on(client().upload(&server.address, &request, None));
    assert!(matches!(refused, Err(ClientError::BadRequest(_))));
}
