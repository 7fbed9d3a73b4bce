//! Which connections are used again, and which must not be.

use std::sync::mpsc;

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let server = FakeServer::answering(OK);
    let client = client();
    for _ in 0..10 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "ok"));
    }
    assert_eq!((server.accepted(), client.open_connections(), client.idle_connections()), (1, 1, 1));
}

#[test]
fn a_body_that_was_read_to_its_last_byte_frees_its_connection_at_once() {
    let server = FakeServer::answering(OK);
    smol::block_on(async {
        let client = client();
        let mut response = client.send(&server.address, &Request::new(Method::Get, "/")).await.unwrap();
        assert_eq!(client.idle_connections(), 0);
        assert_eq!(response.read_body(&mut [0; 2]).await.unwrap(), 2);
        assert_eq!(client.idle_connections(), 1);
        assert_eq!(response.read_body(&mut [0; 2]).await.unwrap(), 0);
    });
}

/// Answers once, then closes the connection when the next request has come, which no look beforehand can foresee. Later
/// connections answer.
fn stale_server() -> FakeServer {
    FakeServer::start(|number, mut stream| {
        while read_head(&mut stream).is_some() {
            stream.write_all(OK.as_bytes()).unwrap();
            if number == 0 {
                read_head(&mut stream);
                return;
            }
        }
    })
}

#[test]
fn a_stale_pooled_connection_is_replaced_and_the_request_retried() {
    for method in [Method::Get, Method::Head, Method::Put, Method::Delete] {
        let server = stale_server();
        let client = client();
        fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
        let answer = smol::block_on(client.send(&server.address, &Request::new(method, "/").body(b"x")));
        assert_eq!(answer.unwrap().status(), 200, "{method}");
        assert_eq!(server.accepted(), 2);
    }
}

#[test]
fn a_request_that_must_not_arrive_twice_is_not_retried() {
    let server = stale_server();
    let client = client();
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    let answer = fetch(&client, &server, &Request::new(Method::Post, "/"));
    assert!(matches!(answer, Err(ClientError::ClosedBeforeAnswer { .. })), "{answer:?}");
    assert_eq!((server.accepted(), client.open_connections()), (1, 0));
}

#[test]
fn a_streamed_upload_is_not_retried() {
    let server = stale_server();
    let client = client();
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    smol::block_on(async {
        let mut upload = client.upload(&server.address, &Request::new(Method::Put, "/"), Some(1)).await.unwrap();
        let written = upload.write(b"x").await;
        let answer = match written {
            Ok(_) => upload.finish().await.map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(answer, Err(ClientError::ClosedBeforeAnswer { .. })), "{answer:?}");
    });
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_fresh_connection_that_fails_is_not_retried() {
    let server = FakeServer::start(|_, mut stream| drop(read_head(&mut stream)));
    assert!(matches!(get(&server), Err(ClientError::ClosedBeforeAnswer { .. })));
    assert_eq!(server.accepted(), 1);
}

#[test]
fn an_answer_that_had_begun_is_not_retried() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream);
        stream.write_all(OK.as_bytes()).unwrap();
        read_head(&mut stream);
        stream.write_all(b"H").unwrap();
    });
    let client = client();
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    let answer = fetch(&client, &server, &Request::new(Method::Get, "/"));
    assert!(matches!(answer, Err(ClientError::HeadCutShort)), "{answer:?}");
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_connection_that_died_while_idle_is_noticed_beforehand() {
    let server = FakeServer::answering_once(OK);
    let client = client();
    for round in 1..=3 {
        fetch(&client, &server, &Request::new(Method::Post, "/")).unwrap();
        assert_eq!(server.accepted(), round);
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_dirty_connection_is_not_used_again() {
    let with_rest = format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    let server = FakeServer::answering(with_rest);
    let client = client();
    for _ in 0..3 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "ok"));
        assert_eq!(client.open_connections(), 0);
    }
    assert_eq!(server.accepted(), 3);
}

