use super::*;
use proptest::prelude::*;

fn parse(head: &str) -> Result<RequestHead, RequestError> {
    RequestHead::parse(head.as_bytes(), &Limits::default()).map(|parsed| parsed.unwrap().0)
}

#[test]
fn a_request_is_taken_apart() {
    let head = parse(
        "PUT /a/../b?c HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nx-a:2\r\nExpect: 100-Continue\r\nContent-Length: 7\r\n\r\n",
    );
    let head = head.unwrap();
    assert_eq!(head.request.method(), Method::Put);
    assert_eq!(head.request.version(), Some(Version::Http1_1));
    assert_eq!(head.target.as_bytes(), b"/a/../b?c");
    assert_eq!((head.framing, head.expects_continue, head.keep_alive), (BodyFraming::Length(7), true, true));
    let values: Vec<&str> = head.request.header("x-a").unwrap().iter().map(HeaderValue::as_str).collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(head.request.header("host").unwrap().as_str(), "h:1");
    for dropped in ["expect", "content-length", "transfer-encoding"] {
        assert!(head.request.header(dropped).is_none());
    }
}

#[test]
fn an_old_request_has_no_expectation_no_keep_alive_and_perhaps_no_host() {
    let head = parse("GET / HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n").unwrap();
    assert_eq!(head.request.version(), Some(Version::Http1_0));
    assert!(!head.expects_continue && !head.keep_alive);
    assert!(head.request.header("host").is_none());
}

#[test]
fn a_head_that_is_not_whole_is_neither_request_nor_error() {
    let head = b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
    for end in 0..head.len() - 4 {
        assert!(matches!(RequestHead::parse(&head[..end], &Limits::default()), Ok(None)), "{end}");
    }
    let (_, taken) = RequestHead::parse(head, &Limits::default()).unwrap().unwrap();
    assert_eq!(taken, head.len() - 4);
}

#[test]
fn errors_are_told_apart() {
    for (head, error) in [
        ("GET / FTP/1.1\r\n\r\n", RequestError::RequestLine),
        ("GET / HTTP/1.1 x\r\n\r\n", RequestError::RequestLine),
        ("G\u{e9}T / HTTP/1.1\r\n\r\n", RequestError::RequestLine),
        ("GET /\t HTTP/1.1\r\n\r\n", RequestError::RequestLine),
        ("GET / HTTP/3.0\r\n\r\n", RequestError::Version),
        ("Get / HTTP/1.1\r\n\r\n", RequestError::Method),
        ("GET * HTTP/1.1\r\n\r\n", RequestError::TargetForm),
        ("GET / HTTP/1.1\r\n\r\n", RequestError::HostMissing),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", RequestError::HostTwice),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", RequestError::HostBroken),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n", RequestError::Expectation),
    ] {
        assert_eq!(parse(head).unwrap_err(), error, "{head:?}");
    }
}

#[test]
fn a_host_that_the_url_library_refuses_is_a_bad_request() {
    for host in ["1.2.3.4.5", "h:99999", "[::g]", "%zz"] {
        let error = parse(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).unwrap_err();
        assert!(matches!(error, RequestError::Decode { .. }), "{host}: {error:?}");
        assert_eq!(error.status(), http_types::StatusCode::BadRequest);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        start in prop_oneof![Just(""), Just("GET / HTTP/1.1\r\n"), Just("PUT /x HTTP/1.0\r\nHost: h\r\n")],
        lines in proptest::collection::vec((
            prop_oneof![Just("Host"), Just("Content-Length"), Just("Transfer-Encoding"), Just("Expect"), Just("X")],
            proptest::collection::vec(any::<u8>(), 0..20),
        ), 0..6),
    ) {
        let mut head = start.as_bytes().to_vec();
        for (name, value) in lines {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(&value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let _any_outcome = RequestHead::parse(&head, &Limits::default());
    }
}
