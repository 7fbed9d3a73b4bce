use std::net::TcpListener;
use std::thread;

use super::*;

/// Answers one request with exactly `answer`, then closes.
fn serve(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer).unwrap();
    });
    address
}

fn get_from(answer: &'static [u8]) -> Result<Reply, Failure> {
    request(serve(answer), &Request { method: "GET", target: "/", ..Request::default() })
}

#[test]
fn whole_bodies_are_read_in_each_framing() {
    for answer in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".as_slice(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
    ] {
        let reply = get_from(answer).unwrap();
        assert_eq!((reply.status(), reply.text().as_str()), (200, "hello"));
    }
}

#[test]
fn cut_bodies_are_failures() {
    for answer in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello".as_slice(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let failure = get_from(answer).unwrap_err();
        assert!(matches!(&failure, Failure::Cut { body, .. } if body == b"hello"), "{failure}");
    }
}

#[test]
fn no_reply_and_no_http_are_failures() {
    assert!(matches!(get_from(b""), Err(Failure::NoReply(_))));
    assert!(matches!(get_from(b"HTTP/1.1 200 OK\r\nContent-Le"), Err(Failure::NoReply(_))));
    assert!(matches!(get_from(b"hello\r\n\r\n"), Err(Failure::NotHttp(_))));
}

#[test]
fn waiting_has_a_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut connection = Connection::open(address, Duration::from_millis(50)).unwrap();
    assert!(matches!(connection.read_reply("GET"), Err(Failure::TimedOut)));
}