#[test]
fn bytes_that_come_while_a_connection_lies_idle_end_its_use() {
    let server = FakeServer::start(|_, mut stream| {
        while read_head(&mut stream).is_some() {
            stream.write_all(OK.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(30));
            let _ = stream.write_all(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let client = client();
    for round in 1..=2 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "ok"));
        assert_eq!(server.accepted(), round);
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_server_that_says_close_is_believed() {
    for connection in ["close", "Close", "keep-alive, close", "keep-alive\r\nconnection: close"] {
        let server = FakeServer::answering(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: {connection}\r\n\r\nok"
        ));
        let client = client();
        for _ in 0..2 {
            fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
        }
        assert_eq!(server.accepted(), 2, "{connection}");
    }
}

#[test]
fn a_response_dropped_within_its_body_closes_the_connection() {
    let (sender, closed) = mpsc::channel();
    let server = FakeServer::start(move |_, mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").unwrap();
        let piece = [0; 65_536];
        while stream.write_all(&piece).is_ok() {}
        sender.send(()).unwrap();
    });
    // Failure 12 of the seed: each client that hung up leaked a connection between the servers.
    let client = client();
    for _ in 0..20 {
        smol::block_on(async {
            let mut response = client.send(&server.address, &Request::new(Method::Get, "/")).await.unwrap();
            assert!(response.read_body(&mut [0; 100]).await.unwrap() > 0);
        });
        closed.recv_timeout(LONG).unwrap();
        assert_eq!((client.open_connections(), client.idle_connections()), (0, 0));
    }
}

#[test]
fn a_request_that_is_given_up_closes_its_connection() {
    let (sender, closed) = mpsc::channel();
    let server = FakeServer::start(move |_, mut stream| {
        read_head(&mut stream);
        sender.send(read_to_end(&mut stream)).unwrap();
    });
    let client = client();
    smol::block_on(async {
        let given_up = smol::Timer::after(Duration::from_millis(50));
        let request = Request::new(Method::Get, "/");
        let answer = smol::future::or(async { Some(client.send(&server.address, &request).await) }, async {
            given_up.await;
            None
        });
        assert!(answer.await.is_none());
    });
    assert_eq!(closed.recv_timeout(LONG).unwrap().0, b"");
    assert_eq!(client.open_connections(), 0);
}

#[test]
fn idle_connections_are_closed_when_their_time_is_over() {
    let server = FakeServer::answering(OK);
    let client = HttpClient::new(ClientLimits { idle: Duration::from_millis(50), ..ClientLimits::default() });
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    client.close_idle();
    assert_eq!(client.open_connections(), 1);
    thread::sleep(Duration::from_millis(80));
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    assert_eq!((server.accepted(), client.open_connections()), (2, 1));
    thread::sleep(Duration::from_millis(80));
    client.close_idle();
    assert_eq!((client.open_connections(), client.idle_connections()), (0, 0));
}

/// Sends as many requests at once as there are elements, then reads all the answers.
fn at_once(client: &HttpClient, servers: &[&FakeServer]) -> Vec<Result<u16, ClientError>> {
    smol::block_on(async {
        let request = Request::new(Method::Get, "/");
        let mut answers = Vec::new();
        for server in servers {
            answers.push(client.send(&server.address, &request).await);
        }
        let mut statuses = Vec::new();
        for answer in answers {
            statuses.push(match answer {
                Ok(mut response) => read_all(&mut response).await.map(|_| response.status()),
                Err(error) => Err(error),
            });
        }
        statuses
    })
}

#[test]
fn the_connection_that_was_used_last_is_taken_first() {
    let server = FakeServer::start(|number, mut stream| {
        while read_head(&mut stream).is_some() {
            stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}").as_bytes()).unwrap();
        }
    });
    let client = client();
    at_once(&client, &[&server; 3]);
    for _ in 0..3 {
        assert_eq!(fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "2"));
    }
}

#[test]
fn idle_connections_are_bounded_for_each_server() {
    let server = FakeServer::answering(OK);
    let client = HttpClient::new(ClientLimits { idle_connections_per_server: 2, ..ClientLimits::default() });
    at_once(&client, &[&server; 5]);
    assert_eq!((server.accepted(), client.open_connections(), client.idle_connections()), (5, 2, 2));
}

#[test]
fn open_connections_are_bounded_and_idle_ones_make_room() {
    let (one, other) = (FakeServer::answering(OK), FakeServer::answering(OK));
    let client = HttpClient::new(ClientLimits { open_connections: 2, ..ClientLimits::default() });
    let statuses = at_once(&client, &[&one, &one, &one]);
    assert!(
        matches!(statuses[..], [Ok(200), Ok(200), Err(ClientError::TooManyConnections { limit: 2 })]),
        "{statuses:?}"
    );
    assert_eq!(client.idle_connections(), 2);
    let statuses = at_once(&client, &[&other, &other]);
    assert!(matches!(statuses[..], [Ok(200), Ok(200)]), "{statuses:?}");
    assert_eq!((client.open_connections(), client.idle_connections()), (2, 2));
}

#[test]
fn a_client_that_goes_away_closes_what_lay_idle() {
    let (sender, closed) = mpsc::channel();
    let server = FakeServer::start(move |_, mut stream| {
        read_head(&mut stream);
        stream.write_all(OK.as_bytes()).unwrap();
        sender.send(read_to_end(&mut stream)).unwrap();
    });
    let client = client();
    fetch(&client, &server, &Request::new(Method::Get, "/")).unwrap();
    drop(client);
    assert!(closed.recv_timeout(LONG).unwrap().1);
}

#[test]
fn requests_can_move_between_threads() {
    const fn movable<T: Send>(_: &T) {}
    let server = FakeServer::answering(OK);
    let (client, request) = (client(), Request::new(Method::Put, "/"));
    movable(&client.send(&server.address, &request));
    smol::block_on(async {
        let mut upload = client.upload(&server.address, &request, None).await.unwrap();
        movable(&upload.write(b"x"));
        let finish = upload.finish();
        movable(&finish);
        let mut response = finish.await.unwrap();
        movable(&response.read_body(&mut []));
        movable(&response.read_whole(10));
    });
}
