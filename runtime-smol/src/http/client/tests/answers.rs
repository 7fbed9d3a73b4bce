//! Heads of answers: what is understood, and what is refused.

use super::*;

#[test]
fn a_small_answer_is_read_with_its_headers() {
    let server =
        FakeServer::answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: \"7\"\r\nX-A: 1\r\nx-a: 2\r\n\r\nlode");
    smol::block_on(async {
        let mut response = client().send(&server.address, &Request::new(Method::Get, "/objects/a%2Fb")).await.unwrap();
        assert_eq!((response.status(), response.body_bytes(), response.content_length()), (200, Some(4), Some(4)));
        assert_eq!(response.headers().get("etag").unwrap().as_str(), "\"7\"");
        let values: Vec<_> = response.headers().get("x-a").unwrap().iter().map(|value| value.as_str()).collect();
        assert_eq!(values, ["1", "2"]);
        assert_eq!(read_all(&mut response).await.unwrap(), "lode");
    });
}

#[test]
fn an_interim_answer_is_not_the_final_one() {
    let server = FakeServer::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    );
    let client = client();
    for _ in 0..2 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "ok"));
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn interim_answers_without_end_are_given_up() {
    let server = FakeServer::answering("HTTP/1.1 102 Processing\r\n\r\n".repeat(100));
    assert!(matches!(get(&server), Err(ClientError::TooManyInterimAnswers { limit: 8 })));
}

#[test]
fn switching_protocols_unasked_is_refused() {
    let server = FakeServer::answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n");
    assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })));
}

#[test]
fn odd_status_numbers_are_handed_on() {
    for status in [299, 499, 520, 799, 999] {
        let server = FakeServer::answering(format!("HTTP/1.1 {status} Odd\r\ncontent-length: 1\r\n\r\nx"));
        assert_eq!(get(&server).unwrap(), ok(status, "x"));
    }
}

#[test]
fn a_status_line_needs_no_reason() {
    for line in ["HTTP/1.1 204", "HTTP/1.1 204 "] {
        assert_eq!(get(&FakeServer::answering(format!("{line}\r\n\r\n"))).unwrap(), ok(204, ""));
    }
}

#[test]
fn an_http_1_0_answer_is_understood_and_its_connection_not_used_again() {
    let server = FakeServer::answering("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok");
    let client = client();
    for _ in 0..2 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "ok"));
    }
    assert_eq!(server.accepted(), 2);
}

#[test]
fn duplicate_content_lengths_that_differ_are_an_error() {
    for lengths in ["content-length: 2\r\ncontent-length: 3", "content-length: 2, 3"] {
        let server = FakeServer::answering(format!("HTTP/1.1 200 OK\r\n{lengths}\r\n\r\nabc"));
        assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })), "{lengths}");
    }
}

#[test]
fn lengths_that_are_no_numbers_are_an_error() {
    for length in ["+2", "-1", "0x2", "2 2", "", "2,", "18446744073709551616", "2;"] {
        let server = FakeServer::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nabc"));
        assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })), "{length:?}");
    }
}

#[test]
fn a_length_beside_chunks_is_an_error() {
    let server = FakeServer::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    );
    assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })));
}

#[test]
fn a_transfer_encoding_other_than_chunked_is_an_error() {
    for encoding in ["gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "xchunked"] {
        let server = FakeServer::answering(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: {encoding}\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        ));
        assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })), "{encoding}");
    }
}

#[test]
fn an_oversized_head_is_given_up() {
    let long_line = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(20_000));
    let no_line_feed = "HTTP/1.1 200 OK".to_owned() + &"a".repeat(1 << 20);
    for head in [long_line, no_line_feed] {
        let server = FakeServer::start(move |_, mut stream| {
            read_head(&mut stream);
            // The client hangs up in the middle of it.
            let _ = stream.write_all(head.as_bytes());
            read_to_end(&mut stream);
        });
        assert!(matches!(get(&server), Err(ClientError::HeadTooLarge { .. })));
    }
}

#[test]
fn too_many_headers_are_an_error() {
    let server = FakeServer::answering(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)));
    assert!(matches!(get(&server), Err(ClientError::MalformedHead { .. })));
}

#[test]
fn garbage_is_an_error() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 042 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: \u{e4}\r\n\r\n",
    ] {
        let answer = get(&FakeServer::answering_once(garbage));
        assert!(matches!(answer, Err(ClientError::MalformedHead { .. })), "{garbage:?}: {answer:?}");
    }
}

#[test]
fn a_head_that_ends_early_is_an_error() {
    for cut in
        ["H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP"]
    {
        let answer = get(&FakeServer::answering_once(cut));
        assert!(matches!(answer, Err(ClientError::HeadCutShort)), "{cut:?}: {answer:?}");
    }
}

#[test]
fn a_head_may_come_in_any_pieces() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
    for cut in 1..answer.len() {
        let server = FakeServer::start(move |_, mut stream| {
            read_head(&mut stream);
            stream.write_all(&answer.as_bytes()[..cut]).unwrap();
            thread::sleep(Duration::from_millis(2));
            stream.write_all(&answer.as_bytes()[cut..]).unwrap();
            read_to_end(&mut stream);
        });
        assert_eq!(get(&server).unwrap(), ok(200, "whole"), "{cut}");
    }
}
