//! Connections: one request after the other, many at once, more than allowed, more than the process has descriptors for.

use super::*;
use std::time::Instant;

const GET: &[u8] = b"GET /g HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn pipelined_requests_are_all_answered_in_order() {
    let server = Server::echo();
    let mut client = server.client();
    let mut requests = Vec::new();
    for number in 0..500 {
        requests.extend(format!("PUT /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody").bytes());
        requests
            .extend_from_slice(b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n");
        // The empty line that old clients send behind a body.
        requests.extend_from_slice(b"\r\n");
    }
    client.send(&requests);
    for number in 0..500 {
        assert_eq!(client.answer().body, format!("PUT /{number} 4:body"));
        assert_eq!(client.answer().body, "PUT /c chunked:xy");
    }
}

#[test]
fn a_client_that_asks_for_the_close_gets_it() {
    let server = Server::echo();
    for connection in ["close", "Close", "keep-alive, close", "close\r\nConnection: keep-alive"] {
        let request = format!("GET /g HTTP/1.1\r\nHost: h\r\nConnection: {connection}\r\n\r\n");
        let answer = server.raw(&[request.as_bytes(), GET].concat());
        assert!(answer.contains("connection: close\r\n"), "{connection}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{connection}: {answer}");
    }
}

#[test]
fn small_requests_do_not_wait_for_acknowledgements() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        // Two writes: with Nagle's algorithm the second waits for the client's delayed acknowledgement, 40 ms.
        let mut writer = exchange.start(ResponseHead::new(StatusCode::Ok), Some(2)).unwrap();
        writer.write_all(b"a").await.unwrap();
        writer.write_all(b"b").await.unwrap();
        writer.finish().await.unwrap();
    });
    let mut client = server.client();
    let started = Instant::now();
    for _ in 0..50 {
        client.send(GET);
        assert_eq!(client.answer().body, "ab");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn one_connection_too_many_is_told_so() {
    let server = Server::start(Limits { connections_max: 2, ..Limits::default() }, echo);
    let mut clients = [server.client(), server.client()];
    for client in &mut clients {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
    let mut late = server.client();
    late.send(GET);
    let answer = late.answer();
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains("retry-after: 1\r\n"), "{answer:?}");
    assert_eq!(late.rest().unwrap(), b"");
    for client in &mut clients {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
    let [first, _second] = clients;
    drop(first);
    let started = Instant::now();
    while {
        let mut client = server.client();
        client.send(GET);
        client.answer().status != 200
    } {
        assert!(started.elapsed() < LONG, "the place that became free is not given again");
    }
}

#[test]
fn a_client_that_resets_its_connection_harms_nobody() {
    let server = Server::echo();
    for bytes in [&b""[..], b"GET / HT", b"PUT /o HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"] {
        let mut client = server.client();
        client.send(bytes);
        rustix::net::sockopt::set_socket_linger(&client.stream, Some(Duration::ZERO)).unwrap();
    }
    let mut client = server.client();
    client.send(GET);
    assert_eq!(client.answer().status, 200);
}

/// Set in the process that the test starts again with few descriptors.
const INNER: &str = "LODE_TEST_FEW_DESCRIPTORS";

#[test]
fn running_out_of_descriptors_is_survived() {
    if std::env::var_os(INNER).is_some() {
        return with_few_descriptors();
    }
    let name = "http::server::tests::connections::running_out_of_descriptors_is_survived";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 48; exec \"$0\" --exact \"$1\" --nocapture"]);
    let output = shell.arg(std::env::current_exe().unwrap()).arg(name).env(INNER, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

fn with_few_descriptors() {
    let server = Server::echo();
    let mut first = server.client();
    first.send(GET);
    assert_eq!(first.answer().status, 200);
    // Each takes two descriptors of this process, the client's and the server's, and the server's come last.
    let mut crowd = Vec::new();
    while let Ok(stream) = TcpStream::connect(server.address) {
        crowd.push(stream);
        assert!(crowd.len() < 100, "descriptors never ran out");
    }
    std::thread::sleep(SHORT);
    first.send(GET);
    assert_eq!(first.answer().status, 200);
    drop(crowd);
    let mut late = server.client();
    late.send(GET);
    assert_eq!(late.answer().status, 200);
}
