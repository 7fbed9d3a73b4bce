//! Bodies of answers: where they end, and when they end too early.

use super::*;

#[test]
fn a_close_delimited_body_is_read_to_the_end() {
    let body = "x".repeat(100_000);
    let server = FakeServer::answering_once(format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
    assert_eq!(get(&server).unwrap(), (200, body));
}

#[test]
fn a_close_delimited_body_has_no_length() {
    let server = FakeServer::answering_once("HTTP/1.1 200 OK\r\n\r\nx");
    let response = smol::block_on(client().send(&server.address, &Request::new(Method::Get, "/"))).unwrap();
    assert_eq!((response.body_bytes(), response.content_length()), (None, None));
}

#[test]
fn a_truncated_body_is_an_error_and_not_an_end() {
    let server = FakeServer::answering_once("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    smol::block_on(async {
        let client = client();
        let mut response = client.send(&server.address, &Request::new(Method::Get, "/")).await.unwrap();
        let mut piece = [0; 10];
        assert_eq!(response.read_body(&mut piece).await.unwrap(), 3);
        for _ in 0..2 {
            let cut = response.read_body(&mut piece).await;
            assert!(matches!(cut, Err(ClientError::BodyCutShort { received: 3, expected: Some(10) })), "{cut:?}");
        }
        assert_eq!(client.open_connections(), 0);
    });
}

#[test]
fn a_reset_within_a_body_is_an_error_and_not_an_end() {
    let server = FakeServer::start(|_, mut stream| {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").unwrap();
        thread::sleep(Duration::from_millis(50));
        // Closing with unread bytes of the request resets the connection.
    });
    smol::block_on(async {
        let mut response = client().send(&server.address, &Request::new(Method::Get, "/")).await.unwrap();
        thread::sleep(Duration::from_millis(100));
        let error = read_all(&mut response).await.unwrap_err();
        assert!(matches!(error, ClientError::BodyCutShort { expected: Some(10), .. }), "{error:?}");
    });
}

#[test]
fn truncated_chunks_are_an_error_and_not_an_end() {
    for cut in [
        "",
        "5",
        "5\r\n",
        "5\r\nabc",
        "5\r\nabcde",
        "5\r\nabcde\r\n",
        "5\r\nabcde\r\n0\r\n",
        "5\r\nabcde\r\n0\r\nx: y\r\n",
    ] {
        let server = FakeServer::answering_once(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{cut}"));
        let answer = get(&server);
        assert!(matches!(answer, Err(ClientError::BodyCutShort { expected: None, .. })), "{cut:?}: {answer:?}");
    }
}

#[test]
fn malformed_chunks_are_an_error() {
    for bad in ["x\r\n", "-1\r\n", "3\r\nabcd\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "\r\n0\r\n\r\n"] {
        let server = FakeServer::answering_once(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{bad}"));
        let answer = get(&server);
        assert!(matches!(answer, Err(ClientError::MalformedBody { .. })), "{bad:?}: {answer:?}");
    }
}

#[test]
fn chunks_may_be_split_anywhere_and_leave_a_clean_connection() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nlode\r\nA;name=value\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n";
    let start = answer.find("\r\n\r\n").unwrap();
    for cut in start..answer.len() {
        let server = FakeServer::start(move |_, mut stream| {
            while read_head(&mut stream).is_some() {
                stream.write_all(&answer.as_bytes()[..cut]).unwrap();
                thread::sleep(Duration::from_millis(2));
                stream.write_all(&answer.as_bytes()[cut..]).unwrap();
            }
        });
        let client = client();
        for _ in 0..2 {
            assert_eq!(
                fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(),
                ok(200, "lode0123456789"),
                "{cut}"
            );
        }
        assert_eq!(server.accepted(), 1, "{cut}");
    }
}

#[test]
fn the_answer_to_head_has_no_body_whatever_its_length_says() {
    let server = FakeServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    smol::block_on(async {
        let client = client();
        for _ in 0..2 {
            let mut response = client.send(&server.address, &Request::new(Method::Head, "/")).await.unwrap();
            assert_eq!((response.content_length(), response.body_bytes()), (Some(1000), Some(0)));
            assert_eq!(read_all(&mut response).await.unwrap(), "");
        }
        assert_eq!(server.accepted(), 1);
    });
}

#[test]
fn answers_204_and_304_have_no_body_whatever_their_headers_say() {
    for head in [
        "204 No Content\r\ncontent-length: 5",
        "304 Not Modified\r\ncontent-length: 5",
        "304 Not Modified\r\ntransfer-encoding: chunked",
    ] {
        let server = FakeServer::answering(format!("HTTP/1.1 {head}\r\n\r\n"));
        let client = client();
        for _ in 0..2 {
            assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap().1, "");
        }
        assert_eq!(server.accepted(), 1, "{head}");
    }
}

#[test]
fn a_large_body_arrives_whole() {
    let body = "0123456789abcdef".repeat(1 << 16);
    let server = FakeServer::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let client = client();
    for _ in 0..2 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap().1, body);
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_whole_body_is_taken_up_to_a_bound() {
    let server = FakeServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole");
    smol::block_on(async {
        let client = client();
        let send = async || client.send(&server.address, &Request::new(Method::Get, "/")).await.unwrap();
        assert_eq!(send().await.read_whole(5).await.unwrap(), b"whole");
        let error = send().await.read_whole(4).await.unwrap_err();
        assert!(matches!(error, ClientError::BodyTooLarge { limit_bytes: 4 }));
    });
}
