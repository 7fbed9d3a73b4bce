//! Servers that are slow, dead or not there.

use std::time::Instant;

use super::*;
use crate::http::client::{ConnectFailure, ResolveFailure};

const SHORT: Duration = Duration::from_millis(200);

fn hasty() -> HttpClient {
    HttpClient::new(ClientLimits { connect: SHORT, head: SHORT, stall: SHORT, ..ClientLimits::default() })
}

#[test]
fn a_slow_head_times_out() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream);
        thread::sleep(LONG);
    });
    let client = hasty();
    let answer = fetch(&client, &server, &Request::new(Method::Get, "/"));
    assert!(matches!(answer, Err(ClientError::HeadTimedOut { limit: SHORT })), "{answer:?}");
    assert_eq!(client.open_connections(), 0);
}

#[test]
fn a_head_that_drips_times_out_too() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream);
        while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\nHTTP").is_ok() {
            thread::sleep(SHORT / 4);
            if stream.write_all(b"/1.1 102 Processing\r\n\r\n").is_err() {
                return;
            }
        }
    });
    let client = HttpClient::new(ClientLimits { head: SHORT, interim_answers: 1000, ..ClientLimits::default() });
    let started = Instant::now();
    let answer = fetch(&client, &server, &Request::new(Method::Get, "/"));
    assert!(matches!(answer, Err(ClientError::HeadTimedOut { .. })), "{answer:?}");
    assert!(started.elapsed() < SHORT * 5);
}

#[test]
fn a_request_can_set_its_own_time_for_the_head() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream);
        thread::sleep(SHORT * 2);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    let patient = Request::new(Method::Get, "/").head_limit(LONG);
    assert_eq!(fetch(&hasty(), &server, &patient).unwrap(), ok(204, ""));
}

#[test]
fn a_body_that_stalls_times_out() {
    for head in ["content-length: 10\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "\r\nabc"] {
        let server = FakeServer::start(move |_, mut stream| {
            read_head(&mut stream);
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).unwrap();
            thread::sleep(LONG);
        });
        let client = hasty();
        let answer = fetch(&client, &server, &Request::new(Method::Get, "/"));
        assert!(matches!(answer, Err(ClientError::Stalled { limit: SHORT })), "{answer:?}");
        assert_eq!(client.open_connections(), 0);
    }
}

#[test]
fn a_slow_body_that_moves_does_not_stall() {
    let server = FakeServer::start(|_, mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n").unwrap();
        for _ in 0..8 {
            thread::sleep(SHORT / 4);
            stream.write_all(b"x").unwrap();
        }
    });
    assert_eq!(fetch(&hasty(), &server, &Request::new(Method::Get, "/")).unwrap(), ok(200, "xxxxxxxx"));
}

fn connect_to(address: &str) -> ClientError {
    let request = Request::new(Method::Get, "/");
    let client = hasty();
    let error = smol::block_on(client.send(&address.parse().unwrap(), &request)).unwrap_err();
    assert_eq!(client.open_connections(), 0);
    error
}

#[test]
fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = connect_to(&address);
    assert!(matches!(error, ClientError::Connect { reason: ConnectFailure::Refused, .. }), "{error:?}");
    assert!(error.to_string().contains(&address));
}

#[test]
fn a_connection_that_is_not_accepted_times_out() {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let address: std::net::SocketAddr = getsockname(&listener).unwrap().try_into().unwrap();
    // One connection fits into the queue of those that wait to be accepted; of those behind it the kernel hears
    // nothing.
    let _first = TcpStream::connect(address).unwrap();
    let started = Instant::now();
    let error = connect_to(&address.to_string());
    assert!(started.elapsed() < SHORT * 5);
    let timed_out = matches!(error, ClientError::Connect { reason: ConnectFailure::TimedOut { limit: SHORT }, .. });
    assert!(timed_out, "{error:?}");
}

#[test]
fn a_name_is_resolved() {
    let server = FakeServer::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let by_name = format!("localhost:{}", server.address.port()).parse().unwrap();
    let request = Request::new(Method::Get, "/");
    let response = smol::block_on(client().send(&by_name, &request)).unwrap();
    assert_eq!(response.status(), 204);
}

#[test]
fn a_name_that_nobody_has_says_so() {
    let error = connect_to("no-such-host.invalid:80");
    let ClientError::Resolve { reason, .. } = error else { panic!("{error:?}") };
    assert!(matches!(reason, ResolveFailure::Io(_) | ResolveFailure::NoAddress | ResolveFailure::TimedOut { .. }));
}

#[test]
fn a_request_that_cannot_be_written_costs_no_connection() {
    let server = FakeServer::answering("");
    let client = client();
    let answer = fetch(&client, &server, &Request::new(Method::Get, "/a b"));
    assert!(matches!(answer, Err(ClientError::BadRequest(_))));
    assert_eq!((server.accepted(), client.open_connections()), (0, 0));
}
