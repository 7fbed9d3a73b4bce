//! Heads that break, or try to break, the rules; and those that must get through as they are.

use super::*;
use std::time::Instant;

#[test]
fn what_is_no_request_gets_its_status_and_a_sentence_and_the_connection_closes() {
    let server = Server::start(Limits { target_bytes_max: 1000, ..Limits::default() }, echo);
    let (long, longer) = ("a".repeat(1001), "a".repeat(20_000));
    for (request, status) in [
        ("garbage\r\n\r\n", 400),
        ("\x16\x03\x01\x02", 400),
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA b\r\n\r\n", 400),
        ("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h@i\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nX-Meta: caf\u{e9}\r\n\r\n", 400),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\n", 505),
        ("FROB / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("get / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect: cake\r\n\r\n", 417),
        (&format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n"), 414),
        (&format!("GET /{longer} HTTP/1.1\r\nHost: h\r\n\r\n"), 414),
        (&format!("GET / HTTP/1.1\r\nHost: h\r\nA: {longer}\r\n\r\n"), 431),
        (&format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "A: b\r\n".repeat(100)), 431),
    ] {
        let mut client = server.client();
        client.send(request.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, status, "{request:.80?}: {answer:?}");
        assert!(answer.headers.contains("connection: close\r\n"), "{answer:?}");
        assert!(answer.headers.contains("content-type: application/json\r\n"), "{answer:?}");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["error"]["message"].as_str().is_some_and(|message| message.len() > 20), "{body}");
        assert_eq!(client.rest().unwrap(), b"", "{request:.80?}");
    }
}

#[test]
fn a_head_without_end_is_refused_at_the_bound_and_what_follows_is_not_kept() {
    let server = Server::start(Limits { linger: SHORT, ..Limits::default() }, echo);
    let mut client = server.client();
    client.send(&[b'a'; 16 * 1024]);
    // Answered although no line feed ever came.
    assert_eq!(client.answer().status, 414);
    let started = Instant::now();
    while client.stream.write_all(&[b'a'; 64 * 1024]).is_ok() {
        assert!(started.elapsed() < LONG / 2, "the server reads it for ever");
    }
}

#[test]
fn as_many_headers_and_bytes_as_are_allowed_get_through() {
    let server = Server::start(Limits::default(), async |exchange: Exchange| {
        let count = exchange.headers().iter().map(|(_, values)| values.iter().count()).sum::<usize>();
        let long = exchange.header("X-LONG").map_or(0, str::len);
        let text = format!("{count} {long} {:?}", exchange.header("x-last"));
        exchange.respond(ResponseHead::new(StatusCode::Ok), text.as_bytes()).await.unwrap();
    });
    let mut client = server.client();
    // More than the 8 KiB that async-h1 takes.
    let long = format!("X-Long: {}\r\n", "l".repeat(12_000));
    let many = "X-Many: m\r\n".repeat(97);
    client.send(format!("GET / HTTP/1.1\r\nHost: h\r\n{long}{many}X-Last: z\r\n\r\n").as_bytes());
    assert_eq!(client.answer().body, "100 12000 Some(\"z\")");
}

#[test]
fn the_raw_target_reaches_the_handler() {
    let server = Server::echo();
    let mut client = server.client();
    for (sent, seen) in [
        ("/a/../b/./%2e%2e/c", "/a/../b/./%2e%2e/c"),
        ("//a//b?x=/..&y", "//a//b?x=/..&y"),
        ("/a%2Fb%zz", "/a%2Fb%zz"),
        ("/a\\\\b\"<>^`|{}", "/a\\\\\\\\b\\\"<>^`|{}"),
        ("http://other/x/../y?z", "/x/../y?z"),
        ("http://other", "/"),
        ("/\u{e9}", "/\\xc3\\xa9"),
    ] {
        client.send(format!("GET {sent} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        assert_eq!(client.answer().body, format!("GET {seen} 0:"));
    }
    client.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.answer().body, "OPTIONS * 0:");
}

#[test]
fn a_host_may_be_empty_or_an_address() {
    let server = Server::echo();
    let mut client = server.client();
    for host in ["", "127.0.0.1:80", "[::1]:80", "a-b.example"] {
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.answer().status, 200, "{host}");
    }
}

#[test]
fn an_old_client_is_served_and_the_connection_closes() {
    let server = Server::echo();
    for request in ["GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"] {
        let answer = server.raw(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nGET /a 0:"), "{answer}");
    }
}

#[test]
fn a_head_that_trickles_is_given_up() {
    let server = Server::start(Limits { idle: LONG, ..impatient() }, echo);
    let mut client = server.client();
    let started = Instant::now();
    client.send(b"GET / HTTP/1.1\r\n");
    let mut slow = client.stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        while started.elapsed() < LONG && slow.write_all(b"A: b\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(client.answer().status, 408);
    assert!(started.elapsed() >= SHORT && started.elapsed() < LONG / 2);
    trickle.join().unwrap();
}

#[test]
fn a_connection_without_a_request_is_closed_without_a_word() {
    let server = Server::start(Limits { head_time: LONG, ..impatient() }, echo);
    let mut silent = server.client();
    let mut used = server.client();
    used.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(used.answer().status, 200);
    // An empty line is not yet a request.
    used.send(b"\r\n");
    for client in [&mut silent, &mut used] {
        assert_eq!(client.rest().unwrap(), b"");
    }
}
