//! Bodies of requests: whole, split, cut short, smuggled, too large, never read.

use super::*;
use std::time::Instant;

fn put(headers: &str, body: &str) -> Vec<u8> {
    format!("PUT /o HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n{body}").into_bytes()
}

/// An answer that comes without looking at the body.
async fn answer_at_once(exchange: Exchange) {
    let _client_gone = exchange.respond(ResponseHead::new(StatusCode::Forbidden), b"no").await;
}

#[test]
fn a_length_that_two_parsers_could_read_differently_is_refused() {
    let server = Server::echo();
    for (headers, status) in [
        ("Content-Length: 5\r\nContent-Length: 5", "400"),
        ("Content-Length: 5\r\nContent-Length: 6", "400"),
        ("Content-Length: 5, 5", "400"),
        ("Content-Length: +5", "400"),
        ("Content-Length: -1", "400"),
        ("Content-Length: 0x5", "400"),
        ("Content-Length:", "400"),
        ("Content-Length: 99999999999999999999", "400"),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "400"),
        ("Transfer-Encoding: gzip, chunked", "501"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "501"),
        ("Transfer-Encoding: chunked, identity", "501"),
        ("Transfer-Encoding: xchunked", "501"),
        ("Transfer-Encoding:", "501"),
    ] {
        // What stands in the body must never be served as a request.
        let answer = server.raw(&put(headers, "5\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(&answer[9..12], status, "{headers}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{headers}: {answer}");
    }
    let old = server.raw(b"PUT /o HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(&old[9..12], "400");
}

#[test]
fn a_chunked_body_may_be_split_anywhere() {
    let server = Server::echo();
    let mut client = server.client();
    let request =
        put("Transfer-Encoding: Chunked", "5;ext=\"1\"\r\nhello\r\nA\r\n, my world\r\n0\r\nTrailer: x\r\n\r\n");
    for split in 1..request.len() {
        let (first, second) = request.split_at(split);
        client.send_slowly([first, second]);
        assert_eq!(client.answer().body, "PUT /o chunked:hello, my world", "split at {split}");
    }
}

#[test]
fn a_body_cut_short_never_reads_as_complete() {
    let (told, outcomes) = std::sync::mpsc::channel();
    let server = Server::start(Limits::default(), move |mut exchange: Exchange| {
        let told = told.clone();
        async move { told.send(exchange.read_whole_body(1 << 20).await).unwrap() }
    });
    for request in [
        put("Content-Length: 10", "half"),
        put("Transfer-Encoding: chunked", "a\r\nhalf"),
        put("Transfer-Encoding: chunked", "4\r\nhalf\r\n"),
        put("Transfer-Encoding: chunked", "4\r\nhalf\r\n0\r\n"),
    ] {
        let mut client = server.client();
        client.send(&request);
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let outcome = outcomes.recv_timeout(LONG).unwrap();
        assert!(matches!(outcome, Err(crate::http::body::BodyError::CutShort)), "{outcome:?}");
        // Who still listens hears why.
        assert_eq!(client.answer().status, 400);
    }
}

#[test]
fn broken_chunks_are_a_400_and_end_the_connection() {
    let server = Server::echo();
    let answer = server.raw(&put("Transfer-Encoding: chunked", "zz\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_eq!(&answer[9..12], "400");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn continue_is_said_to_who_waits_for_it_whatever_the_case() {
    let server = Server::echo();
    let mut client = server.client();
    for expect in ["100-continue", "100-Continue"] {
        client.send(&put(&format!("Content-Length: 4\r\nEXPECT: {expect}"), ""));
        assert_eq!(client.until(b"\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        client.send(b"body");
        assert_eq!(client.answer().body, "PUT /o 4:body");
    }
    // Who has begun to send, or has nothing to send, does not wait.
    for (length, body) in [(4, "body"), (0, "")] {
        client.send(&put(&format!("Content-Length: {length}\r\nExpect: 100-continue"), body));
        assert_eq!(client.answer().body, format!("PUT /o {length}:{body}"));
    }
}

#[test]
fn no_continue_is_said_when_the_body_is_not_wanted() {
    let server = Server::start(Limits::default(), answer_at_once);
    let answer = server.raw(&put("Content-Length: 4\r\nExpect: 100-continue", ""));
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n"), "{answer}");
}

#[test]
fn a_body_beyond_the_bound_is_a_413() {
    let server = Server::start(Limits { body_bytes_max: Some(10), ..Limits::default() }, echo);
    let mut client = server.client();
    client.send(&put("Content-Length: 10", "0123456789"));
    assert_eq!(client.answer().body, "PUT /o 10:0123456789");
    client.send(&put("Transfer-Encoding: chunked", "a\r\n0123456789\r\n0\r\n\r\n"));
    assert_eq!(client.answer().body, "PUT /o chunked:0123456789");
    client.send(&put("Transfer-Encoding: chunked", "b\r\n0123456789a\r\n0\r\n\r\n"));
    assert_eq!(client.answer().status, 413);
    let mut client = server.client();
    client.send(&put("Content-Length: 11", ""));
    assert_eq!(client.answer().status, 413);
}

#[test]
fn a_client_that_is_still_sending_sees_an_early_answer() {
    let server = Server::start(Limits { body_bytes_max: Some(1), ..Limits::default() }, echo);
    for _ in 0..20 {
        let mut client = server.client();
        client.send(&put("Content-Length: 8000000", ""));
        // It looks for an answer only when it has sent everything.
        client.send(&vec![b'x'; 8_000_000]);
        assert_eq!(client.answer().status, 413);
        assert_eq!(client.rest().unwrap(), b"");
    }
}

#[test]
fn an_unread_body_is_drained_up_to_the_bound_and_closes_the_connection_beyond_it() {
    let server = Server::start(Limits { drain_bytes_max: 1000, ..Limits::default() }, answer_at_once);
    let mut client = server.client();
    for _ in 0..2 {
        client.send(&put("Content-Length: 1000", ""));
        assert!(!client.answer().headers.contains("connection: close"));
        client.send(&[b'x'; 1000]);
    }
    client.send(&put("Content-Length: 1001", ""));
    assert!(client.answer().headers.contains("connection: close"));
    assert_eq!(client.rest().unwrap(), b"");
    let mut client = server.client();
    client.send(&put("Transfer-Encoding: chunked", ""));
    assert!(client.answer().headers.contains("connection: close"));
}

#[test]
fn a_body_that_stops_coming_is_a_408() {
    let server = Server::start(impatient(), echo);
    let mut client = server.client();
    let started = Instant::now();
    client.send(&put("Content-Length: 10", "half"));
    assert_eq!(client.answer().status, 408);
    assert!(started.elapsed() >= SHORT);
    assert_eq!(client.rest().unwrap(), b"");
}

#[test]
fn a_body_that_trickles_is_waited_for() {
    let server = Server::start(impatient(), echo);
    let mut client = server.client();
    client.send(&put("Content-Length: 5", ""));
    for _ in 0..5 {
        std::thread::sleep(SHORT / 2);
        client.send(b"x");
    }
    assert_eq!(client.answer().body, "PUT /o 5:xxxxx");
}

#[test]
fn a_large_body_arrives_byte_for_byte() {
    let server = Server::start(Limits::default(), async |mut exchange: Exchange| {
        let (mut hasher, mut piece) = (blake3::Hasher::new(), vec![0; 256 * 1024]);
        loop {
            let count = exchange.read_body(&mut piece).await.unwrap();
            if count == 0 {
                break;
            }
            hasher.update(&piece[..count]);
        }
        let hash = hasher.finalize().to_hex();
        exchange.respond(ResponseHead::new(StatusCode::Ok), hash.as_bytes()).await.unwrap();
    });
    let body: Vec<u8> = (0u32..2_000_000).flat_map(u32::to_le_bytes).collect();
    let expected = blake3::hash(&body).to_hex().to_string();
    let mut client = server.client();
    client.send(&put(&format!("Content-Length: {}", body.len()), ""));
    client.send(&body);
    assert_eq!(client.answer().body, expected);
    client.send(&put("Transfer-Encoding: chunked", ""));
    for piece in body.chunks(32 * 1024 + 7) {
        client.send(format!("{:x}\r\n", piece.len()).as_bytes());
        client.send(piece);
        client.send(b"\r\n");
    }
    client.send(b"0\r\n\r\n");
    assert_eq!(client.answer().body, expected);
}
